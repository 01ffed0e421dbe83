//! `opsfsm install`: has systemd, cron or launchd call a tick. Shows what it would do unless it is told to.
//!
//! In: how often, by what. Out: files, lines of a crontab, calls of the timer's own program.
//! Invariant: nothing of another's is changed, and what fails half-way is taken back, or told together
//! with the way on.

use std::fs;
use std::path::{Path, PathBuf};

use super::args::{InstallArgs, With};
use super::context::{Context, Failure};
use super::crontab;
use super::install_system::install_system;
use super::io;
use super::timer::{
    Standing, places_of, schedule_of, scope_of, standing, systemctl, timer_of, unit_user,
};
use crate::adapters::os_world::OsWorld;
use crate::adapters::split_user::SUDOERS;
use crate::adapters::timers::{self, LABEL, Scope, TIMER};
use crate::adapters::whole_file::{make_folders, replace_whole};
use crate::base::Exit;
use crate::render::{Schedule, render_plist, render_service, render_timer};

/// Units are read by whoever asks how a service is.
const MODE: u32 = 0o644;

/// Installs, or shows how.
pub(super) fn install(context: &Context, options: &InstallArgs) -> Result<Exit, Failure> {
    if options.timer.system {
        return install_system(context, options);
    }
    let scope = scope_of(&options.timer);
    refuse_split_user(context, scope)?;
    // A timer over a config that can't be run would only send mail.
    context.config()?;
    let schedule = schedule_of(context, &options.every)?;
    let with = timer_of(&options.timer, scope);
    let write = options.timer.write;
    let mut text = match with {
        With::Cron => crontab::install(&schedule, write)?,
        With::Systemd | With::Launchd => {
            let files = files_of(with, scope, &schedule)?;
            refuse_foreign(&files)?;
            if write { put(context, with, scope, &files)? } else { shown(with, scope, &files) }
        }
    };
    if with == With::Systemd && scope == Scope::User && timers::lingers(&OsWorld) == Some(false) {
        text.push_str(
            "\nLingering is off: the timer stops when you log out. `loginctl enable-linger` turns it on.\n",
        );
    }
    if !write {
        text.push_str("\nNothing was written. The same with --write does it.\n");
    }
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// The system's units are those of the split-user set-up, where there is one.
fn refuse_split_user(context: &Context, scope: Scope) -> Result<(), Failure> {
    if scope == Scope::User || !matches!(standing(Path::new(SUDOERS))?, Standing::Ours(_)) {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "{SUDOERS} says that this host has the split-user set-up: change its timer with --system, or \
         take it back first (`{} uninstall --system`); --user is for root's own timer",
        context.called
    )))
}

/// A file and its text.
type Put = (PathBuf, String);

fn files_of(with: With, scope: Scope, schedule: &Schedule) -> Result<Vec<Put>, Failure> {
    let texts = match with {
        With::Systemd => {
            vec![
                render_service(schedule, unit_user(scope)).map_err(Failure::refused)?,
                render_timer(schedule.every),
            ]
        }
        With::Launchd => vec![render_plist(schedule, LABEL).map_err(Failure::refused)?],
        With::Cron => Vec::new(),
    };
    Ok(places_of(with, scope)?.into_iter().zip(texts).collect())
}

pub(super) fn refuse_foreign(files: &[Put]) -> Result<(), Failure> {
    for (path, _) in files {
        if standing(path)? == Standing::Foreign {
            return Err(Failure::refused(format!(
                "{} is there already, and `opsfsm install` did not write it; it was left as it is. Move it \
                 away, or have another timer call opsfsm (--with)",
                path.display()
            )));
        }
    }
    Ok(())
}

fn shown(with: With, scope: Scope, files: &[Put]) -> String {
    let files: Vec<String> =
        files.iter().map(|(path, text)| format!("--- {}\n{text}", path.display())).collect();
    let calls: String = calls_of(with, scope, files_place(with, scope).as_deref())
        .iter()
        .map(|call| format!("  {}\n", call.join(" ")))
        .collect();
    format!("{}\nthen:\n{calls}", files.join("\n"))
}

fn files_place(with: With, scope: Scope) -> Option<PathBuf> {
    places_of(with, scope).ok()?.pop()
}

/// What makes the files count.
pub(super) fn calls_of(with: With, scope: Scope, last: Option<&Path>) -> Vec<Vec<String>> {
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    match with {
        With::Systemd => vec![
            owned(systemctl(scope, &["daemon-reload"])),
            owned(systemctl(scope, &["enable", "--now", TIMER])),
        ],
        With::Launchd => {
            let domain = timers::launchd_domain(scope);
            let path = last.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
            vec![owned(vec!["launchctl", "bootstrap", &domain, &path])]
        }
        With::Cron => Vec::new(),
    }
}

/// Writes all files or none, then has the timer's own program take them up.
fn put(context: &Context, with: With, scope: Scope, files: &[Put]) -> Result<String, Failure> {
    let program = if with == With::Systemd { "systemctl" } else { "launchctl" };
    if !timers::has_program(program) {
        return Err(Failure::refused(format!(
            "there is no program `{program}` here; nothing was written. Name another timer: --with"
        )));
    }
    write_all(files)?;
    let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    let names = names.join(" and ");
    if with == With::Launchd {
        // What is loaded already has to go first; where nothing is, this fails, and no harm is done.
        let job = format!("{}/{LABEL}", timers::launchd_domain(scope));
        let _ = timers::call(&["launchctl", "bootout", &job], &OsWorld);
    }
    let calls = calls_of(with, scope, files.last().map(|(path, _)| path.as_path()));
    take_up(&calls, &names, &format!("`{} uninstall --write`", context.called))?;
    Ok(format!("wrote {names}\nthe timer runs\n"))
}

/// Has the timer's own program take the files up.
pub(super) fn take_up(calls: &[Vec<String>], names: &str, undo: &str) -> Result<(), Failure> {
    for call in calls {
        let words: Vec<&str> = call.iter().map(String::as_str).collect();
        if let Err(why) = timers::call(&words, &OsWorld) {
            let calls: Vec<String> = calls.iter().map(|call| call.join(" ")).collect();
            return Err(Failure {
                exit: Exit::JobFailed,
                message: format!(
                    "{names} stand there, but don't count yet: {why}\nmend that and type `{}`, or take \
                     them back: {undo}",
                    calls.join(" && "),
                ),
            });
        }
    }
    Ok(())
}

/// Writes all; where one can't be written, those before it are as they were.
fn write_all(files: &[Put]) -> Result<(), Failure> {
    let mut before: Vec<(&Path, Standing)> = Vec::new();
    for (path, text) in files {
        let stood = standing(path)?;
        let put = make_folders(path).and_then(|()| replace_whole(path, text.as_bytes(), MODE));
        if let Err(e) = put {
            for (path, stood) in before {
                // What made it fail is what is told.
                let _ = match stood {
                    Standing::Ours(text) => replace_whole(path, text.as_bytes(), MODE),
                    Standing::Nothing => fs::remove_file(path),
                    Standing::Foreign => Ok(()),
                };
            }
            let path = path.display();
            return Err(Failure::refused(format!(
                "{path} can't be written: {e}; nothing was written"
            )));
        }
        before.push((path, stood));
    }
    Ok(())
}
