//! The kinds of job.

use crate::machine::Machine;

/// The three kinds of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Started in the background and watched.
    LongRunningRead,
    /// Run to its end; speaks only when something needs attention.
    OneShotRead,
    /// Blocked until approved, done when verified.
    OneShotWrite,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::LongRunningRead, Self::OneShotRead, Self::OneShotWrite];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LongRunningRead => "long_running_read",
            Self::OneShotRead => "one_shot_read",
            Self::OneShotWrite => "one_shot_write",
        }
    }

    /// The machine that its jobs run on.
    #[must_use]
    pub const fn machine(self) -> Machine {
        match self {
            Self::LongRunningRead => Machine::Watch,
            Self::OneShotRead => Machine::Check,
            Self::OneShotWrite => Machine::Write,
        }
    }
}
