//! The digest of a plan: what an approval is for.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::base::id::hex;

/// A plan's fingerprint: SHA-256 over its canonical bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanDigest(String);

/// Digits of a short digest: enough to read out and to type.
const SHORT: usize = 12;

impl PlanDigest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }

    /// All 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first twelve digits.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..SHORT).unwrap_or(&self.0)
    }

    /// Does a person mean this digest by what they typed: its first twelve digits, or more of them?
    #[must_use]
    pub fn is_named_by(&self, typed: &str) -> bool {
        let typed = typed.trim().to_ascii_lowercase();
        typed.len() >= SHORT && self.0.starts_with(&typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_named_by_twelve_of_its_first_digits_or_more() {
        let digest = PlanDigest::of(b"a plan");
        let all = digest.as_str().to_owned();
        assert!(digest.is_named_by(&all) && digest.is_named_by(digest.short()));
        assert!(digest.is_named_by(&format!(" {}\n", all[..13].to_uppercase())));
        for wrong in ["", &all[..11], &all[1..], &format!("{all}0"), "0123456789ab"] {
            assert!(!digest.is_named_by(wrong), "{wrong}");
        }
    }
}
