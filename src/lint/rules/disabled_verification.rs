//! OF025: an enabled write whose verification says `enabled: false`.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Kind, LinkWhen};

pub(super) const RULE: Rule = Rule { code: Code::DisabledVerification, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let writes = subject.jobs().filter(|job| job.kind() == Kind::OneShotWrite && job.enabled);
    for job in writes {
        for link in job.after.iter().filter(|link| link.when == LinkWhen::Success) {
            let Some(check) = subject.model.jobs.get(&link.target) else { continue };
            if check.enabled || !check.is_runnable_read() {
                continue;
            }
            let message = format!(
                "write `{}` is enabled, and its verification `{}` is disabled",
                job.id, check.id
            );
            found.push(
                Finding::new(RULE.code, link.target_span, message)
                    .of(&job.id)
                    .also(check.id_span, "disabled")
                    .help("enable both or neither; the write runs its verification all the same"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    const BAD: &str = r#"
        [[jobs]]
        id = "prune"
        kind = "one_shot_write"
        risk = "write_local"
        enabled = true
        commands.run = ["./prune"]
        after = [{ jobId = "look" }]
        [[jobs]]
        id = "look"
        kind = "one_shot_read"
        risk = "read_only"
        commands.run = ["./look"]
    "#;

    #[test]
    fn a_disabled_verification_of_an_enabled_write_is_told() {
        let good = BAD.replace("enabled = true", "enabled = false");
        rule_says(
            RULE.code,
            BAD,
            &good,
            &expect![[r#"
            a.toml:9:28: error[OF025]: write `prune` is enabled, and its verification `look` is disabled
              a.toml:11:14: disabled
              help: enable both or neither; the write runs its verification all the same
            1 error, 0 warnings
            a.json:6:20: error[OF025]: write `prune` is enabled, and its verification `look` is disabled
              a.json:25:13: disabled
              help: enable both or neither; the write runs its verification all the same
            1 error, 0 warnings
        "#]],
        );
        let both = BAD.replace("\"./look\"]", "\"./look\"]\nenabled = true");
        rule_says(
            RULE.code,
            BAD,
            &both,
            &expect![[r#"
            a.toml:9:28: error[OF025]: write `prune` is enabled, and its verification `look` is disabled
              a.toml:11:14: disabled
              help: enable both or neither; the write runs its verification all the same
            1 error, 0 warnings
            a.json:6:20: error[OF025]: write `prune` is enabled, and its verification `look` is disabled
              a.json:25:13: disabled
              help: enable both or neither; the write runs its verification all the same
            1 error, 0 warnings
        "#]],
        );
    }
}
