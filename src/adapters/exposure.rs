//! Who else may change what is at a path: the one answer, for the advice of `check`, for the gate
//! and for the store.
//!
//! In: paths. Out: the outermost part of each that others than this account and root may change.
//! Invariant: nothing is changed, and a path is as safe as the folders above it, and as the links
//! on its way and what they lead to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid};

use crate::ports::Exposed;

const BY_OTHERS: u32 = 0o002;
const BY_GROUP: u32 = 0o020;
const STICKY: u32 = 0o1000;

/// Looks at paths; what was looked at once is not looked at again.
#[derive(Debug, Default)]
pub struct Exposures {
    known: RefCell<BTreeMap<PathBuf, Option<Exposed>>>,
}

impl Exposures {
    /// How others may change what is at this path, if they may.
    #[must_use]
    pub fn of(&self, path: &Path) -> Option<Exposed> {
        let asked = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // The links on the way may be changed as well as what they lead to.
        self.along(&asked).or_else(|| fs::canonicalize(&asked).ok().and_then(|r| self.along(&r)))
    }

    /// The outermost part of a path that others may change.
    fn along(&self, path: &Path) -> Option<Exposed> {
        if let Some(known) = self.known.borrow().get(path) {
            return known.clone();
        }
        let above = path.parent().and_then(|parent| self.along(parent));
        let found = above.or_else(|| exposure_of(path));
        self.known.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }
}

/// May others change this very file, link or folder?
fn exposure_of(path: &Path) -> Option<Exposed> {
    let facts = fs::symlink_metadata(path).ok()?;
    let how = how_exposed(&facts)?;
    Some(Exposed { path: path.display().to_string(), how })
}

/// How others may change what these facts are of, whatever is above it.
pub(super) fn how_exposed(facts: &Metadata) -> Option<String> {
    let (uid, gid) = (Uid::effective().as_raw(), Gid::effective().as_raw());
    if facts.uid() != uid && facts.uid() != 0 {
        return Some(format!("it belongs to another account (user id {})", facts.uid()));
    }
    // Nobody writes to a link; and a folder like /tmp lets nobody touch what is another's.
    if facts.is_symlink() || (facts.is_dir() && facts.mode() & STICKY != 0) {
        return None;
    }
    if facts.mode() & BY_OTHERS != 0 {
        return Some("anybody may write to it".to_owned());
    }
    let other_group = facts.gid() != gid && facts.gid() != 0;
    let by_group = facts.mode() & BY_GROUP != 0 && other_group;
    by_group.then(|| format!("its group may write to it (group id {})", facts.gid()))
}

/// A folder of a store's own, made for its owner alone. A link in its place could be turned to
/// where nothing of opsfsm's should be written, or removed.
pub(super) fn own_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let facts = fs::symlink_metadata(path)?;
    if facts.is_symlink() {
        return Err(io::Error::other("it is a symbolic link, which could be turned elsewhere"));
    }
    if facts.uid() != Uid::effective().as_raw() {
        return Err(io::Error::other(format!("it belongs to user id {}", facts.uid())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mode");
    }

    #[test]
    fn a_path_is_as_safe_as_the_folders_above_it_and_the_links_on_its_way() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(dir.path()).expect("a path");
        let open = root.join("open");
        fs::create_dir(&open).expect("a folder");
        for (name, bits) in [("own", 0o644), ("open/own", 0o644), ("anybody", 0o666)] {
            fs::write(root.join(name), "").expect("written");
            mode(&root.join(name), bits);
        }
        symlink(open.join("own"), root.join("link")).expect("a link");
        mode(&open, 0o777);
        let found = |name: &str| Exposures::default().of(&root.join(name)).map(|e| e.path);
        let shown = |path: PathBuf| Some(path.display().to_string());
        assert_eq!(found("own"), None);
        assert_eq!(found("anybody"), shown(root.join("anybody")));
        assert_eq!(found("open/own"), shown(open.clone()));
        assert_eq!(found("link"), shown(open.clone()));
        mode(&open, 0o1777);
        assert_eq!(found("open/own"), None, "as in /tmp");
    }

    #[test]
    fn a_folder_of_a_stores_own_is_no_link() {
        let dir = tempfile::tempdir().expect("a folder");
        let (real, link) = (dir.path().join("a/b"), dir.path().join("link"));
        own_folder(&real).expect("made");
        own_folder(&real).expect("there already");
        assert_eq!(fs::metadata(&real).expect("facts").mode() & 0o777, 0o700);
        symlink(&real, &link).expect("a link");
        assert!(own_folder(&link).is_err());
        fs::remove_file(&link).expect("removed");
        fs::write(&link, "").expect("a file");
        assert!(own_folder(&link).is_err());
    }
}
