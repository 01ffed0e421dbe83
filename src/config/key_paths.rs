//! What a place of a config file belongs to: which job, and which key of it.
//!
//! In: a file's text and places in it. Out: a [`KeyPath`] for each place that is one key's or value's.
//! Invariant: this module never fails: a text without a tree has no keys.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::context::Context;
use super::tree::{Node, Value};
use super::{Format, Surroundings, json, toml};
use crate::diag::{FileId, KeyPath, Span};

/// The keys that the places, all of one file, belong to.
#[must_use]
pub fn key_paths(text: &str, places: &[Span]) -> BTreeMap<Span, KeyPath> {
    let file = places.first().map_or(FileId::default(), |place| place.file);
    // Nothing that does not begin with a brace is a JSON file with keys, and no TOML file does.
    let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Toml };
    let mut ctx = Context::new(file, format, PathBuf::new(), &Surroundings::default());
    let root = match format {
        Format::Json => json::parse_json(text, &mut ctx),
        Format::Toml => toml::parse_toml(text, &mut ctx),
    };
    let mut starts: Vec<Span> = places.to_vec();
    starts.sort_unstable_by_key(|place| place.start);
    let mut search = Search { places: starts, found: BTreeMap::new() };
    if let Some(root) = root {
        search.table(&root, &KeyPath::default(), true);
    }
    search.found.into_iter().map(|(place, (_, key))| (place, key)).collect()
}

struct Search {
    /// By their start.
    places: Vec<Span>,
    /// With the size of what it was found in: the narrowest counts.
    found: BTreeMap<Span, (u32, KeyPath)>,
}

impl Search {
    fn visit(&mut self, at: Span, key: &KeyPath) {
        let size = at.end.saturating_sub(at.start);
        let from = self.places.partition_point(|place| place.start < at.start);
        for place in self.places.iter().skip(from).take_while(|place| place.start <= at.end) {
            let inside = place.end <= at.end && (place.start < at.end || size == 0);
            if inside && self.found.get(place).is_none_or(|(other, _)| size < *other) {
                self.found.insert(*place, (size, key.clone()));
            }
        }
    }

    fn table(&mut self, node: &Node, key: &KeyPath, top: bool) {
        let Value::Table(entries) = &node.value else { return };
        for (name, value) in entries {
            let inner = below(key, &name.name);
            self.visit(name.span, &inner);
            match &value.value {
                Value::Array(jobs) if top && name.name == "jobs" => {
                    self.visit(value.span, &inner);
                    self.jobs(jobs);
                }
                Value::Array(_)
                | Value::Table(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::Str(_)
                | Value::Other(_)
                | Value::Broken => self.value(value, &inner),
            }
        }
    }

    fn jobs(&mut self, jobs: &[Node]) {
        for (index, job) in jobs.iter().enumerate() {
            let key = match id_of(job) {
                Some(id) => KeyPath { job: Some(id), path: String::new() },
                None => KeyPath { job: None, path: format!("jobs[{index}]") },
            };
            self.value(job, &key);
        }
    }

    fn value(&mut self, node: &Node, key: &KeyPath) {
        self.visit(node.span, key);
        self.table(node, key, false);
        if let Value::Array(items) = &node.value {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{}[{index}]", key.path);
                self.value(item, &KeyPath { job: key.job.clone(), path });
            }
        }
    }
}

fn id_of(job: &Node) -> Option<String> {
    let Value::Table(entries) = &job.value else { return None };
    entries.iter().find_map(|(key, value)| match &value.value {
        Value::Str(id) if key.name == "id" => Some(id.trim().to_owned()),
        Value::Str(_)
        | Value::Array(_)
        | Value::Table(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Other(_)
        | Value::Broken => None,
    })
}

/// A key that is no plain word is quoted, as both formats take it.
fn below(key: &KeyPath, name: &str) -> KeyPath {
    let plain = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let name = if plain { name.to_owned() } else { format!("{name:?}") };
    let path = if key.path.is_empty() { name } else { format!("{}.{name}", key.path) };
    KeyPath { job: key.job.clone(), path }
}
