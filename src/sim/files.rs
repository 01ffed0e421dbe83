//! A simulated disk: every path but those named missing is a file, whose content is its version.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use crate::base::id::hex;
use crate::model::{Account, SealedFile};
use crate::ports::{FileFacts, FileLook, Loadable};

/// The disk.
#[derive(Clone, Debug, Default)]
pub struct SimFiles {
    versions: Rc<RefCell<BTreeMap<PathBuf, u64>>>,
    missing: Rc<RefCell<BTreeSet<PathBuf>>>,
}

impl SimFiles {
    /// Somebody edits a file: its content is of this version now. Zero is what it was at first.
    pub fn edit(&self, path: &str, version: u64) {
        self.versions.borrow_mut().insert(PathBuf::from(path), version);
    }

    /// A copy that shares nothing with this one.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            versions: Rc::new(RefCell::new(self.versions.borrow().clone())),
            missing: Rc::new(RefCell::new(self.missing.borrow().clone())),
        }
    }

    /// Somebody removes a file, or puts it back.
    pub fn remove(&self, path: &str, gone: bool) {
        let mut missing = self.missing.borrow_mut();
        let _ = if gone {
            missing.insert(PathBuf::from(path))
        } else {
            missing.remove(Path::new(path))
        };
    }
}

impl FileFacts for SimFiles {
    fn resolve(&self, program: &str, cwd: &Path, _path: &str) -> Result<PathBuf, String> {
        let file = cwd.join(program);
        if self.missing.borrow().contains(&file) {
            return Err(format!("program {} does not exist", file.display()));
        }
        Ok(file)
    }

    fn look(&self, path: &Path, _most: Option<u64>) -> Result<FileLook, String> {
        // Only what lies in a program folder is a file: other words are words.
        if self.missing.borrow().contains(path) || !path.starts_with("/") {
            return Ok(FileLook::Missing { path: None });
        }
        let version = self.versions.borrow().get(path).copied().unwrap_or_default();
        let sha256 = hex(&Sha256::digest(format!("{}\0{version}", path.display())));
        Ok(FileLook::File(SealedFile { path: path.display().to_string(), sha256, bytes: 1 }))
    }

    fn folder(&self, path: &Path) -> Result<String, String> {
        Ok(path.display().to_string())
    }

    fn loadable(&self, _path: &Path) -> Result<Loadable, String> {
        Ok(Loadable::Binary)
    }

    fn account(&self) -> Result<Account, String> {
        Ok(Account {
            uid: 1000,
            name: "sim".to_owned(),
            home: "/home/sim".to_owned(),
            shell: "/bin/sh".to_owned(),
        })
    }
}
