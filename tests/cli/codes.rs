//! `docs/codes.md` is complete and true: every code, what it stops, and examples that are tried.
//!
//! In: the page, and the closed list of codes. Out: assertions by the real binary.
//! Invariant: an example without a test of its own does not exist; what has none is excused here.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use opsfsm::diag::Code;
use serde_json::Value;

use super::support::{Ran, Sandbox, has, lacks};

const PAGE: &str = include_str!("../../docs/codes.md");

/// Codes that no config can show, and why.
const WITHOUT_EXAMPLE: [(Code, &str); 1] =
    [(Code::UnprovedMachine, "only a fault of opsfsm makes such a machine")];
/// Told of this machine, not of the text alone.
const OF_THIS_MACHINE: [Code; 5] = [
    Code::UnknownZone,
    Code::ResumeWithoutPid,
    Code::ProgramNotFound,
    Code::UnfitProgram,
    Code::WritableByOthers,
];
/// About the whole config, or about suppressions themselves.
const NOT_SUPPRESSIBLE: [Code; 3] =
    [Code::UnknownZone, Code::ExpiredSuppression, Code::IdleSuppression];

/// What else the examples of a code can't do without, as their sections say.
const BESIDE: [(Code, Code); 3] = [
    (Code::ExpiredSuppression, Code::WriteInRead),
    (Code::WriteAfterFailure, Code::ChainToWrite),
    (Code::DeadLink, Code::UnverifiedFailure),
];

/// One section of the page.
struct Section {
    heading: &'static str,
    text: &'static str,
}

/// A config of the page, and how its fence calls it.
type Example = (&'static str, &'static str);

impl Section {
    /// What stands in its fences: the bad example, then the good one.
    fn examples(&self) -> Option<[Example; 2]> {
        let mut fences = self.text.split("\n```").skip(1).step_by(2);
        let mut next = || fences.next()?.split_once('\n');
        let both = [next()?, next()?];
        assert!(fences.next().is_none(), "{}: a third example", self.heading);
        let labelled = ["\nBad:\n\n```", "\nGood:\n\n```"];
        assert!(labelled.iter().all(|label| self.text.contains(label)), "{}", self.heading);
        Some(both)
    }

    /// How often a tick comes in its examples, where that matters.
    fn period(&self) -> Option<&'static str> {
        self.text.split("`--period ").nth(1)?.split('`').next()
    }
}

fn sections() -> Vec<Section> {
    let parts = PAGE.split("\n## ").skip(1);
    parts
        .filter_map(|part| part.split_once('\n'))
        .map(|(heading, text)| Section { heading, text })
        .collect()
}

/// The section of each code, by the order of the page.
fn all() -> impl Iterator<Item = (Code, Section)> {
    Code::ALL.iter().copied().zip(sections())
}

/// A code's meaning, as a heading has it.
fn heading(code: Code) -> String {
    let meaning = code.meaning().trim_end_matches('.');
    let (first, rest) = meaning.split_at(1);
    format!("{code} {}{rest}", first.to_lowercase())
}

#[test]
fn every_code_has_one_section_and_the_table_has_every_code() {
    let headings: Vec<&str> = sections().iter().map(|section| section.heading).collect();
    let expected: Vec<String> = Code::ALL.iter().map(|code| heading(*code)).collect();
    assert_eq!(headings, expected);
    assert!(Code::ALL.is_sorted_by_key(|code| code.as_str()));
    let anchor = |code: Code| {
        let kept = |c: &char| c.is_ascii_alphanumeric() || " _-".contains(*c);
        heading(code).to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
    };
    let row = |code: &Code| {
        let meaning = code.meaning().trim_end_matches('.');
        format!("| [{code}](#{}) | {} | {meaning} |\n", anchor(*code), code.severity())
    };
    let rows: String = Code::ALL.iter().map(row).collect();
    let table = format!("\n\n| code | severity | meaning |\n|---|---|---|\n{rows}\n## OF001 ");
    assert!(PAGE.contains(&table), "the table should be:{table}");
}

#[test]
fn every_section_says_what_its_code_stops_why_and_how_to_do_better() {
    for (code, section) in all() {
        let severity = code.severity().to_string();
        let name = severity[..1].to_uppercase() + &severity[1..];
        let stops = if code.stops_everything() { "everything" } else { "no tick" };
        let set = if code.is_safety() {
            "It is about safety: nothing sets its severity or suppresses it."
        } else if NOT_SUPPRESSIBLE.contains(&code) {
            "Its severity can be set; no suppression hides it."
        } else {
            "Its severity can be set; it can be suppressed."
        };
        let first = format!("\n{name}; stops {stops}. {set}\n\n");
        assert!(section.text.starts_with(&first), "{code}: {first}");
        let why = section.text.split("\n\n").nth(1).unwrap();
        assert!(why.len() > 40 && why.ends_with('.'), "{code}: {why}");
        let excused = WITHOUT_EXAMPLE.iter().any(|(excused, _)| *excused == code);
        assert_eq!(section.examples().is_none(), excused, "{code}");
        assert_eq!(section.text.contains("There is no example"), excused, "{code}");
        let of_machine = section.text.contains("with `--portable` it is not told");
        assert_eq!(of_machine, OF_THIS_MACHINE.contains(&code), "{code}");
    }
}

/// A place for examples, with the files that some of them name.
fn scene() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("x/no-pid.json", r#"{"running": true, "completed": false}"#);
    sandbox.write("x/with-pid.json", r#"{"running": true, "completed": false, "pid": 4242}"#);
    sandbox.write("x/plain.sh", "#!/bin/sh\n");
    for (name, mode) in [("open", 0o777), ("own", 0o755)] {
        sandbox.script(&format!("x/{name}/disk.sh"), "#!/bin/sh\n");
        fs::set_permissions(sandbox.path(&format!("x/{name}")), fs::Permissions::from_mode(mode))
            .unwrap();
    }
    fs::set_permissions(sandbox.path("x/plain.sh"), fs::Permissions::from_mode(0o644)).unwrap();
    sandbox
}

fn checked(sandbox: &Sandbox, (code, section): (Code, &Section), (language, text): Example) -> Ran {
    let path = sandbox.write(&format!("x/a.{language}"), format!("{text}\n"));
    let mut args = vec!["check", "--format", "json", path.to_str().unwrap()];
    args.extend(section.period().iter().flat_map(|period| ["--period", period]));
    if !OF_THIS_MACHINE.contains(&code) {
        args.push("--portable");
    }
    sandbox.run(&args)
}

/// The codes that were told.
fn told(ran: &Ran) -> BTreeSet<String> {
    let answer: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    let findings = answer["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn bad_examples_are_told_by_their_code_and_good_ones_are_without_a_finding() {
    let sandbox = scene();
    for (code, section) in all() {
        let Some([bad, good]) = section.examples() else { continue };
        let (bad, good) = (
            told(&checked(&sandbox, (code, &section), bad)),
            told(&checked(&sandbox, (code, &section), good)),
        );
        let own = code.to_string();
        if OF_THIS_MACHINE.contains(&code) {
            // What else this machine lacks is not the page's business.
            assert!(bad.contains(&own) && !good.contains(&own), "{code}: {bad:?} {good:?}");
            continue;
        }
        let beside = BESIDE.iter().filter(|(of, _)| *of == code).map(|(_, other)| other);
        let beside: BTreeSet<String> = beside.map(ToString::to_string).collect();
        assert!(beside.iter().all(|other| section.text.contains(other)), "{code}: {beside:?}");
        assert!(good.is_empty() || (good == beside && section.text.contains("both")), "{code}");
        assert_eq!(bad, &beside | &BTreeSet::from([own]), "{code}");
    }
}

#[test]
fn bad_examples_stop_what_their_sections_say_and_no_more() {
    let sandbox = scene();
    for (code, section) in all() {
        let Some([(language, text), good]) = section.examples() else { continue };
        let path = sandbox.write(&format!("x/a.{language}"), format!("{text}\n"));
        let config = path.to_str().unwrap();
        let ran = sandbox.run(&["status", "--config-file", config]);
        assert_eq!(ran.code, if code.stops_everything() { 2 } else { 0 }, "{code}: {ran:?}");
        if code.stops_everything() {
            ran.says(code.as_str());
        }
        let level = sandbox.run(&["check", "--portable", "-A", code.as_str(), config]);
        assert_eq!(level.err.contains("about safety"), code.is_safety(), "{code}: {level:?}");
        let path = sandbox.write(&format!("x/a.{}", good.0), format!("{}\n", good.1));
        sandbox.run(&["status", "--config-file", path.to_str().unwrap()]).exits(0);
    }
}

#[test]
fn bad_examples_can_be_suppressed_where_their_sections_say_so() {
    let sandbox = scene();
    for (code, section) in all().filter(|(code, _)| !code.is_safety()) {
        let Some([bad, _]) = section.examples() else { continue };
        assert_eq!(bad.0, "toml", "{code}");
        let answer: Value =
            serde_json::from_str(&checked(&sandbox, (code, &section), bad).out).unwrap();
        let mut findings = answer["findings"].as_array().unwrap().iter();
        let own = findings.find(|finding| finding["code"] == code.as_str()).unwrap();
        let Some(job) = own["job"].as_str() else {
            assert!(NOT_SUPPRESSIBLE.contains(&code), "{code} is about no job");
            continue;
        };
        let text = format!(
            "{}\n\n[[suppressions]]\njob = \"{job}\"\ncode = \"{code}\"\nreason = \"tried\"\n\
             until = \"2999-12-31\"\n",
            bad.1
        );
        let left = told(&checked(&sandbox, (code, &section), ("toml", text.leak())));
        assert_eq!(left.contains(code.as_str()), NOT_SUPPRESSIBLE.contains(&code), "{code}");
    }
}

#[test]
fn a_section_is_explained_in_a_terminal_and_a_near_miss_is_named() {
    let sandbox = Sandbox::new();
    for code in Code::ALL {
        let text = sandbox.ok(&["check", "--explain", code.as_str()]);
        assert!(text.starts_with(&heading(*code)), "{text}");
        lacks(&text, &["```", "](", "\n## ", "\n\n\n", "\r"]);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text:?}");
        assert!(text.lines().all(|line| line.chars().count() <= 104), "{code}: too wide");
    }
    let text = sandbox.ok(&["check", "--explain", " of004 "]);
    has(&text, &["OF004 a value of", "\nBad:\n\n    version = 1\n\n    [[jobs]]\n", "\nGood:\n\n"]);
    for (wrong, hint) in [
        ("of4", "did you mean OF004?"),
        ("0F004", "did you mean OF004?"),
        ("xyz", "look like OF035"),
    ] {
        sandbox.run(&["check", "--explain", wrong]).exits(2).says(hint);
    }
    sandbox.run(&["check", "--explain", "OF004", "--format", "json"]).exits(2);
}
