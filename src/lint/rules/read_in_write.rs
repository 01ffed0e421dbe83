//! OF036: a write whose command is known to only read.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject, verbs};
use crate::model::Kind;

pub(super) const RULE: Rule = Rule { code: Code::ReadInWrite, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs().filter(|job| job.kind() == Kind::OneShotWrite) {
        let Some(argv) = subject.commands(job).into_iter().find(|argv| argv.role == "run") else {
            continue;
        };
        let command = argv.inner();
        if verbs::only_reads(command) {
            let message = format!("write `{}` runs a command that only reads", job.id);
            found.push(Finding::new(RULE.code, argv.span(command.at), message).of(&job.id).help(
                "make it a one_shot_read: who has to approve what needs no approval soon \
                     approves without reading",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_write_that_only_reads_is_told() {
        let bad = r#"
            [[jobs]]
            id = "look"
            kind = "one_shot_write"
            risk = "write_local"
            commands.run = ["git", "-C", "/srv/repo", "status"]
        "#;
        let good = bad.replace("\"status\"", "\"push\"");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:7:29: warning[OF036]: write `look` runs a command that only reads
              help: make it a one_shot_read: who has to approve what needs no approval soon approves without reading
            0 errors, 1 warning
            a.json:6:11: warning[OF036]: write `look` runs a command that only reads
              help: make it a one_shot_read: who has to approve what needs no approval soon approves without reading
            0 errors, 1 warning
        "#]],
        );
    }
}
