//! OF054: a program that is there and can't be started: not executable, or a script without `#!`.

use super::program_not_found::programs;
use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::ports::ProgramLook;

pub(super) const RULE: Rule = Rule { code: Code::UnfitProgram, needs: Needs::Host, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        for (argv, program) in programs(subject, job) {
            if let ProgramLook::Unfit(why) = program {
                let message =
                    format!("a program of `{}` (`{}`) can't be started: {why}", job.id, argv.role);
                found.push(Finding::new(RULE.code, argv.span(0), message).of(&job.id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::{Bench, rule_says_on};

    #[test]
    fn a_program_that_can_not_be_started_is_told() {
        let bad = r#"
            [[jobs]]
            id = "disk"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["./plain.sh"]
        "#;
        let mut bench = Bench::default();
        let why = "/etc/ops/plain.sh is not executable; chmod +x it".to_owned();
        bench.programs.insert("./plain.sh", ProgramLook::Unfit(why));
        rule_says_on(
            &bench,
            RULE.code,
            bad,
            &bad.replace("plain", "fit"),
            &expect![[r#"
            a.toml:7:29: error[OF054]: a program of `disk` (`run`) can't be started: /etc/ops/plain.sh is not executable; chmod +x it
            1 error, 0 warnings
            a.json:6:11: error[OF054]: a program of `disk` (`run`) can't be started: /etc/ops/plain.sh is not executable; chmod +x it
            1 error, 0 warnings
        "#]],
        );
    }
}
