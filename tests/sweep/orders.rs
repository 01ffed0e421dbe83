//! SIGKILL, and every error, at every system call of `approve`, `revoke`, `stop`, `backup` and `restore`.
//!
//! What a person ordered is done or it is not: there is nothing between, a write starts only on an approval
//! that was recorded, and giving the same order again leads to where it should have led.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use opsfsm::journal::{GrantFate, World};

use crate::errors::{panicked, strikes_of};
use crate::strace::{Stage, adopted, can_strace, spread, sweeps_all, tell};
use crate::support::{Site, code, said};
use crate::writes::{approve, approved, digest, lines, spent, state, unapproved};

/// Strikes each point with SIGKILL, and each with each error; `then` looks at what is left and names it.
fn sweep(what: &str, stage: &Stage, few: usize, then: impl Fn(&str) -> &'static str) {
    let all = stage.points();
    let (length, points) = (all.len(), spread(all, few));
    let (mut kills, mut fates) = (0, BTreeMap::<&str, usize>::new());
    for point in &points {
        kills += usize::from(stage.kill_at(point));
        *fates.entry(then(&format!("{what} killed at {point:?}"))).or_default() += 1;
    }
    tell(&format!("{what}: {kills} kills of {}; trace {length}; {fates:?}", points.len()));
    let enough =
        if sweeps_all() { kills * 100 >= length * 99 } else { kills * 10 >= points.len() * 9 };
    assert!(enough, "{what}: {kills} kills, the trace has {length}");
    let strikes = strikes_of(stage);
    let whole = strikes.len();
    let strikes = spread(strikes, few);
    let mut fates = BTreeMap::<(i32, &str), usize>::new();
    for (point, error) in &strikes {
        let output = stage.fail_at(point, error);
        let at = format!("{what}, {error} at {point:?}");
        assert!(!panicked(&output), "{at}: {}", said(&output));
        *fates.entry((code(&output), then(&at))).or_default() += 1;
    }
    tell(&format!("{what}: {} errors of {whole}; {fates:?}", strikes.len()));
}

fn live(world: &World) -> usize {
    world.snapshot.grants.values().filter(|grant| matches!(grant.fate, GrantFate::Live)).count()
}

/// Runs the write once, and says whether it ran: it does exactly if an approval lives.
fn run_once(site: &Site, at: &str) -> bool {
    let lives = live(&site.assert_sound());
    assert!(lives <= 1, "{at}: {lives} approvals");
    let before = lines(site);
    let output = site.run(&["run", "w", "--wait"]);
    site.assert_no_process_left();
    let ran = lines(site) - before;
    match code(&output) {
        0 => assert_eq!((ran, lives), (1, 1), "{at}: {}", said(&output)),
        4 => assert_eq!(ran, 0, "{at}: {}", said(&output)),
        other => panic!("{at}: {other} {}", said(&output)),
    }
    ran == 1
}

pub(crate) fn approving() -> Stage {
    let site = unapproved();
    let digest = digest(&site);
    Stage::new(site, &["approve", "w", "--digest", &digest, "--expires", "24h"])
}

pub(crate) fn after_approving(site: &Site, at: &str) -> &'static str {
    assert_eq!(lines(site), 0, "{at}: approving wrote");
    let ran = run_once(site, at);
    // One approval is one start, whatever became of the order.
    assert!(!run_once(site, at), "{at}: it ran twice");
    approve(site);
    assert!(run_once(site, at), "{at}: it can be approved anew");
    assert_eq!(spent(&site.assert_sound()), lines(site), "{at}");
    if ran { "approved" } else { "not approved" }
}

#[test]
fn an_approval() {
    if can_strace() {
        let stage = approving();
        sweep("approve", &stage, 15, |at| after_approving(&stage.site, at));
    }
}

pub(crate) fn after_revoking(site: &Site, at: &str) -> &'static str {
    let revoked = live(&site.assert_sound()) == 0;
    assert_eq!(lines(site), 0, "{at}");
    let again = site.run(&["revoke", "w"]);
    assert!(code(&again) != 101, "{at}: {}", said(&again));
    assert!(!run_once(site, at), "{at}: a revoked approval started it");
    if revoked { "revoked" } else { "not revoked" }
}

#[test]
fn a_revocation() {
    if can_strace() {
        let stage = Stage::new(approved(), &["revoke", "w"]);
        sweep("revoke", &stage, 12, |at| after_revoking(&stage.site, at));
    }
}

pub(crate) fn stopping() -> Stage {
    let site = adopted();
    assert_eq!(code(&site.run(&["start", "scan"])), 0);
    Stage::new(site, &["stop", "scan"])
}

pub(crate) fn after_stopping(site: &Site, at: &str) -> &'static str {
    let count = |site: &Site, what: &str| site.assert_none_twice().get(what).copied().unwrap_or(0);
    let stands = |site: &Site| site.assert_sound().snapshot.jobs["scan"].state.to_string();
    site.assert_no_process_left();
    assert!(count(site, "stop") <= 1, "{at}");
    // Its command runs only once the order is recorded.
    let recorded = stands(site) == "paused";
    assert!(recorded || count(site, "stop") == 0, "{at}: its stop command ran unrecorded");
    let again = site.run(&["stop", "scan"]);
    assert!(code(&again) == 0, "{at}: {}", said(&again));
    site.assert_no_process_left();
    assert_eq!(stands(site), "paused", "{at}");
    let before = count(site, "scan");
    for _ in 0..2 {
        assert_eq!(code(&site.run(&["tick"])), 0, "{at}");
        site.assert_no_process_left();
    }
    let then = (stands(site), count(site, "scan"));
    assert_eq!(then, ("paused".to_owned(), before), "{at}: a tick started it");
    if recorded { "recorded" } else { "not recorded" }
}

#[test]
fn a_stop() {
    if can_strace() {
        let stage = stopping();
        sweep("stop", &stage, 15, |at| after_stopping(&stage.site, at));
    }
}

/// A site whose write is approved, and a copy of its store.
fn copied() -> (Site, PathBuf) {
    let site = approved();
    let copy = site.folder().join("copy.db");
    let output = site.run(&["backup", copy.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    (site, copy)
}

pub(crate) fn backing_up() -> (Stage, PathBuf) {
    let site = approved();
    let copy = site.folder().join("copy.db");
    let stage = Stage::new(site, &["backup", copy.to_str().unwrap()]);
    // The clean runs that count the calls need its place free, too.
    (stage.without(copy.clone()), copy)
}

pub(crate) fn after_backing_up(site: &Site, copy: &Path, at: &str) -> &'static str {
    assert!(run_once(site, at), "{at}: the approval is gone");
    // A copy that is there is whole.
    let whole = copy.exists();
    if whole {
        let output = site.run(&["restore", copy.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{at}: {}", said(&output));
        site.assert_sound();
    }
    if whole { "copied" } else { "no copy" }
}

#[test]
fn a_backup() {
    if can_strace() {
        let (stage, copy) = backing_up();
        sweep("backup", &stage, 12, |at| after_backing_up(&stage.site, &copy, at));
    }
}

pub(crate) fn restoring() -> (Stage, PathBuf) {
    let (site, copy) = copied();
    (Stage::new(site, &["restore", copy.to_str().unwrap()]), copy)
}

pub(crate) fn after_restoring(site: &Site, copy: &Path, at: &str) -> &'static str {
    assert!(site.store.exists(), "{at}: no store is left");
    let before = state(&site.assert_sound());
    // Put back or not: at most one start on the one approval that ever was.
    let ran = run_once(site, at);
    assert!(!run_once(site, at), "{at}: it ran twice");
    let output = site.run(&["restore", copy.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{at}: {}", said(&output));
    assert!(!run_once(site, at), "{at}: an approval of before serves");
    assert!(before == "approved" || !ran, "{at}: {before}, and it ran");
    if ran { "as before" } else { "void" }
}

#[test]
fn a_restore() {
    if can_strace() {
        let (stage, copy) = restoring();
        sweep("restore", &stage, 15, |at| after_restoring(&stage.site, &copy, at));
    }
}

/// Nothing of a restore is left in the way of the next one.
#[test]
fn a_store_may_be_restored_again_and_again() {
    let (site, copy) = copied();
    for _ in 0..3 {
        let output = site.run(&["restore", copy.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        assert!(!run_once(&site, "restored"));
    }
    assert!(fs::metadata(&copy).is_ok());
}
