//! Strict JSON to the spanned tree, by way of `jsonc-parser`'s tokens.
//!
//! In: a text. Out: a tree, or the first syntax error as OF001; repeated keys as OF003.
//! A sound text goes from tokens to the tree at once (`json_tree`); only one that is not is parsed
//! by the library as a whole, for its words on what is wrong. Its leniencies are off; what it still
//! lets through (raw control characters, exotic white space) and depth are checked here first, in
//! one walk over the bytes.
//! Invariant: this module never accepts what RFC 8259 forbids.

use jsonc_parser::common::Range;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions};

use super::context::Context;
use super::json_tree::read_tree;
use super::tree::{DEPTH_MAX, Node};
use crate::diag::{Code, Finding};

/// Every leniency is off.
pub(super) const STRICT: ParseOptions = ParseOptions {
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
    if flaw.is_none()
        && let Some(root) = read_tree(text, ctx)
    {
        return Some(root);
    }
    let told = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &STRICT).err();
    if let Some(Flaw::Character(at)) = flaw
        && told.as_ref().is_none_or(|error| error.range().start >= at)
    {
        let width = text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        let message = "a character that JSON does not allow here";
        let help = "inside a string, write it as an escape: \\n, \\t, \\u0000";
        syntax_error(ctx, &(at..at + width), message, Some(help));
        return None;
    }
    match told {
        Some(error) => {
            let Range { start, end } = error.range();
            let (message, help) = worded(&error);
            syntax_error(ctx, &(start..end), &message, help);
        }
        None => syntax_error(ctx, &(0..0), "the file is empty", None),
    }
    None
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
