//! Any bytes as a config, through every stage of `check` and told in every format.
//!
//! In: bytes. Out: a panic where a promise is broken. The fuzz target and a test on stable run the
//! same function.
//! Invariant: nothing here looks at the machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use opsfsm::base::Day;
use opsfsm::compile::compile_model;
use opsfsm::config::{Format, Parsed, SourceText, Surroundings, key_paths, parse_config};
use opsfsm::diag::{Finding, Label, Sink, Sources};
use opsfsm::lint::{Advice, Levels, Subject, judge, lint_model, secret_places};
use opsfsm::ports::{Exposed, HostFacts, ProgramLook};
use opsfsm::render::{self, CheckedConfig, Look};

/// A machine on which every rule has something to say.
struct Poor;

impl HostFacts for Poor {
    fn program(&self, program: &str, cwd: &Path, _: Option<&str>) -> ProgramLook {
        match program.len() % 3 {
            0 => ProgramLook::Missing(program.to_owned()),
            1 => ProgramLook::Unfit(program.to_owned()),
            _ => ProgramLook::Fit(cwd.join(program)),
        }
    }

    fn exposed(&self, path: &Path) -> Option<Exposed> {
        Some(Exposed { path: path.display().to_string(), how: "anybody may".to_owned() })
    }

    fn status_file(&self, _: &Path) -> Option<Vec<u8>> {
        Some(br#"{"running": true, "completed": false}"#.to_vec())
    }
}

/// Tells what is wrong with these bytes as TOML and as JSON; gives back how many findings there
/// were.
pub(crate) fn tell_everything(bytes: &[u8]) -> usize {
    [Format::Toml, Format::Json].into_iter().map(|format| tell(bytes, format)).sum()
}

fn tell(bytes: &[u8], format: Format) -> usize {
    let name = "a".to_owned();
    let file = SourceText { name, dir: PathBuf::from("/etc"), format, bytes: bytes.to_vec() };
    let around = Surroundings { home: Some("/home/u".into()), default_cwd: None };
    let Parsed { model, legible, outlines, mut sources, mut sink } =
        parse_config(vec![file], &around);
    let read = model.as_ref().or(legible.as_ref());
    let advice = read.map_or_else(Advice::default, |read| {
        let mut subject = Subject::new(read, &outlines, model.is_some());
        subject.period = Some(Duration::from_mins(1));
        subject.host = Some(&Poor);
        subject.files = vec![PathBuf::from("/etc/a")];
        sources.conceal(&secret_places(&subject));
        lint_model(&subject)
    });
    let sound = compile_model(model.clone(), &outlines, &mut sink).is_some();
    assert!(sound || !sink.is_empty(), "refused without a word");
    let read = model.as_ref().or(legible.as_ref()).map(|read| (read, &outlines));
    let today = Day::parse("2027-01-31").expect("a day");
    let judged = judge(sink, advice, read, &Levels::new(true), today);
    for finding in judged.sink.sorted() {
        places_are_in_the_text(finding, &sources);
    }
    told_in_every_format(&judged.sink, &sources);
    judged.sink.sorted().len()
}

fn places_are_in_the_text(finding: &Finding, sources: &Sources) {
    assert!(!finding.message.is_empty());
    for Label { span, .. } in finding.primary.iter().chain(&finding.secondary) {
        let text = &sources.file(span.file).expect("a file").text;
        let (start, end) = (span.start as usize, span.end as usize);
        assert!(start <= end && end <= text.len(), "{finding:?}");
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{finding:?}");
    }
}

fn told_in_every_format(sink: &Sink, sources: &Sources) {
    let mut keys = BTreeMap::new();
    for label in sink.sorted().iter().filter_map(|finding| finding.primary.as_ref()) {
        let text = sources.file(label.span.file).map_or("", |file| &file.text);
        keys.extend(key_paths(text, &[label.span]));
    }
    let name = "a".to_owned();
    let config = CheckedConfig {
        name,
        jobs: None,
        disabled: 0,
        unreadable: None,
        suppressed: 0,
        sink,
        sources,
        keys,
    };
    let configs = [config];
    let narrow = Look { colour: false, width: Some(40) };
    let json =
        [render::render_check_json(&configs), render::render_check_sarif(&configs, Path::new("/"))];
    for text in &json {
        assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
    }
    let texts = [
        render::render_check_human(&configs, Look::default()),
        render::render_check_human(&configs, narrow),
        render::render_check_short(&configs),
        render::render_check_github(&configs, Path::new("/")),
        render::render_findings(sink, sources),
    ];
    for text in texts.iter().chain(&json) {
        assert!(sink.is_empty() || !text.is_empty());
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}
