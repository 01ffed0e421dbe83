//! The host's part of `opsfsm doctor`: what calls a tick, Landlock, lingering, the time zone.
//!
//! Invariant: nothing is changed; what only another account could look at is passed over.

use std::fs;
use std::path::{Path, PathBuf};

use super::args::With;
use super::context::Context;
use super::crontab;
use super::timer::{Standing, places_of, schedule_of, standing, unit_user};
use crate::adapters::os_world::OsWorld;
use crate::adapters::sandbox;
use crate::adapters::timers::{self, Scope};
use crate::base::ZoneFault;
use crate::render::{Checkup, Crontab, Health, Schedule, render_service};

/// Crontabs of the system that are read.
const CRONTABS_MAX: usize = 200;
/// Most of each that is.
const CRONTAB_BYTES: u64 = 1 << 20;

/// Something that calls a tick.
struct Caller {
    what: String,
    /// What keeps it from doing so, or what it does instead.
    fault: Option<(Health, &'static str)>,
}

const ANOTHER: (Health, &str) =
    (Health::Warn, "it calls another program, or for another config or store, than this one");

/// What calls a tick, and whether anything does.
pub(super) fn timer_checks(context: &Context) -> (Vec<Checkup>, bool) {
    let schedule = schedule_of(context, "1m").ok();
    let schedule = schedule.as_ref();
    let (units, mut callers): (Vec<Scope>, Vec<Caller>) =
        unit_callers(schedule).into_iter().unzip();
    callers.extend(plist_callers());
    let mut checks = Vec::new();
    if timers::has_program("crontab") {
        match crontab::read() {
            Ok(read) => callers.extend(cron_caller("this account's crontab", &read, schedule)),
            Err(why) => checks.push(Checkup::warn("timer", why.message, "crontab -l, crontab -e")),
        }
    }
    callers.extend(system_crontabs());
    let install = install_call(context);
    let uninstall = format!("{} uninstall, with --with for one of them", context.invocation);
    for Caller { what, fault } in &callers {
        checks.push(match fault {
            None => Checkup::ok("timer", what.clone()),
            Some((health, fault)) => {
                let (text, mend) = (format!("{what}: {fault}"), Some(install.clone()));
                Checkup { id: "timer", health: *health, text, mend }
            }
        });
    }
    if callers.is_empty() {
        let text = "neither systemd nor cron nor launchd is found to call a tick";
        checks.push(Checkup::warn("timer", text, install));
    } else if callers.len() > 1 {
        let text = format!("{} of them call a tick: no harm, but one does", callers.len());
        checks.push(Checkup::warn("timer", text, uninstall));
    }
    if units.contains(&Scope::User) {
        checks.push(lingering());
    }
    (checks, !callers.is_empty())
}

/// What is typed to have a tick called.
pub(super) fn install_call(context: &Context) -> String {
    if context.is_systems() {
        return format!("as root: {} install --system --write", context.called);
    }
    format!("{} install --write", context.invocation)
}

fn unit_callers(schedule: Option<&Schedule>) -> Vec<(Scope, Caller)> {
    let mut found = Vec::new();
    for scope in [Scope::User, Scope::System] {
        let places = places_of(With::Systemd, scope).unwrap_or_default();
        let [service, timer] = places.as_slice() else { continue };
        if !stands(timer) {
            continue;
        }
        let wants = timer.parent().zip(timer.file_name());
        let enabled = wants.is_some_and(|(folder, name)| {
            fs::symlink_metadata(folder.join("timers.target.wants").join(name)).is_ok()
        });
        let another = schedule.is_some_and(|schedule| calls_another(service, schedule, scope));
        let fault = match (enabled, another) {
            (false, _) => Some((Health::Fail, "it is not enabled")),
            (true, true) => Some(ANOTHER),
            (true, false) => None,
        };
        found.push((scope, Caller { what: format!("systemd: {}", timer.display()), fault }));
    }
    found
}

/// Does a service that `install` wrote call something else than it would write now?
fn calls_another(service: &Path, schedule: &Schedule, scope: Scope) -> bool {
    let (Ok(Standing::Ours(text)), Ok(now)) =
        (standing(service), render_service(schedule, unit_user(scope)))
    else {
        return false;
    };
    let call =
        |text: &str| text.lines().find(|line| line.starts_with("ExecStart=")).map(str::to_owned);
    call(&text) != call(&now)
}

fn plist_callers() -> Vec<Caller> {
    let places = [Scope::User, Scope::System].map(|scope| places_of(With::Launchd, scope));
    let files = places.into_iter().flatten().flatten().filter(|path| stands(path));
    files.map(|path| Caller { what: format!("launchd: {}", path.display()), fault: None }).collect()
}

fn stands(path: &Path) -> bool {
    standing(path).is_ok_and(|standing| standing != Standing::Nothing)
}

fn cron_caller(place: &str, read: &Crontab, schedule: Option<&Schedule>) -> Option<Caller> {
    let line = read.ours().or(read.by_hand())?;
    let now = schedule.and_then(|schedule| Crontab::line(schedule).ok());
    // Behind the five fields that say when.
    let call = |line: &str| line.splitn(6, ' ').nth(5).map(str::to_owned);
    let another = read.ours().is_some() && now.is_some_and(|now| call(&now) != call(line));
    let what = format!("cron: in {place}: {line}");
    Some(Caller { what, fault: another.then_some(ANOTHER) })
}

/// The system's crontabs, which packages and people write.
fn system_crontabs() -> Vec<Caller> {
    let folder = fs::read_dir("/etc/cron.d").into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.path()).take(CRONTABS_MAX).collect();
    files.push(PathBuf::from("/etc/crontab"));
    files.sort();
    let read = |path: &PathBuf| {
        let small = fs::metadata(path).is_ok_and(|f| f.is_file() && f.len() <= CRONTAB_BYTES);
        let text = small.then(|| fs::read_to_string(path).ok()).flatten()?;
        cron_caller(&path.display().to_string(), &Crontab::parse(&text).ok()?, None)
    };
    files.iter().filter_map(read).collect()
}

fn lingering() -> Checkup {
    match timers::lingers(&OsWorld) {
        Some(true) => Checkup::ok("lingering", "on: the timer goes on when nobody is logged in"),
        Some(false) => Checkup::warn(
            "lingering",
            "off: the timer stops when this account logs out",
            "loginctl enable-linger",
        ),
        None => Checkup::warn(
            "lingering",
            "it can't be told whether the timer goes on when nobody is logged in",
            "loginctl show-user --property=Linger",
        ),
    }
}

/// What the kernel and the clock offer.
pub(super) fn host_checks(context: &Context) -> Vec<Checkup> {
    let landlock = if sandbox::is_available() {
        Checkup::ok("landlock", "checks that verify a write are kept from writing")
    } else {
        Checkup::warn(
            "landlock",
            "this kernel has none: checks that verify a write are not kept from writing",
            "Linux 5.13 or later, with landlock among the `lsm=` of its command line",
        )
    };
    let now = context.now();
    let zone = context.clock.zone_name();
    let why = match now.local.fault {
        None => {
            return vec![landlock, Checkup::ok("zone", format!("{zone}: quiet hours go by it"))];
        }
        Some(ZoneFault::NoDatabase) => "this host has no time zone database",
        Some(ZoneFault::UnknownZone) => "this host does not know the zone that the config names",
        Some(ZoneFault::HostZone) => "the host's own zone can't be read",
    };
    let text = format!("{why}; quiet hours go by {zone}");
    vec![
        landlock,
        Checkup::warn("zone", text, "install the package tzdata, or mend TZ or defaults.timezone"),
    ]
}
