//! OF029: a job that two jobs of one ancestor start, so that it may run twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::{JobId, limits};
use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};
use crate::model::{Kind, LinkWhen};

pub(super) const RULE: Rule = Rule { code: Code::StartedTwice, needs: Needs::Text, look };

/// Links that the search may still go along, over all jobs: it stays linear, and is silent beyond.
type Steps = usize;

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let mut steps: Steps = limits::TWICE_STEPS;
    // A chain only asks for a write, and an approval is for one start.
    for job in subject.jobs().filter(|job| job.kind() != Kind::OneShotWrite) {
        let Some(twice) = ways_to(subject, &job.id, &mut steps) else { continue };
        let [first, second] = twice.by;
        let message = format!(
            "`{}` may run twice: `{first}` and `{second}` both start it, and both follow from `{}`",
            job.id, twice.ancestor
        );
        let mut finding = Finding::new(RULE.code, job.id_span, message).of(&job.id);
        for by in twice.by {
            let link = subject.links_into(&job.id).iter().find(|link| link.from == by);
            if let Some(link) = link {
                finding = finding.also(link.link.target_span, format!("`{by}` starts it"));
            }
        }
        found.push(finding.help("let one of them start it, or chain the one behind the other"));
    }
}

/// Two jobs that start one, and what both follow from.
struct Twice<'a> {
    by: [&'a JobId; 2],
    ancestor: &'a JobId,
}

/// Goes back along the links, from each job that starts `job`, until two ways meet: in a job whose
/// same end leads to both. What follows on success and what follows on failure exclude each other.
fn ways_to<'a>(subject: &Subject<'a>, job: &'a JobId, steps: &mut Steps) -> Option<Twice<'a>> {
    // They stand in the order of the jobs that they come from.
    let starters = subject.links_into(job).chunk_by(|a, b| a.from == b.from);
    let mut first_way: BTreeMap<(&JobId, LinkWhen), &JobId> = BTreeMap::new();
    for links in starters {
        let Some(starter) = links.first().map(|link| link.from).filter(|from| *from != job) else {
            continue;
        };
        let mut seen: BTreeSet<(&JobId, LinkWhen)> = BTreeSet::new();
        let mut open: VecDeque<&JobId> = VecDeque::new();
        let mut ends: Vec<(&JobId, LinkWhen)> =
            links.iter().map(|l| (l.from, l.link.when)).collect();
        loop {
            for end in ends.drain(..) {
                *steps = steps.checked_sub(1)?;
                if !seen.insert(end) {
                    continue;
                }
                match first_way.get(&end) {
                    Some(other) => return Some(Twice { by: [*other, starter], ancestor: end.0 }),
                    None => open.push_back(end.0),
                }
            }
            let Some(at) = open.pop_front() else { break };
            ends.extend(subject.links_into(at).iter().map(|l| (l.from, l.link.when)));
        }
        first_way.extend(seen.into_iter().map(|end| (end, starter)));
    }
    None
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::{Bench, rule_is_silent, rule_says};

    fn job(id: &str, after: &str) -> String {
        format!(
            "[[jobs]]\nid = \"{id}\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n\
             commands.run = [\"{id}\"]\nafter = [{after}]\n"
        )
    }

    fn diamond(first: &str, second: &str) -> String {
        let to = |id: &str, when: &str| format!("{{ jobId = \"{id}\", when = \"{when}\" }}");
        let start = format!("{}, {}", to("left", first), to("right", second));
        [
            job("scan", &start),
            job("left", &to("sum", "success")),
            job("right", &to("sum", "success")),
            job("sum", ""),
        ]
        .concat()
    }

    #[test]
    fn two_ways_from_one_end_of_a_job_are_told() {
        let bad = diamond("success", "success");
        rule_says(
            RULE.code,
            &bad,
            &diamond("success", "failure"),
            &expect![[r#"
            a.toml:21:6: warning[OF029]: `sum` may run twice: `left` and `right` both start it, and both follow from `scan`
              a.toml:13:20: `left` starts it
              a.toml:19:20: `right` starts it
              help: let one of them start it, or chain the one behind the other
            0 errors, 1 warning
            a.json:62:13: warning[OF029]: `sum` may run twice: `left` and `right` both start it, and both follow from `scan`
              a.json:26:20: `left` starts it
              a.json:42:20: `right` starts it
              help: let one of them start it, or chain the one behind the other
            0 errors, 1 warning
        "#]],
        );
    }

    #[test]
    fn a_write_is_asked_for_and_not_started() {
        let write = diamond("success", "success").replace(
            "id = \"sum\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"",
            "id = \"sum\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"",
        );
        rule_is_silent(&Bench::default(), RULE.code, &write);
    }

    #[test]
    fn a_way_beside_the_straight_one_is_told_too() {
        let both = "{ jobId = \"left\" }, { jobId = \"sum\" }";
        let chain = [job("left", "{ jobId = \"sum\" }"), job("sum", "")].concat();
        let bad = job("scan", both) + &chain;
        let good = job("scan", "{ jobId = \"left\" }") + &chain;
        rule_says(
            RULE.code,
            &bad,
            &good,
            &expect![[r#"
            a.toml:15:6: warning[OF029]: `sum` may run twice: `left` and `scan` both start it, and both follow from `scan`
              a.toml:13:20: `left` starts it
              a.toml:7:40: `scan` starts it
              help: let one of them start it, or chain the one behind the other
            0 errors, 1 warning
            a.json:43:13: warning[OF029]: `sum` may run twice: `left` and `scan` both start it, and both follow from `scan`
              a.json:24:20: `left` starts it
              a.json:9:20: `scan` starts it
              help: let one of them start it, or chain the one behind the other
            0 errors, 1 warning
        "#]],
        );
    }
}
