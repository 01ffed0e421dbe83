//! OF044: quiet hours that are empty because their end meets what somebody else said.
//!
//! Equal ends are how a config says "never quiet", so that is no finding where both stand together.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::Places;

pub(super) const RULE: Rule = Rule { code: Code::EmptyQuietHours, needs: Needs::Text, look };

const HELP: &str = "say both `start` and `end` here; equal ones mean that it is never quiet";

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let mut by_default = false;
    for job in subject.jobs().filter(|job| job.policy.quiet_hours.is_none()) {
        let places = subject.model.places.get(&job.id);
        let Some(key) = places.and_then(|places| only_end(places, "policy.quietHours")) else {
            let own = places.and_then(|places| places.of("policy.quietHours.start"));
            by_default |= own.is_none();
            continue;
        };
        let message = format!(
            "`{}` is never quiet: its `{key}` is the same as the other end by default",
            job.id
        );
        let span = subject.place(job, &format!("policy.quietHours.{key}"));
        found.push(Finding::new(RULE.code, span, message).of(&job.id).help(HELP));
    }
    let defaults = &subject.model.defaults;
    if let (true, Some(key)) = (by_default, only_end(defaults, "quietHours"))
        && let Some(place) = defaults.of(&format!("quietHours.{key}"))
    {
        let message = format!(
            "no job is ever quiet by default: `{key}` is the same as the other end, which is not \
             said"
        );
        found.push(Finding::new(RULE.code, place.value, message).help(HELP));
    }
}

/// The one end of the two that these places say.
fn only_end(places: &Places, table: &str) -> Option<&'static str> {
    let has = |key: &str| places.of(&format!("{table}.{key}")).is_some();
    match (has("start"), has("end")) {
        (true, false) => Some("start"),
        (false, true) => Some("end"),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    const JOB: &str = r#"
        [[jobs]]
        id = "disk"
        kind = "one_shot_read"
        risk = "read_only"
        commands.run = ["df"]
    "#;

    #[test]
    fn an_end_that_meets_a_default_is_told() {
        let bad = format!("{JOB}\npolicy.quietHours = {{ start = \"08:00\" }}");
        let good = format!("{JOB}\npolicy.quietHours = {{ start = \"08:00\", end = \"08:00\" }}");
        rule_says(
            RULE.code,
            &bad,
            &good,
            &expect![[r#"
            a.toml:9:31: warning[OF044]: `disk` is never quiet: its `start` is the same as the other end by default
              help: say both `start` and `end` here; equal ones mean that it is never quiet
            0 errors, 1 warning
            a.json:13:20: warning[OF044]: `disk` is never quiet: its `start` is the same as the other end by default
              help: say both `start` and `end` here; equal ones mean that it is never quiet
            0 errors, 1 warning
        "#]],
        );
    }

    #[test]
    fn a_default_that_meets_the_built_in_one_is_told_once() {
        let bad = format!("version = 1\ndefaults.quietHours.end = \"23:00\"\n{JOB}");
        let good = bad.replace("23:00", "22:00");
        rule_says(
            RULE.code,
            &bad,
            &good,
            &expect![[r#"
            a.toml:2:27: warning[OF044]: no job is ever quiet by default: `end` is the same as the other end, which is not said
              help: say both `start` and `end` here; equal ones mean that it is never quiet
            0 errors, 1 warning
            a.json:4:14: warning[OF044]: no job is ever quiet by default: `end` is the same as the other end, which is not said
              help: say both `start` and `end` here; equal ones mean that it is never quiet
            0 errors, 1 warning
        "#]],
        );
    }
}
