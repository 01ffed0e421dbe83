//! Findings about a config: data with a code, a place and a way out, never an `Err`.
//!
//! In: what a decoder or a check saw. Out: a [`Sink`] of [`Finding`]s, in source order.
//! Invariant: this module never prints and never decides an exit code.

mod code;
mod source;

pub use code::{Code, Severity};
pub use source::{FileId, KeyPath, LineCol, SourceFile, Sources, Span};

use crate::base::{JobId, limits};

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there; may be empty for the primary place.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule speaks.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The job that it is about, if it is about one.
    pub job: Option<JobId>,
    /// What is wrong, naming the thing.
    pub message: String,
    /// Where; `None` where a whole file or folder is meant.
    pub primary: Option<Label>,
    /// Other places that belong to it.
    pub secondary: Vec<Label>,
    /// Ways out, one a line.
    pub help: Vec<String>,
}

impl Finding {
    /// A finding of `code`'s own severity at `span`.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        let primary = Some(Label { span, text: String::new() });
        Self { primary, ..Self::nowhere(code, message) }
    }

    /// A finding that no place in a file belongs to.
    #[must_use]
    pub fn nowhere(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            job: None,
            message: message.into(),
            primary: None,
            secondary: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Speaks of it as less, or more, than the code usually is.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says which job it is about.
    #[must_use]
    pub fn of(mut self, job: &JobId) -> Self {
        self.job = Some(job.clone());
        self
    }

    /// Does a config with this finding run nothing at all?
    #[must_use]
    pub fn stops_everything(&self) -> bool {
        self.severity == Severity::Error && self.code.stops_everything()
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Says what is at the primary place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.text = text.into();
        }
        self
    }
}

/// Collects findings of one pass, bounded per file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sink {
    findings: Vec<Finding>,
    left_out: usize,
    // Remembered, so that a flood of findings costs no walk over them for each one more.
    stopped: bool,
    // Of those that are only counted.
    worst_left_out: Option<Severity>,
}

impl Sink {
    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a finding; beyond the limit it is only counted.
    pub fn push(&mut self, finding: Finding) {
        let stops = finding.stops_everything();
        if self.findings.len() < limits::FINDINGS_PER_FILE || (stops && !self.stopped) {
            self.findings.push(finding);
            self.stopped |= stops;
        } else {
            self.left_out += 1;
            self.worst_left_out = self.worst_left_out.max(Some(finding.severity));
        }
    }

    /// Takes all of another sink's findings.
    pub fn extend(&mut self, other: Self) {
        self.left_out += other.left_out;
        self.stopped |= other.stopped;
        self.worst_left_out = self.worst_left_out.max(other.worst_left_out);
        self.findings.extend(other.findings);
    }

    /// The same sink with what `change` makes of its findings, at most `most` of them; what was only
    /// counted before stays so.
    #[must_use]
    pub fn rewritten(self, most: usize, change: impl FnOnce(Vec<Finding>) -> Vec<Finding>) -> Self {
        let mut sink = Self { findings: change(self.findings), ..self };
        let over = sink.findings.get(most..).unwrap_or_default();
        sink.left_out += over.len();
        sink.worst_left_out = over.iter().map(|f| f.severity).max().max(sink.worst_left_out);
        sink.findings.truncate(most);
        sink.stopped = sink.findings.iter().any(Finding::stops_everything);
        sink
    }

    /// The findings, in the order of files and places.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.findings.iter().collect();
        all.sort_by_key(|f| f.primary.as_ref().map(|l| (l.span.file, l.span.start)));
        all
    }

    /// How many findings were only counted.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// How bad the worst finding is, whether it was kept or only counted.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max().max(self.worst_left_out)
    }

    /// Is there a finding that stops a tick?
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.stopped
    }

    /// How many findings of `severity` there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity == severity).count()
    }

    /// Is there nothing at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.left_out == 0
    }
}

/// The candidate closest to `word`, if one is close enough to be meant.
///
/// Optimal string alignment distance (crate `strsim`), at most a third of the word's length.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A key of a hostile length would make the quadratic distance slow.
    if word.len() > limits::TEXT_CHARS {
        return None;
    }
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .filter(|c| c.len() <= limits::TEXT_CHARS)
        .map(|c| (strsim::osa_distance(&lower, &c.to_lowercase()), c))
        .filter(|(distance, c)| *distance <= (c.chars().count().max(3) / 3))
        .min()
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_named_and_a_far_one_is_not() {
        let keys = ["stallSeconds", "autoResume", "quietHours"];
        assert_eq!(did_you_mean("stallSecond", keys), Some("stallSeconds"));
        assert_eq!(did_you_mean("autoresume", keys), Some("autoResume"));
        assert_eq!(did_you_mean("nothing", keys), None);
        assert_eq!(did_you_mean(&"x".repeat(1 << 20), keys), None);
    }

    #[test]
    fn a_flood_of_findings_is_counted_and_the_first_ones_kept() {
        let mut sink = Sink::new();
        for _ in 0..1000 {
            sink.push(Finding::nowhere(Code::WrongType, "x"));
        }
        assert_eq!(sink.sorted().len(), limits::FINDINGS_PER_FILE);
        assert_eq!(sink.left_out(), 1000 - limits::FINDINGS_PER_FILE);
        assert_eq!(sink.worst(), Some(Severity::Error));
    }

    #[test]
    fn warnings_never_crowd_out_an_error() {
        let mut sink = Sink::new();
        for _ in 0..1000 {
            sink.push(Finding::nowhere(Code::UnknownKey, "x"));
        }
        sink.push(Finding::nowhere(Code::WrongType, "y"));
        assert!(sink.has_errors());
    }
}
