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
            book.note(&all);
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
    there: BTreeSet<(&'a JobId, Code)>,
    used: BTreeSet<usize>,
    hidden: usize,
}

impl<'a> Book<'a> {
    fn of(all: &'a [Suppression], today: Day) -> Self {
        let mut live: BTreeMap<(&JobId, Code), usize> = BTreeMap::new();
        for (index, one) in all.iter().enumerate().filter(|(_, one)| one.until >= today) {
            let Some(code) = Code::parse(&one.code).filter(|code| !code.is_safety()) else {
                continue;
            };
            // Of two for the same finding the one that holds longer hides it; the other is idle.
            let held = live.entry((&one.job, code)).or_insert(index);
            if all[*held].until < one.until {
                *held = index;
            }
        }
        Self { all, live, today, there: BTreeSet::new(), used: BTreeSet::new(), hidden: 0 }
    }

    /// Notes which of the findings that somebody wanted to suppress are there.
    fn note(&mut self, findings: &[Finding]) {
        let here: BTreeSet<(&JobId, Code)> =
            findings.iter().filter_map(|f| Some((f.job.as_ref()?, f.code))).collect();
        let wanted = self.all.iter().filter_map(|one| Some((&one.job, Code::parse(&one.code)?)));
        self.there = wanted.filter(|wanted| here.contains(wanted)).collect();
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
        if let Some(other) = self.live.get(&(&one.job, code)).filter(|at| self.used.contains(at)) {
            let message =
                format!("nothing to suppress: another suppression hides {code} of `{}`", one.job);
            let finding = idle(one.code_span, message).also(self.all[*other].code_span, "that one");
            return Some(finding.help("remove the suppression"));
        }
        // Nothing is known of a job that could not be read.
        let unknown = unjudged.contains(&code) || !model.jobs.contains_key(&one.job);
        let there = self.there.contains(&(&one.job, code));
        if one.until < self.today && (unknown || there) {
            let message = format!("the suppression of {code} for `{}` is over", one.job);
            return Some(
                Finding::new(Code::ExpiredSuppression, one.until_span, message)
                    .of(&one.job)
                    .help("look at the finding again; then mend it, or give a later day"),
            );
        }
        if unknown {
            return None;
        }
        let message = format!("nothing to suppress: there is no {code} about `{}`", one.job);
        Some(idle(one.code_span, message).help("remove the suppression"))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::lint::tests::parse;
    use crate::lint::{Subject, lint_model};
    use crate::render::render_findings;

    #[track_caller]
    fn judged(suppressions: &[(&str, &str)], expected: &Expect) {
        let mut text = "version = 1\n[[jobs]]\nid = \"a\"\nkind = \"one_shot_read\"\n\
                        risk = \"read_only\"\nmanual = true\ncommands.run = [\"rm\", \"x\"]\n"
            .to_owned();
        for (code, until) in suppressions {
            text += &format!(
                "[[suppressions]]\njob = \"a\"\ncode = \"{code}\"\nreason = \"r\"\nuntil = \"{until}\"\n"
            );
        }
        let parsed = parse("a.toml", &text);
        let model = parsed.model.expect("a model");
        let advice = lint_model(&Subject::new(&model, &parsed.outlines, true));
        let read = Some((&model, &parsed.outlines));
        let today = Day::parse("2026-11-21").expect("a day");
        let judged = judge(parsed.sink, advice, read, &Levels::default(), today);
        let said = render_findings(&judged.sink, &parsed.sources);
        expected.assert_eq(&format!("{said}{} suppressed\n", judged.suppressed));
    }

    #[test]
    fn the_suppression_that_holds_longer_hides_and_the_other_is_idle() {
        judged(
            &[("OF035", "2026-11-21"), ("OF035", "2026-11-22")],
            &expect![[r#"
            a.toml:10:8: warning[OF081]: nothing to suppress: another suppression hides OF035 of `a`
              a.toml:15:8: that one
              help: remove the suppression
            0 errors, 1 warning
            1 suppressed
        "#]],
        );
    }

    #[test]
    fn one_that_is_over_is_idle_where_there_is_nothing_to_look_at() {
        judged(
            &[("OF036", "2026-11-20")],
            &expect![[r#"
            a.toml:7:17: error[OF035]: read job `a` runs `rm`, which looks like a write
              help: make it a one_shot_write, which is approved and verified; or say in `suppressions` why it is none
            a.toml:10:8: warning[OF081]: nothing to suppress: there is no OF036 about `a`
              help: remove the suppression
            1 error, 1 warning
            0 suppressed
        "#]],
        );
        judged(
            &[("OF035", "2026-11-20"), ("OF035", "2026-11-30")],
            &expect![[r#"
            a.toml:10:8: warning[OF081]: nothing to suppress: another suppression hides OF035 of `a`
              a.toml:15:8: that one
              help: remove the suppression
            0 errors, 1 warning
            1 suppressed
        "#]],
        );
        judged(
            &[("OF035", "2026-11-20")],
            &expect![[r#"
            a.toml:7:17: error[OF035]: read job `a` runs `rm`, which looks like a write
              help: make it a one_shot_write, which is approved and verified; or say in `suppressions` why it is none
            a.toml:12:9: warning[OF080]: the suppression of OF035 for `a` is over
              help: look at the finding again; then mend it, or give a later day
            1 error, 1 warning
            0 suppressed
        "#]],
        );
    }
}
