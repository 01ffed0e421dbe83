//! JSON5, as OpenClaw's own config is written: to plain values, without places.
//!
//! In: a text. Out: a value, or where it is not JSON5. Keys that stand twice: the last one counts,
//! as it does there.
//! Invariant: this module never serves opsfsm's own config, which is strict.

use jsonc_parser::{JsonValue, ParseOptions, parse_to_value};
use serde_json::{Map, Value};

/// Parses `text`; nesting is bounded by the parser.
///
/// # Errors
/// What is wrong with it, and where; never a piece of it.
pub fn parse_json5(text: &str) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = ParseOptions { allow_missing_commas: false, ..ParseOptions::default() };
    match parse_to_value(text, &options) {
        Ok(Some(value)) => Ok(plain(value)),
        Ok(None) => Err("the file is empty".to_owned()),
        Err(error) => Err(format!(
            "not JSON5 at line {}, column {}",
            error.line_display(),
            error.column_display()
        )),
    }
}

fn plain(value: JsonValue<'_>) -> Value {
    match value {
        JsonValue::Null => Value::Null,
        JsonValue::Boolean(yes) => Value::Bool(yes),
        JsonValue::String(text) => Value::String(text.into_owned()),
        JsonValue::Number(digits) => number(digits),
        JsonValue::Array(items) => items.into_iter().map(plain).collect(),
        JsonValue::Object(entries) => {
            let pairs = entries.into_iter().map(|(key, value)| (key.into_owned(), plain(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

/// A number as it is written; what no JSON number can hold (`NaN`) is null.
fn number(digits: &str) -> Value {
    let bare = digits.strip_prefix('+').unwrap_or(digits);
    let (sign, size) = bare.strip_prefix('-').map_or((1, bare), |rest| (-1, rest));
    let hex = size.strip_prefix("0x").or_else(|| size.strip_prefix("0X"));
    let whole = match hex {
        Some(hex) => i64::from_str_radix(hex, 16).ok().map(|number| sign * number),
        None => bare.parse::<i64>().ok(),
    };
    whole.map_or_else(|| bare.parse::<f64>().map_or(Value::Null, Value::from), Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_json5_allows_is_read() {
        let text = "\u{feff}// a line\n{ bare: 'single', \"a b\": \"x\\\ny\", /* block */ $d_1: [1, +2, .5, 5., \
                    0xFF, -0x10, -1001234567890, 1e3, NaN, -Infinity, ], nested: { 'q': null, t: true, }, \
                    e: '\\x41\\u0042\"', }\n";
        let wanted = json!({
            "bare": "single", "a b": "xy",
            "$d_1": [1, 2, 0.5, 5.0, 255, -16, -1_001_234_567_890_i64, 1000.0, null, null],
            "nested": {"q": null, "t": true}, "e": "AB\"",
        });
        assert_eq!(parse_json5(text), Ok(wanted));
    }

    #[test]
    fn what_is_no_json5_is_refused_by_its_place_alone() {
        for (text, wanted) in [
            ("", "the file is empty"),
            ("// nothing", "the file is empty"),
            ("{a: 'secret}", "not JSON5 at line 1, column 5"),
            ("{\n  a: 1\n  b: 2\n}", "not JSON5 at line 2, column 7"),
            ("{a: secret}", "not JSON5 at line 1, column 5"),
        ] {
            assert_eq!(parse_json5(text), Err(wanted.to_owned()), "{text:?}");
        }
        for open in ["[", "{a:"] {
            assert!(parse_json5(&open.repeat(100_000)).is_err(), "bounded");
        }
    }
}
