//! OF034: a one_shot_read with the risk of a write.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Job, Kind, LinkWhen, Outline, Risk};

pub(super) const RULE: Rule = Rule { code: Code::ReadWithWriteRisk, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let checks = subject.jobs().filter(|job| job.kind() == Kind::OneShotRead);
    for job in checks.filter(|job| job.risk != Risk::ReadOnly && !is_told(subject, job)) {
        let message = format!(
            "read job `{}` has the risk {}: opsfsm never runs it by itself",
            job.id,
            job.risk.as_str()
        );
        found.push(
            Finding::new(RULE.code, subject.place(job, "risk"), message)
                .of(&job.id)
                .also(job.id_span, "a one_shot_read")
                .help("make it a one_shot_write, with a verification; or read_only if it writes nothing"),
        );
    }
}

/// Has OF024 told it, as the unfit verification of a write?
fn is_told(subject: &Subject<'_>, job: &Job) -> bool {
    subject.links_into(&job.id).iter().any(|incoming| {
        let write = subject.outlines.get(incoming.from);
        let verifies = incoming.link.when == LinkWhen::Success
            && write.is_some_and(|write| write.kind == Some(Kind::OneShotWrite));
        let is_fit = |target| subject.outlines.get(target).is_some_and(Outline::may_verify);
        let all = write.into_iter().flat_map(|write| &write.after);
        let mut on_success = all.filter(|link| link.when == LinkWhen::Success);
        verifies && !on_success.any(|link| is_fit(&link.target))
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_check_of_write_risk_is_told() {
        let bad = r#"
            [[jobs]]
            id = "tidy"
            kind = "one_shot_read"
            risk = "write_external"
            commands.run = ["./tidy"]
        "#;
        let good = bad.replace("write_external", "read_only");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:6:20: error[OF034]: read job `tidy` has the risk write_external: opsfsm never runs it by itself
              a.toml:4:18: a one_shot_read
              help: make it a one_shot_write, with a verification; or read_only if it writes nothing
            1 error, 0 warnings
            a.json:11:15: error[OF034]: read job `tidy` has the risk write_external: opsfsm never runs it by itself
              a.json:9:13: a one_shot_read
              help: make it a one_shot_write, with a verification; or read_only if it writes nothing
            1 error, 0 warnings
        "#]],
        );
    }

    #[test]
    fn what_is_told_as_an_unfit_verification_is_not_told_again() {
        let config = r#"
            [[jobs]]
            id = "prune"
            kind = "one_shot_write"
            risk = "write_local"
            commands.run = ["./prune"]
            after = [{ jobId = "look" }]
            [[jobs]]
            id = "look"
            kind = "one_shot_read"
            risk = "write_local"
            commands.run = ["./look"]
        "#;
        rule_says(RULE.code, config, config, &expect![[""]]);
    }
}
