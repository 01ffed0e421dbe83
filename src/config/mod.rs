//! From the texts of config files to the model: all findings in one pass, each with its place.
//!
//! In: the bytes of one or more TOML or JSON files and what is known of their surroundings.
//! Out: [`Parsed`]: the model, the sources for rendering, and every finding.
//! Stages: bytes → text → spanned tree (`toml`, `json`) → typed values (`cursor`) → model.
//! Invariant: this module never does I/O, never panics, and takes time linear in its input.

mod assume;
mod commands;
mod context;
mod cursor;
mod file;
mod gate;
mod history;
mod jobs;
mod json;
mod json5;
mod json_tree;
mod key_docs;
mod key_paths;
mod paths;
mod places;
mod policy;
mod printed;
mod report;
mod schema;
mod suppressions;
mod text;
mod toml;
mod toml_guard;
mod tree;
mod useless;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use assume::{
    Assumed, Assumptions, Spell, Supposed, parse_assumptions, parse_moment, parse_span,
};
pub use json5::parse_json5;
pub use key_paths::key_paths;
pub use printed::{move_config, print_config, read_config_value};
pub use schema::schema;

use crate::base::JobId;
use crate::diag::{Sink, Sources};
use crate::model::{Model, Outline};

/// How a config file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.1.
    Toml,
    /// Strict JSON, as ops-monitor v1 read it.
    Json,
}

/// One config file, read but not looked into.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// The name to show: the path as it was given.
    pub name: String,
    /// The folder of the file: absolute. Relative `cwd`s start here.
    pub dir: PathBuf,
    /// How it is written.
    pub format: Format,
    /// Its content; at most [`limits::CONFIG_BYTES`](crate::base::limits::CONFIG_BYTES) are looked
    /// at: more is a finding.
    pub bytes: Vec<u8>,
}

/// What the config's paths are resolved against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// What `~` means.
    pub home: Option<PathBuf>,
    /// The `cwd` of a job that names none: OpenClaw's state folder, if it exists. Without it, the
    /// folder of the file that declares the job.
    pub default_cwd: Option<PathBuf>,
}

/// What came of parsing.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What the files declare; `None` exactly if a finding is an error.
    pub model: Option<Model>,
    /// What could be read where there is no model: without the jobs that lack or misstate something.
    /// `None` where a file's syntax is broken.
    pub legible: Option<Model>,
    /// Of every job with an id, whatever else is wrong with it. Empty where a file's syntax is
    /// broken: what seems to be missing may then just not have been understood.
    pub outlines: BTreeMap<JobId, Outline>,
    /// The texts, for rendering the findings.
    pub sources: Sources,
    /// Every finding.
    pub sink: Sink,
}

/// Parses the files of one config together: their jobs are united, and `defaults` and `report`,
/// each in at most one of them, hold for all.
#[must_use]
pub fn parse_config(files: Vec<SourceText>, around: &Surroundings) -> Parsed {
    parse(files, around, true)
}

/// The same without the places of the jobs' keys, which only advice points at.
#[must_use]
pub fn parse_config_to_run(files: Vec<SourceText>, around: &Surroundings) -> Parsed {
    parse(files, around, false)
}

fn parse(files: Vec<SourceText>, around: &Surroundings, with_places: bool) -> Parsed {
    let mut sources = Sources::default();
    let loaded: Vec<_> =
        files.into_iter().map(|file| text::parse_text(file, around, &mut sources)).collect();
    let file::Declared { model, whole, outlines, sink } = file::parse_model(loaded, with_places);
    let (model, legible) =
        if sink.has_errors() { (None, whole.then_some(model)) } else { (Some(model), None) };
    Parsed { model, legible, outlines, sources, sink }
}
