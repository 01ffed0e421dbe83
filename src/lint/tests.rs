//! How rules are tested: one bad config in both formats, one good one.
//!
//! In: configs as TOML; the JSON twin is made here. Out: assertions on rendered findings.
//! Invariant: only the rule that is tested is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use expect_test::Expect;

use super::{Needs, RULES, Subject};
use crate::config::{Format, Parsed, SourceText, Surroundings, parse_config};
use crate::diag::{Code, Sink};
use crate::ports::{Exposed, HostFacts, ProgramLook};
use crate::render::render_findings;

/// A machine with these programs, exposed paths and status files; all else is fit and safe.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) programs: BTreeMap<&'static str, ProgramLook>,
    pub(super) exposed: BTreeMap<&'static str, &'static str>,
    pub(super) statuses: BTreeMap<&'static str, &'static str>,
}

impl HostFacts for Bench {
    fn program(&self, program: &str, cwd: &Path, _: Option<&str>) -> ProgramLook {
        let fit = || ProgramLook::Fit(cwd.join(program));
        self.programs.get(program).cloned().unwrap_or_else(fit)
    }

    fn exposed(&self, path: &Path) -> Option<Exposed> {
        let how = self.exposed.get(path.to_str()?)?;
        Some(Exposed { path: path.display().to_string(), how: (*how).to_owned() })
    }

    fn status_file(&self, path: &Path) -> Option<Vec<u8>> {
        self.statuses.get(path.to_str()?).map(|text| text.as_bytes().to_vec())
    }
}

pub(super) fn parse(name: &str, text: &str) -> Parsed {
    let format = if name.ends_with("json") { Format::Json } else { Format::Toml };
    let file = SourceText {
        name: name.to_owned(),
        dir: PathBuf::from("/etc/ops"),
        format,
        bytes: text.as_bytes().to_vec(),
    };
    parse_config(vec![file], &Surroundings { home: Some("/home/u".into()), default_cwd: None })
}

/// What one rule says of a config, on a machine where a tick comes every minute.
fn said(code: Code, name: &str, text: &str, bench: &Bench) -> String {
    let Parsed { model, outlines, sources, sink, .. } = parse(name, text);
    let Some(model) = model else { panic!("{text}\n{}", render_findings(&sink, &sources)) };
    let mut subject = Subject::new(&model, &outlines, true);
    subject.period = Some(Duration::from_mins(1));
    subject.host = Some(bench);
    subject.files = vec![PathBuf::from("/etc/ops").join(name)];
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.code == code) {
        let of_all = [Code::UnreachedJob, Code::DeadLink, Code::CodeWithoutChat].contains(&code);
        assert_eq!(rule.needs == Needs::WholeConfig, of_all);
        (rule.look)(&subject, &mut findings);
    }
    assert!(findings.iter().all(|finding| finding.code == code));
    let mut sink = Sink::new();
    for finding in findings {
        sink.push(finding);
    }
    render_findings(&sink, &sources)
}

/// The same config as JSON.
fn json_of(toml: &str) -> String {
    let value: serde_json::Value = toml::from_str(toml).expect("TOML");
    format!("{value:#}\n")
}

/// With the version before it.
fn whole(jobs: &str) -> String {
    if jobs.contains("version = 1") { jobs.to_owned() } else { format!("version = 1\n{jobs}") }
}

/// The rule speaks of the bad config, in both formats and in the same words, and is silent about
/// the good one.
#[track_caller]
pub(super) fn rule_says(code: Code, bad: &str, good: &str, expected: &Expect) {
    rule_says_on(&Bench::default(), code, bad, good, expected);
}

/// The same on a certain machine.
#[track_caller]
pub(super) fn rule_says_on(bench: &Bench, code: Code, bad: &str, good: &str, expected: &Expect) {
    let bad = whole(bad);
    let toml = said(code, "a.toml", &bad, bench);
    let json = said(code, "a.json", &json_of(&bad), bench);
    expected.assert_eq(&format!("{toml}{json}"));
    let mut words: [Vec<String>; 2] = [&toml, &json].map(|text| {
        let after = |line: &str| line.rsplit_once("]: ").map(|(_, said)| said.to_owned());
        text.replace("a.json", "a.toml").lines().filter_map(after).collect()
    });
    for said in &mut words {
        said.sort();
    }
    assert_eq!(words[0], words[1]);
    rule_is_silent(bench, code, good);
}

/// The rule is silent about a config in both formats.
#[track_caller]
pub(super) fn rule_is_silent(bench: &Bench, code: Code, good: &str) {
    let good = whole(good);
    for (name, text) in [("a.toml", good.clone()), ("a.json", json_of(&good))] {
        assert_eq!(said(code, name, &text, bench), "", "{text}");
    }
}
