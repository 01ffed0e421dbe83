//! What is left of all findings: after the suppressions of the config, and with the severities that
//! were asked for.
//!
//! In: the findings of every stage. Out: a [`Judged`] sink. A suppression that is over hides
//! nothing any more and is a finding itself (OF080), and so is one that hides nothing (OF081).
//! Invariant: a finding about safety is never hidden.

use std::collections::{BTreeMap, BTreeSet};

use super::Advice;
use super::levels::{Levels, find_code};
use crate::base::{Day, JobId, limits};
use crate::diag::{Code, Finding, Sink};
use crate::model::{Model, Outline, Suppression};

/// What is left.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The findings to be told.
    pub sink: Sink,
    /// How many findings are suppressed.
    pub suppressed: usize,
}

/// The jobs that could be read, and what is known of all.
pub type Read<'a> = (&'a Model, &'a BTreeMap<JobId, Outline>);

/// Judges the findings of config and compile together with the rules' advice. `read`: what could be
/// read, if anything could.
#[must_use]
pub fn judge(
    found: Sink,
    advice: Advice,
    read: Option<Read<'_>>,
    levels: &Levels,
    today: Day,
) -> Judged {
    let flooded = found.left_out() > 0;
    let Advice { findings, unjudged } = advice;
    let mut suppressed = 0;
    let sink = found.rewritten(limits::FINDINGS_TOLD, |mut all| {
        all.extend(findings);
        if let Some(read) = read {
            let mut book = Book::of(&read.0.suppressions, today);
            all.retain(|finding| !book.hides(finding));
            suppressed = book.hidden;
            if !flooded {
                all.extend(book.findings(read, &unjudged));
            }
        }
        let mut told: Vec<Finding> = all.into_iter().filter_map(|f| levels.apply(f)).collect();
        // The sink has its limit: what is worst comes first, in the order of the files.
        told.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        told
    });
    Judged { sink, suppressed }
}

/// The suppressions, and which of them hid something.
struct Book<'a> {
    all: &'a [Suppression],
    live: BTreeMap<(&'a JobId, Code), usize>,
    today: Day,
    used: BTreeSet<usize>,
    hidden: usize,
}

impl<'a> Book<'a> {
    fn of(all: &'a [Suppression], today: Day) -> Self {
        let entry = |(index, one): (usize, &'a Suppression)| {
            let code = Code::parse(&one.code).filter(|code| !code.is_safety())?;
            (one.until >= today).then_some(((&one.job, code), index))
        };
        // Of two for the same finding the first one hides it; the other one is idle.
        let live = all.iter().enumerate().rev().filter_map(entry).collect();
        Self { all, live, today, used: BTreeSet::new(), hidden: 0 }
    }

    fn hides(&mut self, finding: &Finding) -> bool {
        let Some(job) = &finding.job else { return false };
        let Some(index) = self.live.get(&(job, finding.code)) else { return false };
        self.used.insert(*index);
        self.hidden += 1;
        true
    }

    fn findings(&self, read: Read<'_>, unjudged: &BTreeSet<Code>) -> Vec<Finding> {
        let idle = |(index, one): (usize, &Suppression)| {
            if self.used.contains(&index) { None } else { self.idle(one, read, unjudged) }
        };
        self.all.iter().enumerate().filter_map(idle).collect()
    }

    /// Why a suppression hides nothing.
    fn idle(
        &self,
        one: &Suppression,
        (model, outlines): Read<'_>,
        unjudged: &BTreeSet<Code>,
    ) -> Option<Finding> {
        let idle =
            |span, message: String| Finding::new(Code::IdleSuppression, span, message).of(&one.job);
        let code = match find_code(&one.code) {
            Ok(code) => code,
            Err(why) => return Some(idle(one.code_span, why).help("see `docs/codes.md`")),
        };
        if code.is_safety() {
            let message = format!("{code} is about safety: nothing suppresses it");
            return Some(idle(one.code_span, message).help("mend what it is about"));
        }
        if !outlines.contains_key(&one.job) {
            let message = format!("nothing to suppress: there is no job `{}`", one.job);
            return Some(idle(one.job_span, message).help("remove it, or name a declared job"));
        }
        if one.until < self.today {
            let message = format!("the suppression of {code} for `{}` is over", one.job);
            return Some(
                Finding::new(Code::ExpiredSuppression, one.until_span, message)
                    .of(&one.job)
                    .help("look at the finding again; then mend it, or give a later day"),
            );
        }
        // Nothing is known of a job that could not be read.
        if unjudged.contains(&code) || !model.jobs.contains_key(&one.job) {
            return None;
        }
        let message = format!("nothing to suppress: there is no {code} about `{}`", one.job);
        Some(idle(one.code_span, message).help("remove the suppression"))
    }
}
