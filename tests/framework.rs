//! `OPS_FRAMEWORK.md` says what the program does: its tables are those of the machines, in both
//! languages, and its config is sound. `SKILL.md` has the form that OpenClaw loads, and names
//! commands that exist.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests start the program under test")]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use opsfsm::machine::{Machine, edges};

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/OPS_FRAMEWORK.md");
    fs::read_to_string(path).expect("the page")
}

/// The Chinese part and the English one.
fn parts() -> [String; 2] {
    let page = page();
    let (chinese, english) = page.split_once("\n# English\n").expect("two parts");
    [chinese.to_owned(), english.to_owned()]
}

type Row = (String, String, String);

/// What the table under `**NAME**` says: from, input, to.
fn told(part: &str, name: &str) -> BTreeSet<Row> {
    let start = part.find(&format!("**{name}**")).expect("its heading");
    let rows = part[start..].lines().skip_while(|line| !line.starts_with("| `"));
    let mut told = BTreeSet::new();
    for row in rows.take_while(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [from, ways] = cells[..] else { panic!("two cells: {row}") };
        for way in ways.split(" · ") {
            let (inputs, to) = way.split_once(" → ").expect("an arrow");
            for input in inputs.split([',', '、']) {
                let bare = |word: &str| word.trim().trim_matches('`').to_owned();
                told.insert((bare(from), bare(input), bare(to)));
            }
        }
    }
    told
}

#[test]
fn its_tables_are_those_of_the_machines() {
    for part in parts() {
        for (name, machine) in
            [("watch", Machine::Watch), ("check", Machine::Check), ("write", Machine::Write)]
        {
            let moves = edges(machine).into_iter().filter(|edge| edge.from != edge.to);
            let word = |word: &str| word.to_owned();
            let true_ones: BTreeSet<Row> = moves
                .map(|e| (word(e.from.as_str()), word(e.input.as_str()), word(e.to.as_str())))
                .collect();
            assert_eq!(told(&part, name), true_ones, "{name}");
        }
    }
}

#[test]
fn both_languages_have_the_same_parts() {
    let heads = |part: &str| -> Vec<String> {
        let heads = part.lines().filter_map(|line| line.strip_prefix("## "));
        heads.map(|head| head.split('.').next().unwrap_or_default().to_owned()).collect()
    };
    let codes = |part: &str| -> BTreeSet<String> {
        part.split('`')
            .skip(1)
            .step_by(2)
            .filter(|code| code.starts_with("opsfsm "))
            .map(str::to_owned)
            .collect()
    };
    let [chinese, english] = parts();
    assert_eq!(heads(&chinese), heads(&english));
    assert_eq!(codes(&chinese), codes(&english));
}

#[test]
fn its_configs_are_sound() {
    for part in parts() {
        let (_, rest) = part.split_once("```toml\n").expect("a config");
        let (config, _) = rest.split_once("```").expect("its end");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.toml");
        fs::write(&path, config).expect("the config");
        // Its program is not here, which `check` says where it looks at this host.
        let out = Command::new(env!("CARGO_BIN_EXE_opsfsm"))
            .args(["check", "--portable", "--fail-on", "warning"])
            .arg(&path)
            .env("HOME", folder.path())
            .output()
            .expect("opsfsm");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    }
}

/// Every `opsfsm WORD` of a text.
fn commands(text: &str) -> BTreeSet<String> {
    let codes = text.split('`').skip(1).step_by(2);
    let commands = codes.filter_map(|code| code.strip_prefix("opsfsm "));
    commands.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_pages_name_commands_that_exist() {
    for name in
        ["OPS_FRAMEWORK.md", "SKILL.md", "docs/faq.md", "docs/approvals.md", "docs/migrating.md"]
    {
        let text =
            fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a page");
        let named = commands(&text);
        assert!(!named.is_empty(), "{name}");
        for command in named {
            let out =
                Command::new(env!("CARGO_BIN_EXE_opsfsm")).args([&command, "--help"]).output();
            assert!(out.expect("opsfsm").status.success(), "{name}: opsfsm {command}");
        }
    }
}

#[test]
fn the_skill_has_the_form_that_is_loaded() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/SKILL.md");
    let text = fs::read_to_string(path).expect("the skill");
    let (head, body) =
        text.strip_prefix("---\n").and_then(|t| t.split_once("\n---\n")).expect("a head");
    let keys: Vec<(&str, &str)> = head.lines().filter_map(|line| line.split_once(": ")).collect();
    let value = |key: &str| keys.iter().find(|(name, _)| *name == key).expect("a key").1;
    assert_eq!(keys.len(), head.lines().count(), "each key on one line");
    assert_eq!(value("name"), "opsfsm");
    // Longer ones are cut in the list of skills, which every session pays for.
    assert!(value("description").len() < 160, "{}", value("description").len());
    assert_eq!(value("version"), env!("CARGO_PKG_VERSION"));
    let metadata: serde_json::Value = serde_json::from_str(value("metadata")).expect("JSON");
    assert_eq!(metadata["openclaw"]["requires"]["bins"], serde_json::json!(["opsfsm"]));
    // An agent reads all of it: it stays short, and says what is not for agents.
    assert!(body.split_whitespace().count() < 600);
    assert!(body.contains("Never run `opsfsm approve`"));
}
