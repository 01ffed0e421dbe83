//! What calls opsfsm again and again on this host: systemd, cron or launchd.
//!
//! In: questions and orders. Out: what their own programs answered.
//! Invariant: every program has a time limit, and none is called but those of the timer that is asked
//! about.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file_facts::OsFileFacts;
use super::locate::World;
use super::process::{Capture, ChildSpec, Control, inherited_path, resolve_program, run_children};
use crate::model::End;
use crate::ports::FileFacts as _;

/// Time limit of each program.
const LIMIT: Duration = Duration::from_secs(10);
/// Most of a program's answer that is read: a crontab is far smaller.
const ANSWER_BYTES: usize = 1 << 20;

/// What systemd's service, and launchd's job, are called.
pub const SERVICE: &str = "opsfsm-tick.service";
/// What systemd's timer is called.
pub const TIMER: &str = "opsfsm-tick.timer";
/// What launchd calls it.
pub const LABEL: &str = "opsfsm.tick";

/// Whose timer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The account's own: runs as it, and while it is logged in unless it lingers.
    User,
    /// The system's: runs as root.
    System,
}

/// Is there such a program?
#[must_use]
pub fn has_program(name: &str) -> bool {
    resolve_program(name, Path::new("/"), &inherited_path()).is_ok()
}

/// Calls a program; what it printed, if it ended with 0.
///
/// # Errors
/// A sentence: what it said instead.
pub fn call(argv: &[&str], world: &dyn World) -> Result<String, String> {
    let spec = ChildSpec {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        cwd: PathBuf::from("/"),
        env: bus_variables(world),
        clear_env: false,
        limit: Some(LIMIT),
        capture: Capture::Head(ANSWER_BYTES),
    };
    let Some(ended) = run_children(&[spec], &Control::default()).pop() else {
        return Err(format!("`{}` was not started", argv.join(" ")));
    };
    let why = match &ended.end {
        End::Exited { code: 0 } if !ended.stdout.cut => {
            let text = String::from_utf8(ended.stdout.bytes);
            return text.map_err(|_| format!("`{}` printed no text", argv.join(" ")));
        }
        End::Exited { code: 0 } => "printed more than can be read".to_owned(),
        End::Exited { code } => format!("failed with exit {code}"),
        End::Signaled { signal } => format!("was ended by signal {signal}"),
        End::TimedOut { .. } => format!("took longer than {} s", LIMIT.as_secs()),
        End::NotStarted { detail, .. } => format!("was not started: {detail}"),
        End::Cancelled | End::Unkillable { .. } | End::Lost => "did not end by itself".to_owned(),
    };
    let said = String::from_utf8_lossy(&ended.stderr.bytes);
    let said = said.trim();
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Err(format!("`{}` {why}{said}", argv.join(" ")))
}

/// A user's systemd is reached through a folder that `su` and cron tell nothing of.
fn bus_variables(world: &dyn World) -> Vec<(String, String)> {
    let plain = ("LC_ALL".to_owned(), "C".to_owned());
    let folder = runtime_folder(world).and_then(|folder| folder.to_str().map(str::to_owned));
    let folder = folder.map(|folder| ("XDG_RUNTIME_DIR".to_owned(), folder));
    std::iter::once(plain).chain(folder).collect()
}

fn runtime_folder(world: &dyn World) -> Option<PathBuf> {
    let named = world.var("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = || PathBuf::from(format!("/run/user/{}", rustix::process::geteuid().as_raw()));
    Some(named.unwrap_or_else(usual)).filter(|path| world.exists(path))
}

/// Does a systemd run that could call a tick?
#[must_use]
pub fn runs_systemd(scope: Scope, world: &dyn World) -> bool {
    let runs = match scope {
        Scope::System => world.exists(Path::new("/run/systemd/system")),
        Scope::User => runtime_folder(world)
            .is_some_and(|folder| world.exists(&folder.join("systemd/private"))),
    };
    runs && has_program("systemctl")
}

/// Where units of systemd belong.
#[must_use]
pub fn units_folder(scope: Scope, world: &dyn World) -> Option<PathBuf> {
    match scope {
        Scope::System => Some(PathBuf::from("/etc/systemd/system")),
        Scope::User => {
            let named = world.var("XDG_CONFIG_HOME").map(PathBuf::from);
            let base = named.filter(|path| path.is_absolute());
            Some(base.or_else(|| Some(world.home()?.join(".config")))?.join("systemd/user"))
        }
    }
}

/// Where launchd's property list belongs.
#[must_use]
pub fn plist_path(scope: Scope, world: &dyn World) -> Option<PathBuf> {
    let folder = match scope {
        Scope::System => PathBuf::from("/Library/LaunchDaemons"),
        Scope::User => world.home()?.join("Library/LaunchAgents"),
    };
    Some(folder.join(format!("{LABEL}.plist")))
}

/// The domain of launchd that a property list is loaded into.
#[must_use]
pub fn launchd_domain(scope: Scope) -> String {
    match scope {
        Scope::System => "system".to_owned(),
        Scope::User => format!("gui/{}", rustix::process::geteuid().as_raw()),
    }
}

/// The account's crontab; empty where it has none.
///
/// # Errors
/// It can't be read.
pub fn read_crontab(world: &dyn World) -> Result<String, String> {
    match call(&["crontab", "-l"], world) {
        // As Vixie's says it, and BusyBox's. One that is there and can't be read is not empty.
        Err(why) if why.contains("no crontab for") => Ok(String::new()),
        Err(why) if why.contains("can't open") && why.contains("No such file") => Ok(String::new()),
        other => other,
    }
}

/// Do the account's timers go on when nobody is logged in? `None`: it can't be told.
#[must_use]
pub fn lingers(world: &dyn World) -> Option<bool> {
    let name = OsFileFacts.account().ok()?.name;
    let asked = call(&["loginctl", "show-user", &name, "--property=Linger", "--value"], world);
    match asked.as_deref().map(str::trim) {
        Ok("yes") => Some(true),
        Ok("no") => Some(false),
        // It knows only who is logged in; what it notes, it notes here.
        Ok(_) | Err(_) => {
            let noted = Path::new("/var/lib/systemd/linger");
            noted.is_dir().then(|| noted.join(&name).exists())
        }
    }
}
