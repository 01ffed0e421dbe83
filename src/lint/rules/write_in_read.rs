//! OF035: a read job whose command looks like a write.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject, verbs};
use crate::model::Kind;

pub(super) const RULE: Rule = Rule { code: Code::WriteInRead, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs().filter(|job| job.kind() != Kind::OneShotWrite) {
        for argv in subject.commands(job) {
            // `status` has a rule of its own, and to stop a job is what `stop` is for, as to start
            // one is what `start` is for.
            if argv.role == "status" || argv.role == "stop" {
                continue;
            }
            let command = argv.inner();
            if argv.role == "start" && verbs::starts_service(command) {
                continue;
            }
            let Some(what) = verbs::writing(command) else { continue };
            let message = format!("read job `{}` runs {what}, which looks like a write", job.id);
            found.push(Finding::new(RULE.code, argv.span(command.at), message).of(&job.id).help(
                "make it a one_shot_write, which is approved and verified; or say in \
                     `suppressions` why it is none",
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
    fn a_watched_service_is_started_by_its_start() {
        let config = |start: &str| {
            format!(
                "[[jobs]]\nid = \"scan\"\nkind = \"long_running_read\"\nrisk = \"read_only\"\n\
                 commands = {{ start = [{start}], status = [\"./s\"] }}"
            )
        };
        let good = config(r#""systemctl", "--user", "start", "scan""#);
        rule_says(RULE.code, &good, &good, &expect![[""]]);
    }

    #[test]
    fn a_read_that_writes_is_told() {
        let bad = r#"
            [[jobs]]
            id = "tidy"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["nice", "rsync", "-a", "--delete", "/srv/a", "host:/srv/b"]
            [[jobs]]
            id = "scan"
            kind = "long_running_read"
            risk = "read_only"
            commands = { start = ["curl", "-XPOST", "https://h.example"], status = ["./s"], stop = ["rm", "x"] }
        "#;
        let good = bad.replace("\"--delete\"", "\"--dry-run\"").replace("-XPOST", "-XGET");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:7:37: error[OF035]: read job `tidy` runs `rsync --delete`, which looks like a write
              help: make it a one_shot_write, which is approved and verified; or say in `suppressions` why it is none
            a.toml:12:35: error[OF035]: read job `scan` runs `curl` with a request that changes something, which looks like a write
              help: make it a one_shot_write, which is approved and verified; or say in `suppressions` why it is none
            2 errors, 0 warnings
            a.json:7:11: error[OF035]: read job `tidy` runs `rsync --delete`, which looks like a write
              help: make it a one_shot_write, which is approved and verified; or say in `suppressions` why it is none
            a.json:21:11: error[OF035]: read job `scan` runs `curl` with a request that changes something, which looks like a write
              help: make it a one_shot_write, which is approved and verified; or say in `suppressions` why it is none
            2 errors, 0 warnings
        "#]],
        );
    }
}
