//! When a job is told, stalled and resumed.
//!
//! Invariant: plain data; what it means stands in `decide`.

use std::time::Duration;

use super::kind::Kind;
use crate::base::limits;

/// When a job is reported, stalled and resumed (`defaults` and `policy`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Local hours in which routine progress waits; `None`: never quiet.
    pub quiet_hours: Option<QuietHours>,
    /// Shortest time between two routine reports.
    pub report_every: Duration,
    /// Without progress for this long is stalled.
    pub stall: Duration,
    /// May a tick start it again?
    pub auto_resume: bool,
    /// Base of the back-off between starts.
    pub resume_backoff: Duration,
    /// Give up after this many resumes; `None`: never.
    pub max_resumes: Option<u32>,
    /// `seen_stopped` is no input for this long after a start.
    pub start_grace: Duration,
    /// What is done about a job that runs without progress.
    pub on_stall: OnStall,
    /// Skip a routine report when nothing moved since the last.
    pub only_on_change: bool,
    /// Are there routine reports while it runs at all?
    pub report_while_running: bool,
    /// Does the end of its output stand in reports? `None`: of a read it does, of a write not.
    pub report_output: Option<bool>,
    /// A status that can't be read is an anomaly after so many in a row; 1 or more.
    pub alert_after: u32,
}

impl Policy {
    /// Does the end of the output of a job of this kind stand in reports?
    #[must_use]
    pub fn shows_output(&self, kind: Kind) -> bool {
        self.report_output.unwrap_or(kind != Kind::OneShotWrite)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            quiet_hours: QuietHours::new(23 * 60, 8 * 60),
            report_every: limits::REPORT_EVERY,
            stall: limits::STALL,
            auto_resume: false,
            resume_backoff: limits::RESUME_BACKOFF,
            max_resumes: None,
            start_grace: limits::START_GRACE,
            on_stall: OnStall::Report,
            only_on_change: true,
            report_while_running: true,
            report_output: None,
            alert_after: 1,
        }
    }
}

/// What is done about a job that runs without progress (`policy.onStall`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStall {
    /// Tell a person.
    #[default]
    Report,
    /// Stop it, see it stopped, start it again: under the limits of auto-resume.
    Restart,
}

impl OnStall {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Report, Self::Restart];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Restart => "restart",
        }
    }
}

/// A daily interval of local wall-clock time, `[start, end)`, that may wrap midnight.
///
/// It follows what the wall clock shows. Where the clock is put forward over the start or the end,
/// that comes when the clock jumps. Where it is put back, the hours stand still until it has caught
/// up: a start or an end that is shown twice counts the first time, so no night has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    start_minute: u16,
    end_minute: u16,
}

impl QuietHours {
    /// From minutes since local midnight, each below 1440; `None` when both are equal (never quiet).
    #[must_use]
    pub fn new(start_minute: u16, end_minute: u16) -> Option<Self> {
        let valid = start_minute < 1440 && end_minute < 1440 && start_minute != end_minute;
        valid.then_some(Self { start_minute, end_minute })
    }

    /// Is this second of the local day quiet? To be asked with the furthest that the clock has
    /// shown, which is not what it shows where it was put back.
    #[must_use]
    pub fn contains(self, second_of_day: u32) -> bool {
        let (start, end) = (u32::from(self.start_minute) * 60, u32::from(self.end_minute) * 60);
        if start < end {
            (start..end).contains(&second_of_day)
        } else {
            second_of_day >= start || second_of_day < end
        }
    }

    /// How long until their end, where this second is quiet.
    #[must_use]
    pub fn left(self, second_of_day: u32) -> Option<Duration> {
        const DAY: u32 = 86_400;
        let end = u32::from(self.end_minute) * 60;
        let left = (end + DAY).saturating_sub(second_of_day) % DAY;
        self.contains(second_of_day).then(|| Duration::from_secs(left.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_wrap_midnight_and_leave_out_their_end() {
        let night = QuietHours::new(23 * 60, 8 * 60).expect("valid");
        for (second, quiet) in
            [(0, true), (8 * 3600 - 1, true), (8 * 3600, false), (82_799, false), (82_800, true)]
        {
            assert_eq!(night.contains(second), quiet, "{second}");
        }
        let noon = QuietHours::new(12 * 60, 13 * 60).expect("valid");
        assert!(noon.contains(12 * 3600) && !noon.contains(13 * 3600) && !noon.contains(0));
        assert_eq!(QuietHours::new(60, 60), None);
        assert_eq!(night.left(82_800), Some(Duration::from_hours(9)));
        assert_eq!(night.left(0), Some(Duration::from_hours(8)));
        assert_eq!(
            (night.left(8 * 3600), noon.left(43_201)),
            (None, Some(Duration::from_secs(3599)))
        );
    }
}
