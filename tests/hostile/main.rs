//! The hostile pack: every job of `docs/faults.md` that can be hostile, all at once in one config, with
//! healthy ones among them.
//!
//! In: one script for each fault, in this folder. Out: what the report and the state say of each, and what a
//! tick over all of them takes.
//! Invariant: no hostile job is told as another, none of them moves a state, and none harms the healthy ones.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

#[path = "../cli/jobs.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod jobs;
mod pack;
#[path = "../cli/support.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the command line")]
mod support;
#[path = "../support/weighed.rs"]
mod weighed;
#[path = "../cli/words.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod words;

use serde_json::json;

use pack::{Pack, Told};
use support::{Ran, has, lacks};

/// The tick over the pack needs at most so many times the memory of one over as many healthy jobs. A
/// gigabyte that was kept would be forty times as much.
const MEMORY: i64 = 2;

#[test]
fn every_hostile_job_is_told_for_what_it_is_and_harms_nobody() {
    let pack = Pack::new();
    let tick = pack.sandbox.weigh("pack", &["tick"]).wait();
    pack.is_told_as_it_is(&tick.ran);
    pack.left_only_what_its_jobs_left();
    // Nothing of it is news at the next tick, and whoever moves is told.
    pack.goes_on();
    let told = pack.sandbox.tick();
    has(&told, &["well [long_running_read]", "n=2"]);
    lacks(&told, &["🔴"]);
    pack.recovers();
    let told = pack.sandbox.tick();
    for id in pack::broken() {
        has(pack::section(&told, &id), &["recovered", "state: running"]);
        assert_eq!(pack.sandbox.count(&id, "starts"), 0, "{id}");
    }
    let quiet = pack::quiet();
    let quiet = quiet.weigh("quiet", &["tick"]).wait();
    quiet.ran.exits(0);
    let (ours, theirs) = (tick.peak_kb, quiet.peak_kb);
    assert!(ours <= MEMORY * theirs, "{ours} kB, where healthy jobs take {theirs} kB");
}

/// 19: there are not open files enough for all of them at once.
#[test]
fn with_room_for_few_open_files_the_pack_is_told_the_same() {
    let pack = Pack::new();
    pack.is_told_as_it_is(&pack.sandbox.shell("ulimit -n 64; exec \"$OPSFSM\" tick").run());
}

/// 20, 21, 23: no environment, no rights on what is made, signals ignored, a line to read, open files.
#[test]
fn by_a_caller_of_bad_habits_the_pack_is_told_the_same() {
    let pack = Pack::new();
    let sandbox = &pack.sandbox;
    let tick = format!(
        "trap '' CHLD HUP PIPE; umask 777; exec 7< /dev/zero; echo a line |\n\
         env -i {} PATH=/usr/bin:/bin \"$OPSFSM\" tick --config-file '{}' --state-file '{}'",
        pack.mark(),
        sandbox.config_path().display(),
        sandbox.store_path().display(),
    );
    pack.is_told_as_it_is(&sandbox.shell(&tick).run());
}

/// 22: whoever reads the report goes after its first line, or was never there.
#[test]
fn a_reader_that_goes_away_loses_nothing_of_the_pack() {
    let pack = Pack::new();
    let full = pack.sandbox.shell("\"$OPSFSM\" tick > /dev/full").run();
    full.exits(3).says("could not be delivered and is kept");
    lacks(&full.err, &["panicked"]);
    pack.is_told_as_it_is(&pack.sandbox.run(&["tick"]));
    for command in ["status", "explain 01-hangs", "metrics", "history"] {
        let gone = pack.sandbox.shell(&format!("\"$OPSFSM\" {command} | head -1")).run();
        lacks(&gone.exits(0).err, &["panicked"]);
    }
}

/// 12: a pid that opsfsm can't prove to be the job's gets no signal, whoever says it is.
#[test]
fn a_job_that_names_another_process_as_its_own_has_nobody_ended() {
    let pack = Pack::new();
    let bystander = pack.sandbox.call_program("/bin/sleep", &["600"]).spawn();
    let status = json!({"running": true, "completed": false, "pid": bystander.pid});
    pack.sandbox.status("names-another", &status);
    pack.is_told_as_it_is(&pack.sandbox.run(&["tick"]));
    pack.sandbox.run(&["stop", "names-another"]).exits(2);
    let living = pack.sandbox.survivors();
    assert!(living.iter().any(|(pid, _)| *pid == bystander.pid), "{living:?}");
}

impl Pack {
    /// The report of a whole tick says of each job what it is.
    fn is_told_as_it_is(&self, Ran { code, out, err }: &Ran) {
        assert_eq!((*code, err.as_str()), (0, ""), "{out}");
        let states = self.states();
        for (id, told) in pack::hostile() {
            let section = pack::section(out, &id);
            match told {
                Told::Broken(why) => {
                    has(section, &["🔴", "ACTION REQUIRED: its status can't be read", why]);
                    assert_eq!(states[&id], "idle", "{id}");
                }
                Told::Runs => has(section, &["🔹", "state: running"]),
            }
            assert_eq!(self.sandbox.count(&id, "starts"), 0, "{id}");
        }
        has(pack::section(out, "well"), &["🔹", "state: running", "n=1"]);
        has(pack::section(out, "falls"), &["its start command was run"]);
        has(pack::section(out, "disk"), &["ALERT: nearly full"]);
        let counts = [("falls", "starts"), ("disk", "runs"), ("well", "starts")];
        assert_eq!(counts.map(|(id, what)| self.sandbox.count(id, what)), [1, 1, 0]);
    }
}
