//! OF042: `autoResume` with a back-off of zero.

use crate::diag::{Code, Finding};
use crate::lint::subject::resumes;
use crate::lint::{Needs, Rule, Subject};

pub(super) const RULE: Rule = Rule { code: Code::ResumeStorm, needs: Needs::Text, look };

const KEYS: (&str, &str) = ("policy.autoResumeBackoffSeconds", "autoResumeBackoffSeconds");

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let zero = subject.jobs().filter(|job| resumes(job) && job.policy.resume_backoff.is_zero());
    for job in zero {
        let message = format!("`{}` is started again without any back-off, at every tick", job.id);
        found.push(
            subject
                .about(RULE.code, job, KEYS, message)
                .help("give `autoResumeBackoffSeconds` some time: it doubles with each attempt"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_resume_without_back_off_is_told() {
        let bad = r#"
            version = 1
            defaults.autoResumeBackoffSeconds = 0
            [[jobs]]
            id = "scan"
            kind = "long_running_read"
            risk = "read_only"
            commands = { start = ["./scan"], status = ["./scan", "-s"] }
            policy.autoResume = true
        "#;
        let good = bad.replace("Seconds = 0", "Seconds = 5");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:5:18: error[OF042]: `scan` is started again without any back-off, at every tick
              a.toml:3:22: the default
              help: give `autoResumeBackoffSeconds` some time: it doubles with each attempt
            1 error, 0 warnings
            a.json:16:13: error[OF042]: `scan` is started again without any back-off, at every tick
              a.json:3:5: the default
              help: give `autoResumeBackoffSeconds` some time: it doubles with each attempt
            1 error, 0 warnings
        "#]],
        );
        let off = bad.replace("Resume = true", "Resume = false");
        let own = bad.replace("policy.auto", "policy.autoResumeBackoffSeconds = 0\npolicy.auto");
        rule_says(
            RULE.code,
            &own,
            &off,
            &expect![[r#"
            a.toml:9:47: error[OF042]: `scan` is started again without any back-off, at every tick
              help: give `autoResumeBackoffSeconds` some time: it doubles with each attempt
            1 error, 0 warnings
            a.json:20:37: error[OF042]: `scan` is started again without any back-off, at every tick
              help: give `autoResumeBackoffSeconds` some time: it doubles with each attempt
            1 error, 0 warnings
        "#]],
        );
    }
}
