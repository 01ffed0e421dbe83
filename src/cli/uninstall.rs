//! `opsfsm uninstall`: takes back what `install` has put on this host. Shows it unless it is told to do it.
//!
//! In: which timer, or all. Out: fewer files, and a crontab without our line.
//! Invariant: what does not bear our mark stays, whatever its name.

use std::fs;
use std::path::{Path, PathBuf};

use super::args::{TimerArgs, With};
use super::context::Failure;
use super::crontab;
use super::io;
use super::timer::{Standing, places_of, scope_of, standing, systemctl};
use crate::adapters::os_world::OsWorld;
use crate::adapters::split_user::{
    ACCOUNT, APPROVERS, CONFIG_FOLDER, STORE_FOLDER, SUDOERS, account_named,
};
use crate::adapters::timers::{self, LABEL, Scope, TIMER};
use crate::base::Exit;
use crate::render::Crontab;

/// What is found of `install`.
#[derive(Default)]
struct Found {
    units: Vec<PathBuf>,
    plists: Vec<PathBuf>,
    /// Rules for sudo.
    sudoers: Vec<PathBuf>,
    crontab: Option<Crontab>,
    /// What is to be said besides.
    notes: Vec<String>,
}

/// Takes it back, or shows what that would be.
pub(super) fn uninstall(options: &TimerArgs) -> Result<Exit, Failure> {
    let scope = scope_of(options);
    let found = if options.system { look_system()? } else { look(options.with, scope)? };
    for note in &found.notes {
        io::note(note);
    }
    let mut lines: Vec<String> = found.files().map(|path| path.display().to_string()).collect();
    if let Some(line) = found.crontab.as_ref().and_then(Crontab::ours) {
        lines.push(format!("in this account's crontab: {line}"));
    }
    if lines.is_empty() {
        io::answer("nothing of `opsfsm install` is here\n")?;
        return Ok(Exit::Done);
    }
    let list = lines.join("\n  ");
    if !options.write {
        io::answer(&format!(
            "would remove\n  {list}\n\nNothing was removed. The same with --write does it.\n"
        ))?;
        return Ok(Exit::Done);
    }
    let faults = remove(&found, scope);
    if faults.is_empty() {
        io::say(&format!("removed\n  {list}\n"));
        return Ok(Exit::Done);
    }
    Err(Failure { exit: Exit::JobFailed, message: faults.join("\n") })
}

impl Found {
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.sudoers.iter().chain(&self.units).chain(&self.plists)
    }
}

/// What the split-user set-up has put where a mark shows whose it is.
fn look_system() -> Result<Found, Failure> {
    let mut found = look(Some(With::Systemd), Scope::System)?;
    found.sudoers = ours(&[SUDOERS.into()], &mut found.notes)?;
    if account_named(ACCOUNT).is_some() {
        found.notes.push(format!(
            "the accounts {ACCOUNT} and {APPROVERS}, {CONFIG_FOLDER} and {STORE_FOLDER} stay: whoever wants \
             them gone removes them by hand"
        ));
    }
    Ok(found)
}

fn look(with: Option<With>, scope: Scope) -> Result<Found, Failure> {
    let asked = |one| with.is_none_or(|with| with == one);
    let mut found = Found::default();
    if asked(With::Systemd) {
        found.units = ours(&places_of(With::Systemd, scope)?, &mut found.notes)?;
    }
    if asked(With::Launchd) {
        found.plists = ours(&places_of(With::Launchd, scope)?, &mut found.notes)?;
    }
    if with == Some(With::Cron) {
        found.crontab = Some(crontab::read()?);
    } else if asked(With::Cron) && timers::has_program("crontab") {
        match crontab::read() {
            Ok(crontab) => found.crontab = Some(crontab),
            Err(why) => found.notes.push(why.message),
        }
    }
    Ok(found)
}

fn ours(places: &[PathBuf], notes: &mut Vec<String>) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in places {
        match standing(path)? {
            Standing::Nothing => {}
            Standing::Ours(_) => found.push(path.clone()),
            Standing::Foreign => {
                let path = path.display();
                notes.push(format!("{path} is not of `opsfsm install`, and stays"));
            }
        }
    }
    Ok(found)
}

/// Removes all of it; what could not be.
fn remove(found: &Found, scope: Scope) -> Vec<String> {
    let mut faults = Vec::new();
    remove_files(&found.sudoers, &mut faults);
    if !found.units.is_empty() {
        let stop = systemctl(scope, &["disable", "--now", TIMER]);
        let stopped = timers::call(&stop, &OsWorld);
        remove_files(&found.units, &mut faults);
        found.units.iter().filter_map(|path| link_of(path)).for_each(|link| {
            // Left behind only where systemd could not be asked.
            let _ = fs::remove_file(link);
        });
        let reload = systemctl(scope, &["daemon-reload"]);
        let reloaded = stopped.and_then(|_| timers::call(&reload, &OsWorld));
        if let Err(why) = reloaded {
            let calls =
                [reload.join(" "), systemctl(scope, &["stop", TIMER]).join(" ")].join(" && ");
            let what = "the units are gone, but systemd was not told";
            faults.push(format!("{what}: {why}\nif it runs: `{calls}`"));
        }
    }
    if !found.plists.is_empty() {
        let job = format!("{}/{LABEL}", timers::launchd_domain(scope));
        // One that is not loaded can't be unloaded, and need not be.
        let _ = timers::call(&["launchctl", "bootout", &job], &OsWorld);
        remove_files(&found.plists, &mut faults);
    }
    if let Some(crontab) = found.crontab.as_ref().filter(|crontab| crontab.ours().is_some())
        && let Err(why) = crontab::uninstall(crontab)
    {
        faults.push(why.message);
    }
    faults
}

fn remove_files(files: &[PathBuf], faults: &mut Vec<String>) {
    for path in files {
        if let Err(e) = fs::remove_file(path) {
            faults.push(format!("{} can't be removed: {e}", path.display()));
        }
    }
}

/// What `enable` has made for a timer: a link that leads to it.
fn link_of(unit: &Path) -> Option<PathBuf> {
    let link = unit.parent()?.join("timers.target.wants").join(unit.file_name()?);
    fs::read_link(&link).is_ok_and(|target| target == unit).then_some(link)
}
