//! OF027: a link to a write, which asks for it and never starts it.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::Kind;

pub(super) const RULE: Rule = Rule { code: Code::ChainToWrite, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        for link in job.after.iter().filter(|link| link.target != job.id) {
            let target = subject.outlines.get(&link.target);
            let Some(write) = target.filter(|t| t.kind == Some(Kind::OneShotWrite)) else {
                continue;
            };
            let message =
                format!("the link from `{}` to write `{}` only asks for it", job.id, link.target);
            found.push(
                Finding::new(RULE.code, link.target_span, message)
                    .of(&job.id)
                    .also(write.id_span, "a write")
                    .help("a person then approves its exact plan, or denies it; a chain never starts a write"),
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
    fn a_link_to_a_write_is_told() {
        let bad = r#"
            [[jobs]]
            id = "scan"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["./scan"]
            after = [{ jobId = "prune" }]
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
        let good = bad.replace("jobId = \"prune\"", "jobId = \"look\"");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:8:32: info[OF027]: the link from `scan` to write `prune` only asks for it
              a.toml:10:18: a write
              help: a person then approves its exact plan, or denies it; a chain never starts a write
            0 errors, 0 warnings
            a.json:6:20: info[OF027]: the link from `scan` to write `prune` only asks for it
              a.json:29:13: a write
              help: a person then approves its exact plan, or denies it; a chain never starts a write
            0 errors, 0 warnings
        "#]],
        );
    }
}
