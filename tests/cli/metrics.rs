//! `opsfsm metrics`: what it prints is OpenMetrics by the grammar, and says how things stand.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use serde_json::json;

use super::support::{Sandbox, has, with};

type Labels = BTreeMap<String, String>;

/// A family of the exposition.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    unit: Option<String>,
    help: Option<String>,
    samples: Vec<(String, Labels, f64)>,
}

/// Is it a name of a metric (`colons`), or of a label?
fn is_name(text: &str, colons: bool) -> bool {
    let may = |c: char| c.is_ascii_alphabetic() || c == '_' || (colons && c == ':');
    let first = text.chars().next().is_some_and(may);
    first && text.chars().all(|c| may(c) || c.is_ascii_digit())
}

/// Reads `a="b",c="d"}` and gives what follows the brace.
fn parse_labels(mut text: &str) -> (Labels, &str) {
    let mut labels = Labels::new();
    loop {
        let (name, rest) = text.split_once("=\"").expect("a label");
        assert!(is_name(name, false), "{name:?} is no label");
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next().expect("a closing quote") {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().expect("an escaped sign").1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    c => panic!("\\{c} is no escape"),
                }),
                (_, '\n') => panic!("a raw line end in a label"),
                (_, c) => value.push(c),
            }
        };
        assert_eq!(labels.insert(name.to_owned(), value), None, "{name} twice");
        text = &rest[end + 1..];
        if let Some(rest) = text.strip_prefix('}') {
            return (labels, rest);
        }
        text = text.strip_prefix(',').expect("a comma");
    }
}

fn parse_sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).expect("a name and a value");
    let name = line[..end].to_owned();
    assert!(is_name(&name, true), "{name:?} is no name");
    let (labels, rest) = match line[end..].strip_prefix('{') {
        Some(rest) => parse_labels(rest),
        None => (Labels::new(), &line[end..]),
    };
    let value = rest.strip_prefix(' ').expect("one blank before the value");
    (name, labels, value.parse().expect("a number"))
}

/// The exposition by the grammar of OpenMetrics 1.0, as far as it is used here; a fault is a panic.
fn parse(text: &str) -> BTreeMap<String, Family> {
    let body = text.strip_suffix("# EOF\n").expect("it ends with # EOF");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut open = String::new();
    for line in body.lines() {
        let Some(meta) = line.strip_prefix("# ") else {
            let family = families.get_mut(&open).expect("a family before its samples");
            family.samples.push(parse_sample(line));
            continue;
        };
        let [what, name, rest] = meta.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{line:?} is no line of metadata")
        };
        if what == "TYPE" {
            assert!(is_name(name, true) && !families.contains_key(name), "{name} twice");
            name.clone_into(&mut open);
            families.insert(open.clone(), Family { kind: rest.to_owned(), ..Family::default() });
        }
        let family = families.get_mut(name).expect("TYPE comes first");
        assert!(open == name && family.samples.is_empty(), "{name} is torn apart");
        match what {
            "TYPE" => {}
            "UNIT" => assert_eq!(family.unit.replace(rest.to_owned()), None),
            "HELP" => assert_eq!(family.help.replace(rest.to_owned()), None),
            other => panic!("{other} is no metadata"),
        }
    }
    for (name, family) in &families {
        check_family(name, family);
    }
    families
}

fn check_family(name: &str, family: &Family) {
    let suffix = match family.kind.as_str() {
        "gauge" | "stateset" => "",
        "counter" => "_total",
        "info" => "_info",
        other => panic!("{name} is of no type here: {other}"),
    };
    assert!(!name.ends_with("_total") && !name.ends_with("_info"), "{name}");
    if let Some(unit) = &family.unit {
        assert!(name.ends_with(&format!("_{unit}")), "{name} does not end in {unit}");
    }
    assert!(family.help.as_ref().is_some_and(|help| help.ends_with('.')), "{name} without help");
    let mut seen = BTreeSet::new();
    for (sample, labels, value) in &family.samples {
        assert_eq!(*sample, format!("{name}{suffix}"));
        assert!(seen.insert(labels.clone()), "{name}{labels:?} twice");
        assert!(value.is_finite(), "{name}");
        match family.kind.as_str() {
            "info" => assert!((value - 1.0).abs() < f64::EPSILON),
            "stateset" => assert!(labels.contains_key(name) && [0.0, 1.0].contains(value)),
            _ => {}
        }
    }
}

fn value(all: &BTreeMap<String, Family>, family: &str, wanted: &[(&str, &str)]) -> Option<f64> {
    let fits = |labels: &Labels| {
        wanted.iter().all(|(name, value)| labels.get(*name).is_some_and(|v| v == value))
    };
    let samples = all.get(family)?.samples.iter();
    let mut found = samples.filter(|(_, labels, _)| fits(labels)).map(|(.., value)| *value);
    let first = found.next();
    assert_eq!(found.next(), None, "{family} {wanted:?} is not one");
    first
}

const HOSTILE: &str = "we\"ird\\ \n{job} 日本";

/// Something of everything.
fn rich() -> Sandbox {
    let sandbox = Sandbox::new();
    let stands = with(
        sandbox.watched("stands"),
        &json!({"policy": {"autoResume": true, "autoResumeBackoffSeconds": 900}}),
    );
    let jobs = [
        sandbox.watched("runs"),
        stands,
        sandbox.watched("odd"),
        with(sandbox.check("disk"), &json!({"everySeconds": 86_400})),
        sandbox.write_job("prune", "disk"),
        with(sandbox.watched("hostile"), &json!({"id": HOSTILE, "enabled": false})),
    ];
    sandbox.config(&json!({}), &jobs);
    sandbox.runs_on("runs", 1);
    sandbox.stands("stands");
    sandbox.on("stands", "start", "exit 4");
    sandbox.on("disk", "run", "echo ALERT; exit 3");
    sandbox.raw_status("odd", "?");
    sandbox
}

#[test]
fn each_number_is_what_is_so() {
    let sandbox = rich();
    sandbox.tick();
    sandbox.ok(&["request", "prune"]);
    let all = parse(&sandbox.ok(&["metrics"]));
    let of = |family: &str, job: &str| value(&all, family, &[("job", job)]);
    let state = |job: &str, state: &str| {
        value(&all, "opsfsm_job_state", &[("job", job), ("opsfsm_job_state", state)])
    };
    for (job, now) in [
        ("runs", "running"),
        ("stands", "stalled"),
        ("disk", "failed"),
        ("prune", "blocked"),
        (HOSTILE, "idle"),
    ] {
        assert_eq!(state(job, now), Some(1.0), "{job}");
        let one_hot = all["opsfsm_job_state"].samples.iter().filter(|(_, l, _)| l["job"] == job);
        assert!((one_hot.map(|(.., v)| v).sum::<f64>() - 1.0).abs() < f64::EPSILON, "{job}");
    }
    assert_eq!(
        (of("opsfsm_job_stalled", "stands"), of("opsfsm_job_stalled", "runs")),
        (Some(1.0), Some(0.0))
    );
    assert_eq!(of("opsfsm_job_resume_attempts", "stands"), Some(1.0));
    assert_eq!(
        (of("opsfsm_job_enabled", "runs"), of("opsfsm_job_enabled", HOSTILE)),
        (Some(1.0), Some(0.0))
    );
    assert_eq!(
        (of("opsfsm_job_status_broken", "odd"), of("opsfsm_job_status_broken", "runs")),
        (Some(1.0), Some(0.0))
    );
    assert!(of("opsfsm_job_progress_age_seconds", "runs").is_some_and(|age| age >= 0.0));
    assert!(of("opsfsm_job_observation_age_seconds", "runs").is_some_and(|age| age >= 0.0));
    assert_eq!(of("opsfsm_job_observation_age_seconds", "odd"), None);
    assert_eq!(of("opsfsm_job_stalled", "disk"), None);
    assert_eq!(
        (of("opsfsm_job_last_run_success", "disk"), of("opsfsm_job_last_run_attention", "disk")),
        (Some(0.0), Some(1.0))
    );
    assert_eq!(value(&all, "opsfsm_approvals_pending", &[]), Some(1.0));
    assert_eq!(value(&all, "opsfsm_writes", &[("state", "blocked")]), Some(1.0));
    assert_eq!(value(&all, "opsfsm_outbox_reports", &[("state", "waiting")]), Some(1.0));
    let events = sandbox.json(&["history", "--verify", "--format", "json"])["events"].as_f64();
    assert_eq!(value(&all, "opsfsm_journal_events", &[]), events);
    let size = std::fs::metadata(sandbox.store_path()).unwrap().size().to_string();
    has(&sandbox.ok(&["metrics"]), &[&format!("opsfsm_store_size_bytes {size}\n")]);
}

#[test]
fn without_a_store_nothing_is_made_and_nothing_is_claimed() {
    let sandbox = rich();
    let all = parse(&sandbox.ok(&["metrics"]));
    assert!(!sandbox.has_store());
    assert!(
        !all.contains_key("opsfsm_store_size_bytes")
            && !all.contains_key("opsfsm_last_tick_timestamp_seconds")
    );
    assert_eq!(value(&all, "opsfsm_jobs", &[]), Some(6.0));
    let none = Sandbox::with(&[]);
    assert_eq!(value(&parse(&none.ok(&["metrics"])), "opsfsm_jobs", &[]), Some(0.0));
}

#[test]
fn a_textfile_is_replaced_whole_for_everybody_to_read() {
    let sandbox = rich();
    sandbox.tick();
    let path = sandbox.path("data/opsfsm.prom");
    let file = path.display().to_string();
    let script = format!("umask 077; exec \"$OPSFSM\" metrics --textfile '{file}'");
    let ran = sandbox.shell(&script).run();
    assert_eq!((ran.exits(0).out.as_str(), ran.err.as_str()), ("", ""));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    let text = sandbox.read("data/opsfsm.prom");
    has(&text, &["# TYPE opsfsm_journal_events_total counter\n", "\n# EOF\n"]);
    // A link in its place is replaced, not followed.
    let other = sandbox.write("other", "mine");
    sandbox.remove("data/opsfsm.prom");
    std::os::unix::fs::symlink(&other, &path).unwrap();
    sandbox.ok(&["metrics", "--textfile", &file]);
    assert_eq!(sandbox.read("other"), "mine");
    assert!(std::fs::symlink_metadata(&path).unwrap().is_file());
    let left: Vec<_> = std::fs::read_dir(sandbox.path("data")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    sandbox
        .run(&["metrics", "--textfile", "/no/such/folder/x.prom"])
        .exits(3)
        .says("can't be written");
    sandbox.raw_config(&json!({"version": 7}));
    sandbox.run(&["metrics", "--textfile", &file]).exits(2).says("OF007");
    assert_eq!(sandbox.read("data/opsfsm.prom").lines().last(), Some("# EOF"));
}

/// Prometheus' own parser and linter, where it is installed.
#[test]
fn promtool_finds_nothing_wrong() {
    let sandbox = rich();
    sandbox.tick();
    let file = sandbox.path("data/opsfsm.prom").display().to_string();
    sandbox.ok(&["metrics", "--textfile", &file]);
    let script = format!(
        "command -v promtool > /dev/null || exit 77; promtool check metrics < '{file}' 2>&1"
    );
    let ran = sandbox.shell(&script).run();
    if ran.code != 77 {
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    }
}

#[test]
fn every_sample_stands_on_the_page() {
    let page = include_str!("../../docs/metrics.md");
    let sandbox = rich();
    sandbox.tick();
    let all = parse(&sandbox.ok(&["metrics"]));
    let told: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .collect();
    let real: BTreeSet<&str> =
        all.values().flat_map(|f| f.samples.iter().map(|(name, ..)| name.as_str())).collect();
    assert_eq!(told, real);
}
