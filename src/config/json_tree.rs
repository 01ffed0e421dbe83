//! From JSON's tokens to the spanned tree, without a syntax tree between them: of a large config
//! that one would be the largest thing in memory.
//!
//! In: a text that has no character and no depth that JSON forbids. Out: its tree, with repeated
//! keys as OF003; or nothing, where the text is not JSON: what is wrong with it others tell.
//! Invariant: this module never takes a token that the grammar of RFC 8259 has no place for.

use std::collections::BTreeMap;

use jsonc_parser::tokens::Token;
use jsonc_parser::{Scanner, ScannerOptions};

use super::context::{Context, ticked};
use super::tree::{Key, Node, Value};
use crate::diag::{Code, Finding, Span};

const STRICT: ScannerOptions = ScannerOptions {
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Objects of at most so many keys are searched for repeated ones one by one.
const SMALL_TABLE: usize = 16;

/// The tree of `text`; `None` if it is not JSON. Then nothing is said.
pub(super) fn read_tree(text: &str, ctx: &mut Context) -> Option<Node> {
    let scanner = Scanner::new(text, &STRICT);
    let mut reader = Reader { scanner, ctx, repeated: vec![], items: vec![], entries: vec![] };
    let first = reader.next()?;
    let root = reader.value(first)?;
    // What follows it, even if only a token that can't be read, makes it something else than JSON.
    let Ok(None) = reader.scanner.scan() else { return None };
    for finding in reader.repeated {
        ctx.push(finding);
    }
    Some(root)
}

struct Reader<'t, 'c> {
    scanner: Scanner<'t>,
    ctx: &'c Context,
    repeated: Vec<Finding>,
    /// Those of the arrays that are still open, one behind the other: a closed one takes its own, and is
    /// no longer than it has to be.
    items: Vec<Node>,
    /// The same of objects.
    entries: Vec<(Key, Node)>,
}

impl<'t> Reader<'t, '_> {
    fn next(&mut self) -> Option<Token<'t>> {
        self.scanner.scan().ok().flatten()
    }

    /// The place of the last token.
    fn place(&self) -> Span {
        self.ctx.span(&(self.scanner.token_start()..self.scanner.token_end()))
    }

    /// The value that begins with `token`. The text's depth was checked: this recursion is bounded.
    fn value(&mut self, token: Token<'t>) -> Option<Node> {
        let span = self.place();
        let value = match token {
            Token::Null => Value::Null,
            Token::Boolean(value) => Value::Bool(value),
            Token::String(text) => Value::Str(text.into_owned()),
            Token::Number(digits) => number(digits),
            Token::OpenBracket => {
                let items = self.items()?;
                let span = Span { end: self.place().end, ..span };
                return Some(Node { span, value: Value::Array(items) });
            }
            Token::OpenBrace => Value::Table(self.entries()?),
            Token::CloseBrace
            | Token::CloseBracket
            | Token::Comma
            | Token::Colon
            | Token::Word(_)
            | Token::CommentLine(_)
            | Token::CommentBlock(_) => return None,
        };
        Some(Node { span, value })
    }

    /// An array's items, up to its bracket.
    fn items(&mut self) -> Option<Vec<Node>> {
        let first = self.items.len();
        let mut token = self.next()?;
        if token == Token::CloseBracket {
            return Some(Vec::new());
        }
        loop {
            let item = self.value(token)?;
            self.items.push(item);
            if !self.goes_on(&Token::CloseBracket)? {
                return Some(self.items.drain(first..).collect());
            }
            token = self.next()?;
        }
    }

    /// Does a comma follow, or else the `end` of the container?
    fn goes_on(&mut self, end: &Token<'_>) -> Option<bool> {
        let token = self.next()?;
        if token == Token::Comma { Some(true) } else { (token == *end).then_some(false) }
    }

    /// An object's entries, up to its brace; a repeated key only where it comes first.
    fn entries(&mut self) -> Option<Vec<(Key, Node)>> {
        let first = self.entries.len();
        let mut places = Places::default();
        let mut token = self.next()?;
        if token == Token::CloseBrace {
            return Some(Vec::new());
        }
        loop {
            let Token::String(name) = token else { return None };
            let key = Key { name: name.into_owned(), span: self.place() };
            if self.next()? != Token::Colon {
                return None;
            }
            let begin = self.next()?;
            let told = self.repeated.len();
            let value = self.value(begin)?;
            if let Some(first) = places.place_of(&key.name, &self.entries[first..]) {
                // What is repeated within the repetition goes with it.
                self.repeated.truncate(told);
                self.repeated.push(told_twice(&key, first));
            } else {
                places.note(&key, &self.entries[first..]);
                self.entries.push((key, value));
            }
            if !self.goes_on(&Token::CloseBrace)? {
                return Some(self.entries.drain(first..).collect());
            }
            token = self.next()?;
        }
    }
}

/// Where each key of one object stands, once they are many: a few are compared faster than looked up.
#[derive(Default)]
struct Places(BTreeMap<String, Span>);

impl Places {
    /// Where `name` stands among the entries so far.
    fn place_of(&self, name: &str, entries: &[(Key, Node)]) -> Option<Span> {
        if entries.len() <= SMALL_TABLE {
            return entries.iter().find(|(key, _)| key.name == name).map(|(key, _)| key.span);
        }
        self.0.get(name).copied()
    }

    /// `key` comes behind these.
    fn note(&mut self, key: &Key, entries: &[(Key, Node)]) {
        if entries.len() == SMALL_TABLE {
            self.0 = entries.iter().map(|(key, _)| (key.name.clone(), key.span)).collect();
        }
        if entries.len() >= SMALL_TABLE {
            self.0.insert(key.name.clone(), key.span);
        }
    }
}

fn told_twice(key: &Key, first: Span) -> Finding {
    let message = format!("the key {} stands here twice", ticked(&key.name));
    Finding::new(Code::DuplicateKey, key.span, message)
        .also(first, "first here")
        .help("remove one of them")
}

fn number(digits: &str) -> Value {
    let whole = digits.parse::<i64>().map(Value::Int);
    whole.or_else(|_| digits.parse().map(Value::of_float)).unwrap_or(Value::Other("an odd number"))
}

#[cfg(test)]
mod tests {
    use jsonc_parser::{CollectOptions, parse_to_ast};

    use super::*;
    use crate::config::{Format, Surroundings, json};
    use crate::diag::Sources;

    /// The library's own verdict by the same rules.
    fn is_json(text: &str) -> bool {
        parse_to_ast(text, &CollectOptions::default(), &json::STRICT)
            .is_ok_and(|r| r.value.is_some())
    }

    fn read(text: &str) -> Option<Node> {
        let id = Sources::default().add("a.json".to_owned(), text);
        let mut ctx = Context::new(id, Format::Json, "/".into(), &Surroundings::default());
        read_tree(text, &mut ctx)
    }

    #[test]
    fn takes_exactly_what_the_library_takes() {
        // Every text of up to five of these pieces: each token, and what is none.
        const PIECES: [&str; 14] = [
            "{", "}", "[", "]", ",", ":", "\"a\"", "1", "-0.5e3", "true", "null", "x", "//c\n",
            "\"",
        ];
        let mut texts = vec![String::new()];
        for _ in 0..5 {
            let longer = texts.iter().flat_map(|text| PIECES.map(|piece| format!("{text}{piece}")));
            texts = longer.collect();
            for text in &texts {
                assert_eq!(read(text).is_some(), is_json(text), "{text:?}");
            }
            // Most beginnings lead nowhere whatever follows; those that may still are few.
            texts.retain(|text| !text.contains(['x', '/']) && text.len() < 40);
        }
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = r#" {"a": [1, {"b": "c"}], "d": null} "#;
        let root = read(text).expect("JSON");
        let mut places = Vec::new();
        collect(&root, &mut places);
        let shown: Vec<&str> =
            places.iter().map(|span| &text[span.start as usize..span.end as usize]).collect();
        assert_eq!(
            shown,
            ["{", "\"a\"", r#"[1, {"b": "c"}]"#, "1", "{", "\"b\"", "\"c\"", "\"d\"", "null"]
        );
    }

    fn collect(node: &Node, places: &mut Vec<Span>) {
        places.push(node.span);
        match &node.value {
            Value::Array(items) => items.iter().for_each(|item| collect(item, places)),
            Value::Table(entries) => {
                for (key, value) in entries {
                    places.push(key.span);
                    collect(value, places);
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::Other(_)
            | Value::Broken => {}
        }
    }
}
