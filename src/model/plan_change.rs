//! What has changed between two plans, in words: what a refused approval names.
//!
//! In: the approved plan and the one of this moment. Out: a sentence, empty only for equal plans.
//! Invariant: values of the environment are never among the words, only their names.

use std::collections::BTreeMap;

use super::plan::{Account, Plan, PlanStep, SealedFile};

/// Differences that are named; of more only the number is told.
const NAMED: usize = 3;

impl Plan {
    /// What is different in `now`, in words; empty if nothing is.
    #[must_use]
    pub fn changes_to(&self, now: &Self) -> String {
        let mut found = Vec::new();
        if self.job != now.job {
            found.push(format!("it is `{}` now, not `{}`", now.job, self.job));
        }
        changed_account(&self.account, &now.account, &mut found);
        self.step.changes_to(&now.step, &mut found);
        self.changed_verifications(now, &mut found);
        if self.verify_within_ms != now.verify_within_ms {
            found.push("the time for its verification has changed".to_owned());
        }
        in_words(&found)
    }

    fn changed_verifications(&self, now: &Self, found: &mut Vec<String>) {
        let names = |plan: &Self| -> Vec<String> {
            plan.verifications.iter().map(|v| v.job.to_string()).collect()
        };
        let (was, is) = (names(self), names(now));
        if was != is {
            found.push(format!("it is verified by {} now, not by {}", listed(&is), listed(&was)));
            return;
        }
        for (was, is) in self.verifications.iter().zip(&now.verifications) {
            let mut of_check = Vec::new();
            was.step.changes_to(&is.step, &mut of_check);
            if was.delay_ms != is.delay_ms {
                of_check.push("its delay has changed".to_owned());
            }
            if was.sandboxed != is.sandboxed {
                let so = if is.sandboxed { "now" } else { "no longer" };
                of_check.push(format!("it is {so} kept from writing"));
            }
            found.extend(of_check.into_iter().map(|what| format!("of `{}`: {what}", was.job)));
        }
    }
}

impl PlanStep {
    fn changes_to(&self, now: &Self, found: &mut Vec<String>) {
        if self.argv != now.argv {
            found.push("its command has other words".to_owned());
        }
        if self.program.path == now.program.path {
            if self.exec != now.exec {
                found.push(format!("it would be started as {}, not as {}", now.exec, self.exec));
            }
            changed_content(&self.program, &now.program, found);
        } else {
            let (is, was) = (&now.program.path, &self.program.path);
            found.push(format!("its program is {is} now, not {was}"));
        }
        changed_files(&self.interpreters, &now.interpreters, "its interpreters", found);
        changed_files(&self.files, &now.files, "its files", found);
        if self.cwd != now.cwd {
            found.push(format!("it would run in {}, not in {}", now.cwd, self.cwd));
        }
        changed_links(&self.links, &now.links, found);
        changed_env(&self.env, &now.env, found);
        if self.limit_ms != now.limit_ms {
            found.push("its time limit has changed".to_owned());
        }
        if self.not_covered != now.not_covered {
            found.push("what its plan can't cover has changed".to_owned());
        }
    }
}

fn changed_account(was: &Account, is: &Account, found: &mut Vec<String>) {
    if (was.uid, &was.name) != (is.uid, &is.name) {
        let named = |account: &Account| format!("{} (uid {})", account.name, account.uid);
        found.push(format!("it would run as {}, not as {}", named(is), named(was)));
    } else if was != is {
        found.push("its account has another home or shell".to_owned());
    }
}

fn changed_content(was: &SealedFile, is: &SealedFile, found: &mut Vec<String>) {
    if was != is {
        found.push(format!("{} has other content", was.path));
    }
}

fn changed_files(was: &[SealedFile], is: &[SealedFile], of: &str, found: &mut Vec<String>) {
    let before = found.len();
    let by_path = |files: &[SealedFile]| -> BTreeMap<String, SealedFile> {
        files.iter().map(|f| (f.path.clone(), f.clone())).collect()
    };
    let (old, new) = (by_path(was), by_path(is));
    for (path, file) in &old {
        match new.get(path) {
            Some(now) => changed_content(file, now, found),
            None => found.push(format!("{path} is not among {of} any more")),
        }
    }
    let added = new.keys().filter(|path| !old.contains_key(*path));
    found.extend(added.map(|path| format!("{path} is new among {of}")));
    if found.len() == before && was != is {
        found.push(format!("{of} stand in another order"));
    }
}

fn changed_links(
    was: &BTreeMap<String, String>,
    is: &BTreeMap<String, String>,
    found: &mut Vec<String>,
) {
    for (path, led) in was {
        match is.get(path) {
            Some(leads) if leads == led => {}
            Some(leads) => found.push(format!("{path} leads to {leads} now, not to {led}")),
            None => found.push(format!("{path} does not lead to {led} any more")),
        }
    }
    let added = is.iter().filter(|(path, _)| !was.contains_key(*path));
    found.extend(added.map(|(path, leads)| format!("{path} leads to {leads} now")));
}

fn changed_env(
    was: &BTreeMap<String, String>,
    is: &BTreeMap<String, String>,
    found: &mut Vec<String>,
) {
    for (name, value) in was {
        match is.get(name) {
            Some(now) if now == value => {}
            Some(_) => found.push(format!("the variable {name} has another value")),
            None => found.push(format!("the variable {name} is not set any more")),
        }
    }
    let added = is.keys().filter(|name| !was.contains_key(*name));
    found.extend(added.map(|name| format!("the variable {name} is set now")));
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn in_words(found: &[String]) -> String {
    let named = found.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    match found.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}
