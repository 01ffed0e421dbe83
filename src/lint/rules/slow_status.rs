//! OF045: a status command that may take as long as it is from one tick to the next.

use crate::base::limits;
use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::{StatusSource, Work};

pub(super) const RULE: Rule = Rule { code: Code::SlowStatus, needs: Needs::Period, look };

const KEYS: (&str, &str) = ("statusTimeoutSeconds", "statusTimeoutSeconds");

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let Some(period) = subject.period else { return };
    // A tick waits for no status beyond its own limit.
    let tick_limit = subject.model.tick_limit.unwrap_or(limits::TICK_LIMIT);
    for job in subject.jobs() {
        let Work::Watch { status: StatusSource::Command(status), .. } = &job.work else { continue };
        let limit = status.limit.unwrap_or(limits::STATUS_TIMEOUT).min(tick_limit);
        if limit < period {
            continue;
        }
        let message = format!(
            "the status of `{}` may take {} s, and a tick comes every {} s",
            job.id,
            limit.as_secs(),
            period.as_secs()
        );
        found.push(subject.about(RULE.code, job, KEYS, message).help(
            "give `statusTimeoutSeconds` less than that: a tick that finds another at work does \
             nothing",
        ));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_status_that_outlasts_the_period_is_told() {
        let bad = r#"
            version = 1
            defaults = { tickLimitSeconds = 120, statusTimeoutSeconds = 90 }
            [[jobs]]
            id = "scan"
            kind = "long_running_read"
            risk = "read_only"
            commands = { start = ["./scan"], status = ["./scan", "-s"] }
        "#;
        let good = bad.replace("tickLimitSeconds = 120", "tickLimitSeconds = 50");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:5:18: warning[OF045]: the status of `scan` may take 90 s, and a tick comes every 60 s
              a.toml:3:50: the default
              help: give `statusTimeoutSeconds` less than that: a tick that finds another at work does nothing
            0 errors, 1 warning
            a.json:17:13: warning[OF045]: the status of `scan` may take 90 s, and a tick comes every 60 s
              a.json:3:5: the default
              help: give `statusTimeoutSeconds` less than that: a tick that finds another at work does nothing
            0 errors, 1 warning
        "#]],
        );
    }
}
