//! What `explain` says of a write, from its request to its end.

use std::time::Duration;

use expect_test::{expect, expect_file};
use opsfsm::approval::Level;
use opsfsm::base::{GrantId, Now, limits};
use opsfsm::decide::{DueKind, Known, explain_job, standings};
use opsfsm::journal::{GrantFate, Voided};
use opsfsm::ports::Clock as _;
use opsfsm::render::render_explained_job;

use crate::support::{Scene, check, job};

const LIFE: Duration = limits::GRANT_LIFE;

/// Two writes with the same two checks, one of which comes later.
fn scene() -> Scene {
    let write = |id: &str| {
        format!(
            "[[jobs]]\nid = \"{id}\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
             enabled = true\ncwd = \"/d\"\nverifyWithinSeconds = 3600\n\
             commands = {{ run = [\"/{id}\"] }}\n\
             after = [{{ jobId = \"v\", delaySeconds = 120 }}, {{ jobId = \"u\" }}]\n"
        )
    };
    let scene = Scene::new(&[write("w"), write("x"), check("v", ""), check("u", "")].concat());
    scene.host.begin_store();
    scene.tick();
    scene
}

/// What is known of a job, what comes next of it and what holds it back; but for what every job in
/// its state is told.
fn of(scene: &Scene, id: &str, exposed: Option<&str>) -> String {
    let store = scene.host.store.snapshot();
    let now = scene.host.now();
    let in_flight = scene.host.in_flight.borrow().iter().cloned().collect();
    let known = Known {
        compiled: &scene.compiled,
        world: store.world(),
        events: &[],
        in_flight: &in_flight,
        exposed,
        now: &now,
    };
    let declared = scene.compiled.job(&job(id)).expect("a job");
    let text = render_explained_job(declared, &explain_job(declared, known), &now, "opsfsm");
    let own = text.lines().filter(|line| !line.is_empty() && !line.contains(" → "));
    own.map(|line| format!("  {line}\n")).collect()
}

/// A story of the write `w`, as far as it goes.
struct Story {
    scene: Scene,
    told: String,
}

impl Story {
    fn new() -> Self {
        Self { scene: scene(), told: String::new() }
    }

    fn then(&mut self, what: &str) {
        let text = of(&self.scene, "w", None);
        self.told.push_str(&format!("* {what}\n{text}"));
    }

    fn asks(&self) {
        let scene = &self.scene;
        scene.host.request(&scene.compiled, &job("w")).expect("a store").expect("requested");
    }

    fn approves(&self) {
        let scene = &self.scene;
        scene.host.approve(&scene.compiled, &job("w"), LIFE).expect("a store").expect("approved");
    }

    /// It is approved, and runs until it ends.
    fn runs(&self) {
        self.approves();
        let scene = &self.scene;
        let ran = scene.host.run_write(&scene.compiled, &job("w")).expect("a store");
        ran.expect("claimed").expect("begun");
    }
}

#[test]
fn from_the_request_to_the_approval() {
    let mut story = Story::new();
    story.then("nothing was asked for");
    story.asks();
    story.then("it is asked for");
    story.scene.host.pass(Duration::from_secs(100));
    story.then("100 s later");
    story.scene.tick_after(200);
    story.scene.host.pass(Duration::from_secs(50));
    story.then("it was told 50 s ago");
    story.scene.host.deny(&story.scene.compiled, &job("w")).expect("a store").expect("denied");
    story.then("a person says no");
    story.approves();
    story.then("a person approves it");
    story.scene.host.pass(LIFE.saturating_sub(Duration::from_secs(10)));
    story.then("ten seconds before the approval ends");
    story.scene.host.pass(Duration::from_secs(10));
    story.then("it has ended, and no tick has come");
    story.scene.tick();
    story.then("a tick has come");
    story.approves();
    story.scene.host.revoke(&story.scene.compiled, &job("w")).expect("a store").expect("revoked");
    story.then("a person takes another one back");
    story.approves();
    story.scene.host.claim(&story.scene.compiled, &job("w")).expect("a store").expect("claimed");
    story.then("it is approved and claimed");
    expect_file!["explain/asked.txt"].assert_eq(&story.told);
}

#[test]
fn from_its_beginning_to_its_proof() {
    let mut story = Story::new();
    story.runs();
    story.then("it has run");
    story.scene.tick_after(10);
    story.then("one of its checks has passed");
    story.scene.tick_after(120);
    story.then("both have");
    story.asks();
    story.then("it is asked for again");
    expect![[r#"
        * it has run
          w (one_shot_write): verifying for 0s, since 2026-09-21 14:13:20
          why: it exited 0, and its checks are still to confirm it
          known:
            2026-09-21 14:13:20: its last run: exit=0, run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: plan 9b74f554bccb was approved by sim (asserted); used by run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: its verification, round 1: 0 of 2 passed
          next:
            now: its check u is due
            in 2m (2026-09-21 14:15:20): its check v is due
            in 1h (2026-09-21 15:13:20): the time for its verification is over
        * one of its checks has passed
          w (one_shot_write): verifying for 10s, since 2026-09-21 14:13:20
          why: it exited 0, and its checks are still to confirm it
          known:
            2026-09-21 14:13:20: its last run: exit=0, run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: plan 9b74f554bccb was approved by sim (asserted); used by run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: its verification, round 1: 1 of 2 passed
          next:
            in 1m 50s (2026-09-21 14:15:20): its check v is due
            in 1h 1m (2026-09-21 15:15:20): the time for its verification is over
        * both have
          w (one_shot_write): verified for 0s, since 2026-09-21 14:15:30
          why: it exited 0, and all its checks confirmed it
          known:
            2026-09-21 14:13:20: its last run: exit=0, run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: plan 9b74f554bccb was approved by sim (asserted); used by run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:15:30: the last report about it
          next:
          held back:
            no approval serves: it takes one of the level asserted; read `opsfsm plan w`, then `opsfsm approve w`
        * it is asked for again
          w (one_shot_write): verified for 0s, since 2026-09-21 14:15:30
          why: it exited 0, and all its checks confirmed it
          known:
            2026-09-21 14:13:20: its last run: exit=0, run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:15:30: requested by opsfsm request
            2026-09-21 14:13:20: plan 9b74f554bccb was approved by sim (asserted); used by run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:15:30: the last report about it
          next:
            in 1d (2026-09-22 14:15:30): that it waits for a person is told again
            when: a person's answer to the request
          held back:
            no approval serves: it takes one of the level asserted; read `opsfsm plan w`, then `opsfsm approve w`
    "#]].assert_eq(&story.told);
}

#[test]
fn where_its_outcome_is_not_proved() {
    let mut story = Story::new();
    story.scene.set("w", |w| w.leaves_running = true);
    story.runs();
    story.then("it has left something behind that runs");
    story.scene.tick_after(10);
    story.then("a tick has told that");
    story.scene.host.writes_end();
    story.scene.set("v", |v| v.exit = 1);
    story.scene.tick_after(10);
    story.scene.tick_after(120);
    story.then("nothing of it runs any more, and a check has failed");
    story.scene.host.pass(Duration::from_mins(1));
    story.then("a minute later");
    expect![[r#"
        * it has left something behind that runs
          w (one_shot_write): unknown for 0s, since 2026-09-21 14:13:20
          why: it ended in a way that proves nothing
            — it left processes behind that may still write
          known:
            2026-09-21 14:13:20: its last run: exit=0, run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: plan 9b74f554bccb was approved by sim (asserted); used by run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: the last report about it
          next:
            in 1d (2026-09-22 14:13:20): that it waits for a person is told again
          held back:
            a process of the write still runs, or may: nothing is verified or begun beside it
            its outcome is not settled: `opsfsm verify w`, or `opsfsm acknowledge w`
        * a tick has told that
          w (one_shot_write): unknown for 10s, since 2026-09-21 14:13:20
          why: it ended in a way that proves nothing
            — it left processes behind that may still write
          known:
            2026-09-21 14:13:20: its last run: exit=0, run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: plan 9b74f554bccb was approved by sim (asserted); used by run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: the last report about it
          next:
            in 23h 59m (2026-09-22 14:13:20): that it waits for a person is told again
          held back:
            a process of the write still runs, or may: nothing is verified or begun beside it
            its outcome is not settled: `opsfsm verify w`, or `opsfsm acknowledge w`
        * nothing of it runs any more, and a check has failed
          w (one_shot_write): unverified for 0s, since 2026-09-21 14:15:40
          why: a check did not confirm it
            — v: exit 1
          known:
            2026-09-21 14:13:20: its last run: exit=0, run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: plan 9b74f554bccb was approved by sim (asserted); used by run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:40: its verification, round 1: 1 of 2 passed
            2026-09-21 14:15:40: the last report about it
          next:
            in 1d (2026-09-22 14:15:40): that it waits for a person is told again
          held back:
            its outcome is not settled: `opsfsm verify w`, or `opsfsm acknowledge w`
        * a minute later
          w (one_shot_write): unverified for 1m, since 2026-09-21 14:15:40
          why: a check did not confirm it
            — v: exit 1
          known:
            2026-09-21 14:13:20: its last run: exit=0, run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: plan 9b74f554bccb was approved by sim (asserted); used by run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:40: its verification, round 1: 1 of 2 passed
            2026-09-21 14:15:40: the last report about it
          next:
            in 23h 59m (2026-09-22 14:15:40): that it waits for a person is told again
          held back:
            its outcome is not settled: `opsfsm verify w`, or `opsfsm acknowledge w`
    "#]].assert_eq(&story.told);
}

#[test]
fn while_it_runs() {
    let mut story = Story::new();
    story.approves();
    let scene = &story.scene;
    scene.host.executors_die.set(true);
    let ran = scene.host.run_write(&scene.compiled, &job("w"));
    drop(ran);
    scene.host.in_flight.borrow_mut().insert(job("w"));
    story.then("its executor has begun");
    expect![[r#"
        * its executor has begun
          w (one_shot_write): running for 0s, since 2026-09-21 14:13:20
          why: its executor has spent the approval and runs the plan
          known:
            2026-09-21 14:13:20: its write is under way (executor 1000100), run 8f2991fe7ca03ce8ec8c67b6e40a33ba
            2026-09-21 14:13:20: plan 9b74f554bccb was approved by sim (asserted); used by run 8f2991fe7ca03ce8ec8c67b6e40a33ba
          next:
          held back:
            its write is under way; one goes at a time
    "#]].assert_eq(&story.told);
}

#[test]
fn others_may_change_its_config() {
    let scene = scene();
    let told = of(&scene, "w", Some("/etc/ops.toml may be changed by others"));
    assert!(told.contains("may be changed by others; no write starts from there"), "{told}");
    let told = of(&scene, "v", Some("/etc/ops.toml may be changed by others"));
    assert!(!told.contains("changed by others"), "a check may run: {told}");
}

/// The last word about approvals is the one that lives, then the newest; and each write has its own.
#[test]
fn the_last_of_its_own_approvals_counts() {
    let story = Story::new();
    let approved_by = |id: &str| {
        let told = of(&story.scene, id, None);
        let line = told.lines().find(|line| line.contains(" was approved by "));
        line.map(|line| line.rsplit(' ').next().unwrap_or_default().to_owned())
    };
    assert_eq!(approved_by("w"), None);
    story.approves();
    story.scene.host.pass(Duration::from_mins(1));
    story.scene.host.store.tamper(|world| {
        let first = world.snapshot.grants.values().next().expect("the approval").clone();
        let mut later = |id: &str, of: &str, ms: i64, why: Voided| {
            let mut record = first.clone();
            (record.grant.id, record.grant.job) = (GrantId::new(id), job(of));
            record.grant.at.wall_ms += ms;
            record.grant.level = Level::Unattended;
            record.fate =
                GrantFate::Void { why, detail: Some(id.to_owned()), at: first.grant.at.clone() };
            world.snapshot.grants.insert(GrantId::new(id), record);
        };
        later("newer", "w", 20_000, Voided::Revoked);
        later("newest", "w", 30_000, Voided::Revoked);
        later("another's", "x", 90_000, Voided::Replaced);
    });
    assert_eq!(approved_by("w").as_deref(), Some("yet"), "it lives, so it is the last word");
    assert_eq!(approved_by("x").as_deref(), Some("another's"));
    story.scene.host.store.tamper(|world| {
        world.snapshot.grants.retain(|_, record| record.fate != GrantFate::Live);
    });
    assert_eq!(approved_by("w").as_deref(), Some("newest"));
}

/// What a picture of the live config shows of all jobs is what each is told alone.
#[test]
fn pictures_show_of_each_job_its_own() {
    let story = Story::new();
    story.asks();
    story.runs();
    let approved = story.scene.host.approve(&story.scene.compiled, &job("x"), LIFE);
    approved.expect("a store").expect("approved");
    let now: Now = story.scene.host.now();
    let all = standings(&story.scene.compiled, &story.scene.world().snapshot, &now);
    let due = |id: &str| -> Vec<String> {
        let own = all[&job(id)].due.iter().map(|due| match &due.what {
            DueKind::Queued(_) => "queued",
            DueKind::Scheduled => "scheduled",
            DueKind::Resume => "resume",
            DueKind::ApprovalEnds => "approval ends",
            DueKind::VerificationEnds => "verification ends",
            DueKind::Answer => "answer",
        });
        let within = all[&job(id)].due.iter().map(|due| due.within.map(|span| span.as_secs()));
        own.zip(within).map(|(what, within)| format!("{what} {within:?}")).collect()
    };
    let told: Vec<_> =
        ["u", "v", "w", "x"].map(|id| (id, all[&job(id)].state.as_str(), due(id))).into();
    expect![[r#"
        [
            (
                "u",
                "idle",
                [
                    "queued Some(0)",
                ],
            ),
            (
                "v",
                "idle",
                [
                    "queued Some(120)",
                ],
            ),
            (
                "w",
                "verifying",
                [
                    "verification ends Some(3600)",
                ],
            ),
            (
                "x",
                "approved",
                [
                    "approval ends Some(1800)",
                ],
            ),
        ]
    "#]]
    .assert_debug_eq(&told);
}
