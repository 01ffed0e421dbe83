//! A short story played on the real engine: one job is watched, found stalled, resumed, completed.

use std::path::PathBuf;
use std::time::Duration;

use super::SimHost;
use crate::base::JobId;
use crate::compile::{Compiled, compile_model};
use crate::config::{Format, SourceText, Surroundings, parse_config};
use crate::diag::Sink;
use crate::machine::{State, WatchState};

const STORY: &str = r#"
version = 1
[[jobs]]
id = "scan"
kind = "long_running_read"
risk = "read_only"
enabled = true
commands = { start = ["/sim/start"], status = ["/sim/status"] }
policy = { autoResume = true, stallSeconds = 600 }
"#;

/// Compiles a config for a simulated host.
///
/// # Errors
/// The findings' messages, where it can't be run.
pub fn compile_text(text: &str, format: Format) -> Result<Compiled, String> {
    let file = SourceText {
        name: "sim".to_owned(),
        dir: PathBuf::from("/sim"),
        format,
        bytes: text.as_bytes().to_vec(),
    };
    let around = Surroundings { home: None, default_cwd: None };
    let mut parsed = parse_config(vec![file], &around);
    let mut sink = Sink::new();
    let compiled = compile_model(parsed.model.take(), &parsed.outlines, &mut sink);
    parsed.sink.extend(sink);
    compiled.ok_or_else(|| {
        let all: Vec<&str> = parsed.sink.sorted().iter().map(|f| f.message.as_str()).collect();
        all.join("; ")
    })
}

/// Plays the story.
///
/// # Errors
/// Where it takes another turn than it should.
pub fn rehearse() -> Result<(), String> {
    let compiled = compile_text(STORY, Format::Toml)?;
    let host = SimHost::new();
    let scan = JobId::new("scan");
    let minute = Duration::from_mins(1);
    let step = |wanted: WatchState, span: Duration| {
        host.pass(span);
        host.tick(&compiled).map_err(|e| e.to_string())?;
        let state = host.state(&scan);
        if state == Some(State::Watch(wanted)) {
            return Ok(());
        }
        Err(format!("{wanted} was due, but it is {state:?}"))
    };
    host.set(&scan, |job| job.running = true);
    step(WatchState::Running, minute)?;
    step(WatchState::Running, 9 * minute)?;
    step(WatchState::Stalled, minute)?;
    host.set(&scan, |job| job.running = false);
    step(WatchState::Resuming, minute)?;
    step(WatchState::Running, minute)?;
    host.set(&scan, |job| job.completed = true);
    step(WatchState::Completed, minute)?;
    let store = host.store.snapshot();
    let replayed = store.replay().map_err(|fault| fault.to_string())?;
    if replayed == store.world().snapshot { Ok(()) } else { Err("the replay differs".to_owned()) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_rehearsal_goes_as_told() {
        assert_eq!(super::rehearse(), Ok(()));
    }
}
