//! The monotonic clock of waits and limits, and deadlines on it.
//!
//! In: spans. Out: moments that never overflow.
//! Invariant: this module never reads the wall clock; a changed date moves no limit.

use std::time::{Duration, Instant};

/// The present on the monotonic clock (it stands still while the machine is suspended).
#[expect(clippy::disallowed_methods, reason = "the one reader of the monotonic clock in this room")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// `span` after `start`; `None` is never.
pub(super) fn after(start: Instant, span: Duration) -> Option<Instant> {
    start.checked_add(span)
}

/// The earlier of two moments, of which either may be never.
pub(super) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A moment by which something has to be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// The moment `span` from now; a span beyond the clock's range never comes.
    #[must_use]
    pub fn after(span: Duration) -> Self {
        Self(after(now(), span))
    }

    /// Has it come?
    #[must_use]
    pub fn passed(self) -> bool {
        self.0.is_some_and(|at| at <= now())
    }

    /// Time left; `None` if it never comes.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(now()))
    }

    pub(super) fn at(self) -> Option<Instant> {
        self.0
    }
}
