//! Facts about files and accounts, as plans need them.
//!
//! In: paths. Out: resolved programs, hashes, `#!` lines, the account that this process runs as.
//! Invariant: only regular files are opened, without waiting, and read with a bound.

use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};
use sha2::{Digest as _, Sha256};

use super::config_files::open_without_waiting;
use super::process::{folder_refusal, loadable, resolve_program};
use crate::base::{id::hex, limits};
use crate::model::{Account, SealedFile};
use crate::ports::{FileFacts, FileLook, Loadable};

/// This host's files and accounts.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFileFacts;

impl FileFacts for OsFileFacts {
    fn resolve(&self, program: &str, cwd: &Path, path: &str) -> Result<PathBuf, String> {
        resolve_program(program, cwd, OsStr::new(path)).map_err(|(_, why)| why)
    }

    fn look(&self, path: &Path, most: Option<u64>) -> Result<FileLook, String> {
        let failed = |e: std::io::Error| format!("{} can't be read: {e}", path.display());
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let path = would_be(path, limits::PLAN_LINKS).as_deref().map(text).transpose()?;
                return Ok(FileLook::Missing { path });
            }
            // A word that is no path, such as a very long argument, names no file.
            Err(e) if e.kind() == ErrorKind::InvalidFilename => {
                return Ok(FileLook::Missing { path: None });
            }
            Err(e) => return Err(failed(e)),
        };
        let facts = fs::metadata(&real).map_err(failed)?;
        let path = text(&real)?;
        if !facts.is_dir() && !facts.is_file() {
            return Ok(FileLook::Special { path });
        }
        if facts.is_dir() {
            return Ok(FileLook::Folder { path });
        }
        if facts.len() > most.unwrap_or(limits::PLAN_PROGRAM_BYTES) {
            return Ok(FileLook::TooLarge { path });
        }
        let (sha256, bytes) = hash(&real).map_err(failed)?;
        Ok(FileLook::File(SealedFile { path, sha256, bytes }))
    }

    fn folder(&self, path: &Path) -> Result<String, String> {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match folder_refusal(&real) {
            None => text(&real),
            Some((_, why)) => Err(why),
        }
    }

    fn loadable(&self, path: &Path) -> Result<Loadable, String> {
        loadable(path)
    }

    fn account(&self) -> Result<Account, String> {
        let uid = Uid::effective();
        let user =
            User::from_uid(uid).map_err(|e| format!("user {uid} can't be looked up: {e}"))?;
        let user = user.ok_or_else(|| format!("user {uid} has no account on this host"))?;
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        Ok(Account {
            uid: uid.as_raw(),
            name: user.name,
            home: text(user.dir),
            shell: text(user.shell),
        })
    }
}

/// A path as text; one that is none can't stand in a plan that people read.
fn text(path: &Path) -> Result<String, String> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let unreadable = || format!("the path {} is not UTF-8", bytes.escape_ascii());
    path.to_str().map(str::to_owned).ok_or_else(unreadable)
}

/// Where a file would come to be that is made under this name: links among its folders are
/// followed, and so is one that leads nowhere yet.
fn would_be(path: &Path, links: usize) -> Option<PathBuf> {
    let (parent, name) = (path.parent()?, path.file_name()?);
    if let Ok(target) = fs::read_link(path) {
        return would_be(&parent.join(target), links.checked_sub(1)?);
    }
    let parent = fs::canonicalize(parent).ok().or_else(|| would_be(parent, links))?;
    Some(parent.join(name))
}

/// SHA-256 and length of what is read; a file that grows meanwhile is read to its bound.
fn hash(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = open_without_waiting(path)?.take(limits::PLAN_PROGRAM_BYTES);
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok((hex(&hasher.finalize()), bytes));
        }
        hasher.update(&buffer[..n]);
        bytes += n as u64;
    }
}
