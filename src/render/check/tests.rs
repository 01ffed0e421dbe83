//! What a person sees of findings: snapshots, and that nothing else gets to the terminal.

use std::collections::BTreeMap;
use std::path::PathBuf;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::base::limits;
use crate::compile::compile_model;
use crate::config::{Format, Parsed, SourceText, Surroundings, parse_config};
use crate::diag::{Code, FileId};

fn source(name: &str, text: impl Into<Vec<u8>>) -> SourceText {
    let format = if name.ends_with("json") { Format::Json } else { Format::Toml };
    SourceText { name: name.to_owned(), dir: PathBuf::from("/etc"), format, bytes: text.into() }
}

fn found(files: Vec<SourceText>) -> (Sink, Sources) {
    let around = Surroundings { home: Some("/home/u".into()), default_cwd: None };
    let Parsed { model, outlines, sources, mut sink, .. } = parse_config(files, &around);
    compile_model(model, &outlines, &mut sink);
    (sink, sources)
}

fn config<'a>(sink: &'a Sink, sources: &'a Sources) -> CheckedConfig<'a> {
    let name = "a.toml".to_owned();
    CheckedConfig {
        name,
        jobs: None,
        disabled: 0,
        unreadable: None,
        suppressed: 0,
        sink,
        sources,
        keys: BTreeMap::new(),
    }
}

fn human(files: Vec<SourceText>) -> String {
    let (sink, sources) = found(files);
    render_check_human(&[config(&sink, &sources)], Look::default())
}

fn shows(text: impl Into<Vec<u8>>, expected: &Expect) {
    expected.assert_eq(&human(vec![source("a.toml", text)]));
}

const JOB: &str = "kind = \"one_shot_read\"\nrisk = \"read_only\"\ncommands.run = [\"x\"]\n";

#[test]
fn both_ends_of_a_chain_and_every_edge_of_a_cycle_are_marked() {
    let job = |id: &str, next: &str| {
        format!("[[jobs]]\nid = \"{id}\"\n{JOB}after = [{{ jobId = \"{next}\" }}]\n")
    };
    let (a, b, c) = (job("a", "b"), job("b", "a"), job("c", "aa"));
    shows(
        format!("version = 1\n{a}{b}{c}"),
        &expect![[r#"
        error[OF022]: jobs start each other in a circle: a → b → a
          --> a.toml:7:20
           |
         7 | after = [{ jobId = "b" }]
           |                    ^^^ `a` leads to `b`
        ...
        13 | after = [{ jobId = "a" }]
           |                    --- `b` leads to `a`
           |
           = help: remove one of these links

        error[OF020]: job `c` leads to `aa`, which does not exist
          --> a.toml:19:20
           |
        15 | id = "c"
           |      --- the job
        ...
        19 | after = [{ jobId = "aa" }]
           |                    ^^^^
           |
           = help: did you mean `a`?
           = help: declare that job, or remove the link

        2 errors, 0 warnings
    "#]],
    );
    let files = vec![
        source("a.toml", format!("version = 1\n{a}")),
        source("b.toml", format!("version = 1\n{b}")),
    ];
    expect![[r#"
        error[OF022]: jobs start each other in a circle: a → b → a
         --> a.toml:7:20
          |
        7 | after = [{ jobId = "b" }]
          |                    ^^^ `a` leads to `b`
         ::: b.toml:7:20
          |
        7 | after = [{ jobId = "a" }]
          |                    --- `b` leads to `a`
          |
          = help: remove one of these links

        1 error, 0 warnings
    "#]]
    .assert_eq(&human(files));
}

#[test]
fn places_are_right_with_tabs_and_with_wide_and_combining_characters() {
    let text = "version = 1\n\t[[jobs]]\n\tid = \"日本\"\t# 日本\n\
        \t\tkind = \"x\u{301}é\" # ←\nrisk = '日本'\ncommands = { run = [\"👩\u{200d}🚒\", 3] }\n";
    shows(
        text,
        &expect![[r#"
            error[OF010]: `kind` can't be "x\u{301}é"
             --> a.toml:4:10
              |
            4 |         kind = "x́é" # ←
              |                ^^^^
              |
              = help: one of: long_running_read, one_shot_read, one_shot_write

            error[OF010]: `risk` can't be "日本"
             --> a.toml:5:8
              |
            5 | risk = '日本'
              |        ^^^^^^
              |
              = help: one of: read_only, write_local, write_external

            error[OF004]: `commands.run[1]` must be a string, not a number
             --> a.toml:6:28
              |
            6 | commands = { run = ["👩🚒", 3] }
              |                             ^

            3 errors, 0 warnings
        "#]],
    );
}

#[test]
fn places_are_right_with_a_byte_order_mark_and_both_kinds_of_line_breaks() {
    shows(
        "\u{feff}version = 2\r\nzzz = 1\r\n[report]\nlanguage = \"xx\"",
        &expect![[r#"
            error[OF007]: a config version that this build can't read
             --> a.toml:1:11
              |
            1 | version = 2
              |           ^
              |
              = help: this build reads version = 1

            warning[OF002]: unknown key `zzz`: it has no effect
             --> a.toml:2:1
              |
            2 | zzz = 1
              | ^^^
              |
              = help: known here: version, defaults, report, history, suppressions, jobs

            error[OF010]: `report.language` can't be "xx"
             --> a.toml:4:12
              |
            4 | language = "xx"
              |            ^^^^
              |
              = help: one of: en, zh

            2 errors, 1 warning
        "#]],
    );
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let long = "x".repeat(1 << 20);
    let json = format!(
        "{{\"a\": \"{long}\", \"version\": 1, \"jobs\": [{{\"id\": \"{long}\", \"kind\": 3}}]}}"
    );
    let text = human(vec![source("a.json", json)]);
    assert!(text.len() < 5000, "{}", text.len());
    let text: String =
        text.lines().filter(|l| !l.contains("jobs[0]")).map(|l| format!("{l}\n")).collect();
    expect![[r#"
        warning[OF002]: unknown key `a`: it has no effect
         --> a.json:1:2
          |
        1 | {"a": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
          |  ^^^
          |
          = help: known here: version, defaults, report, history, suppressions, jobs

        error[OF005]: job `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` has no `risk`: one of read_only, write_local, write_external
         --> a.json:1:1048617
          |
        1 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxx", "version": 1, "jobs": [{"id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
          |                                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: add "risk": "read_only"

        error[OF004]: `kind` must be a string, not a number
         --> a.json:1:2097205
          |
        1 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "kind": 3}]}
          |                                                               ^

        2 errors, 1 warning
    "#]].assert_eq(&text);
}

#[test]
fn what_steers_a_terminal_is_shown_as_what_it_is() {
    let text = "version = 1\n\"a\\u001b[31m\" = 1 # \u{9b}31m \u{202e}x\n[[jobs]]\nid = \"a\\nb\\u009b\"\nx = '\u{1b}]0;t\u{7}'\n";
    shows(
        text,
        &expect![[r#"
            warning[OF002]: unknown key `a\u{1b}[31m`: it has no effect
             --> a.toml:2:1
              |
            2 | "a\u001b[31m" = 1 # �31m �x
              | ^^^^^^^^^^^^^
              |
              = help: known here: version, defaults, report, history, suppressions, jobs

            warning[OF002]: unknown key `x` in job `a\nb\u{9b}`: it has no effect
             --> a.toml:5:1
              |
            5 | x = '␛]0;t␇'
              | ^
              |
              = help: known here: id, name, kind, risk, enabled, manual, cwd, env, timeoutSeconds, statusTimeoutSeconds, everySeconds, sandbox, verifyWithinSeconds, inputs, commands, policy, approval, after

            error[OF001]: not TOML: invalid literal string, expected non-single-quote visible characters
             --> a.toml:5:6
              |
            5 | x = '␛]0;t␇'
              |      ^

            1 error, 2 warnings
        "#]],
    );
}

#[test]
fn a_flood_is_capped_and_counted_and_the_worst_are_shown() {
    let many: String = (0..150).map(|i| format!("zzzzzzzzz{i} = 1\n")).collect();
    let files = vec![
        source("a.toml", format!("{many}version = 1\n")),
        source("b.toml", format!("{many}version = 1\n")),
        source("c.toml", "version = 7\n"),
    ];
    let text = human(files);
    assert!(text.contains("error[OF007]"), "{text}");
    assert_eq!(text.matches("warning[OF002]").count(), limits::FINDINGS_SHOWN - 1);
    let closing = "1 error, 300 warnings, 201 more not shown\n";
    assert!(text.ends_with(closing), "{}", text.lines().last().unwrap_or_default());
}

#[test]
fn nothing_is_told_twice() {
    let mut sources = Sources::default();
    let file = sources.add("a.toml", "version = 1\n");
    let finding = Finding::new(Code::UnknownKey, Span { file, start: 0, end: 7 }, "x");
    let mut sink = Sink::new();
    sink.push(finding.clone());
    sink.push(finding.clone());
    sink.push(Finding { message: "y".to_owned(), ..finding });
    let text = render_check_short(&[config(&sink, &sources)]);
    expect![[r#"
        a.toml:1:1: warning[OF002]: x
        a.toml:1:1: warning[OF002]: y
        0 errors, 2 warnings
    "#]]
    .assert_eq(&text);
}

#[test]
fn annotations_are_escaped_and_no_more_than_github_takes() {
    let mut sources = Sources::default();
    let file = sources.add("/w/a,b:c%.toml", "version = 1\n");
    let span = Span { file, start: 0, end: 7 };
    let mut sink = Sink::new();
    for _ in 0..12 {
        sink.push(Finding::new(
            Code::UnknownKey,
            span,
            format!("50 %, a::b {}", sink.count(Severity::Warning)),
        ));
    }
    sink.push(Finding::new(Code::WrongType, span, "it\n::error::is").help("do").also(span, "or"));
    sink.push(Finding::nowhere(Code::SyntaxError, "too large"));
    let text = render_check_github(&[config(&sink, &sources)], Path::new("/w"));
    expect![[r#"
        ::error file=a.toml,title=OF001::too large
        ::error file=a%2Cb%3Ac%25.toml,line=1,endLine=1,col=1,endColumn=8,title=OF004::it ::error::is%0A/w/a,b:c%25.toml:1:1: or%0Ahelp: do
        ::warning file=a%2Cb%3Ac%25.toml,line=1,endLine=1,col=1,endColumn=8,title=OF002::50 %25, a::b 0
        ::warning file=a%2Cb%3Ac%25.toml,line=1,endLine=1,col=1,endColumn=8,title=OF002::50 %25, a::b 1
        ::warning file=a%2Cb%3Ac%25.toml,line=1,endLine=1,col=1,endColumn=8,title=OF002::50 %25, a::b 2
        ::warning file=a%2Cb%3Ac%25.toml,line=1,endLine=1,col=1,endColumn=8,title=OF002::50 %25, a::b 3
        ::warning file=a%2Cb%3Ac%25.toml,line=1,endLine=1,col=1,endColumn=8,title=OF002::50 %25, a::b 4
        ::warning file=a%2Cb%3Ac%25.toml,line=1,endLine=1,col=1,endColumn=8,title=OF002::50 %25, a::b 5
        ::warning file=a%2Cb%3Ac%25.toml,line=1,endLine=1,col=1,endColumn=8,title=OF002::50 %25, a::b 6
        ::notice title=opsfsm::5 more findings: see them all with `opsfsm check`
        2 errors, 12 warnings
    "#]].assert_eq(&text);
}

proptest! {
    #[test]
    fn no_place_of_any_text_makes_a_renderer_fail(
        text in "[ -~\r\n\t\u{0}-\u{1f}é日\u{301}\u{9b}]{0,80}",
        places in proptest::collection::vec((0_u32..200, 0_u32..40), 1..6),
    ) {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", text.as_str());
        let span = |(start, length): &(u32, u32)| Span { file, start: *start, end: start + length };
        let mut finding = Finding::new(Code::WrongType, span(&places[0]), text.clone()).label("p");
        for place in &places[1..] {
            finding = finding.also(span(place), text.clone());
        }
        let mut sink = Sink::new();
        sink.push(finding.also(Span { file: FileId(9), start: 0, end: 1 }, "nowhere"));
        let configs = [config(&sink, &sources)];
        for text in [
            render_check_human(&configs, Look { colour: false, width: Some(60) }),
            render_check_short(&configs),
            render_check_json(&configs),
            render_check_sarif(&configs, Path::new("/")),
            render_check_github(&configs, Path::new("/")),
        ] {
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        }
    }
}

/// In every format.
fn told(files: Vec<SourceText>) -> [String; 5] {
    let (sink, sources) = found(files);
    let mut configs = [config(&sink, &sources)];
    for label in sink.sorted().iter().filter_map(|finding| finding.primary.as_ref()) {
        let text = &sources.file(label.span.file).expect("a file").text;
        configs[0].keys.extend(crate::config::key_paths(text, &[label.span]));
    }
    [
        render_check_human(&configs, Look { colour: false, width: None }),
        render_check_short(&configs),
        render_check_json(&configs),
        render_check_sarif(&configs, Path::new("/")),
        render_check_github(&configs, Path::new("/")),
    ]
}

/// A config with something of everything, to be damaged.
const WHOLE: &str = include_str!("../../../jobs/opsfsm.toml");

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_and_any_damage_are_told_in_every_format(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        cuts in proptest::collection::vec((any::<u16>(), 0_usize..40, "[\\[\\]{}=.,:\"'#\\\\\n\r\t a1é\u{1b}\u{9b}]{0,6}"), 0..6),
    ) {
        let mut damaged = WHOLE.as_bytes().to_vec();
        for (at, length, put) in cuts {
            let at = usize::from(at) % (damaged.len() + 1);
            let end = (at + length).min(damaged.len());
            damaged.splice(at..end, put.bytes());
        }
        for files in [
            vec![source("a.toml", bytes.clone()), source("b.json", bytes)],
            vec![source("a.toml", damaged.clone()), source("b.json", damaged)],
        ] {
            for text in told(files) {
                prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
            }
        }
    }
}
