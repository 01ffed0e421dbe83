//! From a command to the files that the kernel, and `env`, would start for it.
//!
//! In: a command, its folder and PATH, and the port that looks at files. Out: its program and
//! interpreters, hashed, and where their paths lead.
//! Invariant: what can't be told is listed as not covered, and what can be seen to fail is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::env_words::program_of_env;
use crate::base::limits;
use crate::model::SealedFile;
use crate::ports::{FileFacts, FileLook, Loadable};

/// Where paths lead that lead elsewhere.
pub type Links = BTreeMap<String, String>;

/// What starts for a command.
#[derive(Clone, Debug)]
pub struct SealedProgram {
    /// The path that is executed.
    pub exec: String,
    /// The file that it leads to.
    pub program: SealedFile,
    /// What is started in its place to run it, outermost first.
    pub interpreters: Vec<SealedFile>,
    /// Where the paths of all these lead.
    pub links: Links,
    /// What can't be told of it.
    pub not_covered: Option<String>,
}

/// Finds and hashes what would start for this command.
///
/// # Errors
/// A sentence, where something of it is missing or can't be started.
pub fn seal_program(
    argv: &[String],
    cwd: &Path,
    path: &str,
    facts: &dyn FileFacts,
) -> Result<SealedProgram, String> {
    let (name, mut words) = match argv.split_first() {
        Some((name, words)) => (name.as_str(), words.to_vec()),
        None => ("", Vec::new()),
    };
    let exec = plain(&facts.resolve(name, cwd, path)?);
    let shown = exec.to_str().map(str::to_owned);
    let shown = shown.ok_or_else(|| format!("the path {} is not UTF-8", exec.display()))?;
    let mut links = Links::new();
    let program = seal_file(&exec, facts, &mut links)?;
    let (mut interpreters, mut not_covered) = (Vec::new(), None);
    let mut file = exec;
    loop {
        let is_env = file.file_name().is_some_and(|name| name == "env");
        match facts.loadable(&file)? {
            Loadable::Script { interpreter, words: mut own } => {
                own.push(file.display().to_string());
                own.append(&mut words);
                (file, words) = (plain(&cwd.join(interpreter)), own);
            }
            Loadable::Binary if !is_env => break,
            Loadable::Binary => {
                let Some((name, rest)) = program_of_env(&words) else {
                    not_covered = Some("the program that env starts".to_owned());
                    break;
                };
                (file, words) = (plain(&facts.resolve(&name, cwd, path)?), rest);
            }
        }
        if interpreters.len() == limits::INTERPRETERS {
            let most = limits::INTERPRETERS;
            return Err(format!("{shown} names more than {most} interpreters, one after another"));
        }
        interpreters.push(seal_file(&file, facts, &mut links)?);
    }
    Ok(SealedProgram { exec: shown, program, interpreters, links, not_covered })
}

/// Hashes a file that has to be there.
///
/// # Errors
/// A sentence, where it is none, or can't be read.
pub fn seal_file(
    path: &Path,
    facts: &dyn FileFacts,
    links: &mut Links,
) -> Result<SealedFile, String> {
    let name = path.display();
    match facts.look(path, None)? {
        FileLook::File(sealed) => {
            note_link(path, &sealed.path, links);
            Ok(sealed)
        }
        FileLook::TooLarge { .. } => Err(format!("{name} is too large to be hashed")),
        FileLook::Folder { .. } => Err(format!("{name} is a folder, where a file is needed")),
        FileLook::Special { .. } => {
            Err(format!("{name} is a device, a pipe or a socket, where a file is needed"))
        }
        FileLook::Missing { .. } => Err(format!("{name} is not there")),
    }
}

/// Notes where a path leads, if that is elsewhere.
pub fn note_link(path: &Path, leads: &str, links: &mut Links) {
    let from = plain(path).display().to_string();
    if from != leads {
        links.insert(from, leads.to_owned());
    }
}

/// Without `.` and doubled slashes, which lead nowhere else; `..` may, behind a link.
fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}
