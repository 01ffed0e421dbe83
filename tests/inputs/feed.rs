//! Any bytes as a status, as v1's state file, as a store, and as a command line.
//!
//! In: bytes. Out: a panic where a promise is broken. The fuzz targets and the tests on stable run
//! the same functions.
//! Invariant: nothing is started, and nothing but a file in the given folder is written.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use opsfsm::adapters::sqlite::{EventFilter, NewStore, SqliteStore};
use opsfsm::base::redact::Secrets;
use opsfsm::base::{BootId, Exit, LocalTime, Now, RunId, Stamp, limits};
use opsfsm::compile::{Compiled, compile_model};
use opsfsm::config::{Format, SourceText, Surroundings, parse_config};
use opsfsm::decide::{Facts, V1State, begin_store};
use opsfsm::diag::Sink;
use opsfsm::journal::{Snapshot, World, apply};
use opsfsm::machine::{State, WriteState};
use opsfsm::model::{ProcessId, parse_status};

/// A status: what is taken is what a reader of JSON finds there too, and bounded.
pub(crate) fn feed_status(bytes: &[u8]) {
    let Ok(status) = parse_status(bytes) else { return };
    let value: serde_json::Value = serde_json::from_slice(bytes).expect("one JSON object");
    assert_eq!(value["running"].as_bool(), Some(status.running));
    assert_eq!(value["completed"].as_bool(), Some(status.completed));
    assert_eq!(value["pid"].as_u64(), status.pid.map(u64::from));
    if let Some(key) = &status.progress_key {
        assert!(!key.is_empty() && key.len() <= limits::PROGRESS_KEY_BYTES.max(80), "{key:?}");
    }
    // Taking secrets out moves nothing and is done after once.
    let secrets = Secrets::default();
    let plain = status.clone().redacted(&secrets);
    assert_eq!((plain.running, plain.completed), (status.running, status.completed));
    assert_eq!(plain.clone().redacted(&secrets), plain);
}

/// The jobs that an old state may speak of: one of each kind.
pub(crate) fn compiled() -> Compiled {
    const CONFIG: &str = r#"{"version": 1, "jobs": [
        {"id": "scan", "kind": "long_running_read", "risk": "read_only", "enabled": true, "cwd": "/",
         "commands": {"start": ["/bin/true"], "status": ["/bin/true"]}},
        {"id": "disk", "kind": "one_shot_read", "risk": "read_only", "enabled": true, "cwd": "/",
         "commands": {"run": ["/bin/true"]}},
        {"id": "wipe", "kind": "one_shot_write", "risk": "write_local", "enabled": true, "cwd": "/",
         "commands": {"run": ["/bin/true"]}, "after": [{"jobId": "disk"}]}]}"#;
    let bytes = CONFIG.as_bytes().to_vec();
    let file = SourceText { name: "a".to_owned(), dir: "/".into(), format: Format::Json, bytes };
    let parsed = parse_config(vec![file], &Surroundings::default());
    compile_model(parsed.model, &parsed.outlines, &mut Sink::new()).expect("it compiles")
}

/// A state file of v1: whatever it says, the store that begins with it is sound, and nothing in it
/// approves or runs a write. Gives back how many jobs it brought.
pub(crate) fn feed_state(bytes: &[u8], compiled: &Compiled) -> usize {
    let Ok(state) = V1State::parse(bytes) else { return 0 };
    let at =
        Stamp { wall_ms: 1_770_000_000_000, awake_ms: 5_000, up_ms: 5_000, boot: BootId::new("b") };
    let local = LocalTime::in_zone(&jiff::tz::TimeZone::UTC, at.wall_ms);
    let now = Now { at, local };
    let facts = Facts {
        now: &now,
        seed: [7; 32],
        claimer: ProcessId { pid: 1, start_ticks: 1, boot: BootId::new("b") },
        dead: std::collections::BTreeSet::default(),
        in_flight: std::collections::BTreeSet::default(),
    };
    let import = Some(("state.json".to_owned(), state));
    let (decision, taken) =
        begin_store(compiled, World::default(), import.as_ref(), "/a", &facts).expect("it begins");
    assert!(decision.launches.is_empty());
    let mut replayed = Snapshot::default();
    for event in &decision.change.events {
        apply(&mut replayed, event).expect("the journal replays");
    }
    assert_eq!(replayed, decision.change.world.snapshot);
    assert!(replayed.grants.is_empty());
    for record in replayed.jobs.values() {
        if let State::Write(state) = record.state {
            assert_eq!(state, WriteState::Blocked);
        }
    }
    taken
}

/// A database file: it is refused, or it is read, replayed and looked through to its end. Says whether
/// it could be read and replayed.
pub(crate) fn feed_store(bytes: &[u8], folder: &Path) -> bool {
    let path = folder.join("opsfsm.db");
    fs::write(&path, bytes).expect("the file");
    let at = Stamp::wall_only(1_770_000_000_000);
    let new = NewStore { seed: [7; 32], now: &at };
    let mut is_whole = false;
    if let Ok(mut store) = SqliteStore::open(&path, &new) {
        drop(store.view());
        let world = store.world().cloned();
        let replayed = store.replay();
        is_whole = world.is_ok() && replayed.is_ok();
        drop(store.last_events(&EventFilter { job: None, event: None, since_ms: None }, 50));
        drop(store.outcome_of(&RunId::new("r")));
    }
    for entry in fs::read_dir(folder).expect("the folder") {
        drop(fs::remove_file(entry.expect("an entry").path()));
    }
    is_whole
}

/// A command line, its words apart by NUL or newline: it is understood, or refused with a word and the
/// exit code for that. Says whether it is understood.
pub(crate) fn feed_words(bytes: &[u8]) -> bool {
    let words = bytes.split(|byte| matches!(byte, 0 | b'\n'));
    let words = words.map(|word| OsString::from_vec(word.to_vec()));
    let words: Vec<OsString> = std::iter::once("opsfsm".into()).chain(words).collect();
    let Err((exit, said)) = opsfsm::read_words(&words) else { return true };
    assert!(matches!(exit, Exit::Done | Exit::Refused), "{exit:?}: {said}");
    assert!(!said.trim().is_empty(), "refused without a word");
    assert!(exit == Exit::Refused || !said.starts_with("error: "), "{exit:?}: {said}");
    false
}
