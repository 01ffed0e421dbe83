//! The answer of `opsfsm check`, in each of its formats.
//!
//! In: the configs that were checked, with their findings. Out: the text of one format.
//! Invariant: every format tells the same findings in the same order, none of them twice, and no
//! control character of a config gets into any of them.

mod excerpt;
mod github;
mod human;
mod json;
mod sarif;
mod short;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub use github::render_check_github;
pub use human::{Look, render_check_human};
pub use json::render_check_json;
pub use sarif::render_check_sarif;
pub use short::render_check_short;

use super::printable;
use crate::base::JobId;
use crate::diag::{Finding, KeyPath, Severity, Sink, Sources, Span};
use crate::model::Kind;

/// One config that was checked.
#[derive(Clone, Debug)]
pub struct CheckedConfig<'a> {
    /// The path as it was given.
    pub name: String,
    /// How many jobs of each kind it has, if it can be run.
    pub jobs: Option<Vec<(Kind, usize)>>,
    /// So many of them are disabled.
    pub disabled: usize,
    /// Why it could not be read at all.
    pub unreadable: Option<&'a str>,
    /// How many findings its own suppressions hide.
    pub suppressed: usize,
    /// What was found.
    pub sink: &'a Sink,
    /// Where.
    pub sources: &'a Sources,
    /// What the places belong to; empty where the format does not say it.
    pub keys: BTreeMap<Span, KeyPath>,
}

/// A finding with its surroundings.
#[derive(Clone, Copy, Debug)]
struct Item<'a> {
    finding: &'a Finding,
    config: &'a CheckedConfig<'a>,
}

impl<'a> Item<'a> {
    /// The job that it is about.
    fn job(&self) -> Option<&'a str> {
        let own = self.finding.job.as_ref().map(JobId::as_str);
        own.or_else(|| self.key()?.job.as_deref())
    }

    /// What the finding's place belongs to.
    fn key(&self) -> Option<&'a KeyPath> {
        self.config.keys.get(&self.finding.primary.as_ref()?.span)
    }

    /// The file that the finding is about; the config itself, if it is about no one place.
    fn file(&self) -> &'a str {
        let file =
            self.finding.primary.as_ref().and_then(|l| self.config.sources.file(l.span.file));
        file.map_or(self.config.name.as_str(), |file| file.name.as_str())
    }
}

/// All findings of all configs.
struct Listing<'a> {
    items: Vec<Item<'a>>,
    /// So many were only counted.
    left_out: usize,
}

impl<'a> Listing<'a> {
    fn of(configs: &'a [CheckedConfig<'a>]) -> Self {
        let mut items = Vec::new();
        for config in configs {
            let mut told = BTreeSet::new();
            for finding in config.sink.sorted() {
                let place = finding.primary.as_ref().map(|label| label.span);
                if told.insert((finding.code, place, &finding.message)) {
                    items.push(Item { finding, config });
                }
            }
        }
        let left_out = configs.iter().map(|config| config.sink.left_out()).sum();
        Self { items, left_out }
    }

    /// At most so many, the worst if not all, in the order of files and places; and how many not.
    fn most(&self, most: usize) -> (Vec<Item<'a>>, usize) {
        let mut worst: Vec<usize> = self.worst_first();
        worst.truncate(most);
        worst.sort_unstable();
        let shown: Vec<Item<'a>> =
            worst.iter().filter_map(|i| self.items.get(*i)).copied().collect();
        let hidden = self.items.len() - shown.len() + self.left_out;
        (shown, hidden)
    }

    fn worst_first(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_by_key(|i| Reverse(self.items.get(*i).map(|item| item.finding.severity)));
        order
    }

    fn count(&self, severity: Severity) -> usize {
        self.items.iter().filter(|item| item.finding.severity == severity).count()
    }

    /// "1 error, 2 warnings"; notes only where there are any.
    fn counts(&self, hidden: usize) -> String {
        let plural = |n: usize, what: &str| match n {
            1 => format!("1 {what}"),
            n => format!("{n} {what}s"),
        };
        let mut text = plural(self.count(Severity::Error), "error");
        text.push_str(&format!(", {}", plural(self.count(Severity::Warning), "warning")));
        let notes = self.count(Severity::Info);
        if notes > 0 {
            text.push_str(&format!(", {}", plural(notes, "note")));
        }
        if hidden > 0 {
            text.push_str(&format!(", {hidden} more not shown"));
        }
        text
    }

    /// The closing lines for people: the counts, if there is anything, and each sound config.
    fn closing(&self, configs: &[CheckedConfig<'_>], hidden: usize) -> String {
        let mut text = String::new();
        if !self.items.is_empty() || hidden > 0 {
            text.push_str(&format!("{}\n", self.counts(hidden)));
        }
        match configs.iter().map(|config| config.suppressed).sum::<usize>() {
            0 => {}
            1 => text.push_str("1 finding is suppressed\n"),
            some => text.push_str(&format!("{some} findings are suppressed\n")),
        }
        for config in configs {
            let Some(jobs) = &config.jobs else { continue };
            let all: usize = jobs.iter().map(|(_, count)| count).sum();
            let kinds: Vec<String> =
                jobs.iter().map(|(kind, count)| format!("{count} {}", kind.as_str())).collect();
            let name = printable::line(&config.name);
            let disabled = match config.disabled {
                0 => String::new(),
                some => format!("; {some} disabled"),
            };
            let all = printable::counted(all, "job");
            text.push_str(&format!("{name}: ok, {all} ({}{disabled})\n", kinds.join(", ")));
        }
        text
    }
}

/// A file's name as seen from `base`, where it is below that.
fn relative<'n>(name: &'n str, base: &Path) -> &'n str {
    let below = Path::new(name).strip_prefix(base).ok().and_then(Path::to_str);
    let name = below.unwrap_or(name);
    name.strip_prefix("./").filter(|rest| !rest.is_empty()).unwrap_or(name)
}
