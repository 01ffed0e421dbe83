//! Why a command ends without having done what was asked: a message and an exit code.

use crate::base::Exit;
use crate::ports::StoreError;

/// Why a command ends early.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, message: message.into() }
    }

    /// A signal came before anything was done.
    pub(super) fn interrupted() -> Self {
        Self::refused("interrupted by a signal; nothing was recorded or started")
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Busy(_) => Exit::Busy,
            StoreError::Interrupted => Exit::Refused,
            StoreError::Refused(_) | StoreError::Failed(_) => Exit::StoreRefused,
        };
        Self { exit, message: error.to_string() }
    }
}
