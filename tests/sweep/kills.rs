//! SIGKILL at every system call of a tick, of an executor and of a start.

use std::collections::BTreeSet;

use opsfsm::model::End;

use crate::strace::{
    Point, Stage, adopted, can_strace, claimed, overgrown, spread, sweeps_all, tell, untouched,
};
use crate::support::{code, said};

/// Strikes each point and looks at what is left. Returns how often the check was lost.
fn sweep(what: &str, stage: &Stage, few: usize, then: impl Fn(&Point)) -> usize {
    let all = stage.points();
    let (length, points) = (all.len(), spread(all, few));
    let (mut kills, mut lost) = (0, 0);
    for point in &points {
        let killed = stage.kill_at(point);
        kills += usize::from(killed);
        if !killed {
            tell(&format!("{what}: never came to {point:?}"));
        }
        stage.assert_holds();
        then(point);
        lost += usize::from(stage.assert_heals() == End::Lost);
    }
    tell(&format!("{what}: {kills} kills of {} points; trace {length}; {lost} lost", points.len()));
    if sweeps_all() {
        // Waiting may take a call more or less.
        assert!(kills * 100 >= length * 99, "{what}: {kills} kills, the trace has {length}");
    } else {
        assert!(kills * 10 >= points.len() * 9, "{what}: {kills} kills of {}", points.len());
    }
    lost
}

/// The first tick of all: it makes the store, claims a resume and a check, and launches both.
#[test]
fn a_tick() {
    if !can_strace() {
        return;
    }
    let stage = Stage::new(untouched(), &["tick"]);
    let lost = sweep("tick", &stage, 60, |_| {});
    assert_eq!(lost, 0, "a tick that dies loses no check");
}

/// Pruned or not: what is left gives the stored state.
#[test]
fn a_tick_that_prunes() {
    if !can_strace() {
        return;
    }
    let stage = Stage::new(overgrown(), &["tick"]);
    let met = std::cell::RefCell::new(BTreeSet::new());
    sweep("a tick that prunes", &stage, 30, |_| {
        met.borrow_mut().insert(stage.site.open().pruned().unwrap());
    });
    let met = met.take();
    assert!(met.contains(&0) && met.len() > 1, "killed before and after: {met:?}");
    assert!(stage.site.open().pruned().unwrap() > 0);
}

#[test]
fn an_executor() {
    if !can_strace() {
        return;
    }
    for job in ["probe", "scan"] {
        let (site, run) = claimed(job);
        let stage = Stage::new(site, &["__exec", &run]);
        let lost = sweep(&format!("__exec {job}"), &stage, 25, |_| {});
        assert!(job == "probe" || lost == 0, "{lost}");
    }
}

#[test]
fn a_start() {
    if !can_strace() {
        return;
    }
    let stage = Stage::new(adopted(), &["start", "scan"]);
    sweep("start", &stage, 25, |point| {
        let output = stage.site.run(&["start", "scan"]);
        assert_eq!(code(&output), 0, "{point:?}: not busy any more: {}", said(&output));
        stage.assert_holds();
    });
}

#[test]
fn a_run_of_a_check() {
    if !can_strace() {
        return;
    }
    let stage = Stage::new(adopted(), &["run", "probe"]);
    sweep("run", &stage, 15, |_| {});
}
