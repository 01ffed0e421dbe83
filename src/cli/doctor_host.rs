//! The host's part of `opsfsm doctor`: what calls a tick, Landlock, lingering, the time zone.
//!
//! Invariant: nothing is changed; what only another account could look at is passed over.

use std::fs;
use std::path::{Path, PathBuf};

use super::args::With;
use super::context::Context;
use super::crontab;
use super::timer::{Standing, places_of, standing};
use crate::adapters::os_world::OsWorld;
use crate::adapters::sandbox;
use crate::adapters::timers::{self, Scope};
use crate::base::ZoneFault;
use crate::render::{Checkup, Crontab};

/// Crontabs of the system that are read.
const CRONTABS_MAX: usize = 200;
/// Most of each that is.
const CRONTAB_BYTES: u64 = 1 << 20;

/// Something that calls a tick.
struct Caller {
    what: String,
    /// What keeps it from doing so.
    fault: Option<String>,
}

/// What calls a tick, and whether anything does.
pub(super) fn timer_checks(context: &Context) -> (Vec<Checkup>, bool) {
    let (units, mut callers): (Vec<Scope>, Vec<Caller>) = unit_callers().into_iter().unzip();
    callers.extend(plist_callers());
    let mut checks = Vec::new();
    if timers::has_program("crontab") {
        match crontab::read() {
            Ok(read) => callers.extend(cron_caller("this account's crontab", &read)),
            Err(why) => checks.push(Checkup::warn("timer", why.message, "crontab -l, crontab -e")),
        }
    }
    callers.extend(system_crontabs());
    let install = format!("{} install --write", context.invocation);
    let uninstall = format!("{} uninstall, with --with for one of them", context.invocation);
    for Caller { what, fault } in &callers {
        checks.push(match fault {
            None => Checkup::ok("timer", what.clone()),
            Some(fault) => Checkup::fail("timer", format!("{what}: {fault}"), install.clone()),
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

fn unit_callers() -> Vec<(Scope, Caller)> {
    let mut found = Vec::new();
    for scope in [Scope::User, Scope::System] {
        let Some(timer) = places_of(With::Systemd, scope).ok().and_then(|mut all| all.pop()) else {
            continue;
        };
        if !stands(&timer) {
            continue;
        }
        let wants = timer.parent().zip(timer.file_name());
        let enabled = wants.is_some_and(|(folder, name)| {
            fs::symlink_metadata(folder.join("timers.target.wants").join(name)).is_ok()
        });
        let fault = (!enabled).then(|| "it is not enabled".to_owned());
        found.push((scope, Caller { what: format!("systemd: {}", timer.display()), fault }));
    }
    found
}

fn plist_callers() -> Vec<Caller> {
    let places = [Scope::User, Scope::System].map(|scope| places_of(With::Launchd, scope));
    let files = places.into_iter().flatten().flatten().filter(|path| stands(path));
    files.map(|path| Caller { what: format!("launchd: {}", path.display()), fault: None }).collect()
}

fn stands(path: &Path) -> bool {
    standing(path).is_ok_and(|standing| standing != Standing::Nothing)
}

fn cron_caller(place: &str, read: &Crontab) -> Option<Caller> {
    let line = read.ours().or(read.by_hand())?;
    Some(Caller { what: format!("cron: in {place}: {line}"), fault: None })
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
        cron_caller(&path.display().to_string(), &Crontab::parse(&text).ok()?)
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
