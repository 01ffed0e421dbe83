//! What `install`, `uninstall` and `doctor` share: which timer, where its files belong, whose they are.
//!
//! In: flags, and what is found on this host. Out: a [`Schedule`], places, what stands in them.
//! Invariant: nothing is written here.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::args::{TimerArgs, With};
use super::context::{Context, Failure};
use crate::adapters::os_world::OsWorld;
use crate::adapters::timers::{self, SERVICE, Scope, TIMER};
use crate::render::{self, Every, MARK, Schedule};

/// A unit or property list is far smaller.
const FILE_BYTES: u64 = 1 << 20;

/// What stands in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Nothing,
    /// A file that `install` wrote: its text.
    Ours(String),
    /// Anything else.
    Foreign,
}

/// Whose timer is meant.
pub(super) fn scope_of(options: &TimerArgs) -> Scope {
    let is_root = rustix::process::geteuid().is_root();
    if options.system || is_root && !options.user { Scope::System } else { Scope::User }
}

/// The timer that is asked for, else the one that runs here.
pub(super) fn timer_of(options: &TimerArgs, scope: Scope) -> With {
    options.with.unwrap_or_else(|| {
        if cfg!(target_os = "macos") {
            With::Launchd
        } else if timers::runs_systemd(scope, &OsWorld) {
            With::Systemd
        } else {
            With::Cron
        }
    })
}

/// The call of a tick, with everything by its full path.
pub(super) fn schedule_of(context: &Context, every: &str) -> Result<Schedule, Failure> {
    let every = every_of(every)?;
    let store = context.store_place()?;
    // State of ops-monitor that is named leads to the store beside it, and is imported there.
    let state = store.import.as_ref().unwrap_or(&store.path);
    let argv = [
        ("the program", absolute(&context.program()?)?),
        ("", "--config-file".into()),
        ("the config", absolute(context.config_path()?)?),
        ("", "--state-file".into()),
        ("the store", absolute(state)?),
        ("", "tick".into()),
    ];
    let text = |(what, path): (&str, PathBuf)| {
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| Failure::refused(render::not_text(what, &path)))
    };
    Ok(Schedule { argv: argv.into_iter().map(text).collect::<Result<_, _>>()?, every })
}

/// What `--every` says.
pub(super) fn every_of(every: &str) -> Result<Every, Failure> {
    let span: Option<jiff::SignedDuration> = every.parse().ok();
    let whole = span.filter(|span| span.subsec_nanos() == 0);
    whole.and_then(|span| Every::of_seconds(span.as_secs())).ok_or_else(|| {
        let every = crate::decide::clean_text(every);
        Failure::refused(format!(
            "`--every {every}` is no span that fits a calendar: 10s, 12s, 15s, 20s, 30s, or 1m, 2m, 3m, \
             4m, 5m, 6m, 10m, 12m, 15m, 20m, 30m, 60m"
        ))
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))
}

/// The files of a timer that has some.
pub(super) fn places_of(with: With, scope: Scope) -> Result<Vec<PathBuf>, Failure> {
    let places = match with {
        With::Systemd => timers::units_folder(scope, &OsWorld)
            .map(|folder| vec![folder.join(SERVICE), folder.join(TIMER)]),
        With::Launchd => timers::plist_path(scope, &OsWorld).map(|path| vec![path]),
        With::Cron => Some(Vec::new()),
    };
    let nowhere = "no home folder is known (HOME is not set), so there is nowhere to write to";
    places.ok_or_else(|| Failure::refused(nowhere))
}

/// What stands in a place.
pub(super) fn standing(path: &Path) -> Result<Standing, Failure> {
    let failed = |e: std::io::Error| Failure::refused(format!("{}: {e}", path.display()));
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Standing::Nothing),
        Err(e) => return Err(failed(e)),
        Ok(facts) if !facts.is_file() => return Ok(Standing::Foreign),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(FILE_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) if text.lines().take(5).any(|line| line.contains(MARK)) => Standing::Ours(text),
        Ok(_) | Err(_) => Standing::Foreign,
    })
}

/// The account that a unit names: systemd's own runs as root by itself, but without root's home.
pub(super) fn unit_user(scope: Scope) -> Option<&'static str> {
    (scope == Scope::System).then_some("root")
}

/// A call of systemctl, as it is typed.
pub(super) fn systemctl(scope: Scope, words: &[&'static str]) -> Vec<&'static str> {
    let mut all = vec!["systemctl"];
    if scope == Scope::User {
        all.push("--user");
    }
    all.extend(words);
    all
}
