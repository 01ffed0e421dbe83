//! The pieces of a file that a finding is shown with.
//!
//! In: the places of one finding in one file. Out: [`Excerpt`]s: a few lines, cut to what is near
//! the places, with the places moved to where they are in that text.
//! Invariant: an excerpt is small whatever the file is, and holds nothing that steers a terminal or
//! looks like a secret.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::base::limits;
use crate::base::redact::config_secrets;
use crate::diag::{Label, LineCol, SourceFile};
use crate::render::printable::visible;

/// Some lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The number of its first line.
    pub(super) first_line: usize,
    /// Where the first place of it is in the file.
    pub(super) at: LineCol,
    /// The lines; those between the shown ones are empty.
    pub(super) text: String,
    /// The places as ranges of `text`, by the index of their label.
    pub(super) marks: Vec<(usize, Range<usize>)>,
}

/// A place, on one line.
#[derive(Clone, Debug)]
struct Mark {
    label: usize,
    at: LineCol,
    bytes: Range<usize>,
}

/// Excerpts for the labels of one file, that with the first label first.
pub(super) fn excerpts(file: &SourceFile, labels: &[(usize, &Label)]) -> Vec<Excerpt> {
    let mut marks: Vec<Mark> = labels.iter().map(|(i, label)| mark(file, *i, label)).collect();
    marks.sort_by_key(|mark| (mark.bytes.start, mark.bytes.end));
    let mut clusters: Vec<Vec<Mark>> = Vec::new();
    for mark in marks {
        match clusters.last_mut().filter(|cluster| cluster.last().is_some_and(|m| near(m, &mark))) {
            Some(cluster) => cluster.push(mark),
            None => clusters.push(vec![mark]),
        }
    }
    let first = labels.first().map(|(i, _)| *i);
    clusters.sort_by_key(|cluster| !cluster.iter().any(|mark| Some(mark.label) == first));
    clusters.iter().map(|cluster| excerpt(file, cluster)).collect()
}

/// A place cut to its first line, and to so much of it as can be marked.
fn mark(file: &SourceFile, label: usize, place: &Label) -> Mark {
    let at = file.line_col(place.span.start);
    let line = file.line_range(at.line);
    let offset = |byte: u32| usize::try_from(byte).unwrap_or(usize::MAX);
    let text = file.text.as_ref();
    let start = floor(text, offset(place.span.start).clamp(line.start, line.end));
    let end = ceil(text, offset(place.span.end).clamp(start, line.end));
    let marked = text.get(start..end).unwrap_or_default();
    let cut = marked.char_indices().nth(limits::LINE_MARKED).map_or(end, |(i, _)| start + i);
    Mark { label, at, bytes: start..cut }
}

/// Can the two be shown in one piece of text?
fn near(one: &Mark, next: &Mark) -> bool {
    if one.at.line == next.at.line {
        next.bytes.start <= one.bytes.end.saturating_add(limits::LINE_AROUND)
    } else {
        next.at.line - one.at.line <= limits::LINES_APART
    }
}

fn excerpt(file: &SourceFile, cluster: &[Mark]) -> Excerpt {
    let mut lines: BTreeMap<usize, Vec<&Mark>> = BTreeMap::new();
    for mark in cluster {
        lines.entry(mark.at.line).or_default().push(mark);
    }
    let first_line = lines.keys().next().copied().unwrap_or(1);
    let at = cluster.first().map_or(LineCol { line: 1, column: 1 }, |mark| mark.at);
    let (mut text, mut marks) = (String::new(), Vec::new());
    let mut now = first_line;
    for (line, places) in lines {
        while now < line {
            text.push('\n');
            now += 1;
        }
        push_line(file, line, &places, &mut text, &mut marks);
    }
    Excerpt { first_line, at, text, marks }
}

/// One line, or what of it is near its places.
fn push_line(
    file: &SourceFile,
    line: usize,
    places: &[&Mark],
    text: &mut String,
    marks: &mut Vec<(usize, Range<usize>)>,
) {
    let whole = file.line_range(line);
    let source = file.text.as_ref();
    let start = places.iter().map(|mark| mark.bytes.start).min().unwrap_or(whole.start);
    let end = places.iter().map(|mark| mark.bytes.end).max().unwrap_or(whole.end);
    let before = source.get(whole.start..start).unwrap_or_default();
    let from = before.char_indices().rev().nth(limits::LINE_AROUND).map(|(i, _)| whole.start + i);
    let after = source.get(end..whole.end).unwrap_or_default();
    let to = after.char_indices().nth(limits::LINE_AROUND).map(|(i, _)| end + i);
    let shown = from.unwrap_or(whole.start)..to.unwrap_or(whole.end);
    if from.is_some() {
        text.push('…');
    }
    let secrets = secrets_in(source, &whole, &shown);
    let is_secret =
        |at: usize| file.is_concealed(at) || secrets.iter().any(|range| range.contains(&at));
    // Where each byte of the file went, as far as a place begins or ends there.
    let mut moved: BTreeMap<usize, usize> = BTreeMap::new();
    for (i, c) in source.get(shown.clone()).unwrap_or_default().char_indices() {
        moved.insert(shown.start + i, text.len());
        text.push(if is_secret(shown.start + i) { '*' } else { visible(c) });
    }
    moved.insert(shown.end, text.len());
    if to.is_some() {
        text.push('…');
    }
    let place = |byte: usize| moved.get(&byte).copied().unwrap_or(text.len());
    marks.extend(places.iter().map(|m| (m.label, place(m.bytes.start)..place(m.bytes.end))));
}

/// What looks like a secret in the shown part of a line, or begins near it.
fn secrets_in(text: &str, line: &Range<usize>, shown: &Range<usize>) -> Vec<Range<usize>> {
    let from = floor(text, shown.start.saturating_sub(limits::SECRET_NEAR));
    let to = ceil(text, shown.end.saturating_add(limits::SECRET_NEAR).min(text.len()));
    let near = text.get(from..to).unwrap_or_default();
    let own = line.start.max(from) - from..line.end.min(to) - from;
    let secrets = config_secrets(near, own).into_iter();
    secrets.map(|range| from + range.start..from + range.end).collect()
}

/// The character that `at` is in begins here.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The character that `at` is in ends here.
fn ceil(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}
