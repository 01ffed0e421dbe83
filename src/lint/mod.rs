//! The advice of `check`: one rule a file, over a parsed and validated model.
//!
//! In: a [`Subject`]: the model, where it says what, and what is known of this machine. Out:
//! findings, each about a job where it can be; then, by [`judge`], what is left of all findings
//! after the suppressions of the config and the severities that were asked for.
//! Invariant: a rule never does I/O, never repeats what `config` or `compile` has told, never shows
//! a word of an argv or a value of `env`, and never stops a tick.

mod argv;
mod judge;
mod levels;
mod rules;
mod subject;
mod verbs;

#[cfg(test)]
mod tests;

pub use judge::{Judged, Read, judge};
pub use levels::{Level, Levels, find_code};
pub use rules::RULES;
pub use subject::Subject;

use std::collections::BTreeSet;

use crate::diag::{Code, Finding, Span};

/// What a rule has to know besides the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Text,
    /// Every job: one that could not be read may hold what seems to be missing.
    WholeConfig,
    /// How often a tick comes.
    Period,
    /// This machine.
    Host,
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What its findings are about.
    pub code: Code,
    /// What it has to know.
    pub needs: Needs,
    /// Looks.
    pub look: fn(&Subject<'_>, &mut Vec<Finding>),
}

/// What the rules said.
#[derive(Clone, Debug, Default)]
pub struct Advice {
    /// Their findings.
    pub findings: Vec<Finding>,
    /// The codes of rules that could not look: nothing follows from their silence.
    pub unjudged: BTreeSet<Code>,
}

/// Where the config holds what looks like a secret, for whoever shows its text.
#[must_use]
pub fn secret_places(subject: &Subject<'_>) -> Vec<Span> {
    rules::secret_in_config::secret_places(subject)
}

/// Asks every rule that knows what it has to.
#[must_use]
pub fn lint_model(subject: &Subject<'_>) -> Advice {
    let mut advice = Advice::default();
    for rule in RULES {
        let knows = match rule.needs {
            Needs::Text => true,
            Needs::WholeConfig => subject.whole,
            Needs::Period => subject.period.is_some(),
            Needs::Host => subject.host.is_some(),
        };
        if knows {
            (rule.look)(subject, &mut advice.findings);
        } else {
            advice.unjudged.insert(rule.code);
        }
    }
    advice
}
