//! The folder that a step of a plan runs in.
//!
//! In: a job, and the port that looks at files. Out: its folder as the plan has it.
//! Invariant: a write runs in the folder that was approved, whatever a link leads to by then; a
//! verification runs where its path leads once the write has run, which may have turned it.

use std::path::{Component, Path, PathBuf};

use crate::model::{Job, Kind};
use crate::ports::{FileFacts, FileLook};
use crate::tick::{Links, note_link};

/// The folder of a write with links resolved; that of a verification as it is declared.
pub(super) fn folder_of(
    job: &Job,
    facts: &dyn FileFacts,
    links: &mut Links,
) -> Result<String, String> {
    if job.kind() == Kind::OneShotWrite {
        return facts.folder(&job.cwd);
    }
    let folder = without_dots(&job.cwd, facts);
    let leads = match facts.look(&folder, Some(0))? {
        // One that is not there yet may be what the write makes.
        FileLook::Missing { path: Some(path) } => path,
        FileLook::Missing { path: None }
        | FileLook::File(_)
        | FileLook::TooLarge { .. }
        | FileLook::Folder { .. }
        | FileLook::Special { .. } => facts.folder(&folder)?,
    };
    note_link(&folder, &leads, links);
    let text = folder.to_str().map(str::to_owned);
    text.ok_or_else(|| format!("the path {} is not UTF-8", folder.display()))
}

/// Without each `a/..` whose `a` is a folder and no link: it leads nowhere else.
fn without_dots(path: &Path, facts: &dyn FileFacts) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let own = |plain: &PathBuf| match facts.look(plain, Some(0)) {
            Ok(FileLook::Folder { path }) => plain.to_str() == Some(&path),
            Ok(
                FileLook::File(_)
                | FileLook::TooLarge { .. }
                | FileLook::Special { .. }
                | FileLook::Missing { .. },
            )
            | Err(_) => false,
        };
        if part == Component::ParentDir && own(&plain) {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}
