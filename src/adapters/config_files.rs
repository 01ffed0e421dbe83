//! Reads the file, or the folder of files, that a config is.
//!
//! In: a path. Out: the texts, ready for `config::parse_config`, or an error that names the path
//! and the way out.
//! Invariant: this module never reads anything but regular files, never more of one than
//! `limits::CONFIG_BYTES` and a byte, and never waits (a FIFO can't hold a tick up).

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use thiserror::Error;

use crate::base::limits;
use crate::config::{Format, SourceText};

/// Most files in one config folder.
const FILES_MAX: usize = 1000;

/// Why a config could not be read.
#[derive(Debug, Error)]
pub enum ConfigFileError {
    /// Nothing is there.
    #[error("no config at {0}: give another path with --config-file, or create it")]
    NotFound(PathBuf),
    /// Something is there, but not a file to read.
    #[error(
        "{0} is neither a regular file nor a folder: a config is never read from a device or pipe"
    )]
    NotRegular(PathBuf),
    /// A folder without any config.
    #[error("no *.toml or *.json in the folder {0}: put a config there, or name a file")]
    EmptyFolder(PathBuf),
    /// More files than anyone writes by hand.
    #[error("more than {FILES_MAX} config files in the folder {0}: is it the right one?")]
    TooManyFiles(PathBuf),
    /// The system refused.
    #[error("can't read {path}: {source}")]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// Why it was refused.
        source: io::Error,
    },
}

/// Reads `path`: a file, or the `*.toml` and `*.json` of a folder, sorted by name.
///
/// A file of more than [`limits::CONFIG_BYTES`] comes back cut one byte beyond: the parser then
/// refuses it with a finding of its own.
pub fn load_config_files(path: &Path) -> Result<Vec<SourceText>, ConfigFileError> {
    let facts = std::fs::metadata(path).map_err(|error| refused(path, error))?;
    if !facts.is_dir() {
        return Ok(vec![load_file(path)?]);
    }
    let names = list_config_files(path)?;
    names.iter().map(|name| load_file(name)).collect()
}

fn refused(path: &Path, source: io::Error) -> ConfigFileError {
    if source.kind() == io::ErrorKind::NotFound {
        ConfigFileError::NotFound(path.to_owned())
    } else {
        ConfigFileError::Unreadable { path: path.to_owned(), source }
    }
}

/// The configs of a folder, sorted by name.
pub fn list_config_files(folder: &Path) -> Result<Vec<PathBuf>, ConfigFileError> {
    let entries = std::fs::read_dir(folder).map_err(|error| refused(folder, error))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| refused(folder, error))?.path();
        if !is_config_name(&path) || path.is_dir() {
            continue;
        }
        if found.len() == FILES_MAX {
            return Err(ConfigFileError::TooManyFiles(folder.to_owned()));
        }
        found.push(path);
    }
    if found.is_empty() {
        return Err(ConfigFileError::EmptyFolder(folder.to_owned()));
    }
    found.sort();
    Ok(found)
}

/// A `*.toml` or `*.json` that is no dotfile and no editor's backup (`#x.toml`, `~x.toml`; those
/// that end in `~` or `#` have another ending).
fn is_config_name(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let hidden = name.is_none_or(|name| name.starts_with(['.', '#', '~']));
    !hidden && format_by_ending(path).is_some()
}

fn format_by_ending(path: &Path) -> Option<Format> {
    let ending = path.extension()?.to_str()?;
    if ending.eq_ignore_ascii_case("toml") {
        Some(Format::Toml)
    } else if ending.eq_ignore_ascii_case("json") {
        Some(Format::Json)
    } else {
        None
    }
}

/// Without a telling ending: what begins with a brace is JSON, everything else TOML.
fn format_by_content(bytes: &[u8]) -> Format {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match text.trim_ascii_start().first() {
        Some(b'{') => Format::Json,
        Some(_) | None => Format::Toml,
    }
}

/// Reads one file, by the same rules.
pub fn load_file(path: &Path) -> Result<SourceText, ConfigFileError> {
    let unreadable = |error| refused(path, error);
    // Asked before opening, for opening a device can already do something; asked again of what
    // was opened, for it can have been swapped.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(ConfigFileError::NotRegular(path.to_owned()));
    }
    let file = open_without_waiting(path).map_err(unreadable)?;
    let facts = file.metadata().map_err(unreadable)?;
    if !facts.is_file() {
        return Err(ConfigFileError::NotRegular(path.to_owned()));
    }
    let length = usize::try_from(facts.len().min(limits::CONFIG_BYTES)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(length + 1);
    file.take(limits::CONFIG_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    // The file itself, whichever links lead to it: the store knows its config by that path, and
    // so do executors, and all have to read the same out of it.
    let real = std::fs::canonicalize(path).map_err(unreadable)?;
    let dir = real.parent().unwrap_or(&real).to_owned();
    let format = format_by_ending(&real).unwrap_or_else(|| format_by_content(&bytes));
    Ok(SourceText { name: path.display().to_string(), dir, format, bytes })
}

/// Opens for reading; a FIFO without a writer does not block.
pub(super) fn open_without_waiting(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    #[test]
    fn the_ending_says_the_format_and_without_one_the_content_does() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text, format) in [
            ("a.toml", "{", Format::Toml),
            ("a.json", "version = 1", Format::Json),
            ("a.JSON", "", Format::Json),
            ("jobs", " \n {", Format::Json),
            ("jobs.conf", "\u{feff}{", Format::Json),
            ("jobs.conf", "version = 1", Format::Toml),
            ("empty", "", Format::Toml),
        ] {
            let path = write(folder.path(), name, text);
            let files = load_config_files(&path).expect("readable");
            assert_eq!(files.len(), 1);
            assert_eq!(
                (files[0].format, files[0].dir.as_path()),
                (format, folder.path()),
                "{name}"
            );
            assert_eq!(files[0].bytes, text.as_bytes());
        }
    }

    #[test]
    fn a_folder_gives_its_configs_by_name_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.toml", "a.json", ".c.toml", "#d.toml#", "d.toml~", "~e.toml", "readme.md"] {
            write(folder.path(), name, name);
        }
        std::fs::create_dir(folder.path().join("z.toml")).expect("made");
        let files = load_config_files(folder.path()).expect("readable");
        let names: Vec<_> = files.iter().map(|file| file.bytes.as_slice()).collect();
        assert_eq!(names, [b"a.json".as_slice(), b"b.toml"]);
    }

    #[test]
    fn what_can_not_be_read_is_named_with_a_way_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = folder.path().join("none.toml");
        let say = |path: &Path| {
            let error = load_config_files(path).expect_err("unreadable").to_string();
            error.replace(&folder.path().display().to_string(), "DIR")
        };
        expect_test::expect![
            "no config at DIR/none.toml: give another path with --config-file, or create it"
        ]
        .assert_eq(&say(&none));
        expect_test::expect![
            "no *.toml or *.json in the folder DIR: put a config there, or name a file"
        ]
        .assert_eq(&say(folder.path()));
        let pipe = folder.path().join("pipe.toml");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0)
            .expect("a FIFO");
        expect_test::expect![[
            "DIR/pipe.toml is neither a regular file nor a folder: a config is never read from a \
             device or pipe"
        ]]
        .assert_eq(&say(&pipe));
        assert!(matches!(
            load_config_files(Path::new("/dev/zero")),
            Err(ConfigFileError::NotRegular(_))
        ));
    }

    #[test]
    fn a_huge_file_is_read_one_byte_beyond_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("huge.toml");
        let file = File::create(&path).expect("created");
        file.set_len(limits::CONFIG_BYTES * 3).expect("sparse");
        let files = load_config_files(&path).expect("readable");
        assert_eq!(files[0].bytes.len() as u64, limits::CONFIG_BYTES + 1);
    }
}
