//! OF053: a command inside `sh -c`, where no rule and no digest of its files sees it.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::Kind;

pub(super) const RULE: Rule = Rule { code: Code::HiddenCommand, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        for argv in subject.commands(job) {
            let command = argv.inner();
            let Some(flag) = command.shell_text() else { continue };
            let message = format!(
                "`commands.{}` of `{}` hides its command in a shell's argument",
                argv.role, job.id
            );
            let help = if job.kind() == Kind::LongRunningRead {
                "make it a script: what stands in one can be read, checked and reviewed"
            } else {
                "make it a script and list what it needs under `inputs`: a plan then covers it"
            };
            let span = argv.span(command.at + 1 + flag);
            found.push(Finding::new(RULE.code, span, message).of(&job.id).help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_command_in_a_shell_is_told() {
        let bad = r#"
            [[jobs]]
            id = "disk"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["nice", "/bin/sh", "-ec", "df -h | grep /srv"]
        "#;
        let good = bad.replace(r#""-ec", "df -h | grep /srv""#, r#""./disk.sh""#);
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:7:48: warning[OF053]: `commands.run` of `disk` hides its command in a shell's argument
              help: make it a script and list what it needs under `inputs`: a plan then covers it
            0 errors, 1 warning
            a.json:8:11: warning[OF053]: `commands.run` of `disk` hides its command in a shell's argument
              help: make it a script and list what it needs under `inputs`: a plan then covers it
            0 errors, 1 warning
        "#]],
        );
    }
}
