//! OF037: a status command that looks like a write: every tick runs it.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject, verbs};

pub(super) const RULE: Rule = Rule { code: Code::WriteInStatus, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        for argv in subject.commands(job).iter().filter(|argv| argv.role == "status") {
            let command = argv.inner();
            let Some(what) = verbs::writing(command) else { continue };
            let message =
                format!("the status of `{}` runs {what}, which looks like a write", job.id);
            found.push(
                Finding::new(RULE.code, argv.span(command.at), message)
                    .of(&job.id)
                    .help("every tick runs it: let it only look, and print what it finds"),
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
    fn a_status_that_writes_is_told() {
        let bad = r#"
            [[jobs]]
            id = "scan"
            kind = "long_running_read"
            risk = "read_only"
            commands = { start = ["./scan"], status = ["psql", "-c", "UPDATE t SET seen = 1"] }
        "#;
        let good = bad.replace("UPDATE t SET seen = 1", "SELECT 1");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:7:56: error[OF037]: the status of `scan` runs `UPDATE` in SQL, which looks like a write
              help: every tick runs it: let it only look, and print what it finds
            1 error, 0 warnings
            a.json:9:11: error[OF037]: the status of `scan` runs `UPDATE` in SQL, which looks like a write
              help: every tick runs it: let it only look, and print what it finds
            1 error, 0 warnings
        "#]],
        );
    }
}
