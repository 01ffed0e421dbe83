//! The gate on the real engine: every way to a write, and every way that is none.

use std::time::Duration;

use opsfsm::approval::Level;
use opsfsm::base::limits;
use opsfsm::compile::Compiled;
use opsfsm::config::Format;
use opsfsm::decide::{GateRefused, Requested, StartRefused};
use opsfsm::journal::{Answer, EventKind, GrantFate, Voided};
use opsfsm::machine::State;
use opsfsm::model::{Outcome, Purpose};
use opsfsm::ports::{Clock as _, StoreError};
use opsfsm::sim::{SimHost, compile_text};
use opsfsm::tick::Ran;
use opsfsm::writes::Cut;

use crate::support::{Scene, check, job};

const LIFE: Duration = limits::GRANT_LIFE;

/// A write, its verification, what follows a proof, and what follows a failure.
fn config() -> String {
    write("") + &check("v", "") + &check("bad", "")
}

fn write(more: &str) -> String {
    format!(
        "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\nenabled = true\n\
         cwd = \"/d\"\ncommands = {{ run = [\"/w\", \"now\"] }}\n{more}\n\
         after = [{{ jobId = \"v\" }}, {{ jobId = \"bad\", when = \"failure\" }}]\n"
    )
}

struct Gate(Scene);

impl Gate {
    fn new() -> Self {
        Self::with(&config())
    }

    fn with(config: &str) -> Self {
        let scene = Scene::new(config);
        scene.host.begin_store();
        scene.tick();
        scene.told();
        Self(scene)
    }

    fn approve(&self) {
        self.0.host.approve(&self.0.compiled, &job("w"), LIFE).expect("a store").expect("approved");
        self.sound();
    }

    fn run(&self) -> Result<Result<Outcome, String>, GateRefused> {
        let ran = self.0.host.run_write(&self.0.compiled, &job("w")).expect("a store");
        self.sound();
        ran
    }

    fn writes(&self) -> usize {
        self.0.host.wrote.borrow().len()
    }

    fn state(&self) -> &'static str {
        self.0.state("w")
    }

    fn tick_after(&self, seconds: u64) {
        self.0.tick_after(seconds);
    }

    /// The journal says what the snapshot says.
    fn sound(&self) {
        let store = self.0.host.store.snapshot();
        assert_eq!(store.replay().expect("a replay"), store.world().snapshot);
    }

    /// Nothing starts, and why.
    fn refused(&self) -> GateRefused {
        let before = self.writes();
        let refused = self.run().expect_err("nothing starts");
        assert_eq!(self.writes(), before);
        refused
    }

    fn fates(&self) -> Vec<GrantFate> {
        let store = self.0.host.store.snapshot();
        store.world().snapshot.grants.values().map(|g| g.fate.clone()).collect()
    }

    /// What a person answers who looks at an unproved outcome.
    fn acknowledge(&self) -> Result<State, GateRefused> {
        self.0.host.acknowledge(&self.0.compiled, &job("w")).expect("a store")
    }
}

#[test]
fn without_an_approval_nothing_is_written_and_it_is_asked_for_once() {
    let gate = Gate::new();
    assert_eq!(gate.refused(), GateRefused::NoApproval(None));
    gate.tick_after(60);
    let told = gate.0.told();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("ACTION REQUIRED: a write is requested"), "{told:?}");
    assert!(told[0].contains("approve w"), "{told:?}");
    assert_eq!(gate.refused(), GateRefused::NoApproval(None));
    gate.tick_after(60);
    assert_eq!(gate.0.told(), Vec::<String>::new(), "the same plan is asked for once");
    assert_eq!((gate.state(), gate.writes()), ("blocked", 0));
}

/// The ground of OF032, and why OF030 is about failures only.
#[test]
fn what_follows_a_writes_success_follows_its_proof_and_a_verification_fires_nothing() {
    let after = "{ jobId = \"v\" }, { jobId = \"next\" }";
    let config = write("").replace("{ jobId = \"v\" }", after)
        + &write("").replace("\"w\"", "\"next\"")
        + &check("v", "after = [{ jobId = \"dead\" }]")
        + &["bad", "dead"].map(|id| check(id, "")).concat();
    let gate = Gate::with(&config);
    let follows = |id: &str| {
        let store = gate.0.host.store.snapshot();
        store.world().snapshot.queue.values().any(|item| item.job == job(id))
    };
    gate.approve();
    assert!(gate.run().expect("claimed").expect("begun").end.is_success());
    assert_eq!((gate.state(), follows("next")), ("verifying", false));
    for _ in 0..3 {
        gate.tick_after(60);
    }
    assert_eq!((gate.state(), gate.0.ran("v", Purpose::Verify)), ("verified", 1));
    assert_eq!((follows("next"), follows("dead"), follows("bad")), (true, false, false));
}

#[test]
fn an_approved_write_runs_once_and_is_done_when_verified() {
    let gate = Gate::new();
    gate.approve();
    assert_eq!(gate.state(), "approved");
    for _ in 0..5 {
        gate.tick_after(60);
    }
    assert_eq!(gate.writes(), 0, "a tick never starts a write");
    assert!(gate.run().expect("claimed").expect("begun").end.is_success());
    assert_eq!((gate.state(), gate.writes()), ("verifying", 1));
    assert!(matches!(gate.refused(), GateRefused::Unsettled(_)));
    gate.tick_after(1);
    assert_eq!((gate.state(), gate.0.ran("v", Purpose::Verify)), ("verified", 1));
    assert_eq!(
        gate.0.ran("v", Purpose::Check),
        0,
        "the plan's verification, not the job's own run"
    );
    let told = gate.0.told().join("\n");
    assert!(told.contains("✅ w") && told.contains("journal: "), "{told}");
    assert_eq!(gate.refused(), GateRefused::NoApproval(None), "an approval is for one start");
    assert!(matches!(gate.fates()[..], [GrantFate::Spent { .. }]));
    let ran = gate.0.host.wrote.borrow().clone();
    assert_eq!((ran[0].argv.join(" "), ran[0].job.as_str()), ("/w now".to_owned(), "w"));
}

#[test]
fn waiting_for_it_runs_the_verification_too() {
    let gate = Gate::new();
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    let waited = gate.0.host.wait(&gate.0.compiled, &job("w")).expect("a store");
    assert_eq!((waited.state.map(State::as_str), waited.cut), (Some("verified"), None));
    gate.sound();
}

#[test]
fn a_write_that_exits_with_an_error_has_failed_and_its_failure_links_run() {
    let gate = Gate::new();
    gate.0.set("w", |j| j.exit = 3);
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    assert_eq!(gate.state(), "failed");
    gate.tick_after(1);
    assert_eq!((gate.0.ran("bad", Purpose::Check), gate.0.ran("v", Purpose::Verify)), (1, 0));
    assert!(gate.0.told().join("\n").contains("the write failed"));
    gate.approve();
    assert_eq!(gate.state(), "approved", "a failed write may be approved anew");
}

#[test]
fn a_script_that_was_edited_voids_the_approval_and_editing_it_back_does_not_revive_it() {
    let gate = Gate::new();
    gate.approve();
    gate.0.host.files.edit("/w", 1);
    assert_eq!(gate.refused(), GateRefused::PlanChanged("/w has other content".to_owned()));
    assert_eq!(gate.state(), "blocked");
    gate.0.host.files.edit("/w", 0);
    assert_eq!(gate.refused(), GateRefused::NoApproval(None));
}

#[test]
fn what_changes_between_claim_and_beginning_is_refused_there() {
    let changes: [fn(&Gate); 5] = [
        |g| g.0.host.files.edit("/w", 1),
        |g| g.0.host.files.edit("/r", 1),
        |g| g.0.host.files.remove("/w", true),
        |g| g.0.host.revoke(&g.0.compiled, &job("w")).expect("a store").expect("revoked"),
        |g| g.0.host.pass(LIFE),
    ];
    for (n, change) in changes.iter().enumerate() {
        let gate = Gate::new();
        gate.approve();
        let spec =
            gate.0.host.claim(&gate.0.compiled, &job("w")).expect("a store").expect("claimed");
        assert_eq!(gate.state(), "approved", "a claim moves nothing");
        change(&gate);
        let begun = gate.0.host.execute_write(&gate.0.compiled, &spec.run).expect("a store");
        let why = begun.expect_err("nothing starts");
        gate.sound();
        assert_eq!(gate.writes(), 0, "{n}: {why}");
        let world = gate.0.host.store.snapshot();
        assert!(world.world().runs.is_empty(), "{n}: the claim is dropped");
        let told = |k: &EventKind| matches!(k, EventKind::WriteRefused { run: Some(_), .. });
        assert!(world.events().iter().any(|e| told(&e.kind)), "{n}: a refusal is an event");
    }
}

#[test]
fn what_is_short_strikes_before_the_approval_is_spent() {
    let gate = Gate::new();
    gate.approve();
    gate.0.host.nothing_opens.set(true);
    assert!(gate.run().expect("claimed").expect_err("nothing starts").contains("no more files"));
    assert_eq!((gate.state(), gate.writes()), ("approved", 0));
    gate.0.host.nothing_opens.set(false);
    gate.run().expect("claimed").expect("the approval lives");
    assert_eq!(gate.writes(), 1);
}

#[test]
fn an_approval_ends_by_either_clock_and_with_the_boot() {
    let ends: [fn(&Gate); 6] = [
        |g| g.0.host.pass(LIFE),
        |g| g.0.host.suspend(LIFE),
        |g| g.0.host.reboot(),
        |g| g.0.host.set_wall(1_789_000_000_000),
        |g| g.0.host.set_wall(1_790_000_000_000 + 100_000_000),
        |g| g.0.host.set_wall(0),
    ];
    for (n, end) in ends.iter().enumerate() {
        let gate = Gate::new();
        gate.approve();
        end(&gate);
        assert!(matches!(gate.refused(), GateRefused::NoApproval(Some(_))), "{n}");
        assert_eq!(gate.state(), "blocked", "{n}");
    }
    let gate = Gate::new();
    gate.approve();
    gate.0.host.pass(LIFE.saturating_sub(Duration::from_millis(1)));
    gate.run().expect("claimed").expect("a moment before its end it serves");
}

#[test]
fn a_tick_blocks_what_has_expired() {
    let gate = Gate::new();
    gate.approve();
    gate.tick_after(LIFE.as_secs());
    assert_eq!((gate.state(), gate.0.cause("w")), ("blocked", "approval_void"));
}

#[test]
fn a_newer_approval_takes_the_place_of_the_older() {
    let gate = Gate::new();
    gate.approve();
    gate.approve();
    let live = gate.fates().iter().filter(|f| **f == GrantFate::Live).count();
    assert_eq!((live, gate.fates().len()), (1, 2));
    gate.run().expect("claimed").expect("begun");
    gate.tick_after(1);
    assert_eq!(gate.refused(), GateRefused::NoApproval(None), "two approvals, one start");
}

#[test]
fn a_killed_write_is_unknown_never_retried_and_told_until_acknowledged() {
    let gate = Gate::new();
    gate.0.set("w", |j| j.killed = true);
    gate.0.set("v", |j| j.exit = 1);
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    assert_eq!((gate.state(), gate.0.cause("w")), ("unknown", "unproved"));
    gate.tick_after(1);
    assert_eq!(gate.state(), "unverified", "it is verified all the same, and that failed");
    gate.0.told();
    gate.tick_after(60);
    assert_eq!(gate.0.told(), Vec::<String>::new());
    gate.tick_after(limits::REMIND_EVERY.as_secs());
    let told = gate.0.told().join("\n");
    assert!(told.contains("not verified") && told.contains("acknowledge w"), "{told}");
    let refused = gate.0.host.approve(&gate.0.compiled, &job("w"), LIFE).expect("a store");
    assert!(matches!(refused, Err(GateRefused::Unsettled(_))));
    assert!(matches!(gate.refused(), GateRefused::Unsettled(_)));
    gate.acknowledge().expect("acknowledged");
    assert_eq!((gate.state(), gate.writes()), ("blocked", 1));
    gate.tick_after(limits::REMIND_EVERY.as_secs());
    assert_eq!(gate.0.told(), Vec::<String>::new(), "nothing is told of it any more");
    gate.approve();
    assert_eq!(gate.acknowledge(), Err(GateRefused::NotNow(gate.0.record("w").state)));
}

#[test]
fn while_anything_of_it_runs_a_write_is_neither_verified_nor_begun() {
    let gate = Gate::new();
    gate.0.set("w", |j| j.leaves_running = true);
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    assert_eq!(gate.state(), "unknown", "exit 0, but something is left");
    for _ in 0..5 {
        gate.tick_after(100_000);
    }
    assert_eq!((gate.state(), gate.0.ran("v", Purpose::Verify)), ("unknown", 0));
    assert_eq!(gate.acknowledge(), Err(GateRefused::InFlight), "it would be forgotten");
    assert!(matches!(gate.refused(), GateRefused::Unsettled(_)));
    gate.0.host.in_flight.borrow_mut().clear();
    gate.acknowledge().expect("a person may take note of it");
    gate.approve();
    gate.0.set("w", |j| j.leaves_running = false);
    gate.run().expect("claimed").expect("begun");
    gate.tick_after(1);
    assert_eq!((gate.state(), gate.writes()), ("verified", 2));
}

#[test]
fn once_nothing_of_it_runs_it_is_verified() {
    let gate = Gate::new();
    gate.0.set("w", |j| j.leaves_running = true);
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    gate.tick_after(100_000);
    gate.0.host.in_flight.borrow_mut().clear();
    gate.tick_after(1);
    assert_eq!(gate.state(), "verified", "its time counts from when it could be verified");
}

#[test]
fn a_write_whose_executor_died_is_lost_and_not_run_again() {
    let gate = Gate::new();
    gate.approve();
    gate.0.host.executors_die.set(true);
    let ran = gate.0.host.run_write(&gate.0.compiled, &job("w"));
    assert!(ran.is_err(), "its end can't be recorded");
    assert_eq!((gate.state(), gate.writes()), ("running", 1));
    gate.0.host.executors_die.set(false);
    gate.0.host.next_process();
    gate.tick_after(1);
    gate.tick_after(1);
    assert_eq!((gate.state(), gate.writes()), ("verified", 1), "unknown, then proved");
    let moved: Vec<_> = gate.0.moves("w");
    assert_eq!(moved, ["approve", "begin", "lost", "verify_passed"]);
}

#[test]
fn a_verification_that_fails_is_told_and_another_may_pass() {
    let gate = Gate::new();
    gate.0.set("v", |j| j.attention = true);
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    gate.tick_after(1);
    assert_eq!((gate.state(), gate.0.cause("w")), ("unverified", "verification_failed"));
    gate.0.set("v", |j| j.attention = false);
    gate.tick_after(1);
    assert_eq!(gate.state(), "unverified", "nobody asked for another");
    gate.0.host.reverify(&gate.0.compiled, &job("w")).expect("a store").expect("queued");
    gate.tick_after(1);
    assert_eq!((gate.state(), gate.writes()), ("verified", 1));
}

#[test]
fn a_verification_that_does_not_come_in_time_leaves_the_write_unverified() {
    let gate =
        Gate::with(&(write("verifyWithinSeconds = 600") + &check("v", "") + &check("bad", "")));
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    gate.0.host.launches_fail.set(true);
    gate.tick_after(599);
    assert_eq!(gate.state(), "verifying");
    gate.tick_after(1);
    assert_eq!((gate.state(), gate.0.cause("w")), ("unverified", "not_verified_in_time"));
}

#[test]
fn a_lost_verification_is_run_again() {
    let gate = Gate::new();
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    gate.0.host.executors_die.set(true);
    gate.tick_after(1);
    assert_eq!((gate.state(), gate.0.ran("v", Purpose::Verify)), ("verifying", 1));
    gate.0.host.executors_die.set(false);
    gate.tick_after(1);
    gate.tick_after(1);
    assert_eq!((gate.state(), gate.0.ran("v", Purpose::Verify)), ("verified", 2));
}

#[test]
fn a_verifier_that_was_swapped_after_the_run_proves_nothing() {
    let gate = Gate::new();
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    gate.0.host.files.edit("/r", 7);
    gate.tick_after(1);
    assert_eq!((gate.state(), gate.0.ran("v", Purpose::Verify)), ("unverified", 0));
    assert!(gate.0.told().join("\n").contains("/r is not what was approved"));
}

#[test]
fn no_other_run_of_the_verifier_counts() {
    let gate = Gate::with(&(write("") + &check("v", "everySeconds = 60") + &check("bad", "")));
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    gate.0.host.files.remove("/r", true);
    gate.0.host.run(&gate.0.compiled, &job("v")).expect("a run");
    gate.tick_after(120);
    assert!(gate.0.ran("v", Purpose::Check) >= 2, "by hand and by schedule, and well");
    assert_eq!(gate.state(), "unverified");
}

#[test]
fn a_level_that_is_too_low_is_refused_on_every_path() {
    let gate = Gate::new();
    let host = &gate.0.host;
    let unattended = |g: &Gate| {
        host.approve_as(&g.0.compiled, &job("w"), LIFE, Level::Unattended).expect("a store")
    };
    assert!(matches!(unattended(&gate), Err(GateRefused::LevelTooLow { .. })));
    let open = write("approval = { nonInteractive = true }");
    let mut gate = Gate::with(&(open + &check("v", "") + &check("bad", "")));
    let host = gate.0.host.clone();
    host.approve_as(&gate.0.compiled, &job("w"), LIFE, Level::Unattended)
        .expect("a store")
        .expect("allowed");
    // The config asks for more by the time of the start.
    gate.0.edit(&config());
    assert!(matches!(gate.refused(), GateRefused::NoApproval(Some(_))));
}

#[test]
fn a_disabled_write_is_neither_asked_for_nor_approved_nor_run() {
    let off = config().replace("enabled = true\ncwd", "enabled = false\ncwd");
    let gate = Gate::with(&off);
    let (host, compiled) = (&gate.0.host, &gate.0.compiled);
    assert_eq!(
        host.approve(compiled, &job("w"), LIFE).expect("a store"),
        Err(GateRefused::Disabled)
    );
    assert_eq!(host.request(compiled, &job("w")).expect("a store"), Err(GateRefused::Disabled));
    assert_eq!(gate.refused(), GateRefused::Disabled);
}

#[test]
fn what_closed_its_lock_is_known_by_its_process_whatever_a_person_says() {
    let gate = Gate::new();
    gate.0.set("w", |j| (j.leaves_running, j.sheds_lock) = (true, true));
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    for _ in 0..2 {
        assert_eq!(gate.acknowledge(), Err(GateRefused::InFlight));
        gate.tick_after(1);
        assert_eq!(gate.state(), "unknown");
    }
    let waited = gate.0.host.wait(&gate.0.compiled, &job("w")).expect("a store");
    assert_eq!(waited.cut, Some(Cut::InFlight), "nobody waits for what may never end");
    gate.0.host.writes_end();
    gate.acknowledge().expect("nothing of it runs");
    assert_eq!((gate.state(), gate.writes()), ("blocked", 1));
}

#[test]
fn a_denial_takes_a_live_approval_back() {
    let gate = Gate::new();
    let (host, compiled) = (&gate.0.host, &gate.0.compiled);
    gate.approve();
    assert_eq!(host.deny(compiled, &job("w")).expect("a store"), Err(GateRefused::NoRequest));
    gate.0.host.files.edit("/w", 1);
    host.request(compiled, &job("w")).expect("a store").expect("for another plan");
    gate.0.host.files.edit("/w", 0);
    let denied = host.deny(compiled, &job("w")).expect("a store").expect("denied");
    assert_eq!((denied.revoked, denied.state.as_str()), (true, "blocked"));
    assert_eq!(gate.refused(), GateRefused::NoApproval(None));
    gate.sound();
}

#[test]
fn what_is_approved_already_is_not_asked_for() {
    let gate = Gate::new();
    let (host, compiled) = (&gate.0.host, &gate.0.compiled);
    gate.approve();
    let asked = host.request(compiled, &job("w")).expect("a store");
    assert_eq!(asked, Ok(Requested::Approved));
    gate.tick_after(1);
    assert_eq!(gate.0.told(), Vec::<String>::new());
    gate.run().expect("claimed").expect("begun");
    gate.sound();
}

#[test]
fn a_start_settles_what_was_asked_for_meanwhile() {
    let asks = check("before", "everySeconds = 60\nafter = [{ jobId = \"w\" }]");
    let gate = Gate::with(&(config() + &asks));
    gate.approve();
    gate.tick_after(60);
    gate.tick_after(1);
    let answer = |gate: &Gate| {
        let store = gate.0.host.store.snapshot();
        store.world().snapshot.requests[&job("w")].answer.clone()
    };
    assert_eq!(answer(&gate), Answer::Pending, "a chain asked beside the live approval");
    gate.run().expect("claimed").expect("begun");
    assert!(matches!(answer(&gate), Answer::Approved { .. }));
    gate.sound();
}

#[test]
fn there_is_nothing_to_revoke_but_a_live_approval() {
    let gate = Gate::new();
    let (host, compiled) = (&gate.0.host, &gate.0.compiled);
    let refused = |id: &str| host.revoke(compiled, &job(id)).expect("a store").expect_err("no");
    assert_eq!(refused("v"), GateRefused::NotAWrite);
    assert_eq!(refused("w"), GateRefused::NothingToRevoke(gate.0.record("w").state));
    gate.approve();
    host.revoke(compiled, &job("w")).expect("a store").expect("revoked");
    assert_eq!(refused("w"), GateRefused::NothingToRevoke(gate.0.record("w").state));
}

#[test]
fn what_is_open_of_a_write_keeps_it_one() {
    let read = check("w", "") + &check("v", "") + &check("bad", "");
    let opened: [fn(&Gate); 4] = [
        Gate::approve,
        |g| drop(g.0.host.claim(&g.0.compiled, &job("w")).expect("a store")),
        |g| {
            g.0.set("w", |j| j.leaves_running = true);
            g.run().expect("claimed").expect("begun");
        },
        |g| {
            g.0.host.writes_end();
            g.0.set("v", |j| j.exit = 1);
            g.tick_after(1);
        },
    ];
    let mut gate = Gate::new();
    for (n, state) in ["approved", "approved", "unknown", "unverified"].into_iter().enumerate() {
        opened[n](&gate);
        gate.0.edit(&read);
        let refused = gate.0.host.reclassify(&gate.0.compiled, &job("w")).expect("a store");
        let why = refused.expect_err("it is open");
        let named = match n {
            0 | 3 => matches!(why, GateRefused::Open(_)),
            1 => matches!(why, GateRefused::Busy { .. }),
            _ => why == GateRefused::InFlight,
        };
        assert!(named, "{n}: {why:?}");
        gate.tick_after(1);
        assert_eq!(gate.state(), state, "{n}: and no tick forgets it");
        gate.0.edit(&config());
        if n == 1 {
            // Whoever claimed it goes away.
            gate.0.host.next_process();
            gate.tick_after(1);
        }
    }
    gate.acknowledge().expect("nothing of it runs");
    gate.0.edit(&read);
    gate.0.host.reclassify(&gate.0.compiled, &job("w")).expect("a store").expect("settled");
    gate.tick_after(1);
    assert_eq!(gate.state(), "idle");
    gate.sound();
}

#[test]
fn asking_for_a_verification_again_puts_no_alarm_off() {
    let gate =
        Gate::with(&(write("verifyWithinSeconds = 600") + &check("v", "") + &check("bad", "")));
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    gate.0.host.launches_fail.set(true);
    for _ in 0..5 {
        gate.tick_after(119);
        gate.0.host.reverify(&gate.0.compiled, &job("w")).expect("a store").expect("queued");
        assert_eq!(gate.state(), "verifying");
    }
    gate.tick_after(5);
    assert_eq!((gate.state(), gate.0.cause("w")), ("unverified", "not_verified_in_time"));
    // Asked for after the alarm, a verification has its time again.
    gate.0.host.launches_fail.set(false);
    gate.0.host.reverify(&gate.0.compiled, &job("w")).expect("a store").expect("queued");
    gate.tick_after(1);
    assert_eq!(gate.state(), "verified");
    gate.sound();
}

#[test]
fn what_people_say_of_a_write_counts_without_its_config_too() {
    for without in [check("v", ""), String::new()] {
        let mut gate = Gate::new();
        gate.approve();
        gate.0.host.files.edit("/w", 1);
        gate.0.host.request(&gate.0.compiled, &job("w")).expect("a store").expect("requested");
        gate.0.host.files.edit("/w", 0);
        gate.0.edit(&without);
        let (host, compiled) = (&gate.0.host, &gate.0.compiled);
        host.deny(compiled, &job("w")).expect("a store").expect("denied");
        assert_eq!(gate.state(), "blocked");
        gate.0.edit(&config());
        gate.approve();
        gate.0.edit(&without);
        let (host, compiled) = (&gate.0.host, &gate.0.compiled);
        host.revoke(compiled, &job("w")).expect("a store").expect("revoked");
        gate.0.edit(&config());
        gate.approve();
        gate.0.host.executors_die.set(true);
        gate.0.set("v", |j| j.exit = 1);
        drop(gate.0.host.run_write(&gate.0.compiled, &job("w")));
        gate.0.host.executors_die.set(false);
        gate.0.host.next_process();
        gate.0.edit(&without);
        let (host, compiled) = (&gate.0.host, &gate.0.compiled);
        host.reverify(compiled, &job("w")).expect("a store").expect("queued");
        assert_eq!(host.wait(compiled, &job("w")).expect("a store").cut, None);
        assert_eq!(gate.state(), "unverified");
        gate.acknowledge().expect("acknowledged");
        assert_eq!((gate.state(), gate.writes()), ("blocked", 1));
        gate.sound();
    }
}

#[test]
fn a_write_that_runs_and_has_left_the_config_is_told_once() {
    let gate = Gate::new();
    gate.approve();
    gate.0.told();
    gate.0.host.meanwhile(|host| {
        let gone = compile_text(&format!("version = 1\n{}", check("v", "")), Format::Toml);
        let gone = gone.expect("a config");
        host.tick(&gone).expect("a tick");
        host.tick(&gone).expect("a tick");
        let told: Vec<String> = host.told.borrow().iter().map(|r| r.text.clone()).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("running") && told[0].contains("stop w"), "{told:?}");
    });
    gate.run().expect("claimed").expect("begun");
}

#[test]
fn a_denied_request_is_over() {
    let gate = Gate::new();
    let (host, compiled) = (&gate.0.host, &gate.0.compiled);
    assert_eq!(host.deny(compiled, &job("w")).expect("a store"), Err(GateRefused::NoRequest));
    host.request(compiled, &job("w")).expect("a store").expect("requested");
    host.deny(compiled, &job("w")).expect("a store").expect("denied");
    assert_eq!(host.deny(compiled, &job("w")).expect("a store"), Err(GateRefused::NoRequest));
    gate.sound();
}

/// Any commit of a start may fail, recorded or not: never two starts, and none unpaid.
#[test]
fn whichever_commit_fails_there_is_at_most_one_start_for_an_approval() {
    for recorded in [false, true] {
        for after in 0..8 {
            let gate = Gate::new();
            gate.approve();
            let error = StoreError::Failed("simulated".to_owned());
            gate.0.host.store.fail_at(after, error, recorded);
            drop(gate.0.host.run_write(&gate.0.compiled, &job("w")));
            gate.0.host.store.recover();
            gate.sound();
            gate.0.host.next_process();
            for _ in 0..3 {
                drop(gate.0.host.run_write(&gate.0.compiled, &job("w")).expect("a store"));
                gate.0.tick_after(1);
            }
            let spent =
                gate.fates().iter().filter(|f| matches!(f, GrantFate::Spent { .. })).count();
            assert!(gate.writes() <= spent && spent <= 1, "{after} {recorded}");
            assert!(matches!(gate.state(), "verified" | "blocked"), "{after} {recorded}");
        }
    }
}

/// A store that another process has delays the start of an approved write; after any other failure there is
/// none, and the approval is not spent.
#[test]
fn a_write_waits_for_a_store_that_is_held_and_for_nothing_else() {
    let claimed = || {
        let gate = Gate::new();
        gate.approve();
        let spec = gate.0.host.claim(&gate.0.compiled, &job("w")).expect("a store");
        (spec.expect("claimed").run, gate)
    };
    for calls in 0..2 {
        let (run, gate) = claimed();
        gate.0.host.store.borders().hold_after(calls, 3);
        let before = gate.0.host.at();
        let executed = gate.0.host.execute_write(&gate.0.compiled, &run);
        assert!(matches!(executed, Ok(Ok(_))), "{calls}: {executed:?}");
        assert!(gate.0.host.at().delay_since(&before) > Duration::ZERO, "{calls}");
        assert_eq!(gate.writes(), 1, "{calls}");
        gate.sound();
    }
    let (run, gate) = claimed();
    gate.0.host.store.borders().hold_after(1, u32::MAX);
    let executed = gate.0.host.execute_write(&gate.0.compiled, &run);
    assert!(matches!(executed, Err(StoreError::Busy(_))), "not for ever: {executed:?}");
    gate.0.host.store.borders().hold_after(0, 0);
    let executed = gate.0.host.execute_write(&gate.0.compiled, &run);
    assert!(matches!(executed, Ok(Ok(_))), "the approval lives: {executed:?}");
    assert_eq!(gate.writes(), 1);
    let (run, gate) = claimed();
    gate.0.host.store.fail_at(0, StoreError::Failed("simulated".to_owned()), false);
    let executed = gate.0.host.execute_write(&gate.0.compiled, &run);
    assert!(matches!(executed, Err(StoreError::Failed(_))), "{executed:?}");
    assert_eq!(gate.writes(), 0);
    gate.sound();
}

#[test]
fn a_read_job_with_the_command_or_id_of_a_write_starts_nothing() {
    let copy = "[[jobs]]\nid = \"copy\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n\
        enabled = true\ncwd = \"/d\"\ncommands = { run = [\"/x/../w\", \"now\"] }\n";
    let renamed = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n\
        enabled = true\ncommands = { run = [\"/other\"] }\n";
    for (hidden, id) in [(copy, "copy"), (renamed, "w")] {
        let mut gate = Gate::new();
        gate.0.edit(hidden);
        let ran = gate.0.host.run(&gate.0.compiled, &job(id)).expect("a store");
        let refused = |r: &StartRefused| matches!(r, StartRefused::HiddenWrite { write } if *write == job("w"));
        assert!(matches!(ran, Some(Ran::Refused(r)) if refused(&r)), "{id}");
        gate.0.edit(&hidden.replace("enabled = true", "enabled = true\neverySeconds = 60"));
        gate.tick_after(600);
        assert_eq!(gate.0.ran(id, Purpose::Check), 0, "{id}: no tick starts it");
        gate.0.host.reclassify(&gate.0.compiled, &job("w")).expect("a store").expect("by a person");
        gate.tick_after(600);
        assert_eq!(gate.0.ran(id, Purpose::Check), 1, "{id}: on a person's word");
    }
}

#[test]
fn an_approval_does_not_outlive_its_store() {
    let gate = Gate::new();
    gate.approve();
    gate.0.host.store.replace_epoch("another");
    let other = Voided::Unfit(opsfsm::approval::Unfit::OtherStore);
    // The journal says another thing now: that is what the test does.
    let ran = gate.0.host.run_write(&gate.0.compiled, &job("w")).expect("a store");
    assert_eq!(ran.expect_err("nothing starts"), GateRefused::NoApproval(Some(other)));
    assert_eq!(gate.writes(), 0);
}

/// While a write runs, others tick, run, acknowledge, verify, approve and revoke.
#[test]
fn while_a_write_runs_nothing_of_it_is_verified_or_begun_beside_it() {
    type Order = fn(&SimHost, &Compiled);
    let orders: [Order; 6] = [
        |host, compiled| drop(host.tick(compiled)),
        |host, compiled| drop(host.run_write(compiled, &job("w"))),
        |host, compiled| drop(host.acknowledge(compiled, &job("w"))),
        |host, compiled| drop(host.reverify(compiled, &job("w"))),
        |host, compiled| drop(host.approve(compiled, &job("w"), LIFE)),
        |host, compiled| drop(host.revoke(compiled, &job("w"))),
    ];
    for (n, order) in orders.into_iter().enumerate() {
        let gate = Gate::new();
        gate.approve();
        let compiled = compile_text(&format!("version = 1\n{}", config()), Format::Toml);
        let compiled = compiled.expect("a config");
        gate.0.host.meanwhile(move |host| {
            order(host, &compiled);
            assert_eq!(host.state(&job("w")).map(State::as_str), Some("running"), "{n}");
            assert_eq!(host.wrote.borrow().len(), 1, "{n}: a second write beside it");
            assert!(host.ran.borrow().iter().all(|s| s.purpose != Purpose::Verify), "{n}");
        });
        gate.run().expect("claimed").expect("begun");
        gate.tick_after(1);
        assert_eq!((gate.state(), gate.writes()), ("verified", 1), "{n}");
        assert!(matches!(gate.fates()[..], [GrantFate::Spent { .. }]), "{n}");
    }
}

#[test]
fn a_stored_plan_that_is_not_the_approved_one_never_begins() {
    let gate = Gate::new();
    gate.approve();
    gate.0.host.store.tamper(|world| {
        let record = world.snapshot.jobs.get_mut(&job("w")).expect("a record");
        let cycle = record.write.as_mut().expect("an approval");
        cycle.plan.step.argv = vec!["/w".to_owned(), "everything".to_owned()];
    });
    let ran = gate.0.host.run_write(&gate.0.compiled, &job("w")).expect("a store");
    let why = ran.expect("claimed").expect_err("nothing begins");
    assert_eq!((why.as_str(), gate.writes()), ("the stored plan is not the approved one", 0));
}

#[test]
fn a_write_that_leaves_the_config_while_it_runs_ends_all_the_same() {
    let mut gate = Gate::new();
    gate.approve();
    gate.run().expect("claimed").expect("begun");
    gate.0.edit(&check("v", ""));
    gate.tick_after(1);
    assert_eq!(gate.state(), "verified");
}
