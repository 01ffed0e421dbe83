//! OF050: a program that is not there.

use std::collections::BTreeSet;

use crate::diag::{Code, Finding};
use crate::lint::argv::Argv;
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Job, Kind, STANDARD_PATH};
use crate::ports::ProgramLook;

pub(super) const RULE: Rule = Rule { code: Code::ProgramNotFound, needs: Needs::Host, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        for (argv, program) in programs(subject, job) {
            if let ProgramLook::Missing(why) = program {
                let message =
                    format!("a program of `{}` (`{}`) is not there: {why}", job.id, argv.role);
                found.push(
                    Finding::new(RULE.code, argv.span(0), message)
                        .of(&job.id)
                        .help("cron's PATH is a short one: give the absolute path"),
                );
            }
        }
    }
}

/// Each program of a job, once, and what stands behind its name where the job runs.
pub(super) fn programs<'a>(subject: &Subject<'a>, job: &'a Job) -> Vec<(Argv<'a>, ProgramLook)> {
    let Some(host) = subject.host else { return Vec::new() };
    // A write's PATH is a constant, whoever starts it.
    let constant = (job.kind() == Kind::OneShotWrite).then_some(STANDARD_PATH);
    let path = job.env.get("PATH").map(String::as_str).or(constant);
    let mut seen = BTreeSet::new();
    let mut all = subject.commands(job);
    all.retain(|argv| argv.words.first().is_some_and(|program| seen.insert(program)));
    let look = |argv: Argv<'a>| {
        let program = argv.words.first().map_or("", String::as_str);
        (argv, host.program(program, &job.cwd, path))
    };
    all.into_iter().map(look).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::{Bench, rule_says_on};

    #[test]
    fn a_program_that_is_not_there_is_told_once_a_job() {
        let bad = r#"
            [[jobs]]
            id = "scan"
            kind = "long_running_read"
            risk = "read_only"
            commands = { start = ["scann", "-b"], status = ["scann", "-s"] }
        "#;
        let mut bench = Bench::default();
        let why = "program `scann` is in no folder of PATH (/bin); install it".to_owned();
        bench.programs.insert("scann", ProgramLook::Missing(why));
        rule_says_on(
            &bench,
            RULE.code,
            bad,
            &bad.replace("scann", "scan"),
            &expect![[r#"
            a.toml:7:35: warning[OF050]: a program of `scan` (`start`) is not there: program `scann` is in no folder of PATH (/bin); install it
              help: cron's PATH is a short one: give the absolute path
            0 errors, 1 warning
            a.json:6:11: warning[OF050]: a program of `scan` (`start`) is not there: program `scann` is in no folder of PATH (/bin); install it
              help: cron's PATH is a short one: give the absolute path
            0 errors, 1 warning
        "#]],
        );
    }
}
