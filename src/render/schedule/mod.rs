//! What has a tick called again and again: units of systemd, lines of a crontab, a property list of
//! launchd; and the rules for sudo that a split-user set-up takes.
//!
//! In: the words of the call, and how often. Out: texts, each with the mark that says whose it is.
//! Invariant: whoever reads such a text back starts exactly these words; words that the format
//! can't bear are refused, never changed.

mod crontab;
mod launchd;
mod sudoers;
mod systemd;

use std::fmt;

pub use crontab::{Crontab, CrontabFault};
pub use launchd::render_plist;
pub use sudoers::render_sudoers;
pub use systemd::{render_service, render_system_service, render_timer};

/// Stands in everything that `install` writes. What has it not is another's, and left alone.
pub const MARK: &str = "opsfsm: written by `opsfsm install`, removed by `opsfsm uninstall`";

/// A call of a tick, and how often it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Program and arguments: the program by its absolute path.
    pub argv: Vec<String>,
    /// How often.
    pub every: Every,
}

/// A span that the hour is a multiple of: what a calendar can say as well as a count of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every(u32);

impl Every {
    /// The shortest: the limit of a tick itself may be as short.
    const SHORTEST: u32 = 10;
    const HOUR: u32 = 3600;

    /// So many seconds, if they divide a minute, or are minutes that divide an hour.
    #[must_use]
    pub const fn of_seconds(seconds: i64) -> Option<Self> {
        if seconds < Self::SHORTEST as i64 || seconds > Self::HOUR as i64 {
            return None;
        }
        let fits =
            if seconds < 60 { 60 % seconds == 0 } else { seconds % 60 == 0 && 3600 % seconds == 0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "3600 at most")]
        let seconds = seconds as u32;
        if fits { Some(Self(seconds)) } else { None }
    }

    /// The seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// The minutes, where it is some.
    #[must_use]
    pub const fn minutes(self) -> Option<u32> {
        if self.0.is_multiple_of(60) { Some(self.0 / 60) } else { None }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minutes() {
            Some(minutes) => write!(f, "{minutes}m"),
            None => write!(f, "{}s", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spans_that_a_calendar_can_say_are_taken() {
        let of = |seconds| Every::of_seconds(seconds).map(|every| every.to_string());
        assert_eq!(of(60).as_deref(), Some("1m"));
        assert_eq!(of(3600).as_deref(), Some("60m"));
        assert_eq!(of(15).as_deref(), Some("15s"));
        for odd in [-60, 0, 1, 9, 25, 59, 61, 90, 420, 3540, 3660, 7200, i64::MAX] {
            assert_eq!(of(odd), None, "{odd}");
        }
    }
}
