//! What people ask for while ticks are at work.
//!
//! In: the number of a round. Out: calls of opsfsm, and what they brought.
//! Invariant: a write runs once for each approval, and never without.

use super::fleet::{self, MANUAL, WORKERS, WRITES};
use super::support::{Ran, Sandbox};
use super::workers;

/// Exit codes of `docs/exit-codes.md` that a person's call may have beside ticks: nothing here is
/// misused, and the store is sound.
const EXPECTED: [i32; 5] = [0, 1, 3, 4, 5];

/// What people have done.
#[derive(Default)]
pub(crate) struct People {
    /// How many approvals were given, by write.
    approvals: [usize; WRITES],
    /// The job that somebody started in this round, and so knows of: the next tick tells the others.
    pub(crate) started: Option<String>,
}

fn asks(sandbox: &Sandbox, words: &[&str]) -> Ran {
    let ran = sandbox.run(words);
    assert!(EXPECTED.contains(&ran.code), "{words:?}: {ran:?}");
    ran
}

impl People {
    /// One of the things that people do.
    pub(crate) fn act(&mut self, sandbox: &Sandbox, round: usize) {
        let nth = round / 5;
        self.started = None;
        match round % 5 {
            0 => self.write(sandbox, nth),
            1 => {
                asks(sandbox, &["run", &fleet::manual(nth % MANUAL), "--report"]);
            }
            2 => {
                // One that has completed is started anew; any other runs, or is started by a tick too.
                let done = (0..WORKERS).find(|n| workers::pid(sandbox, *n).is_none());
                if let Some(id) = done.map(workers::name) {
                    asks(sandbox, &["start", &id]);
                    self.started = Some(id);
                }
            }
            3 => {
                for words in [&["status"][..], &["approvals"], &["outbox"], &["metrics"]] {
                    assert_eq!(asks(sandbox, words).code, 0, "{words:?}");
                }
            }
            _ => {
                asks(sandbox, &["history", "--limit", "50"]);
            }
        }
    }

    /// A write from its request to its end. Each third fails, each fourth is not verified.
    fn write(&mut self, sandbox: &Sandbox, nth: usize) {
        let n = nth % WRITES;
        let (write, round) = (fleet::write(n), nth / WRITES);
        let fails = |every: usize| if round % every == every - 1 { "exit 1" } else { ":" };
        sandbox.on(&write, "run", fails(3));
        sandbox.on(&format!("verify-{n}"), "run", fails(4));
        asks(sandbox, &["request", &write]);
        let plan = asks(sandbox, &["plan", &write]);
        let short = plan.out.lines().find_map(|line| line.strip_prefix(" short ")).unwrap();
        let before = sandbox.count(&write, "runs");
        let approved = asks(sandbox, &["approve", &write, "--digest", short]).code == 0;
        self.approvals[n] += usize::from(approved);
        let ran = asks(sandbox, &["run", &write, "--wait"]);
        let runs = sandbox.count(&write, "runs") - before;
        assert_eq!(runs, usize::from(approved), "{ran:?}");
        if sandbox.state(&write) == "unverified" {
            asks(sandbox, &["acknowledge", &write]);
        }
    }

    /// Each approval was used once, and nothing else ran.
    pub(crate) fn ends(&self, sandbox: &Sandbox) {
        for (n, approvals) in self.approvals.iter().enumerate() {
            assert_eq!(sandbox.count(&fleet::write(n), "runs"), *approvals, "write {n}");
        }
    }
}
