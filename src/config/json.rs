//! Strict JSON to the spanned tree, by way of `jsonc-parser`'s syntax tree.
//!
//! In: a text. Out: a tree, or the first syntax error as OF001; repeated keys as OF003.
//! The parser's leniencies are off; what it still lets through (raw control characters, exotic
//! white space) and depth are checked here first, in one walk over the bytes.
//! Invariant: this module never accepts what RFC 8259 forbids.

use std::collections::BTreeMap;

use jsonc_parser::ast;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions};

use super::context::{Context, ticked};
use super::tree::{DEPTH_MAX, Key, Node, Value};
use crate::diag::{Code, Finding, Span};

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Parses `text`; findings go to `ctx`.
pub(super) fn parse_json(text: &str, ctx: &mut Context) -> Option<Node> {
    let flaw = find_flaw(text);
    if let Some(Flaw::TooDeep(at)) = flaw {
        let message = format!("nested deeper than {DEPTH_MAX} levels");
        syntax_error(ctx, &(at..at + 1), &message, None);
        return None;
    }
    let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &STRICT);
    let parse_error = parsed.as_ref().err();
    if let Some(Flaw::Character(at)) = flaw
        && parse_error.is_none_or(|error| error.range().start >= at)
    {
        let width = text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        let message = "a character that JSON does not allow here";
        let help = "inside a string, write it as an escape: \\n, \\t, \\u0000";
        syntax_error(ctx, &(at..at + width), message, Some(help));
        return None;
    }
    match parsed {
        Ok(result) => {
            if result.value.is_none() {
                syntax_error(ctx, &(0..0), "the file is empty", None);
            }
            result.value.map(|value| lower(&value, ctx))
        }
        Err(error) => {
            let Range { start, end } = error.range();
            let (message, help) = worded(&error);
            syntax_error(ctx, &(start..end), &message, help);
            None
        }
    }
}

fn syntax_error(
    ctx: &mut Context,
    range: &std::ops::Range<usize>,
    message: &str,
    help: Option<&str>,
) {
    let mut finding =
        Finding::new(Code::SyntaxError, ctx.span(range), format!("not JSON: {message}"));
    if let Some(help) = help {
        finding = finding.help(help);
    }
    ctx.push(finding);
}

fn worded(error: &ParseError) -> (String, Option<&'static str>) {
    let text = error.kind().to_string();
    let mut letters = text.chars();
    let message = match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => text,
    };
    let help = if matches!(
        error.kind(),
        ParseErrorKind::CommentsNotAllowed | ParseErrorKind::TrailingCommasNotAllowed
    ) {
        Some("remove it, or write the config as TOML, which allows it")
    } else {
        None
    };
    (message, help)
}

/// Objects of at most so many keys are searched for repeated ones one by one.
const SMALL_TABLE: usize = 16;

/// What the parser itself would let through.
enum Flaw {
    TooDeep(usize),
    Character(usize),
}

/// The first flaw, in one walk. Depth matters more: it decides whether parsing is safe at all.
fn find_flaw(text: &str) -> Option<Flaw> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut character = None;
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            if byte > b'\\' || (!escaped && byte > b'"' && byte < b'\\') {
                // Nearly every byte of a string, and nothing that matters here.
                escaped = false;
                continue;
            }
            if byte < 0x20 {
                character.get_or_insert(at);
            }
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            in_string = !ends;
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b' ' | b'\t' | b'\n' | b'\r' => {}
            0..0x20 | 0x7f.. => {
                character.get_or_insert(at);
            }
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Some(Flaw::TooDeep(at));
        }
    }
    character.map(Flaw::Character)
}

fn lower(value: &ast::Value<'_>, ctx: &mut Context) -> Node {
    let range = value.range();
    let span = ctx.span(&(range.start..range.end));
    let (span, value) = match value {
        ast::Value::NullKeyword(_) => (span, Value::Null),
        ast::Value::BooleanLit(lit) => (span, Value::Bool(lit.value)),
        ast::Value::StringLit(lit) => (span, Value::Str(lit.value.to_string())),
        ast::Value::NumberLit(lit) => (span, number(lit.value)),
        ast::Value::Array(array) => {
            let items = array.elements.iter().map(|item| lower(item, ctx)).collect();
            (span, Value::Array(items))
        }
        ast::Value::Object(object) => {
            let head = Span { end: span.start + 1, ..span };
            (head, Value::Table(lower_object(object, ctx)))
        }
    };
    Node { span, value }
}

fn number(digits: &str) -> Value {
    let whole = digits.parse::<i64>().map(Value::Int);
    whole.or_else(|_| digits.parse().map(Value::of_float)).unwrap_or(Value::Other("an odd number"))
}

fn lower_object(object: &ast::Object<'_>, ctx: &mut Context) -> Vec<(Key, Node)> {
    let mut entries: Vec<(Key, Node)> = Vec::with_capacity(object.properties.len());
    // A few keys are compared faster than they are sorted into a tree.
    let small = object.properties.len() <= SMALL_TABLE;
    let mut first_places: BTreeMap<&str, Span> = BTreeMap::new();
    for property in &object.properties {
        let (name, range) = (property.name.as_str(), property.name.range());
        let span = ctx.span(&(range.start..range.end));
        let first = if small {
            entries.iter().find(|(key, _)| key.name == name).map(|(key, _)| key.span)
        } else {
            first_places.insert(name, span)
        };
        if let Some(first) = first {
            // The first place is the one to name, however often the key comes.
            first_places.insert(name, first);
            let message = format!("the key {} stands here twice", ticked(name));
            ctx.push(
                Finding::new(Code::DuplicateKey, span, message)
                    .also(first, "first here")
                    .help("remove one of them"),
            );
            continue;
        }
        let key = Key { name: name.to_owned(), span };
        entries.push((key, lower(&property.value, ctx)));
    }
    entries
}
