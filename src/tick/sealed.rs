//! Are the files of an approved step still what they were?
//!
//! In: a step of a plan, and the port that looks at files. Out: the first difference, in words.
//! Invariant: a step that can't be looked at is no unchanged one.

use std::path::Path;

use crate::base::limits;
use crate::model::{PlanStep, STANDARD_PATH, SealedFile};
use crate::ports::{FileFacts, FileLook};

/// What has changed since the plan was made; `None`: nothing.
pub(super) fn changed(step: &PlanStep, files: &dyn FileFacts) -> Option<String> {
    let name = step.argv.first().map_or("", String::as_str);
    let path = step.env.get("PATH").map_or(STANDARD_PATH, String::as_str);
    let resolved = files.resolve(name, Path::new(&step.cwd), path);
    let program = match resolved.and_then(|file| files.look(&file, None)) {
        Ok(FileLook::File(found)) => found.path,
        Ok(FileLook::TooLarge | FileLook::Folder | FileLook::Missing) => String::new(),
        Err(why) => return Some(why),
    };
    if program != step.program.path {
        return Some(format!("`{name}` is no longer {}, which was approved", step.program.path));
    }
    let sealed = std::iter::once(&step.program).chain(&step.interpreters).chain(&step.files);
    sealed.into_iter().find_map(|file| difference(file, files))
}

fn difference(file: &SealedFile, files: &dyn FileFacts) -> Option<String> {
    match files.look(Path::new(&file.path), Some(limits::PLAN_PROGRAM_BYTES)) {
        Ok(FileLook::File(found)) if found == *file => None,
        Ok(FileLook::File(_) | FileLook::TooLarge | FileLook::Folder | FileLook::Missing) => {
            Some(format!("{} is not what was approved", file.path))
        }
        Err(why) => Some(why),
    }
}
