//! Are the files of an approved verification still what they were?
//!
//! In: its step of the plan, and the port that looks at files. Out: the first difference, in words.
//! Where its folder and arguments lead is for it to see: the write may have turned a link.
//! Invariant: a step that can't be looked at is no unchanged one.

use std::path::Path;

use super::seal::seal_program;
use crate::base::limits;
use crate::model::{PlanStep, STANDARD_PATH, SealedFile};
use crate::ports::{FileFacts, FileLook};

/// What has changed since the plan was made; `None`: nothing.
pub(super) fn changed(step: &PlanStep, files: &dyn FileFacts) -> Option<String> {
    is_unchanged(step, files).err()
}

fn is_unchanged(step: &PlanStep, files: &dyn FileFacts) -> Result<(), String> {
    let name = step.argv.first().map_or("", String::as_str);
    let path = step.env.get("PATH").map_or(STANDARD_PATH, String::as_str);
    let cwd = Path::new(&step.cwd);
    let now = seal_program(&step.argv, cwd, path, files)?;
    if (&now.exec, &now.program.path) != (&step.exec, &step.program.path) {
        return Err(format!("`{name}` is no longer {}, which was approved", step.program.path));
    }
    let before = std::iter::once(&step.program).chain(&step.interpreters);
    let sealed = std::iter::once(&now.program).chain(&now.interpreters);
    if let Some((was, _)) = before.zip(sealed).find(|(was, is)| was != is) {
        return Err(unlike(was));
    }
    if now.interpreters.len() != step.interpreters.len() {
        return Err(format!("the interpreters of `{name}` are not those that were approved"));
    }
    for file in &step.files {
        let found = files.look(Path::new(&file.path), Some(limits::PLAN_PROGRAM_BYTES))?;
        if found != FileLook::File(file.clone()) {
            return Err(unlike(file));
        }
    }
    Ok(())
}

fn unlike(file: &SealedFile) -> String {
    format!("{} is not what was approved", file.path)
}
