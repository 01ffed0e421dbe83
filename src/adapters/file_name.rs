//! File names for jobs, whose ids may be anything.

use sha2::{Digest as _, Sha256};

use crate::base::{JobId, id::hex};

/// A job's id where it makes a file name; else what is plain of it, told apart from every other
/// id by a hash.
#[must_use]
pub(super) fn safe_name(job: &JobId) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let id = job.as_str();
    if id.len() <= 100 && !id.starts_with('.') && id.chars().all(safe) {
        return id.to_owned();
    }
    let plain: String = id.chars().filter(|c| safe(*c)).take(40).collect();
    format!("{plain}-{}", hex(&Sha256::digest(id.as_bytes())[..6]))
}
