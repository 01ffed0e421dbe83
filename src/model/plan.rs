//! The plan of a write: exactly what would run, and what would verify it. An approval is given to
//! the digest of a plan, and to nothing else.
//!
//! In: resolved programs, hashed files, final environments. Out: canonical bytes and their digest.
//! What is not in a plan can change without anybody's approval: a job's name, policy and `enabled`,
//! and every other job.
//! Invariant: the same plan gives the same bytes; two plans that differ in what would run never do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::approval::PlanDigest;
use crate::base::JobId;

/// What a person approves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The write.
    pub job: JobId,
    /// As whom it runs.
    pub account: Account,
    /// What runs.
    pub step: PlanStep,
    /// What must pass afterwards, in the order of the config.
    pub verifications: Vec<PlanVerification>,
    /// How long each of them has to pass, from when it is due, in milliseconds.
    pub verify_within_ms: u64,
}

/// A user account of this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its number.
    pub uid: u32,
    /// Its name.
    pub name: String,
    /// Its home folder.
    pub home: String,
    /// Its login shell.
    pub shell: String,
}

/// One command, down to the bytes it would run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStep {
    /// Program and arguments, as configured.
    pub argv: Vec<String>,
    /// The path that is executed: absolute, links kept, for a program may go by its name.
    #[serde(default)]
    pub exec: String,
    /// The file that it leads to.
    pub program: SealedFile,
    /// The interpreters of its `#!` line, and what `env` looks up, outermost first.
    pub interpreters: Vec<SealedFile>,
    /// The folder it runs in: of a write with links resolved, of a verification as it is declared.
    pub cwd: String,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Files among its arguments, and those of `inputs`.
    pub files: Vec<SealedFile>,
    /// Paths of the command that lead elsewhere, by links or `..`: each with where it leads.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Its time limit in milliseconds; `None`: no limit.
    pub limit_ms: Option<u64>,
    /// What a change of would not be noticed, in words.
    pub not_covered: Vec<String>,
}

/// A read-only check that must pass after the write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanVerification {
    /// The check.
    pub job: JobId,
    /// How long after the write, in milliseconds.
    pub delay_ms: u64,
    /// What runs.
    pub step: PlanStep,
    /// Is it kept from writing anywhere but in a scratch folder?
    pub sandboxed: bool,
}

/// A file as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedFile {
    /// Where it is: absolute, links resolved.
    pub path: String,
    /// The SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// A plan and what stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Its digest.
    pub digest: PlanDigest,
}

/// What the digest's bytes begin with, so that no other hash of opsfsm can be taken for one.
const DOMAIN: &str = "opsfsm plan 1\n";

impl Plan {
    /// The bytes that an approval covers: JSON with the fields in the order of their declaration
    /// and maps sorted by key.
    ///
    /// # Errors
    /// When serde_json can't encode the plan, which no plan of this build does.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = DOMAIN.as_bytes().to_vec();
        serde_json::to_writer(&mut bytes, self)?;
        Ok(bytes)
    }

    /// The plan's digest.
    ///
    /// # Errors
    /// As [`Plan::canonical_bytes`].
    pub fn digest(&self) -> Result<PlanDigest, serde_json::Error> {
        Ok(PlanDigest::of(&self.canonical_bytes()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> SealedFile {
        SealedFile { path: path.to_owned(), sha256: "00".repeat(32), bytes: 1 }
    }

    fn step(argv: &[&str]) -> PlanStep {
        PlanStep {
            argv: argv.iter().map(ToString::to_string).collect(),
            exec: "/bin/p".to_owned(),
            program: file("/bin/p"),
            interpreters: Vec::new(),
            cwd: "/".to_owned(),
            env: BTreeMap::from([("A".to_owned(), "1".to_owned())]),
            files: vec![file("/f")],
            links: BTreeMap::from([("/l".to_owned(), "/f".to_owned())]),
            limit_ms: None,
            not_covered: Vec::new(),
        }
    }

    fn plan() -> Plan {
        let account = Account {
            uid: 7,
            name: "u".to_owned(),
            home: "/h".to_owned(),
            shell: "/bin/sh".to_owned(),
        };
        let check = PlanVerification {
            job: JobId::new("v"),
            delay_ms: 0,
            step: step(&["v"]),
            sandboxed: true,
        };
        Plan {
            job: JobId::new("w"),
            account,
            step: step(&["w", "x"]),
            verifications: vec![check],
            verify_within_ms: 1000,
        }
    }

    /// Every field of a plan, changed.
    const EDITS: [fn(&mut Plan); 30] = [
        |p| p.job = JobId::new("w2"),
        |p| p.account.uid = 8,
        |p| p.account.home = "/h2".to_owned(),
        |p| p.step.argv = vec!["w x".to_owned()],
        |p| p.step.program.sha256 = "11".repeat(32),
        |p| p.step.program.path = "/bin/q".to_owned(),
        |p| p.step.interpreters.push(file("/bin/sh")),
        |p| p.step.cwd = "/tmp".to_owned(),
        |p| p.step.exec = "/bin/l".to_owned(),
        |p| drop(p.step.links.insert("/l".to_owned(), "/g".to_owned())),
        |p| drop(p.step.links.insert("/m".to_owned(), "/f".to_owned())),
        |p| p.step.links.clear(),
        |p| drop(p.step.env.insert("A".to_owned(), "2".to_owned())),
        |p| p.step.files[0].sha256 = "22".repeat(32),
        |p| p.step.limit_ms = Some(1000),
        |p| p.verifications[0].step.argv.push("y".to_owned()),
        |p| p.verifications[0].delay_ms = 1,
        |p| p.verifications[0].sandboxed = false,
        |p| p.verify_within_ms = 2000,
        |p| p.verifications.clear(),
        |p| p.account.name = "v".to_owned(),
        |p| p.step.env.clear(),
        |p| drop(p.step.env.insert("B".to_owned(), "1".to_owned())),
        |p| p.step.files.clear(),
        |p| p.step.files.push(file("/g")),
        |p| p.step.files.push(file("/f")),
        |p| p.step.program.bytes = 2,
        |p| p.step.not_covered.push("more".to_owned()),
        |p| p.verifications[0].step.program.sha256 = "33".repeat(32),
        |p| {
            p.step.cwd = "/a".to_owned();
            p.step.argv.clear();
            p.step.limit_ms = Some(2);
            p.step.env.clear();
        },
    ];

    #[test]
    fn every_part_of_what_would_run_changes_the_digest_and_has_words() {
        let digest = |p: &Plan| p.digest().expect("encodes");
        let base = digest(&plan());
        assert_eq!(plan().changes_to(&plan()), "");
        let mut words = Vec::new();
        let mut seen = std::collections::BTreeSet::from([base]);
        for edit in EDITS {
            let mut changed = plan();
            edit(&mut changed);
            assert!(seen.insert(digest(&changed)), "{changed:?}");
            words.push(plan().changes_to(&changed));
        }
        expect_test::expect![[r#"
            it is `w2` now, not `w`
            it would run as u (uid 8), not as u (uid 7)
            its account has another home or shell
            its command has other words
            /bin/p has other content
            its program is /bin/q now, not /bin/p
            /bin/sh is new among its interpreters
            it would run in /tmp, not in /
            it would be started as /bin/l, not as /bin/p
            /l leads to /g now, not to /f
            /m leads to /f now
            /l does not lead to /f any more
            the variable A has another value
            /f has other content
            its time limit has changed
            of `v`: its command has other words
            of `v`: its delay has changed
            of `v`: it is no longer kept from writing
            the time for its verification has changed
            it is verified by nothing now, not by v
            it would run as v (uid 7), not as u (uid 7)
            the variable A is not set any more
            the variable B is set now
            /f is not among its files any more
            /g is new among its files
            its files stand in another order
            /bin/p has other content
            what its plan can't cover has changed
            of `v`: /bin/p has other content
            its command has other words; it would run in /a, not in /; the variable A is not set any more; and 1 more"#]].assert_eq(&words.join("\n"));
    }

    #[test]
    fn a_plan_survives_being_stored() {
        let text = serde_json::to_string(&plan()).expect("encodes");
        let read: Plan = serde_json::from_str(&text).expect("decodes");
        assert_eq!(read.digest().expect("encodes"), plan().digest().expect("encodes"));
    }

    #[test]
    fn the_digest_of_a_known_plan_never_drifts() {
        let digest = plan().digest().expect("encodes");
        expect_test::expect!["6aa6c7fdc59ad1eab04229bc4ea3ff0f820cf95bb8b0592a9e1cbca92742058f"]
            .assert_eq(digest.as_str());
        assert_eq!(digest.short().len(), 12);
    }
}
