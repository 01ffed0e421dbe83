//! The real clocks: wall, awake and boot time, the boot's id, the local time zone.
//!
//! In: nothing. Out: [`Now`].
//! Invariant: the only place where the wall clock and the clocks of [`Stamp`] are read.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::time::{ClockId, clock_gettime};

use super::process::proc;
use crate::base::{BootId, LocalTime, Now, Stamp};
use crate::ports::Clock;

/// This machine's clocks. The boot id and the time zone are read once.
#[derive(Clone, Debug)]
pub struct OsClock {
    boot: BootId,
    zone: TimeZone,
}

impl OsClock {
    /// Reads boot id and time zone (`TZ`, else `/etc/localtime`).
    #[must_use]
    pub fn new() -> Self {
        Self { boot: proc::boot_id(), zone: TimeZone::try_system().unwrap_or(TimeZone::UTC) }
    }

    /// What the local time zone is called, or its offset where it has no name.
    #[must_use]
    pub fn zone_name(&self) -> String {
        let unnamed = || self.zone.to_offset(Timestamp::UNIX_EPOCH).to_string();
        self.zone.iana_name().map_or_else(unnamed, str::to_owned)
    }

    /// Where the local clock stands at a moment of the wall clock.
    #[must_use]
    pub fn local_at(&self, wall_ms: i64) -> LocalTime {
        let moment = Timestamp::from_millisecond(wall_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        LocalTime { offset_s: self.zone.to_offset(moment).seconds() }
    }
}

impl Default for OsClock {
    fn default() -> Self {
        Self::new()
    }
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
        let wall_ms = read(ClockId::Realtime);
        let at = Stamp {
            wall_ms,
            awake_ms: read(ClockId::Monotonic),
            up_ms: read(UP),
            boot: self.boot.clone(),
        };
        Now { at, local: self.local_at(wall_ms) }
    }

    fn pause(&self, span: Duration) {
        std::thread::sleep(span);
    }
}
