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
    /// No whole number, or one that no `Int` can hold: `1.0` is an `Int`.
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

impl Value {
    /// The number that a float stands for: a whole one is the same with a point and without.
    pub(super) fn of_float(number: f64) -> Self {
        // Beyond it not every whole number is a float.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and fits")]
            return Self::Int(number as i64);
        }
        Self::Float(number)
    }
}

/// How far containers may be nested. A config needs five levels.
pub(super) const DEPTH_MAX: usize = 64;
