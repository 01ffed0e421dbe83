//! Identifiers. A job's id is the user's word for it; run and report ids are opsfsm's own.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a text that its maker has already validated.
            #[must_use]
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id! {
    /// A job's id as the config spells it, trimmed and not empty.
    JobId
}
text_id! {
    /// One execution of a job's command: 32 hex digits, never used twice.
    ///
    /// Children carry it in their environment as [`RunId::ENV`].
    RunId
}
text_id! {
    /// One report to a person; every copy of the report bears the same id.
    ReportId
}

text_id! {
    /// One approval: 32 hex digits, never used twice.
    GrantId
}

text_id! {
    /// One entry of the queue: the same job and origin always give the same id.
    ItemId
}

impl RunId {
    /// The environment variable that marks a process as started for this run.
    pub const ENV: &'static str = "OPSFSM_RUN";

    /// A run id from 128 random bits.
    #[must_use]
    pub fn from_bits(bits: [u8; 16]) -> Self {
        Self::new(hex(&bits))
    }
}

impl GrantId {
    /// A grant id from 128 random bits.
    #[must_use]
    pub fn from_bits(bits: [u8; 16]) -> Self {
        Self::new(hex(&bits))
    }
}

impl ReportId {
    /// A report id from 64 random bits: short enough to read aloud.
    #[must_use]
    pub fn from_bits(bits: [u8; 8]) -> Self {
        Self::new(hex(&bits))
    }
}

/// Lower-case hexadecimal digits of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(if n < 10 { b'0' + n } else { b'a' + n - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn every_byte_is_two_digits() {
        let all: Vec<u8> = (0..=255).collect();
        let wanted: String = all.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex(&all), wanted);
    }
}
