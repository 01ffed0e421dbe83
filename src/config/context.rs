//! What every reading step of one file needs: where findings go, how to speak of places and types.
//!
//! In: a file's id, format and surroundings. Out: findings in the file's own words.
//! Invariant: this module never repeats a value of `env` or of an argv: it may be a secret.

use std::path::PathBuf;

use super::tree::{Node, Value};
use super::{Format, Surroundings};
use crate::base::{JobId, limits};
use crate::diag::{Code, FileId, Finding, Sink, Span};

/// Longest piece of the config's own text repeated in a finding.
const QUOTED_CHARS: usize = 60;

/// One file while it is read.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) file: FileId,
    pub(super) format: Format,
    pub(super) dir: PathBuf,
    pub(super) around: Surroundings,
    pub(super) sink: Sink,
    /// Its syntax is broken somewhere: what seems to be missing may just not have been understood.
    pub(super) damaged: bool,
    /// The job that is read; what is found meanwhile is about it.
    pub(super) job: Option<JobId>,
    taken: usize,
}

impl Context {
    pub(super) fn new(file: FileId, format: Format, dir: PathBuf, around: &Surroundings) -> Self {
        let (around, sink) = (around.clone(), Sink::new());
        Self { file, format, dir, around, sink, damaged: false, job: None, taken: 0 }
    }

    /// A place in this file. Offsets fit: files are bounded far below `u32::MAX`.
    pub(super) fn span(&self, range: &std::ops::Range<usize>) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { file: self.file, start: offset(range.start), end: offset(range.end) }
    }

    pub(super) fn push(&mut self, mut finding: Finding) {
        self.taken += 1;
        finding.job = finding.job.or_else(|| self.job.clone());
        self.sink.push(finding);
    }

    /// Are further findings only counted? Then a costly one need not be worded.
    pub(super) fn is_flooded(&self) -> bool {
        self.taken >= limits::FINDINGS_PER_FILE
    }

    /// OF004: `path` must be something else than `node` is.
    pub(super) fn wrong(&mut self, node: &Node, path: &str, must: &str) {
        if let Some(found) = self.describe(&node.value) {
            let message = format!("`{path}` must be {must}, not {found}");
            self.push(Finding::new(Code::WrongType, node.span, message));
        }
    }

    /// OF004: the type is right, the value is not.
    pub(super) fn out_of_range(&mut self, node: &Node, path: &str, must: &str) {
        self.push(Finding::new(Code::WrongType, node.span, format!("`{path}` must be {must}")));
    }

    /// OF005 at `place`, with a minimal example in the file's own format.
    pub(super) fn missing(&mut self, place: Span, message: String, example: &[(&str, &str)]) {
        if self.damaged {
            return;
        }
        let help = format!("add {}", self.example(example));
        self.push(Finding::new(Code::MissingKey, place, message).help(help));
    }

    /// `key = value, …` or `"key": value, …`. The values themselves are spelled alike in both.
    pub(super) fn example(&self, pairs: &[(&str, &str)]) -> String {
        let one = |(key, value): &(&str, &str)| match self.format {
            Format::Toml => format!("{key} = {value}"),
            Format::Json => format!("\"{key}\": {value}"),
        };
        pairs.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// What a value is, in the file's own words; `None` for what a syntax error left.
    fn describe(&self, value: &Value) -> Option<&'static str> {
        Some(match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Str(_) => "a string",
            Value::Array(_) => "an array",
            Value::Table(_) => self.table_word(),
            Value::Other(name) => name,
            Value::Broken => return None,
        })
    }

    /// What the format calls a table.
    pub(super) fn table_word(&self) -> &'static str {
        match self.format {
            Format::Toml => "a table",
            Format::Json => "an object",
        }
    }
}

/// A piece of the config's text, quoted, on one line and bounded.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// The same without quotes, for a message that has its own.
pub(super) fn shown(text: &str) -> String {
    // What needs no escape stands as it is: so does nearly every id.
    if text.len() <= QUOTED_CHARS
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_. ".contains(&b))
    {
        return text.to_owned();
    }
    let inner = quoted(text);
    inner.get(1..inner.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// The same between backticks, for keys and ids.
pub(super) fn ticked(text: &str) -> String {
    format!("`{}`", shown(text))
}
