//! OF047: `autoResume` on a job whose status file names no process.

use std::collections::BTreeSet;

use crate::diag::{Code, Finding};
use crate::lint::subject::resumes;
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Status, StatusSource, Work, parse_status};

pub(super) const RULE: Rule = Rule { code: Code::ResumeWithoutPid, needs: Needs::Host, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let Some(host) = subject.host else { return };
    let mut known: BTreeSet<&std::path::Path> = BTreeSet::new();
    for job in subject.jobs().filter(|job| resumes(job)) {
        let Work::Watch { status: StatusSource::File(path), .. } = &job.work else { continue };
        if known.contains(path.as_path()) {
            continue;
        }
        // What is not there yet, or is broken, says nothing of the next one.
        let status = host.status_file(path).and_then(|bytes| parse_status(&bytes).ok());
        let names_none = |s: &Status| s.running && !s.completed && s.pid.is_none();
        if !status.as_ref().is_some_and(names_none) {
            known.insert(path);
            continue;
        }
        let message = format!("`{}` can't be resumed while its status file names no `pid`", job.id);
        let place = subject.place(job, "commands.statusFile");
        found.push(Finding::new(RULE.code, place, message).of(&job.id).help(
            "let the job write its own `pid`: a file that stands still does not say whether it runs",
        ));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::{Bench, rule_is_silent, rule_says_on};

    #[test]
    fn a_status_file_without_a_pid_is_told() {
        let bad = r#"
            [[jobs]]
            id = "scan"
            kind = "long_running_read"
            risk = "read_only"
            commands = { start = ["./scan"], statusFile = "/run/a.json" }
            policy.autoResume = true
        "#;
        let mut bench = Bench::default();
        bench.statuses.insert("/run/a.json", r#"{"running": true, "completed": false}"#);
        bench.statuses.insert("/run/b.json", r#"{"running": true, "completed": false, "pid": 7}"#);
        let good = |path| bad.replace("/run/a.json", path);
        rule_says_on(
            &bench,
            RULE.code,
            bad,
            &good("/run/b.json"),
            &expect![[r#"
            a.toml:7:59: warning[OF047]: `scan` can't be resumed while its status file names no `pid`
              help: let the job write its own `pid`: a file that stands still does not say whether it runs
            0 errors, 1 warning
            a.json:8:23: warning[OF047]: `scan` can't be resumed while its status file names no `pid`
              help: let the job write its own `pid`: a file that stands still does not say whether it runs
            0 errors, 1 warning
        "#]],
        );
        rule_is_silent(&bench, RULE.code, &good("/run/none.json"));
    }
}
