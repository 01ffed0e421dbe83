//! Moments and spans, as plain data.
//!
//! A [`Stamp`] holds three clocks, because each answers another question: the wall clock says
//! when for people and across boots, the awake clock (it stands still in suspend) says how long
//! a job was really watched, and the boot clock (it counts suspend) shows a wall clock that jumped.
//!
//! Invariant: this module never reads a clock. Stamps come from the clock port, once for each
//! decision.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// One boot of one machine. Pids and monotonic clocks mean nothing beyond it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct BootId(Arc<str>);

impl<'de> Deserialize<'de> for BootId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ReadBootId)
    }
}

/// Reads an id. A store has thousands, nearly all of them of one boot: those share one text.
struct ReadBootId;

impl Visitor<'_> for ReadBootId {
    type Value = BootId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a boot")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<BootId, E> {
        thread_local! {
            static LAST: RefCell<Arc<str>> = RefCell::new(Arc::from(""));
        }
        LAST.with_borrow_mut(|last| {
            if **last != *text {
                *last = Arc::from(text);
            }
            Ok(BootId(Arc::clone(last)))
        })
    }
}

impl BootId {
    /// Wraps the kernel's boot id.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// A boot that is never the current one: for moments known by the wall clock alone.
    #[must_use]
    pub fn unknown() -> Self {
        Self(Arc::from(""))
    }

    /// The id as text; empty when unknown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A moment on all clocks. All figures are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Unix time.
    #[serde(rename = "wall")]
    pub wall_ms: i64,
    /// Monotonic time of this boot, standing still while suspended.
    #[serde(rename = "awake")]
    pub awake_ms: i64,
    /// Monotonic time of this boot, suspend included.
    #[serde(rename = "up")]
    pub up_ms: i64,
    /// The boot that `awake_ms` and `up_ms` belong to.
    pub boot: BootId,
}

impl Stamp {
    /// A moment known by the wall clock alone (an import from another program).
    #[must_use]
    pub fn wall_only(wall_ms: i64) -> Self {
        Self { wall_ms, awake_ms: 0, up_ms: 0, boot: BootId::unknown() }
    }

    /// Observed time from `earlier` to this moment: awake time, known within one boot only.
    #[must_use]
    pub fn watched_since(&self, earlier: &Self) -> Option<Duration> {
        let same = self.boot == earlier.boot && !self.boot.as_str().is_empty();
        same.then(|| span_ms(self.awake_ms.saturating_sub(earlier.awake_ms)))
    }

    /// Time from `earlier` for delays and back-off: awake time within one boot, else the wall
    /// clock; never negative. What was in another boot was before this one began: a wall clock that
    /// went back can't make it less than the time since then.
    #[must_use]
    pub fn delay_since(&self, earlier: &Self) -> Duration {
        let by_wall = || span_ms(self.wall_ms.saturating_sub(earlier.wall_ms));
        let known = !self.boot.as_str().is_empty() && !earlier.boot.as_str().is_empty();
        match self.watched_since(earlier) {
            Some(watched) => watched,
            None if known => by_wall().max(span_ms(self.awake_ms)),
            None => by_wall(),
        }
    }

    /// How long ago `earlier` was for a person: suspend counts too. Within one boot the wall clock is
    /// not asked, so its jumps change nothing; across boots it is at least the time since this one
    /// began.
    #[must_use]
    pub fn age_of(&self, earlier: &Self) -> Duration {
        let by_wall = || span_ms(self.wall_ms.saturating_sub(earlier.wall_ms));
        let known = !self.boot.as_str().is_empty() && !earlier.boot.as_str().is_empty();
        match (known, self.boot == earlier.boot) {
            (true, true) => span_ms(self.up_ms.saturating_sub(earlier.up_ms)),
            (true, false) => by_wall().max(span_ms(self.up_ms)),
            (false, _) => by_wall(),
        }
    }

    /// Is this moment, of the present boot, before `other`? Known within one boot only: what was
    /// in another boot is over, whatever the wall clock says.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.boot == other.boot && self.up_ms < other.up_ms
    }

    /// How far the wall clock and the boot clock disagree about the time since `earlier`.
    /// Zero across boots, where nothing can be said.
    #[must_use]
    pub fn drift_since(&self, earlier: &Self) -> Duration {
        if self.boot != earlier.boot || self.boot.as_str().is_empty() {
            return Duration::ZERO;
        }
        let wall = self.wall_ms.saturating_sub(earlier.wall_ms);
        let up = self.up_ms.saturating_sub(earlier.up_ms);
        Duration::from_millis(wall.saturating_sub(up).unsigned_abs())
    }
}

/// A span from signed milliseconds; negative ones count as zero.
fn span_ms(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// Where the local clock stands against UTC at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Seconds east of UTC in force now, daylight saving included.
    pub offset_s: i32,
    /// By how many seconds the clock has shown more than it does now: it was put back. Zero again
    /// once it has caught up.
    pub put_back_s: u32,
    /// Why this is not the clock that was meant.
    pub fault: Option<ZoneFault>,
}

/// Why a time zone can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneFault {
    /// This host has no time zone database.
    NoDatabase,
    /// Its database does not know the zone that the config names.
    UnknownZone,
    /// The host's own zone, `TZ` or `/etc/localtime`, can't be read.
    HostZone,
}

/// How long before a moment a clock may have been put back by more than the time since: a day, and
/// an hour more.
const PUT_BACK_WITHIN_S: i64 = 25 * 3600;

impl LocalTime {
    /// UTC: for tests, and where the time zone can't be found.
    pub const UTC: Self = Self { offset_s: 0, put_back_s: 0, fault: None };

    /// The local clock of a zone.
    #[must_use]
    pub fn in_zone(zone: &TimeZone, wall_ms: i64) -> Self {
        let now = Timestamp::from_millisecond(wall_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let offset_s = zone.to_offset(now).seconds();
        let shows = |at: Timestamp, offset: i32| at.as_second().saturating_add(i64::from(offset));
        let reads = shows(now, offset_s);
        // "Preceding" leaves out the moment itself.
        let after = now.checked_add(SignedDuration::from_millis(1)).unwrap_or(now);
        let mut furthest = reads;
        for change in zone.preceding(after) {
            if now.as_second().saturating_sub(change.timestamp().as_second()) > PUT_BACK_WITHIN_S {
                break;
            }
            let before = change.timestamp().checked_sub(SignedDuration::from_secs(1));
            let Ok(before) = before else { break };
            furthest = furthest.max(shows(before, zone.to_offset(before).seconds()));
        }
        let put_back_s = u32::try_from(furthest.saturating_sub(reads)).unwrap_or(0);
        Self { offset_s, put_back_s, fault: None }
    }

    /// The furthest that the clock has shown, as seconds since local midnight. Quiet hours go by it:
    /// a clock that is put back stands still for them until it has caught up.
    #[must_use]
    pub fn furthest_second_of_day(self, wall_ms: i64) -> u32 {
        (self.second_of_day(wall_ms) + self.put_back_s) % 86_400
    }

    /// Seconds since local midnight at `wall_ms`, in `0..86_400`.
    #[must_use]
    pub fn second_of_day(self, wall_ms: i64) -> u32 {
        let local = wall_ms.div_euclid(1000).saturating_add(i64::from(self.offset_s));
        u32::try_from(local.rem_euclid(86_400)).unwrap_or(0)
    }

    /// `HH:MM:SS` of the local clock at `wall_ms`.
    #[must_use]
    pub fn clock_text(self, wall_ms: i64) -> String {
        let s = self.second_of_day(wall_ms);
        format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}

/// The present, read once for each decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now {
    /// The moment.
    pub at: Stamp,
    /// The local time zone's offset at that moment.
    pub local: LocalTime,
}

impl Now {
    /// Local `HH:MM:SS`.
    #[must_use]
    pub fn clock_text(&self) -> String {
        self.local.clock_text(self.at.wall_ms)
    }
}

/// A span for people: the two largest units (`3d 4h`, `12m`, `45s`).
#[must_use]
pub fn span_text(span: Duration) -> String {
    let s = span.as_secs();
    let (d, h, m) = (s / 86_400, s / 3600 % 24, s / 60 % 60);
    match (d, h, m) {
        (0, 0, 0) => format!("{s}s"),
        (0, 0, m) if s.is_multiple_of(60) || m >= 10 => format!("{m}m"),
        (0, 0, m) => format!("{m}m {}s", s % 60),
        (0, h, 0) => format!("{h}h"),
        (0, h, m) => format!("{h}h {m}m"),
        (d, 0, _) => format!("{d}d"),
        (d, h, _) => format!("{d}d {h}h"),
    }
}

/// Seconds with this many decimals (at most three), cut and not rounded: `1.2`.
#[must_use]
pub fn seconds_text(ms: u64, decimals: usize) -> String {
    let thousandths = format!("{:03}", ms % 1000);
    match thousandths.get(..decimals) {
        Some("") | None => format!("{}", ms / 1000),
        Some(shown) => format!("{}.{shown}", ms / 1000),
    }
}

/// A limit for people, whole where it is whole: `30 s`, `0.2 s`.
#[must_use]
pub fn limit_text(ms: u64) -> String {
    let text = seconds_text(ms, 3);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// An RFC 3339 text in UTC with millisecond precision, from Unix milliseconds.
/// A moment outside the years ±9999 prints as its number.
#[must_use]
pub fn rfc3339(wall_ms: i64) -> String {
    match Timestamp::from_millisecond(wall_ms) {
        Ok(moment) => format!("{moment:.3}"),
        Err(_) => format!("{wall_ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: i64, awake: i64, up: i64, boot: &str) -> Stamp {
        Stamp { wall_ms: wall, awake_ms: awake, up_ms: up, boot: BootId::new(boot) }
    }

    #[test]
    fn suspend_counts_for_no_watching_and_is_no_clock_jump() {
        let before = at(1_000_000, 5_000, 5_000, "b");
        let after = at(8_200_000, 15_000, 7_205_000, "b");
        assert_eq!(after.watched_since(&before), Some(Duration::from_secs(10)));
        assert_eq!(after.drift_since(&before), Duration::ZERO);
    }

    #[test]
    fn a_jump_of_the_wall_clock_shows_as_drift_in_either_direction() {
        let before = at(1_000_000, 5_000, 5_000, "b");
        assert_eq!(at(0, 6_000, 6_000, "b").drift_since(&before), Duration::from_secs(1001));
        let year = 365 * 86_400_000;
        let ahead = at(1_001_000 + year, 6_000, 6_000, "b");
        assert_eq!(ahead.drift_since(&before), Duration::from_millis(year.unsigned_abs()));
    }

    #[test]
    fn across_boots_nothing_was_watched_and_delays_go_by_the_wall() {
        let before = at(1_000_000, 900_000, 900_000, "a");
        let after = at(1_060_000, 2_000, 2_000, "b");
        assert_eq!(after.watched_since(&before), None);
        assert_eq!(after.delay_since(&before), Duration::from_mins(1));
        assert_eq!(Stamp::wall_only(0).delay_since(&after), Duration::ZERO);
    }

    #[test]
    fn a_wall_clock_that_went_back_across_a_boot_holds_nothing_up() {
        let year = 365 * 86_400_000;
        let before = at(year, 900_000, 900_000, "a");
        let after = at(1_000, 120_000, 130_000, "b");
        assert_eq!(after.delay_since(&before), Duration::from_mins(2));
        assert!(!after.is_before(&before) && !before.is_before(&after));
        let later = at(1_000, 121_000, 131_000, "b");
        assert!(after.is_before(&later) && !later.is_before(&after));
    }

    #[test]
    fn for_a_person_suspend_counts_and_a_jump_does_not() {
        let before = at(1_000_000, 5_000, 5_000, "b");
        let after = at(9_000_000_000, 15_000, 7_205_000, "b");
        assert_eq!(after.age_of(&before), Duration::from_hours(2));
        let rebooted = at(1_060_000, 2_000, 90_000, "c");
        assert_eq!(rebooted.age_of(&before), Duration::from_secs(90));
        assert_eq!(at(4_600_000, 1, 1, "c").age_of(&before), Duration::from_hours(1));
        assert_eq!(before.age_of(&Stamp::wall_only(0)), Duration::from_secs(1000));
    }

    #[test]
    fn moments_print_as_people_write_them() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_770_285_600_123), "2026-02-05T10:00:00.123Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!([200, 30_000, 1050, 0].map(limit_text), ["0.2 s", "30 s", "1.05 s", "0 s"]);
        assert_eq!(span_text(Duration::from_secs(59)), "59s");
        assert_eq!(span_text(Duration::from_secs(61)), "1m 1s");
        assert_eq!(span_text(Duration::from_hours(1)), "1h");
        assert_eq!(span_text(Duration::from_hours(25)), "1d 1h");
        assert_eq!(
            LocalTime { offset_s: 3600, ..LocalTime::UTC }.clock_text(82_800_000),
            "00:00:00"
        );
        assert_eq!(LocalTime { offset_s: -3600, ..LocalTime::UTC }.clock_text(0), "23:00:00");
    }
}
