//! A small validator of JSON Schema, draft-07: the keywords that the schemas here use, no others.
//!
//! In: a schema and a value. Out: what is wrong with the value, by its place.
//! Invariant: a keyword that is not known here is a panic, never passed over.

use regex_lite::Regex;
use serde_json::{Map, Value};

/// What is wrong with `value`; empty if it is valid.
pub(crate) fn validate(root: &Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    check(root, root, value, "$", &mut wrong);
    wrong
}

fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut wrong = Vec::new();
    check(root, schema, value, "$", &mut wrong);
    wrong.is_empty()
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Value::Bool(allowed) = schema {
        if !allowed {
            wrong.push(format!("{at}: nothing may stand here"));
        }
        return;
    }
    let map = schema.as_object().expect("a schema");
    if let Some(target) = map.get("$ref") {
        let pointer = target.as_str().expect("a string").trim_start_matches('#');
        return check(root, root.pointer(pointer).expect("a definition"), value, at, wrong);
    }
    for (keyword, argument) in map {
        let whole = check_any(root, map, (keyword, argument), value)
            && check_number(keyword, argument, value)
            && check_text(keyword, argument, value);
        if !whole {
            wrong.push(format!("{at}: {keyword} {argument}, but it is {value}"));
        }
    }
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                if let Some(schema) = map.get("items") {
                    check(root, schema, item, &format!("{at}[{i}]"), wrong);
                }
            }
        }
        Value::Object(entries) => check_entries(root, map, entries, at, wrong),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_entries(
    root: &Value,
    map: &Map<String, Value>,
    entries: &Map<String, Value>,
    at: &str,
    wrong: &mut Vec<String>,
) {
    for (key, value) in entries {
        let at = format!("{at}.{key}");
        match map.get("properties").and_then(|properties| properties.get(key)) {
            Some(schema) => check(root, schema, value, &at, wrong),
            None => {
                if let Some(schema) = map.get("additionalProperties") {
                    check(root, schema, value, &at, wrong);
                }
            }
        }
        if let Some(schema) = map.get("propertyNames") {
            check(root, schema, &Value::from(key.as_str()), &at, wrong);
        }
    }
}

/// Keywords of any value, and the names of all keywords that there are.
fn check_any(
    root: &Value,
    map: &Map<String, Value>,
    (keyword, argument): (&str, &Value),
    value: &Value,
) -> bool {
    let all = || argument.as_array().expect("an array").iter();
    let least = |n: &Value| usize::try_from(n.as_u64().expect("a number")).expect("small");
    match keyword {
        "type" => match argument.as_array() {
            Some(types) => types.iter().any(|one| is_a(one, value)),
            None => is_a(argument, value),
        },
        "enum" => all().any(|one| same(one, value)),
        "const" => same(argument, value),
        "allOf" => all().all(|schema| fits(root, schema, value)),
        "anyOf" => all().any(|schema| fits(root, schema, value)),
        "oneOf" => all().filter(|schema| fits(root, schema, value)).count() == 1,
        "not" => !fits(root, argument, value),
        "if" => {
            let branch = if fits(root, argument, value) { "then" } else { "else" };
            map.get(branch).is_none_or(|schema| fits(root, schema, value))
        }
        "required" => value.as_object().is_none_or(|entries| {
            all().all(|key| entries.contains_key(key.as_str().expect("a key")))
        }),
        "minItems" => value.as_array().is_none_or(|items| items.len() >= least(argument)),
        "maxItems" => value.as_array().is_none_or(|items| items.len() <= least(argument)),
        "uniqueItems" => value.as_array().is_none_or(|items| {
            argument == &Value::Bool(false)
                || items.iter().enumerate().all(|(i, item)| !items[..i].contains(item))
        }),
        // Looked at elsewhere, or only said.
        "properties"
        | "additionalProperties"
        | "propertyNames"
        | "items"
        | "then"
        | "else"
        | "minimum"
        | "maximum"
        | "exclusiveMinimum"
        | "pattern"
        | "minLength"
        | "$schema"
        | "$id"
        | "$comment"
        | "title"
        | "description"
        | "default"
        | "examples"
        | "format"
        | "definitions"
        | "x-untrusted" => true,
        other => panic!("the keyword {other} is not known to this validator"),
    }
}

fn check_number(keyword: &str, argument: &Value, value: &Value) -> bool {
    let (Some(bound), Some(number)) = (argument.as_f64(), value.as_f64()) else { return true };
    match keyword {
        "minimum" => number >= bound,
        "maximum" => number <= bound,
        "exclusiveMinimum" => number > bound,
        _ => true,
    }
}

fn check_text(keyword: &str, argument: &Value, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return true };
    match keyword {
        "pattern" => {
            Regex::new(argument.as_str().expect("a pattern")).expect("a pattern").is_match(text)
        }
        "minLength" => text.chars().count() as u64 >= argument.as_u64().expect("a number"),
        _ => true,
    }
}

fn is_a(name: &Value, value: &Value) -> bool {
    match name.as_str().expect("a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} does not exist"),
    }
}

/// `1.0` is the number `1`.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.to_bits() == other.to_bits(),
        (Some(_) | None, None) | (None, Some(_)) => one == other,
    }
}
