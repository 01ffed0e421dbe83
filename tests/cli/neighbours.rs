//! Two configs whose stores stand in one folder: neither is in the other's way.

use std::path::PathBuf;

use serde_json::json;

use super::support::{Call, Ran, Sandbox, await_that};
use super::writing::{GATE, gated_with};

/// A sandbox with a second config of the same write, and both stores in one folder.
struct Pair(Sandbox);

impl Pair {
    fn new(verify: &serde_json::Value) -> Self {
        let sandbox = gated_with(&json!({"approval": {"nonInteractive": true}}));
        sandbox.gated_jobs(&json!({"approval": {"nonInteractive": true}}), verify, &[]);
        std::fs::copy(sandbox.config_path(), sandbox.path("second.json")).unwrap();
        std::fs::create_dir(sandbox.path("shared")).unwrap();
        Self(sandbox)
    }

    fn call(&self, which: usize, words: &[&str]) -> Call {
        let config: PathBuf = [self.0.config_path(), self.0.path("second.json")][which].clone();
        let store = self.0.path(["shared/a.db", "shared/b.db"][which]);
        let files =
            ["--config-file", config.to_str().unwrap(), "--state-file", store.to_str().unwrap()];
        self.0.call(&[words, &files[..]].concat())
    }

    fn run(&self, which: usize, words: &[&str]) -> Ran {
        self.call(which, words).run()
    }

    fn approve(&self, which: usize) {
        let plan = self.run(which, &["plan", "prune"]).out;
        let short = plan.lines().find_map(|line| line.strip_prefix(" short ")).unwrap().to_owned();
        self.run(which, &["approve", "prune", "--digest", &short]).exits(0);
    }
}

#[test]
fn a_write_in_flight_is_in_flight_in_its_own_store_alone() {
    let pair = Pair::new(&json!({}));
    pair.0.on("prune", "run", &format!("[ -e reached ] || {{ {GATE} }}"));
    pair.approve(0);
    let first = pair.call(0, &["run", "prune", "--wait"]).spawn();
    pair.0.at_gate("prune");
    pair.approve(1);
    pair.run(1, &["run", "prune", "--wait"]).exits(0).prints("prune: verified");
    pair.0.open_gate("prune");
    first.wait().exits(0);
}

#[test]
fn a_verification_has_a_scratch_folder_of_its_own() {
    if !opsfsm::adapters::sandbox::is_available() {
        return;
    }
    let pair = Pair::new(&json!({"sandbox": "read_only"}));

    let gate = pair.0.path("gate");
    let waits = format!(
        "echo mine > \"$TMPDIR/mine\"; echo \"$TMPDIR\"\n\
         if [ ! -e {gate} ]; then until [ -e {gate} ]; do sleep 0.01; done; fi\n\
         cat \"$TMPDIR/mine\"\n",
        gate = gate.display()
    );
    pair.0.on("verify", "run", &waits);
    for which in [0, 1] {
        pair.approve(which);
        pair.run(which, &["run", "prune"]).exits(0);
    }
    let first = pair.call(0, &["verify", "prune", "--wait"]).spawn();
    await_that("the first one's note", || {
        let found = pair.0.shell("cat shared/*/verify/*/mine 2> /dev/null").run();
        found.out == "mine\n"
    });
    let second = pair.call(1, &["verify", "prune", "--wait"]).spawn();
    await_that("the second one's note", || {
        let found = pair.0.shell("cat shared/*/verify/*/mine 2> /dev/null").run();
        found.out == "mine\nmine\n"
    });
    pair.0.write("gate", "");
    for run in [first, second] {
        run.wait().exits(0).prints("prune: verified");
    }
    let left = pair.0.shell("ls shared/a.db.scratch shared/b.db.scratch").run();
    assert_eq!(left.out.replace('\n', " ").trim(), "shared/a.db.scratch:  shared/b.db.scratch:");
}
