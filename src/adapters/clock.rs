//! The real clocks: wall, awake and boot time, the boot's id, the local time zone.
//!
//! In: nothing. Out: [`Now`].
//! Invariant: the only place where the wall clock and the clocks of [`Stamp`] are read.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{self, TimeZone, TimeZoneDatabase};
use rustix::time::{ClockId, clock_gettime};

use super::locate::World as _;
use super::os_world::OsWorld;
use super::process::proc;
use super::zone_file::{LOCALTIME, host_zone_file, zone_file};
use crate::base::{BootId, LocalTime, Now, Stamp, ZoneFault};
use crate::ports::Clock;

/// This machine's clocks. The boot id and the time zones are read once.
#[derive(Clone, Debug)]
pub struct OsClock {
    boot: BootId,
    host: Zone,
    /// What the config makes of it.
    chosen: OnceLock<Zone>,
}

/// A zone, and why it is not the one that was meant.
#[derive(Clone, Debug)]
struct Zone {
    zone: TimeZone,
    fault: Option<ZoneFault>,
}

impl OsClock {
    /// Reads boot id and time zone (`TZ`, else `/etc/localtime`).
    #[must_use]
    pub fn new() -> Self {
        Self { boot: proc::boot_id(), host: host_zone(), chosen: OnceLock::new() }
    }

    /// From here on the local clock is this zone's; without a name, or where the zone can't be used,
    /// it stays the host's. The first call counts: a process has one config.
    ///
    /// # Errors
    /// Why the zone can't be used.
    pub fn follow(&self, name: Option<&str>) -> Result<(), ZoneFault> {
        let by_name = |name| zone_file(name).map_or_else(|| find_zone(tz::db(), name), Ok);
        let found = name.map_or(Ok(None), |name| by_name(name).map(Some));
        let chosen = match &found {
            Ok(None) => self.host.clone(),
            Ok(Some(zone)) => Zone { zone: zone.clone(), fault: None },
            Err(fault) => Zone { zone: self.host.zone.clone(), fault: Some(*fault) },
        };
        self.chosen.get_or_init(|| chosen);
        found.map(|_| ())
    }

    /// The local time zone, and why it is not the one that was meant.
    #[must_use]
    pub fn zone(&self) -> (TimeZone, Option<ZoneFault>) {
        let Zone { zone, fault } = self.chosen.get().unwrap_or(&self.host);
        (zone.clone(), *fault)
    }

    /// What the local time zone is called, or its offset where it has no name.
    #[must_use]
    pub fn zone_name(&self) -> String {
        let zone = &self.chosen.get().unwrap_or(&self.host).zone;
        let unnamed = || zone.to_offset(Timestamp::UNIX_EPOCH).to_string();
        zone.iana_name().map_or_else(unnamed, str::to_owned)
    }

    /// Where the local clock stands at a moment of the wall clock.
    #[must_use]
    pub fn local_at(&self, wall_ms: i64) -> LocalTime {
        let Zone { zone, fault } = self.chosen.get().unwrap_or(&self.host);
        LocalTime { fault: *fault, ..LocalTime::in_zone(zone, wall_ms) }
    }
}

impl Default for OsClock {
    fn default() -> Self {
        Self::new()
    }
}

/// The host's zone. A host that says nothing of it keeps UTC, which is no fault.
fn host_zone() -> Zone {
    if let Some(zone) = host_zone_file().or_else(|| TimeZone::try_system().ok()) {
        return Zone { zone, fault: None };
    }
    let says = OsWorld.var("TZ").is_some() || Path::new(LOCALTIME).symlink_metadata().is_ok();
    Zone { zone: TimeZone::UTC, fault: says.then_some(ZoneFault::HostZone) }
}

fn find_zone(database: &TimeZoneDatabase, name: &str) -> Result<TimeZone, ZoneFault> {
    let found = database.get(name).ok().filter(|zone| !zone.is_unknown());
    let empty = || database.is_definitively_empty() || database.available().next().is_none();
    found.ok_or_else(|| if empty() { ZoneFault::NoDatabase } else { ZoneFault::UnknownZone })
}

/// The names that this host's database has.
#[must_use]
pub fn known_zones() -> Vec<String> {
    tz::db().available().map(|name| name.to_string()).collect()
}

/// Milliseconds of one of the kernel's clocks.
fn read(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000)
}

/// Monotonic time with suspend: Linux keeps a clock of its own for it; elsewhere the ordinary one
/// has to do, and a long sleep may then look like a jump of the wall clock.
#[cfg(target_os = "linux")]
const UP: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const UP: ClockId = ClockId::Monotonic;

impl Clock for OsClock {
    fn now(&self) -> Now {
        let at = self.at();
        Now { local: self.local_at(at.wall_ms), at }
    }

    fn at(&self) -> Stamp {
        Stamp {
            wall_ms: read(ClockId::Realtime),
            awake_ms: read(ClockId::Monotonic),
            up_ms: read(UP),
            boot: self.boot.clone(),
        }
    }

    fn pause(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_that_can_not_be_used_says_why() {
        let why = |database: &TimeZoneDatabase, name| find_zone(database, name).err();
        let none = TimeZoneDatabase::none();
        assert_eq!(why(&none, "Europe/Berlin"), Some(ZoneFault::NoDatabase));
        for (name, fault) in [
            ("Europe/Berlin", None),
            ("Europe/Berln", Some(ZoneFault::UnknownZone)),
            ("Etc/Unknown", Some(ZoneFault::UnknownZone)),
        ] {
            assert_eq!(why(tz::db(), name), fault, "{name}");
        }
    }

    #[test]
    fn a_clock_follows_its_config_or_says_why_not() {
        let summer = 1_783_000_000_000;
        let clock = OsClock::new();
        assert_eq!(clock.follow(Some("Asia/Kolkata")), Ok(()));
        assert_eq!(clock.local_at(summer).offset_s, 19_800);
        let clock = OsClock::new();
        assert_eq!(clock.follow(Some("Asia/Kolkatta")), Err(ZoneFault::UnknownZone));
        assert_eq!(clock.local_at(summer).fault, Some(ZoneFault::UnknownZone));
        assert!(known_zones().iter().any(|name| name == "Asia/Kolkata"));
    }
}
