//! Backups, restores, and stores that are put back by hand: nothing that was approved serves twice.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde_json::json;

use super::support::{Sandbox, has};
use super::writing::{GATE, gated};

const REFUSED: i32 = 2;
const APPROVAL_NEEDED: i32 = 4;
const BUSY: i32 = 5;
const STORE_REFUSED: i32 = 6;

const PUT_BACK: &str = "before this one was put back";

/// Ways to keep the state of a moment, and to bring it back.
const BY_HAND: [(&str, &str); 7] = [
    ("cp opsfsm/opsfsm.db kept", "cp kept opsfsm/opsfsm.db"),
    ("cp -p opsfsm/opsfsm.db kept", "mv kept opsfsm/opsfsm.db"),
    ("cp -a opsfsm kept", "rm -r opsfsm; mv kept opsfsm"),
    ("cp -a opsfsm kept", "cp -a kept/. opsfsm/"),
    ("tar cf kept opsfsm", "rm -r opsfsm; tar xf kept"),
    ("tar cf kept opsfsm", "tar xf kept --overwrite"),
    ("cp -a opsfsm kept", "rm -r opsfsm; cp -a kept opsfsm"),
];

#[test]
fn a_store_that_is_put_back_by_hand_gives_no_approval_back() {
    for (keep, bring_back) in BY_HAND {
        let sandbox = gated();
        sandbox.tick();
        sandbox.approve("prune");
        let by_hand =
            |what: &str| sandbox.shell(&format!("cd \"$XDG_STATE_HOME\" && {what}")).run();
        by_hand(keep).exits(0);
        sandbox.run(&["run", "prune", "--wait"]).exits(0);
        by_hand(bring_back).exits(0);
        assert_eq!(sandbox.approvals()[0], "void", "{bring_back}: whoever looks is told");
        let ran = sandbox.run(&["run", "prune"]);
        ran.exits(APPROVAL_NEEDED).says(PUT_BACK).says("nothing was run");
        assert_eq!(sandbox.count("prune", "runs"), 1, "{keep}; {bring_back}");
        sandbox.journal_is_whole();
        let told = sandbox.tick();
        has(&told, &["the store was put back to an earlier moment"]);
        assert_eq!(sandbox.tick(), "", "told once");
        sandbox.approve("prune");
        sandbox.run(&["run", "prune", "--wait"]).exits(0);
        assert_eq!(sandbox.count("prune", "runs"), 2);
    }
}

/// The copy is used beside the store, not in its place.
#[test]
fn a_copy_at_another_path_has_no_approval() {
    let sandbox = gated();
    sandbox.approve("prune");
    let copy = sandbox.path("data/copy.db");
    fs::copy(sandbox.store_path(), &copy).unwrap();
    let ran = sandbox.run(&["run", "prune", "--state-file", copy.to_str().unwrap()]);
    ran.exits(APPROVAL_NEEDED).says(PUT_BACK);
    assert_eq!(sandbox.count("prune", "runs"), 0);
    // The store itself is none the worse for it.
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
}

#[test]
fn a_witness_that_is_gone_torn_or_a_link_costs_the_approval() {
    for spoil in ["rm W", "echo > W", "ln -sf /dev/null W", "rm W; mkdir W", "rm W; mkfifo W"] {
        let sandbox = gated();
        sandbox.approve("prune");
        let witness = format!("{}.witness", sandbox.store_path().display());
        assert_eq!(fs::metadata(&witness).unwrap().permissions().mode() & 0o777, 0o600);
        sandbox.shell(&spoil.replace('W', &witness)).run().exits(0);
        let ran = sandbox.run(&["run", "prune"]);
        assert!([APPROVAL_NEEDED, STORE_REFUSED].contains(&ran.code), "{spoil}: {ran:?}");
        assert_eq!(sandbox.count("prune", "runs"), 0, "{spoil}");
    }
}

/// A store that moves as a whole stays what it was.
#[test]
fn a_store_that_is_moved_keeps_its_approval() {
    let sandbox = gated();
    sandbox.approve("prune");
    let moved = sandbox.path("data/moved");
    fs::rename(sandbox.store_path().parent().unwrap(), &moved).unwrap();
    let store = moved.join("opsfsm.db");
    sandbox.run(&["run", "prune", "--wait", "--state-file", store.to_str().unwrap()]).exits(0);
}

fn back_up(sandbox: &Sandbox, name: &str) -> PathBuf {
    let file = sandbox.path(name);
    sandbox.run(&["backup", file.to_str().unwrap()]).exits(0).prints("events, up to");
    file
}

fn restore(sandbox: &Sandbox, file: &Path) -> super::support::Ran {
    sandbox.run(&["restore", file.to_str().unwrap()])
}

#[test]
fn a_restore_brings_back_what_was_known_and_nothing_that_was_approved() {
    let sandbox = gated();
    let job = sandbox.watched("scan");
    sandbox.gated_jobs(&json!({}), &json!({}), &[job]);
    sandbox.tick();
    sandbox.run(&["start", "scan"]).exits(0);
    sandbox.approve("prune");
    let file = back_up(&sandbox, "data/copy.db");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = sandbox.events("scan");
    sandbox.run(&["stop", "scan"]).exits(0);
    restore(&sandbox, &file).exits(0).prints("restored").prints("is kept as");
    assert_eq!(sandbox.events("scan"), before);
    assert_eq!(sandbox.approvals(), ["void"]);
    sandbox.journal_is_whole();
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("nothing was run");
    assert_eq!(sandbox.count("prune", "runs"), 0);
    has(&sandbox.tick(), &["the store was put back to an earlier moment"]);
    let folder = sandbox.path("state/opsfsm");
    let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
    let mut kept: Vec<_> = names.filter(|n| n.to_string_lossy().contains(".replaced-2")).collect();
    kept.sort();
    assert_eq!(kept.len(), 2, "with its journal: {kept:?}");
    // What is kept is a store, and an approval in it is void as well.
    let kept = sandbox.path("state/opsfsm").join(&kept[0]);
    let ran = sandbox.run(&["run", "prune", "--state-file", kept.to_str().unwrap()]);
    ran.exits(APPROVAL_NEEDED);
    assert_eq!(sandbox.count("prune", "runs"), 0);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
}

#[test]
fn a_backup_overwrites_nothing() {
    let sandbox = gated();
    sandbox.run(&["backup", "copy.db"]).exits(REFUSED).says("there is no store");
    sandbox.tick();
    sandbox.write("there", "mine");
    symlink("nowhere", sandbox.path("link")).unwrap();
    for name in ["there", "link", "jobs"] {
        sandbox.run(&["backup", name]).exits(STORE_REFUSED).says("name another file");
    }
    assert_eq!(sandbox.read("there"), "mine");
    assert!(!sandbox.path("nowhere").exists());
    sandbox.run(&["backup", "no/such/folder"]).exits(STORE_REFUSED).says("can't be written");
    let names = |folder: &Path| fs::read_dir(folder).unwrap().count();
    let before = names(&sandbox.path(""));
    sandbox.run(&["backup", "file:x?mode=memory"]).exits(0);
    assert!(sandbox.path("file:x?mode=memory").exists());
    assert_eq!(names(&sandbox.path("")), before + 1, "no draft is left");
}

#[test]
fn what_is_no_whole_backup_is_refused_and_changes_nothing() {
    let sandbox = gated();
    sandbox.approve("prune");
    let good = back_up(&sandbox, "good.db");
    let sql = |file: &Path, text: &str| {
        rusqlite::Connection::open(file).unwrap().execute_batch(text).unwrap();
    };
    let altered = |name: &str, text: &str| {
        let file = sandbox.path(name);
        fs::copy(&good, &file).unwrap();
        sql(&file, text);
        file
    };
    let torn = sandbox.path("torn.db");
    let bytes = fs::read(&good).unwrap();
    fs::write(&torn, &bytes[..bytes.len() - 4096]).unwrap();
    let other = sandbox.path("other.db");
    sql(&other, "CREATE TABLE notes (x)");
    let link = sandbox.path("link.db");
    symlink(&good, &link).unwrap();
    let middle = "UPDATE events SET body = replace(body, 'e', 'E') WHERE seq = 2";
    let bad = [
        (sandbox.path("none.db"), "can't be read"),
        (sandbox.write("text.db", "dear diary"), "it is damaged, or no opsfsm store"),
        (sandbox.write("empty.db", ""), "it is empty"),
        (link, "symbolic link"),
        (torn, "it is"),
        (other, "a database of another program"),
        (altered("newer.db", "PRAGMA user_version = 2"), "written by a newer opsfsm"),
        (altered("middle.db", middle), "chain breaks at event 2"),
        (altered("rows.db", "DELETE FROM grants"), "its state is not what its journal gives"),
        (sandbox.store_path(), "the very store"),
    ];
    let store = fs::read(sandbox.store_path()).unwrap();
    for (file, why) in bad {
        restore(&sandbox, &file).exits(STORE_REFUSED).says(why).says(file.to_str().unwrap());
        assert!(fs::read(sandbox.store_path()).unwrap() == store, "{}", file.display());
    }
    // The approval was not touched by any of it.
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
}

#[test]
fn while_anything_runs_nothing_is_replaced() {
    let sandbox = gated();
    sandbox.tick();
    let file = back_up(&sandbox, "copy.db");
    sandbox.write("jobs/prune/on-run", GATE);
    sandbox.approve("prune");
    let running = sandbox.call(&["run", "prune", "--wait"]).spawn();
    sandbox.at_gate("prune");
    restore(&sandbox, &file).exits(BUSY).says("nothing was replaced");
    sandbox.open_gate("prune");
    running.wait().exits(0);
    sandbox.write("jobs/verify/on-run", GATE);
    let checking = sandbox.call(&["run", "verify"]).spawn();
    sandbox.at_gate("verify");
    restore(&sandbox, &file).exits(BUSY).says("`verify` has a run under way");
    sandbox.open_gate("verify");
    checking.wait().exits(0);
    for lock in ["tick", "outbox"] {
        let path = format!("{}.{lock}", sandbox.store_path().display());
        let held = fs::File::open(path).unwrap();
        flock(&held, FlockOperation::NonBlockingLockExclusive).unwrap();
        restore(&sandbox, &file).exits(BUSY);
    }
    restore(&sandbox, &file).exits(0);
}

/// When a backup is needed most.
#[test]
fn a_store_that_is_damaged_or_gone_is_replaced() {
    for damage in ["echo x > opsfsm.db", ": > opsfsm.db", "rm opsfsm.db", "rm -r ../opsfsm"] {
        let sandbox = gated();
        sandbox.tick();
        let file = back_up(&sandbox, "copy.db");
        sandbox.shell(&format!("cd \"$XDG_STATE_HOME/opsfsm\" && {damage}")).run().exits(0);
        restore(&sandbox, &file).exits(0);
        sandbox.journal_is_whole();
        sandbox.run(&["tick"]).exits(0);
    }
}

/// A backup that was taken while a write ran, and a claim that nobody had begun.
#[test]
fn what_ran_when_the_backup_was_taken_is_unproved_after_the_restore() {
    let sandbox = gated();
    sandbox.write("jobs/prune/on-run", GATE);
    sandbox.approve("prune");
    let running = sandbox.call(&["run", "prune", "--wait"]).spawn();
    sandbox.at_gate("prune");
    let file = back_up(&sandbox, "copy.db");
    sandbox.open_gate("prune");
    running.wait().exits(0);
    restore(&sandbox, &file).exits(0);
    assert_eq!(sandbox.state("prune"), "unknown");
    sandbox.run(&["verify", "prune", "--wait"]).exits(0);
    assert_eq!(sandbox.count("prune", "runs"), 1);
}

/// A restored store belongs to the config that it had.
#[test]
fn a_backup_of_another_configs_store_says_so() {
    let (one, two) = (gated(), gated());
    one.tick();
    two.tick();
    let file = back_up(&one, "copy.db");
    restore(&two, &file).exits(0).says("it belongs to the config").says("adopt");
    two.run(&["tick"]).exits(REFUSED).says("adopt");
    two.run(&["adopt"]).exits(0);
    two.run(&["tick"]).exits(0);
}
