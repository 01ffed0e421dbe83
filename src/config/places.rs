//! Where the keys of a table stand.
//!
//! In: the entries of a job, or of `defaults`. Out: [`Places`].
//! Invariant: what is kept stays in proportion to the text: only tables of the config's own names
//! are gone into, and no name longer than a text may be is kept.

use super::tree::{Key, Node, Value};
use crate::base::limits;
use crate::model::{Place, Places};

/// Tables whose keys are looked up.
const TABLES: [&str; 6] =
    ["commands", "policy", "approval", "env", "quietHours", "policy.quietHours"];
/// The table of argvs.
const ARGVS: &str = "commands.";

/// The places of a table's keys.
pub(super) fn places_of(node: &Node) -> Places {
    let mut places = Places::default();
    if let Value::Table(entries) = &node.value {
        note_all(entries, "", &mut places);
    }
    places
}

fn note_all(entries: &[(Key, Node)], prefix: &str, places: &mut Places) {
    for (key, node) in entries.iter().filter(|(key, _)| key.name.len() <= limits::TEXT_CHARS) {
        let path = format!("{prefix}{}", key.name);
        let words = match &node.value {
            Value::Array(items) if prefix == ARGVS => items.iter().map(|item| item.span).collect(),
            Value::Table(inner) if TABLES.contains(&path.as_str()) => {
                note_all(inner, &format!("{path}."), places);
                Vec::new()
            }
            // `null` is the same as leaving the key out.
            Value::Null => continue,
            Value::Array(_)
            | Value::Table(_)
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::Other(_)
            | Value::Broken => Vec::new(),
        };
        places.note(path, Place { key: key.span, value: node.span, words });
    }
}
