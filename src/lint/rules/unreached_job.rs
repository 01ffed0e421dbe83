//! OF028: an enabled one-shot job that no chain and no schedule reaches.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Job, Work};

pub(super) const RULE: Rule = Rule { code: Code::UnreachedJob, needs: Needs::WholeConfig, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    // One that is disabled says itself that nothing is to start it.
    for job in subject.jobs().filter(|job| job.enabled && !job.manual && !is_scheduled(job)) {
        if subject.links_into(&job.id).iter().any(|link| *link.from != job.id) {
            continue;
        }
        let message = format!("nothing starts `{}`: no chain leads to it, and no schedule", job.id);
        let schedule = match job.work {
            Work::Check { .. } => "`everySeconds`, ",
            Work::Watch { .. } | Work::Write { .. } => "",
        };
        found.push(Finding::new(RULE.code, job.id_span, message).of(&job.id).help(format!(
            "give it {schedule}a link from another job, or `manual: true` if a person or cron runs it"
        )));
    }
}

/// A watched job is looked at by every tick. A write whose file says `granted` asks for itself.
fn is_scheduled(job: &Job) -> bool {
    match &job.work {
        Work::Watch { .. } => true,
        Work::Check { every, .. } => every.is_some(),
        Work::Write { .. } => job.approval.granted_in_file,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::{Bench, rule_is_silent, rule_says};

    #[test]
    fn a_job_that_nothing_reaches_is_told() {
        let bad = r#"
            [[jobs]]
            id = "disk"
            kind = "one_shot_read"
            risk = "read_only"
            enabled = true
            commands.run = ["df"]
        "#;
        let chained = format!(
            "{bad}\n[[jobs]]\nid = \"a\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n\
             manual = true\ncommands.run = [\"a\"]\nafter = [{{ jobId = \"disk\" }}]"
        );
        rule_says(
            RULE.code,
            bad,
            &chained,
            &expect![[r#"
            a.toml:4:18: warning[OF028]: nothing starts `disk`: no chain leads to it, and no schedule
              help: give it `everySeconds`, a link from another job, or `manual: true` if a person or cron runs it
            0 errors, 1 warning
            a.json:10:13: warning[OF028]: nothing starts `disk`: no chain leads to it, and no schedule
              help: give it `everySeconds`, a link from another job, or `manual: true` if a person or cron runs it
            0 errors, 1 warning
        "#]],
        );
        let bench = Bench::default();
        rule_is_silent(&bench, RULE.code, &format!("{bad}\nmanual = true"));
        rule_is_silent(&bench, RULE.code, &format!("{bad}\neverySeconds = 60"));
        rule_is_silent(&bench, RULE.code, &bad.replace("enabled = true", "enabled = false"));
    }
}
