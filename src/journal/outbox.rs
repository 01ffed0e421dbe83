//! Messages to people on their way: what a store keeps of each until it has arrived.

use crate::base::ReportId;
use crate::model::Route;

/// A message to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The same on every copy.
    pub id: ReportId,
    /// When it was written, in Unix milliseconds.
    pub at_ms: i64,
    /// What it says.
    pub text: String,
    /// The same in a line or two, without anything that a job said: for ways that others can see.
    /// Empty: nothing goes there, since an earlier piece has said it.
    pub summary: String,
}

/// A report and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// What is sent.
    pub report: Report,
    /// How far it is.
    pub state: ParcelState,
    /// Attempts that were begun.
    pub attempts: u32,
    /// Attempts whose outcome nobody knows.
    pub unknowns: u32,
    /// When the first attempt failed, in Unix milliseconds.
    pub failed_since_ms: Option<i64>,
    /// No attempt before this, in Unix milliseconds.
    pub next_ms: i64,
    /// The only route for it: an attempt was made there whose outcome nobody knows.
    pub pinned: Option<Route>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// How far a report is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParcelState {
    /// It waits to be sent.
    #[default]
    Pending,
    /// It arrived.
    Delivered {
        /// When, in Unix milliseconds.
        at_ms: i64,
    },
    /// It was given up: a person may retry or drop it.
    Dead {
        /// When, in Unix milliseconds.
        at_ms: i64,
    },
    /// A person dropped it.
    Dropped {
        /// When, in Unix milliseconds.
        at_ms: i64,
    },
}

impl ParcelState {
    /// The stable name, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered { .. } => "delivered",
            Self::Dead { .. } => "dead",
            Self::Dropped { .. } => "dropped",
        }
    }

    /// When it came to this end, in Unix milliseconds.
    #[must_use]
    pub const fn ended_ms(self) -> Option<i64> {
        match self {
            Self::Pending => None,
            Self::Delivered { at_ms } | Self::Dead { at_ms } | Self::Dropped { at_ms } => {
                Some(at_ms)
            }
        }
    }

    /// The state of a stable name and the moment of its end.
    #[must_use]
    pub fn of_parts(name: &str, at_ms: Option<i64>) -> Option<Self> {
        let all = [
            Self::Pending,
            Self::Delivered { at_ms: at_ms.unwrap_or_default() },
            Self::Dead { at_ms: at_ms.unwrap_or_default() },
            Self::Dropped { at_ms: at_ms.unwrap_or_default() },
        ];
        all.into_iter().find(|state| state.as_str() == name)
    }
}

impl Parcel {
    /// A report that nobody has tried to send yet.
    #[must_use]
    pub fn new(report: Report) -> Self {
        Self {
            report,
            state: ParcelState::Pending,
            attempts: 0,
            unknowns: 0,
            failed_since_ms: None,
            next_ms: 0,
            pinned: None,
            error: None,
        }
    }
}
