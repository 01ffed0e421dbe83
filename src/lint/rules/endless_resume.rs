//! OF043: `autoResume` without an end.

use crate::diag::{Code, Finding};
use crate::lint::subject::resumes;
use crate::lint::{Needs, Rule, Subject};

pub(super) const RULE: Rule = Rule { code: Code::EndlessResume, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs().filter(|job| resumes(job) && job.policy.max_resumes.is_none()) {
        let message = format!("`{}` is started again and again, without an end", job.id);
        found.push(
            subject
                .about(RULE.code, job, ("policy.autoResume", "autoResume"), message)
                .help("say with `maxResumes` when it counts as failed"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_resume_without_an_end_is_told() {
        let bad = r#"
            [[jobs]]
            id = "scan"
            kind = "long_running_read"
            risk = "read_only"
            commands = { start = ["./scan"], status = ["./scan", "-s"] }
            policy.autoResume = true
        "#;
        let good = format!("{bad}\npolicy.maxResumes = 5");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:8:33: warning[OF043]: `scan` is started again and again, without an end
              help: say with `maxResumes` when it counts as failed
            0 errors, 1 warning
            a.json:16:23: warning[OF043]: `scan` is started again and again, without an end
              help: say with `maxResumes` when it counts as failed
            0 errors, 1 warning
        "#]],
        );
    }
}
