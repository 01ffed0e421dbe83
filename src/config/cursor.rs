//! A cursor over one table: hands out typed values by key and remembers which keys were asked for.
//!
//! In: a table of the tree. Out: values, findings for wrong ones (OF004, OF010), and at the end
//! OF002 for every key that nobody asked for.
//! Invariant: this module never reports a value twice, and never what a syntax error left behind.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::context::{Context, quoted, ticked};
use super::tree::{Key, Node, Value};
use crate::base::{JobId, limits};
use crate::diag::{Code, Finding, Span, did_you_mean};

/// One table while it is read.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    entries: &'t [(Key, Node)],
    /// Its name, which messages put before a key: `policy`; empty at the top and of a job.
    name: Cow<'static, str>,
    /// The job that it is.
    job: Option<Anchor>,
    /// Where it begins.
    pub(super) head: Span,
    known: Vec<&'static str>,
    /// Those of them that are of no use here.
    useless: Vec<&'static str>,
}

/// What findings call a job, and where they point when something is not there. Put into words only for a
/// finding: nearly every job has none.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    /// Its id, if it has one.
    pub(super) id: Option<JobId>,
    /// Its place among the jobs of its file.
    pub(super) index: usize,
    pub(super) place: Span,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "job {}", ticked(id.as_str())),
            None => write!(f, "jobs[{}]", self.index),
        }
    }
}

/// How many keys most tables may have: room for them is made at once.
const KEYS: usize = 32;

/// Keys of a whole file.
const TOP_KEYS: [&str; 5] = ["version", "defaults", "report", "jobs", "suppressions"];

/// What a span of time may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum SpanRule {
    /// Zero or more.
    Any,
    /// A time limit: more than zero.
    Limit,
    /// No less than this.
    AtLeast(Duration),
    /// Between two bounds, both included.
    Between(Duration, Duration),
}

impl SpanRule {
    const fn bounds(self) -> (Duration, Duration) {
        match self {
            Self::Any => (Duration::ZERO, limits::SPAN_MAX),
            // Half a millisecond is the least that does not round to nothing.
            Self::Limit => (Duration::from_micros(500), limits::SPAN_MAX),
            Self::AtLeast(least) => (least, limits::SPAN_MAX),
            Self::Between(least, most) => (least, most),
        }
    }

    fn words(self) -> String {
        let (least, most) = self.bounds();
        let (least, most) = (least.as_secs(), most.as_secs());
        match self {
            Self::Any => "0 seconds or more, and at most a hundred years".to_owned(),
            Self::Limit => "more than 0 seconds, and at most a hundred years".to_owned(),
            Self::AtLeast(_) => format!("{least} seconds or more, and at most a hundred years"),
            Self::Between(..) => format!("{least} to {most} seconds"),
        }
    }
}

impl<'t> Cursor<'t> {
    /// A cursor over `node`, which `name` says how to call; a finding if it is no table.
    pub(super) fn open(
        ctx: &mut Context,
        node: &'t Node,
        name: impl Into<Cow<'static, str>>,
    ) -> Option<Self> {
        let name = name.into();
        if let Value::Table(entries) = &node.value {
            let (known, useless) = (Vec::with_capacity(KEYS), Vec::new());
            return Some(Self { entries, name, job: None, head: node.span, known, useless });
        }
        let must = ctx.table_word();
        if name.is_empty() {
            ctx.push(Finding::new(
                Code::WrongType,
                node.span,
                format!("the whole file must be {must}"),
            ));
        } else {
            ctx.wrong(node, &name, must);
        }
        None
    }

    /// It is the table of this job.
    pub(super) fn is_job(&mut self, anchor: &Anchor) {
        self.job = Some(anchor.clone());
    }

    /// The key with its table's name before it.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Its name as "unknown key" says it: " in `policy`"; empty at the top.
    fn place(&self) -> String {
        match &self.job {
            Some(job) => format!(" in {job}"),
            None if self.name.is_empty() => String::new(),
            None => format!(" in `{}`", self.name),
        }
    }

    /// The entry of `key`; `null` is the same as nothing.
    pub(super) fn take(&mut self, key: &'static str) -> Option<(&'t Key, &'t Node)> {
        // Asked for twice in a row it stands here twice; whoever shows the list sees to that.
        self.known.push(key);
        let (found, node) = self.entries.iter().find(|(entry, _)| entry.name == key)?;
        (node.value != Value::Null).then_some((found, node))
    }

    /// Says that `key` is of no use here, so that no finding proposes it.
    pub(super) fn has_no_use_for(&mut self, key: &'static str) {
        self.useless.push(key);
    }

    /// A table below this one, and the place of its key.
    pub(super) fn table(&mut self, ctx: &mut Context, key: &'static str) -> Option<Cursor<'t>> {
        let (found, node) = self.take(key)?;
        let name = if self.name.is_empty() { key.into() } else { Cow::Owned(self.path(key)) };
        let mut cursor = Cursor::open(ctx, node, name)?;
        cursor.head = found.span;
        Some(cursor)
    }

    pub(super) fn bool(&mut self, ctx: &mut Context, key: &'static str) -> Option<bool> {
        let (_, node) = self.take(key)?;
        if let Value::Bool(value) = node.value {
            return Some(value);
        }
        ctx.wrong(node, &self.path(key), "true or false");
        None
    }

    /// A text without NUL that is more than white space.
    pub(super) fn text(
        &mut self,
        ctx: &mut Context,
        key: &'static str,
    ) -> Option<(&'t str, &'t Node)> {
        let (_, node) = self.take(key)?;
        let Value::Str(text) = &node.value else {
            ctx.wrong(node, &self.path(key), "a string");
            return None;
        };
        if text.trim().is_empty() {
            ctx.out_of_range(node, &self.path(key), "a string that is not empty");
            return None;
        }
        if text.contains('\0') {
            ctx.out_of_range(node, &self.path(key), "a string without a NUL character");
            return None;
        }
        Some((text, node))
    }

    /// A whole number from `least` up.
    pub(super) fn count(
        &mut self,
        ctx: &mut Context,
        key: &'static str,
        least: u32,
    ) -> Option<u32> {
        let (_, node) = self.take(key)?;
        let whole = match node.value {
            Value::Int(number) => u32::try_from(number).ok().filter(|number| *number >= least),
            Value::Float(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Str(_)
            | Value::Array(_)
            | Value::Table(_)
            | Value::Other(_)
            | Value::Broken => None,
        };
        if whole.is_none() {
            let must = format!("a whole number, {least} or more");
            if let Value::Int(_) | Value::Float(_) = node.value {
                ctx.out_of_range(node, &self.path(key), &must);
            } else {
                ctx.wrong(node, &self.path(key), &must);
            }
        }
        whole
    }

    /// A number of seconds, kept to the millisecond.
    pub(super) fn span(
        &mut self,
        ctx: &mut Context,
        key: &'static str,
        rule: SpanRule,
    ) -> Option<Duration> {
        let (_, node) = self.take(key)?;
        let span = match node.value {
            Value::Int(seconds) => u64::try_from(seconds).ok().map(Duration::from_secs),
            Value::Float(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Value::Null
            | Value::Bool(_)
            | Value::Str(_)
            | Value::Array(_)
            | Value::Table(_)
            | Value::Other(_)
            | Value::Broken => {
                ctx.wrong(node, &self.path(key), "a number of seconds");
                return None;
            }
        };
        let (least, most) = rule.bounds();
        if let Some(span) = span.filter(|span| (least..=most).contains(span)) {
            return Some(to_millis(span));
        }
        ctx.out_of_range(node, &self.path(key), &rule.words());
        None
    }

    /// One of a closed list of words.
    pub(super) fn word<T: Copy>(
        &mut self,
        ctx: &mut Context,
        key: &'static str,
        all: &[T],
        as_str: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let (_, node) = self.take(key)?;
        let Value::Str(word) = &node.value else {
            ctx.wrong(node, &self.path(key), "a string");
            return None;
        };
        let found = all.iter().copied().find(|one| as_str(*one) == word);
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|one| as_str(*one)).collect();
            let message = format!("`{}` can't be {}", self.path(key), quoted(word));
            let mut finding = Finding::new(Code::UnknownWord, node.span, message);
            if let Some(near) = did_you_mean(word, words.iter().copied()) {
                finding = finding.help(format!("did you mean \"{near}\"?"));
            }
            ctx.push(finding.help(format!("one of: {}", words.join(", "))));
        }
        found
    }

    /// The items of an array.
    pub(super) fn array(&mut self, ctx: &mut Context, key: &'static str) -> Option<&'t [Node]> {
        let (_, node) = self.take(key)?;
        if let Value::Array(items) = &node.value {
            return Some(items);
        }
        ctx.wrong(node, &self.path(key), "an array");
        None
    }

    /// All entries, for a table whose keys are the author's own.
    pub(super) fn entries(&self) -> &'t [(Key, Node)] {
        self.entries
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(mut self, ctx: &mut Context) {
        for (key, _) in self.entries {
            if self.known.contains(&key.name.as_str()) {
                continue;
            }
            let mut met = BTreeSet::new();
            self.known.retain(|known| met.insert(*known));
            let (name, place) = (ticked(&key.name), self.place());
            let message = format!("unknown key {name}{place}: it has no effect");
            let mut finding = Finding::new(Code::UnknownKey, key.span, message);
            if !ctx.is_flooded() {
                finding = finding.help(self.help_for(&key.name));
            }
            ctx.push(finding);
        }
    }
}

impl Cursor<'_> {
    /// What was meant by a key that nobody asked for.
    fn help_for(&self, key: &str) -> String {
        let is_top = self.name.is_empty() && self.job.is_none();
        if !is_top && TOP_KEYS.contains(&key) {
            return "it belongs to the top of the file".to_owned();
        }
        let useful = self.known.iter().copied().filter(|known| !self.useless.contains(known));
        match did_you_mean(key, useful) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", self.known.join(", ")),
        }
    }
}

fn to_millis(span: Duration) -> Duration {
    let rounded = span.saturating_add(Duration::from_micros(500)).as_millis();
    Duration::from_millis(u64::try_from(rounded).unwrap_or(u64::MAX))
}
