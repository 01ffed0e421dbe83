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
use super::process::resolve_program;
use crate::base::{id::hex, limits};
use crate::model::{Account, SealedFile};
use crate::ports::{FileFacts, FileLook};

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
                return Ok(FileLook::Missing);
            }
            // A word that is no path, such as a very long argument, names no file.
            Err(e) if e.kind() == ErrorKind::InvalidFilename => return Ok(FileLook::Missing),
            Err(e) => return Err(failed(e)),
        };
        let facts = fs::metadata(&real).map_err(failed)?;
        if facts.is_dir() {
            return Ok(FileLook::Folder);
        }
        if !facts.is_file() {
            return Ok(FileLook::Missing);
        }
        if facts.len() > most.unwrap_or(limits::PLAN_PROGRAM_BYTES) {
            return Ok(FileLook::TooLarge);
        }
        let Some(name) = real.to_str() else {
            return Err(format!("the path {} is not UTF-8", real.display()));
        };
        let (sha256, bytes) = hash(&real).map_err(failed)?;
        Ok(FileLook::File(SealedFile { path: name.to_owned(), sha256, bytes }))
    }

    fn shebang(&self, path: &Path) -> Result<Option<String>, String> {
        let failed = |e: std::io::Error| format!("{} can't be read: {e}", path.display());
        let mut start = Vec::new();
        let file = open_without_waiting(path).map_err(failed)?;
        file.take(limits::SHEBANG_BYTES).read_to_end(&mut start).map_err(failed)?;
        let Some(line) = start.strip_prefix(b"#!") else { return Ok(None) };
        let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
        Ok(Some(String::from_utf8_lossy(line).trim().to_owned()))
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
