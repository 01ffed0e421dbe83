//! OF033: `autoResume` on a job that a tick may not start.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Kind, Risk};

pub(super) const RULE: Rule = Rule { code: Code::UnsafeResume, needs: Needs::Text, look };

const KEYS: (&str, &str) = ("policy.autoResume", "autoResume");

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs().filter(|job| job.policy.auto_resume && job.risk != Risk::ReadOnly) {
        // As a default it means nothing to jobs that are run to their end.
        let watched = job.kind() == Kind::LongRunningRead;
        if !watched && subject.own_place(job, KEYS.0).is_none() {
            continue;
        }
        let message = format!(
            "`{}` has `autoResume` and the risk {}: only a read_only job is started by itself",
            job.id,
            job.risk.as_str()
        );
        found.push(
            subject
                .about(RULE.code, job, KEYS, message)
                .help("set `autoResume` to false for this job, or make it read_only"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    const BAD: &str = r#"
        version = 1
        [defaults]
        autoResume = true
        [[jobs]]
        id = "own"
        kind = "long_running_read"
        risk = "write_local"
        commands = { start = ["./scan"], status = ["./scan", "-s"] }
        policy.autoResume = true
        [[jobs]]
        id = "by-default"
        kind = "long_running_read"
        risk = "write_local"
        commands = { start = ["./scan"], status = ["./scan", "-s"] }
        [[jobs]]
        id = "check"
        kind = "one_shot_read"
        risk = "write_local"
        commands.run = ["./scan"]
    "#;

    #[test]
    fn a_job_of_write_risk_that_is_to_be_resumed_is_told() {
        let good = BAD.replace("write_local", "read_only");
        rule_says(
            RULE.code,
            BAD,
            &good,
            &expect![[r#"
            a.toml:10:29: error[OF033]: `own` has `autoResume` and the risk write_local: only a read_only job is started by itself
              help: set `autoResume` to false for this job, or make it read_only
            a.toml:12:14: error[OF033]: `by-default` has `autoResume` and the risk write_local: only a read_only job is started by itself
              a.toml:4:9: the default
              help: set `autoResume` to false for this job, or make it read_only
            2 errors, 0 warnings
            a.json:19:23: error[OF033]: `own` has `autoResume` and the risk write_local: only a read_only job is started by itself
              help: set `autoResume` to false for this job, or make it read_only
            a.json:33:13: error[OF033]: `by-default` has `autoResume` and the risk write_local: only a read_only job is started by itself
              a.json:3:5: the default
              help: set `autoResume` to false for this job, or make it read_only
            2 errors, 0 warnings
        "#]],
        );
    }
}
