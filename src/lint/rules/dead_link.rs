//! OF032: a link of a job that only ever verifies: a verification is its write's run, and fires
//! nothing.

use crate::diag::{Code, Finding};
use crate::lint::subject::Incoming;
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Job, Kind, LinkWhen, Work};

pub(super) const RULE: Rule = Rule { code: Code::DeadLink, needs: Needs::WholeConfig, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        let Some(verifies) = only_verifies(subject, job) else { continue };
        for link in job.after.iter().filter(|link| link.target != job.id) {
            let check = subject.model.jobs.get(&link.target).is_some_and(Job::is_runnable_read);
            let what = if check {
                "it then verifies that write too"
            } else {
                "what follows a write's success follows its verification"
            };
            let message = format!(
                "the link from `{}` to `{}` never fires: `{}` only verifies `{}`, and a \
                 verification fires nothing",
                job.id, link.target, job.id, verifies.from
            );
            found.push(
                Finding::new(RULE.code, link.target_span, message)
                    .of(&job.id)
                    .also(verifies.link.target_span, "the verification")
                    .help(format!("link it from `{}` itself: {what}", verifies.from)),
            );
        }
    }
}

/// One of the links that make a job a verification, if nothing else ever runs it.
fn only_verifies<'a>(subject: &Subject<'a>, job: &Job) -> Option<Incoming<'a>> {
    let scheduled = !matches!(job.work, Work::Check { every: None, .. });
    if scheduled || job.manual || !job.is_runnable_read() {
        return None;
    }
    let verifies = |incoming: &Incoming<'_>| {
        let from = subject.outlines.get(incoming.from).and_then(|from| from.kind);
        incoming.link.when == LinkWhen::Success && from == Some(Kind::OneShotWrite)
    };
    let links = subject.links_into(&job.id);
    links.first().copied().filter(|_| links.iter().all(verifies))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::{Bench, rule_is_silent, rule_says};

    #[test]
    fn a_link_of_a_mere_verification_is_told() {
        let bad = r#"
            [[jobs]]
            id = "prune"
            kind = "one_shot_write"
            risk = "write_local"
            commands.run = ["./prune"]
            after = [{ jobId = "look" }]
            [[jobs]]
            id = "look"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["./look"]
            after = [{ jobId = "disk" }]
            [[jobs]]
            id = "disk"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["./disk"]
        "#;
        let good = bad
            .replace("{ jobId = \"look\" }", "{ jobId = \"look\" }, { jobId = \"disk\" }")
            .replace("after = [{ jobId = \"disk\" }]", "");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
                a.toml:14:32: warning[OF032]: the link from `look` to `disk` never fires: `look` only verifies `prune`, and a verification fires nothing
                  a.toml:8:32: the verification
                  help: link it from `prune` itself: it then verifies that write too
                0 errors, 1 warning
                a.json:21:20: warning[OF032]: the link from `look` to `disk` never fires: `look` only verifies `prune`, and a verification fires nothing
                  a.json:6:20: the verification
                  help: link it from `prune` itself: it then verifies that write too
                0 errors, 1 warning
            "#]],
        );
        let run = "commands.run = [\"./look\"]";
        for also in ["manual = true", "everySeconds = 60"] {
            let text = bad.replace(run, &format!("{run}\n{also}"));
            rule_is_silent(&Bench::default(), RULE.code, &text);
        }
        let on_failure = bad.replace(
            "{ jobId = \"look\" }",
            "{ jobId = \"look\" }, { jobId = \"look\", when = \"failure\" }",
        );
        rule_is_silent(&Bench::default(), RULE.code, &on_failure);
    }
}
