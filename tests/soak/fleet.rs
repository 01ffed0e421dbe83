//! The two hundred jobs.
//!
//! In: a sandbox. Out: their config, and what they are called.
//! Invariant: whatever is started or run notes the id of its run.

use serde_json::{Value, json};

use super::listener::Listener;
use super::support::{Sandbox, with};
use super::workers;

/// Watched jobs that are real processes.
pub(crate) const WORKERS: usize = 8;
/// Watched jobs whose status is a file that the test writes.
pub(crate) const SCANS: usize = 112;
/// Of these, so many have no time to stand still.
pub(crate) const HASTY: usize = 10;
/// Checks that follow a scan each.
pub(crate) const LINKED: usize = 12;
/// Checks on a schedule.
pub(crate) const SCHEDULED: usize = 48;
/// Checks that only people run.
pub(crate) const MANUAL: usize = 12;
/// Writes, each with a verification.
pub(crate) const WRITES: usize = 4;

/// How many jobs that makes.
pub(crate) const JOBS: usize = WORKERS + SCANS + LINKED + SCHEDULED + MANUAL + 2 * WRITES;

/// What a check does where the test says so.
const ALERTING: &str = "[ ! -e alert ] || { echo \"$OPSFSM_RUN\" >> alerts; echo \"ALERT from $OPSFSM_RUN\"; }\n\
    ls /proc/$PPID/fd | wc -l >> held\n";
/// Notes the open files of what opsfsm has started; `ls` has one of its own.
const SEEN_FILES: &str = "echo $(ls /proc/self/fd) >> files\n";
/// What a scan's start command brings.
const STARTED: &str = r#"printf '{"running":true,"completed":false,"progress":{"n":0}}' > status.own
mv status.own status
"#;

pub(crate) fn scan(n: usize) -> String {
    format!("scan-{n:03}")
}

pub(crate) fn linked(n: usize) -> String {
    format!("after-{n:02}")
}

pub(crate) fn scheduled(n: usize) -> String {
    format!("due-{n:02}")
}

pub(crate) fn manual(n: usize) -> String {
    format!("hand-{n:02}")
}

pub(crate) fn write(n: usize) -> String {
    format!("prune-{n}")
}

fn verifier(n: usize) -> String {
    format!("verify-{n}")
}

/// Makes every job, and the config that names them.
pub(crate) fn raise(sandbox: &Sandbox, chat: &Listener) {
    let mut jobs: Vec<Value> = (0..WORKERS).map(|n| workers::job(sandbox, n)).collect();
    jobs.extend((0..SCANS).map(|n| scan_job(sandbox, n)));
    let check = |id: String, more: Value| with(alerting(sandbox, &id), &more);
    jobs.extend((0..LINKED).map(|n| alerting(sandbox, &linked(n))));
    let every = |n: usize| json!({"everySeconds": 60 + 5 * n});
    jobs.extend((0..SCHEDULED).map(|n| check(scheduled(n), every(n))));
    jobs.extend((0..MANUAL).map(|n| check(manual(n), json!({"manual": true}))));
    for n in 0..WRITES {
        let gate = json!({"env": sandbox.mark(), "approval": {"nonInteractive": true}});
        jobs.push(with(sandbox.write_job(&write(n), &verifier(n)), &gate));
        // Outside opsfsm's sandbox, so that its runs can note themselves.
        let open = json!({"env": sandbox.mark(), "sandbox": "off"});
        jobs.push(with(sandbox.check(&verifier(n)), &open));
    }
    assert_eq!(jobs.len(), JOBS);
    let token = sandbox.write("secrets/token", "123456789:AAFcanary-Qk3x9_Zt7vLr2Ws8Yd5Np1Mb6\n");
    let telegram = json!({"tokenFile": token, "target": "-1001", "apiRoot": chat.root()});
    sandbox.raw_config(&json!({
        "version": 1,
        "defaults": {
            "quietHours": {"start": "00:00", "end": "00:00"},
            "startGraceSeconds": 0, "autoResumeBackoffSeconds": 0, "reportEverySeconds": 0,
        },
        // The least that may be kept, so that what is older goes while the test looks on.
        "history": {"keepEvents": 1000},
        "report": {"language": "en", "telegram": telegram},
        "jobs": jobs,
    }));
}

fn scan_job(sandbox: &Sandbox, n: usize) -> Value {
    let id = scan(n);
    let mut job = sandbox.watched(&id);
    let files = if n.is_multiple_of(16) { SEEN_FILES } else { "" };
    sandbox.on(&id, "start", &format!("{files}{STARTED}"));
    if n.is_multiple_of(16) {
        let folder = sandbox.path(&format!("jobs/{id}"));
        let ask = format!("#!/bin/sh\ncd '{}'\n{SEEN_FILES}cat status\n", folder.display());
        job["commands"]["status"] = json!([sandbox.script(&format!("jobs/{id}/ask"), &ask)]);
    }
    let mut policy = json!({"autoResume": !n.is_multiple_of(3)});
    if n < HASTY {
        policy["stallSeconds"] = json!(0);
    }
    if n.is_multiple_of(7) {
        policy["maxResumes"] = json!(3);
    }
    job["policy"] = policy;
    if (HASTY..HASTY + LINKED).contains(&n) {
        job["after"] = json!([{"jobId": linked(n - HASTY)}]);
    }
    job
}

fn alerting(sandbox: &Sandbox, id: &str) -> Value {
    sandbox.on(id, "run", &format!("{SEEN_FILES}{ALERTING}"));
    sandbox.check(id)
}
