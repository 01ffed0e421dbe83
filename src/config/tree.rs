//! The spanned tree that TOML and JSON are both lowered to.
//!
//! In: nothing. Out: plain data: values, their keys, and where each stands.
//! Invariant: this module never knows which format a tree came from, and a tree is never deeper
//! than the parsers' nesting limits, so that walking and dropping it can't exhaust the stack.

use crate::diag::Span;

/// A key and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) span: Span,
}

/// A value and where it stands; a table's place is where it begins: its header or its brace.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
}

/// The values of both formats.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// Also a whole number that no `Int` can hold.
    Float(f64),
    Str(String),
    Array(Vec<Node>),
    /// In source order or sorted by key; no key twice.
    Table(Vec<(Key, Node)>),
    /// Something that no key takes, by its name: "a date".
    Other(&'static str),
    /// What a syntax error left behind; it has been reported and is not spoken of again.
    Broken,
}

/// How far containers may be nested. A config needs five levels.
pub(super) const DEPTH_MAX: usize = 64;
