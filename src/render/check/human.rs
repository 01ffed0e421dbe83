//! `--format human`: as a compiler shows it, with the lines that are meant.
//!
//! Invariant: the only escape sequences are the colours that were asked for.

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet,
};

use super::super::printable;
use super::excerpt::{Excerpt, excerpts};
use super::{CheckedConfig, Item, Listing};
use crate::base::limits;
use crate::diag::{FileId, Label, Severity};

/// What it is shown on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// With colours.
    pub colour: bool,
    /// The columns of the terminal, if it is one.
    pub width: Option<usize>,
}

/// All findings for a person.
#[must_use]
pub fn render_check_human(configs: &[CheckedConfig<'_>], look: Look) -> String {
    let listing = Listing::of(configs);
    let (shown, hidden) = listing.most(limits::FINDINGS_SHOWN);
    let plain = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = match look.width {
        Some(width) => plain.term_width(width.max(40)),
        // Excerpts are cut already: nothing is left to cut a second time.
        None => plain.term_width(limits::LINE_WHOLE),
    };
    let mut text: String =
        shown.iter().map(|item| format!("{}\n\n", render_item(item, &renderer))).collect();
    text.push_str(&listing.closing(configs, hidden));
    text
}

fn render_item(item: &Item<'_>, renderer: &Renderer) -> String {
    let finding = item.finding;
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(printable::line(&finding.message)).id(finding.code.as_str());
    let labels: Vec<(usize, &Label)> =
        finding.primary.iter().chain(&finding.secondary).enumerate().collect();
    let mut elements: Vec<Element<'_>> = Vec::new();
    for file in files(&labels) {
        elements.extend(file_elements(item, file, &labels));
    }
    if elements.is_empty() && !finding.message.contains(&item.config.name) {
        elements.push(Origin::path(printable::line(item.file())).into());
    }
    let helps = finding.help.iter().map(|help| Level::HELP.message(printable::line(help)).into());
    elements.extend(helps);
    without_empty_origins(&renderer.render(&[Group::with_title(title).elements(elements)]))
}

/// The origins stand before each excerpt, for an excerpt that is cut does not know its columns; the
/// renderer then begins it with an origin of its own that names nothing.
fn without_empty_origins(text: &str) -> String {
    let kept = text.lines().filter(|line| plain(line).trim() != ":::");
    kept.collect::<Vec<_>>().join("\n")
}

/// A line without its colours: the only escapes, which end with an `m`.
fn plain(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('m').map_or("", |(_, rest)| rest))
}

/// The files of the labels, that of the first label first.
fn files(labels: &[(usize, &Label)]) -> Vec<FileId> {
    let mut files: Vec<FileId> = Vec::new();
    for (_, label) in labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

fn file_elements<'a>(
    item: &Item<'a>,
    id: FileId,
    labels: &[(usize, &'a Label)],
) -> Vec<Element<'a>> {
    let Some(file) = item.config.sources.file(id) else { return Vec::new() };
    let own: Vec<(usize, &Label)> =
        labels.iter().copied().filter(|(_, label)| label.span.file == id).collect();
    let mut elements: Vec<Element<'a>> = Vec::new();
    for excerpt in excerpts(file, &own) {
        let Excerpt { first_line, at, text, marks } = excerpt;
        // The origin is where the primary place is, if it is here.
        let primary = own.iter().find(|(i, _)| *i == 0 && marks.iter().any(|(m, _)| *m == 0));
        let at = primary.map_or(at, |(_, label)| file.line_col(label.span.start));
        let origin = Origin::path(printable::line(&file.name)).line(at.line).char_column(at.column);
        elements.push(origin.into());
        let annotations: Vec<Annotation<'a>> =
            marks.into_iter().map(|(i, range)| annotation(i, range, labels)).collect();
        let snippet = Snippet::source(text).line_start(first_line).annotations(annotations);
        elements.push(snippet.into());
    }
    elements
}

fn annotation<'a>(
    index: usize,
    range: std::ops::Range<usize>,
    labels: &[(usize, &'a Label)],
) -> Annotation<'a> {
    let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
    let text = labels.iter().find(|(i, _)| *i == index).map(|(_, label)| label.text.as_str());
    kind.span(range).label(text.filter(|text| !text.is_empty()).map(printable::line))
}
