//! The examples in `docs/config.md` are configs without a finding, and its table has every key.
//!
//! In: the page. Out: assertions. Invariant: this test never skips an example with a version.

use std::path::PathBuf;

use opsfsm::config::{Format, Parsed, SourceText, Surroundings, parse_config};

const DOCS: &str = include_str!("../docs/config.md");

fn parse(format: Format, text: &str) -> Parsed {
    let file = SourceText {
        name: "docs/config.md".to_owned(),
        dir: PathBuf::from("/etc"),
        format,
        bytes: text.as_bytes().to_vec(),
    };
    parse_config(vec![file], &Surroundings { home: Some("/home/u".into()), default_cwd: None })
}

/// The fenced blocks of one language that declare a version.
fn examples(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let blocks = DOCS.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.filter(|text| text.contains("version")).collect()
}

#[test]
fn every_example_is_a_config_without_a_finding() {
    for (language, format, least) in [("toml", Format::Toml, 2), ("json", Format::Json, 1)] {
        let found = examples(language);
        assert!(found.len() >= least, "{language}: {}", found.len());
        for text in found {
            let parsed = parse(format, text);
            assert!(parsed.sink.is_empty(), "{text}\n{:#?}", parsed.sink.sorted());
            assert!(parsed.model.is_some());
        }
    }
}

#[test]
fn the_two_small_examples_are_twins() {
    let jobs = |format, text| {
        let model = parse(format, text).model.expect("valid");
        let mut text = format!("{:#?}", model.jobs);
        // Places differ; all else is the same.
        for word in ["start", "end"] {
            text = text
                .lines()
                .filter(|line| !line.trim_start().starts_with(&format!("{word}: ")))
                .collect::<Vec<_>>()
                .join("\n");
        }
        text
    };
    let (toml, json) = (examples("toml")[0], examples("json")[0]);
    assert_eq!(jobs(Format::Toml, toml), jobs(Format::Json, json));
}

/// A file with one unknown key in each table makes the parser list the keys that it knows.
#[test]
fn the_table_has_every_key_that_the_parser_knows() {
    let text = r#"
        version = 1
        zzzzzzzzz = 1
        [defaults]
        zzzzzzzzz = 1
        quietHours.zzzzzzzzz = 1
        [report]
        zzzzzzzzz = 1
        telegram.zzzzzzzzz = 1
        webhook = { url = "https://h.example", zzzzzzzzz = 1 }
        deadman = { url = "https://h.example", zzzzzzzzz = 1 }
        [history]
        zzzzzzzzz = 1
        [[suppressions]]
        zzzzzzzzz = 1
        [[jobs]]
        id = "a"
        kind = "one_shot_write"
        risk = "write_local"
        zzzzzzzzz = 1
        commands = { run = ["a"], zzzzzzzzz = 1 }
        policy.zzzzzzzzz = 1
        approval.zzzzzzzzz = 1
        after = [{ jobId = "a", zzzzzzzzz = 1 }]
    "#;
    let parsed = parse(Format::Toml, text);
    let findings = parsed.sink.sorted();
    let helps = findings.iter().flat_map(|finding| &finding.help);
    let lists: Vec<&str> = helps.filter_map(|help| help.strip_prefix("known here: ")).collect();
    assert_eq!(lists.len(), 14, "{findings:#?}");
    for key in lists.iter().flat_map(|list| list.split(", ")) {
        let in_table = DOCS.lines().any(|line| {
            line.starts_with('|')
                && line.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{key}`")))
        });
        assert!(in_table, "`{key}` is not in the table of docs/config.md");
    }
}
