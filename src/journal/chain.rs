//! The hash chain over the journal: each event's hash covers its own bytes and the hash before.
//!
//! SHA-256 (FIPS 180-4, crate `sha2`) over: the previous hash, the sequence number as eight
//! big-endian bytes, then the event's JSON. A record that was changed, dropped, added or moved
//! breaks every hash after it.
//! Invariant: encoding is deterministic: the same event gives the same bytes.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::event::Event;
use crate::base::id::hex;

/// The end of a journal: how many events, and the hash of the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Sequence number of the last event; 0 for an empty journal.
    pub seq: u64,
    /// Its hash; all zero for an empty journal.
    pub hash: [u8; 32],
}

impl Head {
    /// The first eight digits of the hash, as shown in reports.
    #[must_use]
    pub fn short(&self) -> String {
        hex(&self.hash[..4])
    }
}

/// The head after one more event with this encoding.
#[must_use]
pub fn next_head(before: &Head, encoded: &str) -> Head {
    let seq = before.seq + 1;
    let mut hasher = Sha256::new();
    hasher.update(before.hash);
    hasher.update(seq.to_be_bytes());
    hasher.update(encoded.as_bytes());
    Head { seq, hash: hasher.finalize().into() }
}

/// An event's bytes as stored and hashed.
///
/// # Errors
/// When serde_json can't encode it, which no event of this build does.
pub fn encode_event(event: &Event) -> Result<String, serde_json::Error> {
    serde_json::to_string(event)
}

/// The event behind stored bytes.
///
/// # Errors
/// When they are no event that this build knows.
pub fn decode_event(encoded: &str) -> Result<Event, serde_json::Error> {
    serde_json::from_str(encoded)
}
