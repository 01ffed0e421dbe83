//! TOML to the spanned tree, going on after syntax errors.
//!
//! In: a text. Out: a tree of what was understood, syntax errors as OF001 (one a line), repeated
//! keys as OF003 with both places.
//! Values that touch a broken line come out as `Broken`, so that one mistake is told once; a
//! broken header, or too many errors, leave no tree, for keys would land in the wrong table.
//! Invariant: this module never hands out a value that the author did not write.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue, Error};

use super::context::{Context, ticked};
use super::toml_guard::find_too_deep;
use super::tree::{DEPTH_MAX, Key, Node, Value};
use crate::base::limits;
use crate::diag::{Code, Finding};

/// Beyond this size only the first syntax error is reported: the parser keeps every one it meets.
const RECOVER_BYTES: usize = 1 << 20;

/// What the parser says of a repeated key.
const DUPLICATE: &str = "duplicate key";

/// Parses `text`; findings go to `ctx`.
pub(super) fn parse_toml(text: &str, ctx: &mut Context) -> Option<Node> {
    if let Some(at) = find_too_deep(text) {
        let message =
            format!("not TOML that a config needs: nested deeper than {DEPTH_MAX} levels");
        ctx.push(Finding::new(Code::SyntaxError, ctx.span(&(at..at + 1)), message));
        ctx.damaged = true;
        return None;
    }
    let (root, errors) = parse(text);
    let (duplicates, mut broken): (Vec<Error>, Vec<Error>) =
        errors.into_iter().partition(|error| error.message() == DUPLICATE);
    for error in duplicates {
        let span = error.span().unwrap_or_default();
        push_duplicate(&span, root.as_ref(), text, ctx);
    }
    broken.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    let lines = push_syntax_errors(&broken, text, ctx);
    ctx.damaged = !lines.is_empty();
    let structure_lost = broken.len() > limits::SYNTAX_ERRORS_PER_FILE
        || lines.iter().any(|line| is_header(text, line));
    let root = root.filter(|_| !structure_lost)?;
    let value = Lowering { text, broken: &lines, ctx }.lower_table(&root);
    Some(Node { span: ctx.span(&(0..0)), value })
}

/// Every error of a file of ordinary size, the first one of a huge file.
fn parse(text: &str) -> (Option<DeTable<'_>>, Vec<Error>) {
    if text.len() > RECOVER_BYTES {
        return match DeTable::parse(text) {
            Ok(root) => (Some(root.into_inner()), Vec::new()),
            Err(error) => (None, vec![error]),
        };
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    (Some(root.into_inner()), errors)
}

/// Says OF001 once a line, up to the limit; gives back the lines that are broken.
fn push_syntax_errors(errors: &[Error], text: &str, ctx: &mut Context) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    let mut more = 0_usize;
    for error in errors {
        let span = error.span().unwrap_or_default();
        if lines.last().is_some_and(|line| line.contains(&span.start)) {
            continue;
        }
        lines.push(lines_of(text, &span));
        if findings.len() < limits::SYNTAX_ERRORS_PER_FILE {
            let message = format!("not TOML: {}", error.message());
            findings.push(Finding::new(Code::SyntaxError, ctx.span(&span), message));
        } else {
            more += 1;
        }
    }
    if let Some(last) = findings.last_mut().filter(|_| more > 0) {
        last.help.push(format!("{more} more lines of this file are broken"));
    }
    for finding in findings {
        ctx.push(finding);
    }
    lines
}

/// The whole lines that `span` touches, their last line break included.
fn lines_of(text: &str, span: &Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let before = bytes.get(..span.start).unwrap_or(bytes);
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let after = bytes.get(span.end..).unwrap_or_default();
    let end = after.iter().position(|b| *b == b'\n').unwrap_or(after.len());
    start..span.end + end + 1
}

fn is_header(text: &str, line: &Range<usize>) -> bool {
    text.get(line.start..).is_some_and(|rest| rest.trim_start().starts_with('['))
}

fn push_duplicate(span: &Range<usize>, root: Option<&DeTable<'_>>, text: &str, ctx: &mut Context) {
    let name = text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\'']);
    let mut finding = Finding::new(
        Code::DuplicateKey,
        ctx.span(span),
        format!("the key {} stands here twice", ticked(name)),
    )
    .help("remove one of them");
    // The parser doesn't say where the first one is. Looking for it costs a walk: not in a flood.
    if !ctx.is_flooded() {
        let line = lines_of(text, span);
        let header = is_header(text, &line).then(|| earlier_line(text, &line)).flatten();
        let first = header.or_else(|| nearest_key(root?, name, span.start, text));
        if let Some(first) = first {
            finding = finding.also(ctx.span(&first), "first here");
        }
    }
    ctx.push(finding);
}

/// The nearest earlier line that reads like this one.
fn earlier_line(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let wanted = text.get(line.start..)?.lines().next()?.trim();
    let mut end = line.start;
    while let Some(before) = text.get(..end.checked_sub(1)?) {
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let found = before.get(start..)?;
        if found.trim() == wanted {
            let start = start + (found.len() - found.trim_start().len());
            return Some(start..start + wanted.len());
        }
        end = start;
    }
    None
}

/// The key of this name nearest before `at`, leaving out inline tables that end before `at`.
fn nearest_key(table: &DeTable<'_>, name: &str, at: usize, text: &str) -> Option<Range<usize>> {
    let own = table.keys().find(|key| key.get_ref() == name).map(Spanned::span);
    let own = own.filter(|span| span.start < at);
    let inner = table.values().filter_map(|value| nearest_in(value, name, at, text));
    inner.chain(own).max_by_key(|span| span.start)
}

fn nearest_in(
    value: &Spanned<DeValue<'_>>,
    name: &str,
    at: usize,
    text: &str,
) -> Option<Range<usize>> {
    match value.get_ref() {
        DeValue::Table(table) => {
            let span = value.span();
            let inline = text.as_bytes().get(span.start) == Some(&b'{');
            (!inline || span.contains(&at)).then(|| nearest_key(table, name, at, text)).flatten()
        }
        DeValue::Array(items) => {
            let inner = items.iter().filter_map(|item| nearest_in(item, name, at, text));
            inner.max_by_key(|span| span.start)
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => None,
    }
}

/// What lowering needs to know of the file.
struct Lowering<'a> {
    text: &'a str,
    broken: &'a [Range<usize>],
    ctx: &'a Context,
}

impl Lowering<'_> {
    fn lower_table(&self, table: &DeTable<'_>) -> Value {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            let span = self.ctx.span(&key.span());
            let node = if touches(self.broken, &key.span()) {
                Node { span: self.ctx.span(&value.span()), value: Value::Broken }
            } else {
                self.lower(value)
            };
            (Key { name: name.to_string(), span }, node)
        };
        Value::Table(table.iter().map(entry).collect())
    }

    fn lower(&self, node: &Spanned<DeValue<'_>>) -> Node {
        let place = node.span();
        let mut span = self.ctx.span(&place);
        if touches(self.broken, &place) {
            return Node { span, value: Value::Broken };
        }
        let value = match node.get_ref() {
            DeValue::String(text) => Value::Str(text.to_string()),
            DeValue::Integer(digits) => {
                let whole = i64::from_str_radix(digits.as_str(), digits.radix()).map(Value::Int);
                let float = |_| digits.as_str().parse().map(Value::of_float);
                whole.or_else(float).unwrap_or(Value::Other("a huge number"))
            }
            DeValue::Float(digits) => {
                digits.as_str().parse().map_or(Value::Broken, Value::of_float)
            }
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(_) => Value::Other("a date or time"),
            DeValue::Array(items) => {
                Value::Array(items.iter().map(|item| self.lower(item)).collect())
            }
            DeValue::Table(table) => {
                // A table's place is where it begins: its header, or the brace of an inline one.
                if self.text.as_bytes().get(place.start) == Some(&b'{') {
                    span.end = span.start + 1;
                }
                self.lower_table(table)
            }
        };
        Node { span, value }
    }
}

fn touches(broken: &[Range<usize>], span: &Range<usize>) -> bool {
    broken.iter().any(|line| span.start < line.end && line.start < span.end.max(span.start + 1))
}
