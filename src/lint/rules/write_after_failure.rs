//! OF030: a write that is asked for because another one failed, before anything has looked at what
//! that left behind.
//!
//! What follows a write's success follows its verification, so such a link is sound.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Kind, LinkWhen};

pub(super) const RULE: Rule = Rule { code: Code::WriteAfterFailure, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs().filter(|job| job.kind() == Kind::OneShotWrite) {
        for link in job.after.iter().filter(|link| link.when == LinkWhen::Failure) {
            let target = subject.outlines.get(&link.target).filter(|_| link.target != job.id);
            let Some(write) = target.filter(|t| t.kind == Some(Kind::OneShotWrite)) else {
                continue;
            };
            let message = format!(
                "write `{}` is asked for as soon as write `{}` has failed: nothing has looked at \
                 what that left behind",
                link.target, job.id
            );
            found.push(
                Finding::new(RULE.code, link.target_span, message)
                    .of(&job.id)
                    .also(write.id_span, "a write")
                    .help("link a read job on failure, and the write from that"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_write_upon_a_failed_write_is_told_and_one_upon_a_proof_is_not() {
        let bad = r#"
            [[jobs]]
            id = "deploy"
            kind = "one_shot_write"
            risk = "write_local"
            commands.run = ["./deploy"]
            after = [{ jobId = "look" }, { jobId = "restore", when = "failure" }]
            [[jobs]]
            id = "restore"
            kind = "one_shot_write"
            risk = "write_local"
            commands.run = ["./restore"]
            after = [{ jobId = "look" }]
            [[jobs]]
            id = "look"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["./look"]
        "#;
        let good = bad.replace(", when = \"failure\"", "");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:8:52: warning[OF030]: write `restore` is asked for as soon as write `deploy` has failed: nothing has looked at what that left behind
              a.toml:10:18: a write
              help: link a read job on failure, and the write from that
            0 errors, 1 warning
            a.json:9:20: warning[OF030]: write `restore` is asked for as soon as write `deploy` has failed: nothing has looked at what that left behind
              a.json:33:13: a write
              help: link a read job on failure, and the write from that
            0 errors, 1 warning
        "#]],
        );
    }
}
