//! Facts of this machine, as the advice of `check` needs them.
//!
//! In: paths. Out: what can be started, what others may change, what a status file says.
//! Invariant: nothing is started, and what was looked at once is not looked at again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::exposure::Exposures;
use super::process::{folder_refusal, inherited_path, loadable, resolve_program};
use super::status::read_regular;
use crate::model::SpawnFault;
use crate::ports::{Exposed, HostFacts, ProgramLook};

/// A program's name, the folder it is called in, and the PATH.
type Called = (String, PathBuf, OsString);

/// This machine, looked at once.
#[derive(Debug, Default)]
pub struct OsHostFacts {
    programs: RefCell<BTreeMap<Called, ProgramLook>>,
    exposed: Exposures,
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
        self.exposed.of(path)
    }

    fn status_file(&self, path: &Path) -> Option<Vec<u8>> {
        read_regular(path).ok().map(|(bytes, _)| bytes)
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

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
}
