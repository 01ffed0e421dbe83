//! SIGKILL, and every error, at every system call of `run` and of a write's executor.
//!
//! The write appends a line that names its run. Whatever is struck where: there is never a second
//! line for one approval, no line without a spent approval, and nothing is verified without a line.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use opsfsm::adapters::sqlite::EventFilter;
use opsfsm::journal::{EventKind, GrantFate, World};

use crate::errors::{panicked, strikes_of};
use crate::strace::{Stage, can_strace, spread, sweeps_all, tell};
use crate::support::{Site, code, said};

const CONFIG: &str = r#"
version = 1

[[jobs]]
id = "w"
kind = "one_shot_write"
risk = "write_local"
enabled = true
cwd = "SITE"
commands.run = ["./w.sh"]
approval = { nonInteractive = true }
after = [{ jobId = "v" }]

[[jobs]]
id = "v"
kind = "one_shot_read"
risk = "read_only"
enabled = true
cwd = "SITE"
commands.run = ["./v.sh"]
"#;

/// A site whose write is approved, once.
pub(crate) fn approved() -> Site {
    let site = unapproved();
    approve(&site);
    site
}

/// A site with a write that nobody has approved.
pub(crate) fn unapproved() -> Site {
    verified_by("grep -q ' w$' effects")
}

/// The same, with this for its verification.
pub(crate) fn verified_by(line: &str) -> Site {
    let site = Site::new();
    let here = site.folder().display().to_string();
    fs::write(site.folder().join("opsfsm.toml"), CONFIG.replace("SITE", &here)).unwrap();
    script(&site, "w.sh", "echo \"$OPSFSM_RUN w\" >> effects");
    script(&site, "v.sh", line);
    assert_eq!(code(&site.run(&["adopt"])), 0);
    site
}

fn script(site: &Site, name: &str, line: &str) {
    let path = site.folder().join(name);
    fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The digest of the write's plan.
pub(crate) fn digest(site: &Site) -> String {
    let plan = site.run(&["plan", "w", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    plan["digest"].as_str().unwrap().to_owned()
}

pub(crate) fn approve(site: &Site) {
    let output = site.run(&["approve", "w", "--digest", &digest(site), "--expires", "24h"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
}

/// A site whose write is claimed, by a `run` that died before its executor was there.
fn claimed() -> (Site, String) {
    let site = approved();
    crate::strace::claim_write_and_die(&site, "w");
    let world = site.assert_sound();
    let run = world.runs.keys().next().unwrap().as_str().to_owned();
    (site, run)
}

/// What came of one strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// The approval lives, and let the write run afterwards.
    Unspent,
    /// It ran, and is verified.
    Verified,
    /// The approval is spent, and nothing was written.
    SpentInVain,
    /// The store's witness had seen the commit that spends it, and the commit never was: that could
    /// as well be a store that was put back.
    Void,
}

impl Fate {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unspent => "unspent",
            Self::Verified => "verified",
            Self::SpentInVain => "spent in vain",
            Self::Void => "void",
        }
    }
}

pub(crate) fn lines(site: &Site) -> usize {
    site.assert_none_twice().get("w").copied().unwrap_or(0)
}

pub(crate) fn spent(world: &World) -> usize {
    let is_spent = |fate: &GrantFate| matches!(fate, GrantFate::Spent { .. });
    world.snapshot.grants.values().filter(|g| is_spent(&g.fate)).count()
}

/// Was the store taken for one that was put back?
fn put_back(site: &Site) -> bool {
    let events = site.open().last_events(&EventFilter::default(), 100_000).unwrap();
    events.iter().any(|(_, event)| matches!(event.kind, EventKind::StoreRestored { .. }))
}

pub(crate) fn state(world: &World) -> String {
    world.snapshot.jobs[&opsfsm::base::JobId::new("w")].state.to_string()
}

/// What holds right after a strike, and whatever comes then: two ticks and another `run`.
pub(crate) fn settle(stage: &Stage, at: &str) -> Fate {
    let site = &stage.site;
    site.assert_no_process_left();
    let world = site.assert_sound();
    let (written, used) = (lines(site), spent(&world));
    assert!(written <= used && used <= 1, "{at}: {written} lines, {used} approvals spent");
    site.assert_all_claimed();
    for _ in 0..2 {
        let output = site.run(&["tick"]);
        assert_eq!(code(&output), 0, "{at}: {}", said(&output));
        site.assert_no_process_left();
    }
    let world = site.assert_sound();
    assert_eq!((lines(site), spent(&world)), (written, used), "{at}: a tick wrote");
    assert!(world.runs.is_empty(), "{at}: {:?}", world.runs);
    let (fate, wanted) = match (used, written) {
        (0, _) if put_back(site) => (Fate::Void, "blocked"),
        (0, _) => (Fate::Unspent, "approved"),
        (_, 0) => (Fate::SpentInVain, "unverified"),
        (_, _) => (Fate::Verified, "verified"),
    };
    let found = state(&world);
    // A start that the system refused is told as such: nothing ran.
    let refused = fate == Fate::SpentInVain && (found == "blocked" || found == "failed");
    assert!(found == wanted || refused, "{at}: {found}, not {wanted}");
    let again = site.run(&["run", "w", "--wait"]);
    site.assert_no_process_left();
    let (after, text) = (lines(site), said(&again));
    match fate {
        Fate::Unspent => assert_eq!((code(&again), after), (0, 1), "{at}: {text}"),
        Fate::Verified | Fate::SpentInVain | Fate::Void => {
            assert_eq!((code(&again), after), (4, written), "{at}: {text}");
        }
    }
    assert_eq!(spent(&site.assert_sound()), usize::from(fate != Fate::Void), "{at}");
    fate
}

/// A person can go on from wherever it stands.
pub(crate) fn heals(site: &Site, at: &str) {
    let before = lines(site);
    if state(&site.assert_sound()) == "unverified" {
        assert_eq!(code(&site.run(&["acknowledge", "w"])), 0, "{at}");
    }
    approve(site);
    let output = site.run(&["run", "w", "--wait"]);
    assert_eq!(code(&output), 0, "{at}: {}", said(&output));
    assert_eq!(lines(site), before + 1, "{at}");
}

fn kills(what: &str, stage: &Stage, few: usize) {
    let all = stage.points();
    assert_eq!(lines(&stage.site), 1, "a clean run writes");
    let (length, points) = (all.len(), spread(all, few));
    let (mut kills, mut fates) = (0, BTreeMap::<Fate, usize>::new());
    for point in &points {
        kills += usize::from(stage.kill_at(point));
        let at = format!("{what} killed at {point:?}");
        *fates.entry(settle(stage, &at)).or_default() += 1;
        heals(&stage.site, &at);
    }
    tell(&format!("{what}: {kills} kills of {}; trace {length}; {fates:?}", points.len()));
    if sweeps_all() {
        assert_eq!(kills, length, "{what}: each call of the trace is a kill");
    } else {
        assert!(kills * 10 >= points.len() * 9, "{what}: {kills} kills of {}", points.len());
    }
}

fn errors(what: &str, stage: &Stage, few: usize) {
    let strikes = strikes_of(stage);
    let whole = strikes.len();
    let few = spread(strikes, few);
    let mut fates = BTreeMap::<(i32, Fate), usize>::new();
    for (point, error) in &few {
        let output = stage.fail_at(point, error);
        let at = format!("{what}, {error} at {point:?}");
        let text = said(&output);
        assert!(!panicked(&output), "{at}: {text}");
        // An executor's success is that it has recorded what came of it.
        let done = code(&output) == 0 && what.contains("run");
        assert!(!done || lines(&stage.site) == 1, "{at}: success, and nothing was written");
        *fates.entry((code(&output), settle(stage, &at))).or_default() += 1;
        heals(&stage.site, &at);
    }
    tell(&format!("{what}: {} errors of {whole}; {fates:?}", few.len()));
}

/// The place of the store is opened to everybody between the claim and the beginning.
#[test]
fn an_executor_looks_again_who_may_change_the_store() {
    let (site, run) = claimed();
    let folder = site.store.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    let output = site.run(&["__exec", &run]);
    let text = said(&output);
    assert_eq!(code(&output), 6, "{text}");
    assert!(text.contains("anybody may write to it; take that right away"), "{text}");
    assert!(site.assert_sound().runs.is_empty(), "the claim is dropped");
    assert_eq!(site.effects(), []);
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(code(&site.run(&["run", "w", "--wait"])), 0, "the approval lived");
}

#[test]
fn kills_of_run() {
    if can_strace() {
        kills("run w", &Stage::new(approved(), &["run", "w"]), 25);
    }
}

#[test]
fn kills_of_a_writes_executor() {
    if can_strace() {
        let (site, run) = claimed();
        kills("__exec w", &Stage::new(site, &["__exec", &run]), 40);
    }
}

#[test]
fn errors_in_run() {
    if can_strace() {
        errors("errors in run w", &Stage::new(approved(), &["run", "w"]), 25);
    }
}

#[test]
fn errors_in_a_writes_executor() {
    if can_strace() {
        let (site, run) = claimed();
        errors("errors in __exec w", &Stage::new(site, &["__exec", &run]), 40);
    }
}
