//! OF063: a write that takes a one-time code only, where no code can be sent.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::Kind;

pub(super) const RULE: Rule = Rule { code: Code::CodeWithoutChat, needs: Needs::WholeConfig, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let Err(why) = subject.model.report.codes_chat() else { return };
    let writes = subject.jobs().filter(|job| job.kind() == Kind::OneShotWrite);
    for job in writes.filter(|job| job.approval.takes_codes_only()) {
        let message = format!(
            "nothing can approve `{}`: it takes a one-time code, and none can be sent",
            job.id
        );
        let span = subject.place(job, "approval.level");
        let help = "or ask for another `approval.level`";
        found.push(Finding::new(RULE.code, span, message).of(&job.id).help(&why).help(help));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::Bench;
    use crate::lint::tests::{rule_is_silent, rule_says};

    const JOBS: &str = r#"
        [[jobs]]
        id = "prune"
        kind = "one_shot_write"
        risk = "write_local"
        approval.level = "confirmed"
        commands.run = ["./prune"]
        after = [{ jobId = "look" }]
        [[jobs]]
        id = "look"
        kind = "one_shot_read"
        risk = "read_only"
        commands.run = ["./look"]
    "#;

    fn with_report(report: &str) -> String {
        format!("version = 1\n{report}\n{JOBS}")
    }

    #[test]
    fn a_code_that_nobody_could_be_sent_is_told() {
        let good = with_report("report.telegram = { tokenFile = \"t\", target = 7 }");
        rule_says(
            RULE.code,
            JOBS,
            &good,
            &expect![[r#"
            a.toml:7:26: warning[OF063]: nothing can approve `prune`: it takes a one-time code, and none can be sent
              help: codes go to a chat of one person that this config names itself: set report.telegram.tokenFile and report.telegram.target
              help: or ask for another `approval.level`
            0 errors, 1 warning
            a.json:10:18: warning[OF063]: nothing can approve `prune`: it takes a one-time code, and none can be sent
              help: codes go to a chat of one person that this config names itself: set report.telegram.tokenFile and report.telegram.target
              help: or ask for another `approval.level`
            0 errors, 1 warning
        "#]],
        );
        rule_is_silent(&Bench::default(), RULE.code, &JOBS.replace("confirmed", "asserted"));
    }

    #[test]
    fn a_group_and_another_way_get_no_codes() {
        let good = with_report("report.telegram = { tokenFile = \"t\", target = \"7:topic:2\" }");
        rule_says(
            RULE.code,
            &with_report("report.telegram = { tokenFile = \"t\", target = -7 }"),
            &good,
            &expect![[r#"
                a.toml:8:26: warning[OF063]: nothing can approve `prune`: it takes a one-time code, and none can be sent
                  help: report.telegram.target is -7: codes go to a chat of one person only, whose id is a number above 0
                  help: or ask for another `approval.level`
                0 errors, 1 warning
                a.json:10:18: warning[OF063]: nothing can approve `prune`: it takes a one-time code, and none can be sent
                  help: report.telegram.target is -7: codes go to a chat of one person only, whose id is a number above 0
                  help: or ask for another `approval.level`
                0 errors, 1 warning
            "#]],
        );
        rule_says(
            RULE.code,
            &with_report(
                "report = { via = \"stdout\", telegram = { tokenFile = \"t\", target = 7 } }",
            ),
            &good,
            &expect![[r#"
                a.toml:8:26: warning[OF063]: nothing can approve `prune`: it takes a one-time code, and none can be sent
                  help: report.via is stdout: codes go by Telegram's Bot API only
                  help: or ask for another `approval.level`
                0 errors, 1 warning
                a.json:10:18: warning[OF063]: nothing can approve `prune`: it takes a one-time code, and none can be sent
                  help: report.via is stdout: codes go by Telegram's Bot API only
                  help: or ask for another `approval.level`
                0 errors, 1 warning
            "#]],
        );
    }
}
