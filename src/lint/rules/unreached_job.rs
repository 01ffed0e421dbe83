//! OF028: an enabled one-shot job that no chain and no schedule reaches.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::JobId;
use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Job, Work};

pub(super) const RULE: Rule = Rule { code: Code::UnreachedJob, needs: Needs::WholeConfig, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let dead = dead_jobs(subject);
    // One that is disabled says itself that nothing is to start it.
    for job in subject.jobs().filter(|job| job.enabled && !job.manual && !is_scheduled(job)) {
        let links = subject.links_into(&job.id).iter().filter(|link| *link.from != job.id);
        if links.clone().any(|link| !dead.contains(link.from)) {
            continue;
        }
        let message = match links.clone().next() {
            None => format!("nothing starts `{}`: no chain leads to it, and no schedule", job.id),
            Some(link) => format!(
                "nothing starts `{}`: `{}`, which leads to it, is disabled, and nothing starts that",
                job.id, link.from
            ),
        };
        let schedule = match job.work {
            Work::Check { .. } => "`everySeconds`, ",
            Work::Watch { .. } | Work::Write { .. } => "",
        };
        found.push(Finding::new(RULE.code, job.id_span, message).of(&job.id).help(format!(
            "give it {schedule}a link from another job, or `manual: true` if a person or cron runs it"
        )));
    }
}

/// Disabled jobs that nothing starts either: no person, and no chain but from another such job. A
/// chain does start a disabled job.
fn dead_jobs<'a>(subject: &Subject<'a>) -> BTreeSet<&'a JobId> {
    let mut living: BTreeMap<&JobId, usize> = BTreeMap::new();
    for job in subject.jobs().filter(|job| !job.enabled && !job.manual) {
        let links = subject.links_into(&job.id).iter();
        living.insert(&job.id, links.filter(|link| *link.from != job.id).count());
    }
    let unled = living.iter().filter(|(_, links)| **links == 0).map(|(id, _)| *id);
    let mut dead: BTreeSet<&JobId> = unled.collect();
    let mut open: Vec<&JobId> = dead.iter().copied().collect();
    while let Some(job) = open.pop().and_then(|id| subject.model.jobs.get(id)) {
        for link in job.after.iter().filter(|link| link.target != job.id) {
            let Some(left) = living.get_mut(&link.target) else { continue };
            *left -= 1;
            if *left == 0
                && let Some(next) = subject.model.jobs.get(&link.target)
                && dead.insert(&next.id)
            {
                open.push(&next.id);
            }
        }
    }
    dead
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

    #[test]
    fn a_chain_from_disabled_jobs_that_nothing_starts_is_none() {
        let job = |id: &str, more: &str| {
            format!(
                "[[jobs]]\nid = \"{id}\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n\
                 commands.run = [\"df\"]\n{more}\n"
            )
        };
        let config = |first: &str| {
            job("a", &format!("after = [{{ jobId = \"b\" }}]\n{first}"))
                + &job("b", "after = [{ jobId = \"c\" }, { jobId = \"c\", when = \"failure\" }]")
                + &job("c", "enabled = true")
        };
        rule_says(
            RULE.code,
            &config(""),
            &config("manual = true"),
            &expect![[r#"
            a.toml:16:6: warning[OF028]: nothing starts `c`: `b`, which leads to it, is disabled, and nothing starts that
              help: give it `everySeconds`, a link from another job, or `manual: true` if a person or cron runs it
            0 errors, 1 warning
            a.json:44:13: warning[OF028]: nothing starts `c`: `b`, which leads to it, is disabled, and nothing starts that
              help: give it `everySeconds`, a link from another job, or `manual: true` if a person or cron runs it
            0 errors, 1 warning
        "#]],
        );
        let scheduled = config("enabled = true\neverySeconds = 60");
        rule_is_silent(&Bench::default(), RULE.code, &scheduled);
    }
}
