//! OF046: a job that counts as stalled before two ticks have looked at it.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::Kind;

pub(super) const RULE: Rule = Rule { code: Code::HastyStall, needs: Needs::Period, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let Some(period) = subject.period else { return };
    let watched = subject.jobs().filter(|job| job.kind() == Kind::LongRunningRead);
    for job in watched.filter(|job| job.policy.stall < period * 2) {
        let message = format!(
            "`{}` is stalled after {} s without progress, and a tick comes every {} s",
            job.id,
            job.policy.stall.as_secs(),
            period.as_secs()
        );
        found.push(
            subject
                .about(RULE.code, job, ("policy.stallSeconds", "stallSeconds"), message)
                .help("give `stallSeconds` two ticks' time or more: one late tick is no stall"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_stall_of_less_than_two_ticks_is_told() {
        let bad = r#"
            [[jobs]]
            id = "scan"
            kind = "long_running_read"
            risk = "read_only"
            commands = { start = ["./scan"], status = ["./scan", "-s"] }
            policy.stallSeconds = 119
        "#;
        let good = bad.replace("119", "120");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:8:35: warning[OF046]: `scan` is stalled after 119 s without progress, and a tick comes every 60 s
              help: give `stallSeconds` two ticks' time or more: one late tick is no stall
            0 errors, 1 warning
            a.json:16:25: warning[OF046]: `scan` is stalled after 119 s without progress, and a tick comes every 60 s
              help: give `stallSeconds` two ticks' time or more: one late tick is no stall
            0 errors, 1 warning
        "#]],
        );
    }
}
