//! `opsfsm selftest`: tries the engine on this machine, offline, without touching any config,
//! store or job of yours.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::context::{Context, Failure};
use super::io;
use crate::adapters::process::{Capture, ChildSpec, Control, run_children};
use crate::adapters::sqlite::{NewStore, SqliteStore, sqlite_is_recent};
use crate::base::{Exit, id::hex, limits};
use crate::machine::{self, Machine, State, WriteState};
use crate::model::{End, parse_status};
use crate::ports::{Clock as _, Store as _};
use crate::sim;

type Trial = (&'static str, fn(&Context, &Path) -> Result<(), String>);

const TRIALS: [Trial; 7] = [
    ("clock is set", clock_is_set),
    ("SQLite is recent enough", sqlite_is_fit),
    ("every state of every machine is reached", machines_are_whole),
    ("a write runs only from approved", writes_are_gated),
    ("the status contract is read", status_is_read),
    ("a store is made, and its journal replays", store_replays),
    ("a child process runs and is bounded", children_run),
];

/// Runs all trials.
pub(super) fn selftest(context: &Context) -> Result<Exit, Failure> {
    let folder = scratch(context)?;
    let mut failed = 0;
    let mut say = |name: &str, result: Result<(), String>| {
        let line = match result {
            Ok(()) => format!("ok    {name}\n"),
            Err(why) => {
                failed += 1;
                format!("FAIL  {name}: {why}\n")
            }
        };
        // The exit code says it too.
        let _ = io::out(&line);
    };
    for (name, trial) in TRIALS {
        say(name, trial(context, &folder));
    }
    say("a simulated job is watched, found stalled, resumed and completed", sim::rehearse());
    // What is left of a scratch folder harms nobody.
    let _ = fs::remove_dir_all(&folder);
    Ok(if failed == 0 { Exit::Done } else { Exit::JobFailed })
}

fn scratch(context: &Context) -> Result<PathBuf, Failure> {
    let name = format!("opsfsm-selftest-{}", hex(&context.seed()?[..8]));
    let folder = std::env::temp_dir().join(name);
    let made = DirBuilder::new().mode(0o700).create(&folder);
    made.map_err(|e| Failure::refused(format!("can't make {}: {e}", folder.display())))?;
    Ok(folder)
}

fn clock_is_set(context: &Context, _: &Path) -> Result<(), String> {
    if context.clock.now().at.wall_ms < limits::CLOCK_FLOOR_MS {
        return Err("the wall clock stands before 2020; nothing would be started".to_owned());
    }
    Ok(())
}

fn sqlite_is_fit(_: &Context, _: &Path) -> Result<(), String> {
    if sqlite_is_recent() { Ok(()) } else { Err("it is too old for a store".to_owned()) }
}

fn machines_are_whole(_: &Context, _: &Path) -> Result<(), String> {
    for machine in Machine::ALL {
        let edges = machine::edges(machine);
        let initial = machine.initial();
        let lonely = |s: &State| *s != initial && !edges.iter().any(|e| e.to == *s);
        if let Some(state) = machine.states().into_iter().find(lonely) {
            return Err(format!("nothing leads to {state}"));
        }
    }
    Ok(())
}

fn writes_are_gated(_: &Context, _: &Path) -> Result<(), String> {
    let running = State::Write(WriteState::Running);
    let approved = State::Write(WriteState::Approved);
    let edges = machine::edges(Machine::Write);
    match edges.iter().find(|e| e.to == running && e.from != approved) {
        Some(edge) => Err(format!("{} --{}--> {}", edge.from, edge.input, edge.to)),
        None => Ok(()),
    }
}

fn status_is_read(_: &Context, _: &Path) -> Result<(), String> {
    let good = parse_status(br#"{"running":true,"completed":false,"progress":{"n":1}}"#);
    let bad = parse_status(br#"{"running":true,"running":false,"completed":false}"#);
    match (good, bad) {
        (Ok(_), Err(_)) => Ok(()),
        (Err(e), _) => Err(e.to_string()),
        (_, Ok(_)) => Err("a key given twice was accepted".to_owned()),
    }
}

fn store_replays(context: &Context, folder: &Path) -> Result<(), String> {
    let now = context.clock.now();
    let seed = context.seed().map_err(|f| f.message)?;
    let new = NewStore { seed, now: &now.at };
    let path = folder.join("opsfsm.db");
    let mut store = SqliteStore::open(&path, &new).map_err(|e| e.to_string())?;
    let world = store.read().map_err(|e| e.to_string())?;
    let (snapshot, head) = store.replay().map_err(|e| e.to_string())?;
    if snapshot != world.snapshot || head != world.head {
        return Err("the replay differs from the stored snapshot".to_owned());
    }
    Ok(())
}

fn children_run(context: &Context, folder: &Path) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let spec = ChildSpec {
        argv: vec![program.to_string_lossy().into_owned(), "--version".to_owned()],
        cwd: folder.to_owned(),
        env: Vec::new(),
        clear_env: false,
        limit: Some(Duration::from_secs(30)),
        capture: Capture::Head(4),
    };
    let control = Control { cancel: context.interrupt.as_ref(), ..Control::default() };
    match run_children(&[spec], &control).pop() {
        Some(r) if r.end == (End::Exited { code: 0 }) && r.stdout.bytes == b"opsf" => Ok(()),
        other => Err(format!("{other:?}")),
    }
}
