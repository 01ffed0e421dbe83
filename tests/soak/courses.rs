//! What happens to the jobs between two rounds: they go on, die, hang, complete, call for help, say
//! rubbish.
//!
//! In: chance that is the same everywhere. Out: status files, words to workers, alerts of checks.
//! Invariant: nothing moves while it is looked at.

use serde_json::json;

use super::chance::Chance;
use super::fleet::{self, HASTY, LINKED, MANUAL, SCANS, SCHEDULED, WORKERS};
use super::support::Sandbox;
use super::workers;

/// So many scans move in a round, beside those that have no time to stand still.
const MOVED: usize = 24;

/// Where the jobs are.
pub(crate) struct Courses {
    chance: Chance,
    progress: [u32; SCANS],
}

impl Courses {
    pub(crate) fn new() -> Self {
        Self { chance: Chance(20_261_121), progress: [0; SCANS] }
    }

    /// Lets everything go on by one round.
    pub(crate) fn go_on(&mut self, sandbox: &Sandbox) {
        for n in 0..HASTY {
            if self.chance.below(8) > 0 {
                self.moves(sandbox, n);
            }
        }
        for _ in 0..MOVED {
            let n = HASTY + self.chance.below(SCANS - HASTY);
            self.happens(sandbox, n);
        }
        for n in 0..WORKERS {
            self.works(sandbox, n);
        }
        self.checks(sandbox);
    }

    fn moves(&mut self, sandbox: &Sandbox, n: usize) {
        self.progress[n] += 1;
        sandbox.runs_on(&fleet::scan(n), self.progress[n]);
    }

    fn happens(&mut self, sandbox: &Sandbox, n: usize) {
        let id = fleet::scan(n);
        match self.chance.below(12) {
            0..=5 => self.moves(sandbox, n),
            6 | 7 => sandbox.stands(&id),
            8 | 9 => sandbox.completes(&id),
            10 => {
                let help = json!({"running": true, "completed": false, "level": "alert",
                    "message": "the disk of the archive is nearly full"});
                sandbox.status(&id, &help);
            }
            _ => sandbox.raw_status(&id, "{\"running\": tr"),
        }
    }

    fn works(&mut self, sandbox: &Sandbox, n: usize) {
        let Some(pid) = workers::pid(sandbox, n) else { return };
        match self.chance.below(12) {
            0..=7 => workers::tell(sandbox, n, "step"),
            8 | 9 => workers::strike(pid),
            10 => workers::tell(sandbox, n, "end"),
            _ => {}
        }
    }

    /// Some checks have something to say from now on, some have nothing more to say.
    fn checks(&mut self, sandbox: &Sandbox) {
        let ids = (0..LINKED).map(fleet::linked).chain((0..SCHEDULED).map(fleet::scheduled));
        for id in ids.chain((0..MANUAL).map(fleet::manual)) {
            let alert = format!("jobs/{id}/alert");
            match (self.chance.below(6), sandbox.path(&alert).exists()) {
                (0, true) => sandbox.remove(&alert),
                (0, false) => drop(sandbox.write(&alert, "")),
                _ => {}
            }
        }
    }
}
