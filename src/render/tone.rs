//! How much a state matters to whoever looks: for pages and screens.
//!
//! Invariant: every state has a tone, and a tone is never all that tells of a state.

use crate::machine::{CheckState, State, WatchState, WriteState};

/// How much a state matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Nothing moves, and nothing has to.
    Calm,
    /// Something is under way.
    Busy,
    /// It ended well.
    Done,
    /// It ended badly, or does not go on.
    Trouble,
}

impl Tone {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Calm, Self::Busy, Self::Done, Self::Trouble];

    /// The tone of a state.
    #[must_use]
    pub const fn of(state: State) -> Self {
        match state {
            State::Watch(state) => match state {
                WatchState::Idle | WatchState::Paused => Self::Calm,
                WatchState::Running | WatchState::Resuming => Self::Busy,
                WatchState::Completed => Self::Done,
                WatchState::Stalled | WatchState::Failed => Self::Trouble,
            },
            State::Check(state) => match state {
                CheckState::Idle => Self::Calm,
                CheckState::Queued | CheckState::Running => Self::Busy,
                CheckState::Completed => Self::Done,
                CheckState::Failed => Self::Trouble,
            },
            State::Write(state) => match state {
                WriteState::Blocked => Self::Calm,
                WriteState::Approved | WriteState::Running | WriteState::Verifying => Self::Busy,
                WriteState::Verified => Self::Done,
                WriteState::Failed | WriteState::Unverified | WriteState::Unknown => Self::Trouble,
            },
        }
    }

    /// A stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Busy => "busy",
            Self::Done => "done",
            Self::Trouble => "trouble",
        }
    }
}
