//! A config as text: the value that a file holds, written in either format.
//!
//! In: the text of a file whose findings were looked at already. Out: its value; the same meaning
//! for another folder; a text, with keys in the order in which people read them.
//! Invariant: no key and no job is left out, but for the nulls of JSON, which mean the same as
//! nothing.

use std::path::Path;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};

use super::{Format, SourceText, Surroundings};

/// What people look for first; everything else follows by name, tables of a job at its end.
const FIRST: [&str; 27] = [
    "version",
    "timezone",
    "defaults",
    "report",
    "history",
    "suppressions",
    "id",
    "jobId",
    "name",
    "kind",
    "risk",
    "enabled",
    "manual",
    "cwd",
    "everySeconds",
    "timeoutSeconds",
    "when",
    "delaySeconds",
    "start",
    "status",
    "statusFile",
    "stop",
    "run",
    "commands",
    "env",
    "policy",
    "after",
];

/// The value that a file holds.
///
/// # Errors
/// It is no TOML, or no JSON, of a config.
pub fn read_config_value(file: &SourceText) -> Result<Value, String> {
    let text = std::str::from_utf8(&file.bytes).map_err(|e| e.to_string())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match file.format {
        Format::Toml => toml::from_str(text).map_err(|e| e.to_string()),
        Format::Json => serde_json::from_str(text).map_err(|e| e.to_string()),
    }
}

/// The same config for a file in another folder: paths that start from the file's own are absolute
/// from now on.
///
/// # Errors
/// The folder it comes from has no name that a config can hold.
pub fn move_config(config: &mut Value, from: &Path, around: &Surroundings) -> Result<(), String> {
    let folder = from.to_str().ok_or_else(|| format!("{} is not UTF-8", from.display()))?;
    let absolute = |value: &mut Value| {
        if let Value::String(path) = value
            && !path.starts_with(['/', '~'])
        {
            *path = from.join(&*path).to_string_lossy().into_owned();
        }
    };
    if let Some(token) = config.pointer_mut("/report/telegram/tokenFile") {
        absolute(token);
    }
    let jobs = config.get_mut("jobs").and_then(Value::as_array_mut);
    for job in jobs.into_iter().flatten().filter_map(Value::as_object_mut) {
        let cwd = job.entry("cwd").or_insert(Value::Null);
        match (cwd.is_null(), &around.default_cwd) {
            (true, None) => *cwd = Value::from(folder),
            (true, Some(_)) => {}
            (false, _) => absolute(cwd),
        }
    }
    Ok(())
}

/// A config's text.
///
/// # Errors
/// It holds what the format has no form for.
pub fn print_config(config: &Value, format: Format) -> Result<String, String> {
    match format {
        Format::Toml => toml::to_string_pretty(&Ordered(config)).map_err(|e| e.to_string()),
        Format::Json => serde_json::to_string_pretty(&Ordered(config))
            .map(|text| text + "\n")
            .map_err(|e| e.to_string()),
    }
}

/// A value whose keys come in the order of [`FIRST`].
struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            Value::Object(table) => {
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in in_order(table) {
                    map.serialize_entry(key, &Ordered(value))?;
                }
                map.end()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.0.serialize(serializer)
            }
        }
    }
}

fn in_order(table: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let place = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    let mut pairs: Vec<_> = table.iter().filter(|(_, value)| !value.is_null()).collect();
    pairs.sort_by_key(|(key, value)| {
        // A job's own settings before its tables, and the jobs last of all.
        let late = *key == "jobs";
        (
            late,
            value.is_object() || value.as_array().is_some_and(|a| a.iter().any(Value::is_object)),
            place(key),
        )
    });
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_printed_is_read_as_the_same_in_either_format() {
        let config = json!({
            "jobs": [{"env": {"A b": "1\n\"2\" '3' \u{7f}", "id": "x"}, "id": "é\u{2028}", "n": null,
                      "commands": {"run": ["a", "", "c d"]}, "timeoutSeconds": 1.5,
                      "after": [{"when": "failure", "jobId": "y"}, {"jobId": "z"}]}, {"id": "y"}],
            "version": 1, "defaults": {"quietHours": {"start": "1"}, "maxResumes": 9},
        });
        let mut without = config.clone();
        without["jobs"][0].as_object_mut().expect("a job").remove("n");
        for format in [Format::Toml, Format::Json] {
            let text = print_config(&config, format).expect("a text");
            let file = SourceText {
                name: String::new(),
                dir: "/".into(),
                format,
                bytes: text.clone().into_bytes(),
            };
            assert_eq!(read_config_value(&file).expect("a value"), without, "{text}");
            let at = |word: &str| text.find(word).expect(word);
            assert!(at("version") < at("maxResumes") && at("maxResumes") < at("jobs"), "{text}");
        }
    }
}
