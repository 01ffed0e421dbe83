//! File names: for jobs, whose ids may be anything, and for what stands beside a store.

use std::path::{Path, PathBuf};

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

/// A file or folder of a store's own: beside it, and named after it, because another store may
/// stand in the same folder.
#[must_use]
pub fn beside(store: &Path, what: &str) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    store.with_file_name(name)
}
