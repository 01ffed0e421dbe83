//! The steps of a tick that touch nothing outside, each over a thousand jobs; and the store.
//!
//! A step is made ready once and can then be run any number of times: it always does the same.

use std::hint::black_box;
use std::path::PathBuf;

use opsfsm::adapters::sqlite::{NewStore, SqliteStore};
use opsfsm::base::{BootId, JobId, LocalTime, Now, Stamp};
use opsfsm::compile::{Compiled, compile_model};
use opsfsm::config::{Format, Parsed, SourceText, Surroundings, parse_config_to_run};
use opsfsm::decide::{Decision, Facts, decide_observed};
use opsfsm::diag::Sink;
use opsfsm::journal::World;
use opsfsm::model::{Language, Observation, Observed, ProcessId, parse_status};
use opsfsm::ports::{Commit, Store as _};
use opsfsm::render::Style;
use opsfsm::tick::reports_of;

const JOBS: usize = 1000;

/// Something to run again and again.
pub(crate) type Run = Box<dyn FnMut()>;

/// What makes a step ready.
type Ready = fn() -> Run;

/// Every step: its name, and what makes it ready.
pub(crate) const STEPS: &[(&str, Ready)] = &[
    ("parse a JSON config", || parse(Format::Json)),
    ("parse a TOML config", || parse(Format::Toml)),
    ("compile", compile),
    ("read statuses", statuses),
    ("decide, nothing moved", || decide(0)),
    ("decide, everything moved", || decide(1)),
    ("render a report of all jobs", render),
    ("load the store", load),
    ("commit, everything moved", commit),
];

fn config(format: Format) -> String {
    let head = match format {
        Format::Json => "{\"version\": 1, \"jobs\": [\n",
        Format::Toml => "version = 1\n",
    };
    let job = |i: usize| match format {
        Format::Json => format!(
            "{{\"id\": \"job-{i:05}\", \"kind\": \"long_running_read\", \"risk\": \"read_only\",\n \
             \"enabled\": true, \"cwd\": \"/\", \"policy\": {{\"stallSeconds\": 600}}, \"commands\":\n \
             {{\"start\": [\"/bin/true\"], \"status\": [\"/bin/cat\", \"/srv/{i}.json\"]}}}}"
        ),
        Format::Toml => format!(
            "[[jobs]]\nid = \"job-{i:05}\"\nkind = \"long_running_read\"\nrisk = \"read_only\"\n\
             enabled = true\ncwd = \"/\"\npolicy = {{ stallSeconds = 600 }}\n\
             commands.start = [\"/bin/true\"]\ncommands.status = [\"/bin/cat\", \"/srv/{i}.json\"]\n"
        ),
    };
    let (between, foot) = match format {
        Format::Json => (",\n", "]}"),
        Format::Toml => ("\n", ""),
    };
    let jobs: Vec<String> = (0..JOBS).map(job).collect();
    format!("{head}{}{foot}", jobs.join(between))
}

fn parsed(bytes: &[u8], format: Format) -> Parsed {
    let file = SourceText {
        name: "jobs".to_owned(),
        dir: PathBuf::from("/"),
        format,
        bytes: bytes.to_vec(),
    };
    parse_config_to_run(vec![file], &Surroundings::default())
}

fn parse(format: Format) -> Run {
    let text = config(format).into_bytes();
    assert!(parsed(&text, format).model.is_some());
    Box::new(move || drop(black_box(parsed(&text, format))))
}

fn compile() -> Run {
    let parsed = parsed(config(Format::Json).as_bytes(), Format::Json);
    Box::new(move || {
        let model = parsed.model.clone();
        drop(black_box(compile_model(model, &parsed.outlines, &mut Sink::new())));
    })
}

fn compiled() -> Compiled {
    let parsed = parsed(config(Format::Json).as_bytes(), Format::Json);
    compile_model(parsed.model, &parsed.outlines, &mut Sink::new()).expect("a sound config")
}

fn status(n: u32) -> String {
    format!(r#"{{"running":true,"completed":false,"progress":{{"done":{n},"of":1000}}}}"#)
}

fn statuses() -> Run {
    let texts: Vec<String> = (0..1000).map(status).collect();
    Box::new(move || {
        for text in &texts {
            drop(black_box(parse_status(text.as_bytes())));
        }
    })
}

/// The moment of the tick number `n`: one a minute.
fn moment(n: u32) -> Now {
    let ms = i64::from(n) * 60_000;
    let at = Stamp {
        wall_ms: 1_790_000_000_000 + ms,
        awake_ms: 1_000_000 + ms,
        up_ms: 1_000_000 + ms,
        boot: BootId::new("bench"),
    };
    Now { at, local: LocalTime::UTC }
}

/// What the tick number `n` decides, after the jobs have come so far.
fn decided(compiled: &Compiled, world: World, n: u32, progress: u32) -> Decision {
    let now = moment(n);
    let status = parse_status(status(progress).as_bytes()).expect("a status");
    let observe = |job: &JobId| Observation {
        job: job.clone(),
        at: now.at.clone(),
        observed: Observed::Status(status.clone()),
    };
    let observations: Vec<Observation> = compiled.jobs().map(|j| observe(&j.job().id)).collect();
    decide_observed(compiled, world, &observations, &facts(&now)).expect("a decision")
}

fn facts(now: &Now) -> Facts<'_> {
    Facts {
        now,
        seed: [7; 32],
        claimer: ProcessId { pid: 1, start_ticks: 1, boot: BootId::new("bench") },
        dead: std::collections::BTreeSet::new(),
        in_flight: std::collections::BTreeSet::new(),
    }
}

/// A world in which every job is known and told.
fn settled(compiled: &Compiled) -> World {
    decided(compiled, World::default(), 1, 1).change.world
}

fn decide(moved: u32) -> Run {
    let compiled = compiled();
    let world = settled(&compiled);
    Box::new(move || drop(black_box(decided(&compiled, world.clone(), 2, 1 + moved))))
}

fn style() -> Style {
    Style { language: Language::En, invocation: "opsfsm".to_owned() }
}

fn render() -> Run {
    let compiled = compiled();
    let decision = decided(&compiled, World::default(), 1, 1);
    let now = moment(1);
    Box::new(move || {
        let reports = reports_of(&decision, &facts(&now), &style());
        assert!(!black_box(reports).is_empty());
    })
}

/// A store that every job has a row in, in a folder that goes with it.
fn store(compiled: &Compiled) -> (SqliteStore, tempfile::TempDir) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let now = moment(0).at;
    let new = NewStore { seed: [9; 32], now: &now };
    let mut store = SqliteStore::open(&folder.path().join("bench.db"), &new).expect("a store");
    save(&mut store, compiled, 1);
    (store, folder)
}

/// Ticks once, all jobs moved.
fn save(store: &mut SqliteStore, compiled: &Compiled, n: u32) {
    let commit = |world| {
        let change = decided(compiled, world, n, n).change;
        Ok(Commit { change, reports: Vec::new() })
    };
    store.transact(&mut { commit }).expect("a commit");
}

fn load() -> Run {
    let (store, folder) = store(&compiled());
    let path = store.path().to_owned();
    drop(store);
    Box::new(move || {
        // Opened anew each time: a store remembers what it has just read.
        let _kept = &folder;
        let now = moment(0).at;
        let mut store = SqliteStore::open(&path, &NewStore { seed: [9; 32], now: &now });
        let world = store.as_mut().expect("a store").world().expect("a world");
        assert_eq!(black_box(world).snapshot.jobs.len(), JOBS);
    })
}

fn commit() -> Run {
    let compiled = compiled();
    let (mut store, folder) = store(&compiled);
    let mut n = 1;
    Box::new(move || {
        let _kept = &folder;
        n += 1;
        save(&mut store, &compiled, n);
    })
}
