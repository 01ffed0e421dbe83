//! Facts of this machine, as the advice of `check` needs them.
//!
//! In: paths. Out: what can be started, what others may change, what a status file says.
//! Invariant: nothing is started, and what was looked at once is not looked at again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid};

use super::process::{folder_refusal, inherited_path, loadable, resolve_program};
use super::status::read_regular;
use crate::model::SpawnFault;
use crate::ports::{Exposed, HostFacts, ProgramLook};

const BY_OTHERS: u32 = 0o002;
const BY_GROUP: u32 = 0o020;
const STICKY: u32 = 0o1000;

/// A program's name, the folder it is called in, and the PATH.
type Called = (String, PathBuf, OsString);

/// This machine, looked at once.
#[derive(Debug, Default)]
pub struct OsHostFacts {
    programs: RefCell<BTreeMap<Called, ProgramLook>>,
    exposed: RefCell<BTreeMap<PathBuf, Option<Exposed>>>,
}

impl HostFacts for OsHostFacts {
    fn program(&self, program: &str, cwd: &Path, path: Option<&str>) -> ProgramLook {
        let path = path.map_or_else(inherited_path, OsString::from);
        // Where a program is called matters to relative names only.
        let folder = if program.starts_with('/') { Path::new("/") } else { cwd };
        let called = (program.to_owned(), folder.to_owned(), path);
        let known = self.programs.borrow().get(&called).cloned();
        known.unwrap_or_else(|| {
            let look = look_at(program, folder, &called.2);
            self.programs.borrow_mut().insert(called, look.clone());
            look
        })
    }

    fn exposed(&self, path: &Path) -> Option<Exposed> {
        let asked = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // The links on the way may be changed as well as what they lead to.
        self.exposed_along(&asked)
            .or_else(|| fs::canonicalize(&asked).ok().and_then(|real| self.exposed_along(&real)))
    }

    fn status_file(&self, path: &Path) -> Option<Vec<u8>> {
        read_regular(path).ok().map(|(bytes, _)| bytes)
    }
}

impl OsHostFacts {
    /// The outermost part of a path that others may change.
    fn exposed_along(&self, path: &Path) -> Option<Exposed> {
        if let Some(known) = self.exposed.borrow().get(path) {
            return known.clone();
        }
        let above = path.parent().and_then(|parent| self.exposed_along(parent));
        let found = above.or_else(|| exposure_of(path));
        self.exposed.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }
}

fn look_at(program: &str, cwd: &Path, path: &OsString) -> ProgramLook {
    let file = match resolve_program(program, cwd, path) {
        Ok(file) => file,
        Err((SpawnFault::NotExecutable, why)) => return ProgramLook::Unfit(why),
        Err((_, why)) => return ProgramLook::Missing(why),
    };
    match fs::metadata(&file) {
        Err(e) => {
            let folder = folder_refusal(cwd).map(|(_, why)| why);
            let why = format!("{}: {e}; give the full path of a program", file.display());
            ProgramLook::Missing(folder.unwrap_or(why))
        }
        Ok(facts) if facts.is_dir() => ProgramLook::Unfit(format!(
            "{} is a folder; give the path of a program",
            file.display()
        )),
        // Of a program that may be run and not read nothing more can be told.
        Ok(facts) if facts.mode() & 0o111 != 0 && fs::File::open(&file).is_err() => {
            ProgramLook::Fit(file)
        }
        Ok(_) => match loadable(&file) {
            Ok(_) => ProgramLook::Fit(file),
            Err(why) => ProgramLook::Unfit(why),
        },
    }
}

/// May others change this very file, link or folder?
fn exposure_of(path: &Path) -> Option<Exposed> {
    let facts = fs::symlink_metadata(path).ok()?;
    let how = how_exposed(&facts, Uid::effective().as_raw(), Gid::effective().as_raw())?;
    Some(Exposed { path: path.display().to_string(), how })
}

fn how_exposed(facts: &Metadata, uid: u32, gid: u32) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn write(path: &Path, text: &str, mode: u32) {
        fs::write(path, text).expect("written");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mode");
    }

    #[test]
    fn programs_are_fit_unfit_or_missing() {
        let dir = tempfile::tempdir().expect("a folder");
        write(&dir.path().join("fit"), "#!/bin/sh\n", 0o700);
        write(&dir.path().join("plain"), "#!/bin/sh\n", 0o600);
        write(&dir.path().join("text"), "echo\n", 0o700);
        let host = OsHostFacts::default();
        let look = |name: &str| host.program(name, dir.path(), None);
        assert!(matches!(look("sh"), ProgramLook::Fit(_)));
        assert!(matches!(look("./fit"), ProgramLook::Fit(_)));
        assert!(matches!(look("./plain"), ProgramLook::Unfit(_)));
        assert!(matches!(look("./text"), ProgramLook::Unfit(_)));
        assert!(matches!(look("."), ProgramLook::Missing(_) | ProgramLook::Unfit(_)));
        assert!(matches!(look("/"), ProgramLook::Unfit(_)));
        assert!(matches!(look("./none"), ProgramLook::Missing(_)));
        assert!(matches!(look("opsfsm-no-such-program"), ProgramLook::Missing(_)));
        let path = dir.path().to_str().expect("UTF-8");
        assert!(matches!(host.program("fit", Path::new("/"), Some(path)), ProgramLook::Fit(_)));
        assert!(matches!(host.program("plain", Path::new("/"), Some(path)), ProgramLook::Unfit(_)));
    }

    #[test]
    fn a_path_is_as_safe_as_the_folders_above_it_and_the_links_on_its_way() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(dir.path()).expect("a path");
        let open = root.join("open");
        fs::create_dir(&open).expect("a folder");
        write(&root.join("own"), "", 0o644);
        write(&open.join("own"), "", 0o644);
        write(&root.join("anybody"), "", 0o666);
        symlink(open.join("own"), root.join("link")).expect("a link");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("mode");
        let found = |name: &str| OsHostFacts::default().exposed(&root.join(name)).map(|e| e.path);
        let shown = |path: PathBuf| Some(path.display().to_string());
        assert_eq!(found("own"), None);
        assert_eq!(found("anybody"), shown(root.join("anybody")));
        assert_eq!(found("open/own"), shown(open.clone()));
        assert_eq!(found("link"), shown(open.clone()));
        fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).expect("mode");
        assert_eq!(found("open/own"), None, "as in /tmp");
    }
}
