//! OF026: a write that is not looked at after it failed.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Kind, LinkWhen, Outline};

pub(super) const RULE: Rule = Rule { code: Code::UnverifiedFailure, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs().filter(|job| job.kind() == Kind::OneShotWrite) {
        let looks = |target| subject.outlines.get(target).is_some_and(Outline::may_verify);
        let covered = |when| job.after.iter().find(|l| l.when == when && looks(&l.target));
        // One that nothing verifies at all has its finding already.
        let (None, Some(link)) = (covered(LinkWhen::Failure), covered(LinkWhen::Success)) else {
            continue;
        };
        let message =
            format!("nothing looks at what write `{}` left behind when it failed", job.id);
        found.push(Finding::new(RULE.code, job.id_span, message).of(&job.id).help(format!(
            "half-done writes happen: link `{}` in `after` with `when` \"failure\" too",
            link.target
        )));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_write_that_is_verified_on_success_only_is_told() {
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
        "#;
        let both = r#"[{ jobId = "look" }, { jobId = "look", when = "failure" }]"#;
        let good = bad.replace(r#"[{ jobId = "look" }]"#, both);
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:4:18: warning[OF026]: nothing looks at what write `prune` left behind when it failed
              help: half-done writes happen: link `look` in `after` with `when` "failure" too
            0 errors, 1 warning
            a.json:14:13: warning[OF026]: nothing looks at what write `prune` left behind when it failed
              help: half-done writes happen: link `look` in `after` with `when` "failure" too
            0 errors, 1 warning
        "#]],
        );
    }
}
