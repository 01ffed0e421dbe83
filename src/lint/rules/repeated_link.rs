//! OF031: the same link twice.

use std::collections::BTreeMap;

use crate::base::JobId;
use crate::diag::{Code, Finding, Span};
use crate::lint::{Needs, Rule, Subject};
use crate::model::LinkWhen;

pub(super) const RULE: Rule = Rule { code: Code::RepeatedLink, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        let mut first: BTreeMap<(&JobId, LinkWhen), Span> = BTreeMap::new();
        for link in job.after.iter().filter(|link| link.target != job.id) {
            let Some(other) = first.insert((&link.target, link.when), link.target_span) else {
                continue;
            };
            first.insert((&link.target, link.when), other);
            let message = format!(
                "the link from `{}` to `{}` on {} stands there twice",
                job.id,
                link.target,
                link.when.as_str()
            );
            found.push(
                Finding::new(RULE.code, link.target_span, message)
                    .of(&job.id)
                    .also(other, "first here")
                    .help("remove one of them"),
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
    fn a_link_that_stands_twice_is_told() {
        let bad = r#"
            [[jobs]]
            id = "scan"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["./scan"]
            after = [{ jobId = "look" }, { jobId = "look", delaySeconds = 60 }]
            [[jobs]]
            id = "look"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["./look"]
        "#;
        let good = bad.replace("delaySeconds = 60", "when = \"failure\"");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:8:52: warning[OF031]: the link from `scan` to `look` on success stands there twice
              a.toml:8:32: first here
              help: remove one of them
            0 errors, 1 warning
            a.json:10:20: warning[OF031]: the link from `scan` to `look` on success stands there twice
              a.json:6:20: first here
              help: remove one of them
            0 errors, 1 warning
        "#]],
        );
    }
}
