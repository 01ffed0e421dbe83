//! The whole table: every state of a write × every state of its approval × every state of its
//! claim × everything else that is looked at × every order. A write starts in one kind of cell
//! only. The store is made to say what no journal can, so that every guard is tried alone.

use std::collections::BTreeSet;
use std::time::Duration;

use opsfsm::approval::{Level, PlanDigest};
use opsfsm::base::{BootId, JobId, RunId};
use opsfsm::journal::{GrantFate, GrantRecord, RunPhase, Voided, World};
use opsfsm::machine::{State, WriteState};
use opsfsm::model::Outcome;
use opsfsm::ports::{Clock as _, Processes as _};
use opsfsm::sim::SimHost;

use crate::stage::{LIFE, Move, Stage};
use crate::support::job;

const MS: Duration = Duration::from_millis(1);

/// How the approval stands at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    None,
    Fresh,
    LastMoment,
    Boundary,
    BoundaryWhileAsleep,
    Over,
    OverByBootClock,
    OverByWallClock,
    Unborn,
    Spent,
    SpentForThis,
    Revoked,
    Replaced,
    OtherPlan,
    OtherJob,
    OtherBoot,
    OtherStore,
    LevelTooLow,
}

const GRANTS: [Grant; 18] = [
    Grant::None,
    Grant::Fresh,
    Grant::LastMoment,
    Grant::Boundary,
    Grant::BoundaryWhileAsleep,
    Grant::Over,
    Grant::OverByBootClock,
    Grant::OverByWallClock,
    Grant::Unborn,
    Grant::Spent,
    Grant::SpentForThis,
    Grant::Revoked,
    Grant::Replaced,
    Grant::OtherPlan,
    Grant::OtherJob,
    Grant::OtherBoot,
    Grant::OtherStore,
    Grant::LevelTooLow,
];

/// What else is looked at before a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    AsApproved,
    ProgramEdited,
    CheckEdited,
    ProgramGone,
    StoredPlanEdited,
    ConfigEdited,
    Disabled,
    NotInConfig,
    InFlight,
    ClockUnset,
    NothingOpens,
}

const SEEN: [Seen; 11] = [
    Seen::AsApproved,
    Seen::ProgramEdited,
    Seen::CheckEdited,
    Seen::ProgramGone,
    Seen::StoredPlanEdited,
    Seen::ConfigEdited,
    Seen::Disabled,
    Seen::NotInConfig,
    Seen::InFlight,
    Seen::ClockUnset,
    Seen::NothingOpens,
];

/// How the claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Open,
    Executing,
    Done,
    Gone,
}

const CLAIMS: [Claim; 4] = [Claim::Open, Claim::Executing, Claim::Done, Claim::Gone];

#[derive(Clone, Copy, Debug)]
struct Cell {
    state: WriteState,
    grant: Grant,
    seen: Seen,
    claim: Claim,
}

impl Cell {
    /// The one kind of cell in which an executor starts the write.
    fn is_open(self) -> bool {
        let serves = matches!(self.grant, Grant::Fresh | Grant::LastMoment);
        self.state == WriteState::Approved
            && serves
            && self.seen == Seen::AsApproved
            && self.claim == Claim::Open
    }
}

/// Approved and claimed, with nothing changed since.
fn claimed() -> (Stage, RunId) {
    let mut stage = Stage::new();
    stage.play(&Move::Approve(0, LIFE, Level::Asserted)).expect("approved");
    stage.play(&Move::Claim(0)).expect("claimed");
    let run = stage.claims[0].clone();
    (stage, run)
}

fn grant_of(world: &mut World) -> &mut GrantRecord {
    world.snapshot.grants.values_mut().next().expect("an approval")
}

fn set_grant(host: &SimHost, grant: Grant, run: &RunId) {
    let now = host.now().at;
    match grant {
        Grant::Fresh => {}
        Grant::LastMoment => host.pass(LIFE.checked_sub(MS).expect("a life")),
        Grant::Boundary => host.pass(LIFE),
        Grant::BoundaryWhileAsleep => host.suspend(LIFE),
        Grant::Over => host.pass(LIFE + MS),
        // Somebody turns the wall clock back, so that it looks young.
        Grant::OverByBootClock => {
            host.pass(LIFE);
            host.set_wall(now.wall_ms + 1);
        }
        Grant::OverByWallClock => {
            host.set_wall(now.wall_ms + i64::try_from(LIFE.as_millis()).expect("a life"));
        }
        Grant::Unborn => host.set_wall(now.wall_ms - 1),
        Grant::None => host.store.tamper(|world| world.snapshot.grants.clear()),
        Grant::Spent | Grant::SpentForThis => host.store.tamper(|world| {
            let run = if grant == Grant::Spent { RunId::from_bits([9; 16]) } else { run.clone() };
            grant_of(world).fate = GrantFate::Spent { run };
        }),
        Grant::Revoked | Grant::Replaced => host.store.tamper(|world| {
            let why = if grant == Grant::Revoked { Voided::Revoked } else { Voided::Replaced };
            grant_of(world).fate = GrantFate::Void { why, detail: None, at: now.clone() };
        }),
        Grant::OtherPlan => {
            host.store.tamper(|world| grant_of(world).grant.digest = PlanDigest::of(b"other"));
        }
        Grant::OtherJob => host.store.tamper(|world| grant_of(world).grant.job = JobId::new("x")),
        Grant::OtherBoot => {
            host.store.tamper(|world| grant_of(world).grant.at.boot = BootId::new("another"));
        }
        Grant::OtherStore => {
            host.store.tamper(|world| grant_of(world).grant.epoch.push('x'));
        }
        Grant::LevelTooLow => {
            host.store.tamper(|world| grant_of(world).grant.level = Level::Unattended);
        }
    }
}

fn set_seen(stage: &mut Stage, seen: Seen) {
    let host = stage.host.clone();
    match seen {
        Seen::AsApproved => {}
        Seen::ProgramEdited => host.files.edit("/w", 1),
        Seen::CheckEdited => host.files.edit("/v", 1),
        Seen::ProgramGone => host.files.remove("/w", true),
        Seen::StoredPlanEdited => host.store.tamper(|world| {
            let record = world.snapshot.jobs.get_mut(&job("w")).expect("a record");
            record.write.as_mut().expect("a plan").plan.step.argv.push("more".to_owned());
        }),
        Seen::ConfigEdited => stage.truth.config = 1,
        Seen::Disabled => stage.truth.config = 4,
        Seen::NotInConfig => stage.truth.config = 5,
        Seen::InFlight => drop(host.in_flight.borrow_mut().insert(job("w"))),
        Seen::ClockUnset => {
            // As if it had been so at the approval too: else the approval is unborn anyway.
            let back = host.now().at.wall_ms;
            host.set_wall(0);
            host.store.tamper(|world| {
                for record in world.snapshot.grants.values_mut() {
                    record.grant.at.wall_ms -= back;
                }
            });
        }
        Seen::NothingOpens => host.nothing_opens.set(true),
    }
}

fn set_claim(host: &SimHost, claim: Claim, run: &RunId) {
    let phase = match claim {
        Claim::Open => return,
        Claim::Executing => RunPhase::Executing { executor: host.own_id(), at: host.now().at },
        Claim::Done => {
            let end = opsfsm::model::End::Exited { code: 0 };
            RunPhase::Done { outcome: Outcome::without_output(end) }
        }
        Claim::Gone => {
            return host.store.tamper(|world| drop(world.runs.remove(run)));
        }
    };
    host.store.tamper(|world| {
        world.runs.get_mut(run).expect("a claim").phase = phase;
    });
}

fn set_state(host: &SimHost, state: WriteState) {
    host.store.tamper(|world| {
        world.snapshot.jobs.get_mut(&job("w")).expect("a record").state = State::Write(state);
    });
}

/// The stage in this cell.
fn set(from: &Stage, run: &RunId, cell: Cell) -> Stage {
    let mut stage = from.fork();
    set_grant(&stage.host, cell.grant, run);
    set_seen(&mut stage, cell.seen);
    set_claim(&stage.host, cell.claim, run);
    set_state(&stage.host, cell.state);
    stage
}

fn cells() -> impl Iterator<Item = Cell> {
    WriteState::ALL.iter().flat_map(|state| {
        GRANTS.iter().flat_map(move |grant| {
            SEEN.iter().flat_map(move |seen| {
                let cell = |claim: &Claim| Cell {
                    state: *state,
                    grant: *grant,
                    seen: *seen,
                    claim: *claim,
                };
                CLAIMS.iter().map(cell)
            })
        })
    })
}

#[test]
fn an_executor_starts_a_write_in_one_kind_of_cell_only() {
    let (from, run) = claimed();
    let (mut tried, mut started) = (0, 0);
    for cell in cells() {
        let stage = set(&from, &run, cell);
        let before = spent(&stage);
        let executed = stage.host.execute_write(&stage.compiled(), &run);
        let writes = stage.host.wrote.borrow().len();
        assert_eq!(writes, usize::from(cell.is_open()), "{cell:?}: {executed:?}");
        let paid = spent(&stage) != before;
        assert_eq!(paid, cell.is_open(), "what starts nothing costs nothing: {cell:?}");
        tried += 1;
        started += writes;
        // Whatever came of it, it does not come of it again.
        let _ = stage.host.execute_write(&stage.compiled(), &run);
        assert_eq!(stage.host.wrote.borrow().len(), writes, "again: {cell:?}");
    }
    assert_eq!((tried, started), (8 * 18 * 11 * 4, 2));
}

/// No order but an executor's starts a write, in any cell; and no other spends an approval.
#[test]
fn no_order_but_the_executors_starts_anything_in_any_cell() {
    type Order = fn(&Stage);
    let orders: [(&str, Order); 11] = [
        ("tick", |s| drop(s.host.tick(&s.compiled()))),
        ("request", |s| drop(s.host.request(&s.compiled(), &job("w")))),
        ("approve", |s| drop(s.host.approve(&s.compiled(), &job("w"), LIFE))),
        ("deny", |s| drop(s.host.deny(&s.compiled(), &job("w")))),
        ("revoke", |s| drop(s.host.revoke(&s.compiled(), &job("w")))),
        ("claim", |s| drop(s.host.claim(&s.compiled(), &job("w")))),
        ("acknowledge", |s| drop(s.host.acknowledge(&s.compiled(), &job("w")))),
        ("reverify", |s| drop(s.host.reverify(&s.compiled(), &job("w")))),
        ("run", |s| drop(s.host.run(&s.compiled(), &job("w")))),
        ("start", |s| drop(s.host.start(&s.compiled(), &job("w")))),
        ("an executor of reads", |s| drop(s.host.execute(&s.claims[0]))),
    ];
    let (from, run) = claimed();
    // Of what is looked at, one of each kind: nothing, the plan, and what still runs.
    let small =
        |c: &Cell| matches!(c.seen, Seen::AsApproved | Seen::ProgramEdited | Seen::InFlight);
    let mut tried = 0;
    for cell in cells().filter(small) {
        let at = set(&from, &run, cell);
        let spent = spent(&at);
        for (name, order) in orders {
            let stage = at.fork();
            order(&stage);
            let ran = stage.host.ran.borrow();
            assert!(stage.host.wrote.borrow().is_empty(), "{name} in {cell:?}");
            assert!(ran.iter().all(|spec| spec.job != job("w")), "{name} in {cell:?}: {ran:?}");
            assert_eq!(self::spent(&stage), spent, "{name} in {cell:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 8 * 18 * 3 * 4 * orders.len());
}

/// The approvals that are spent.
fn spent(stage: &Stage) -> BTreeSet<String> {
    let store = stage.host.store.snapshot();
    let grants = store.world().snapshot.grants.values();
    let spent = grants.filter(|g| matches!(g.fate, GrantFate::Spent { .. }));
    spent.map(|g| g.grant.id.to_string()).collect()
}

/// What every cell refuses it refuses before the approval is spent, and drops no other's claim:
/// once the obstacle is gone, what still serves still serves.
#[test]
fn what_is_refused_for_the_moment_costs_no_approval() {
    let (from, run) = claimed();
    for seen in [Seen::ProgramGone, Seen::InFlight, Seen::NothingOpens, Seen::Disabled] {
        let cell =
            Cell { state: WriteState::Approved, grant: Grant::Fresh, seen, claim: Claim::Open };
        let mut stage = set(&from, &run, cell);
        let refused = stage.host.execute_write(&stage.compiled(), &run).expect("a store");
        assert!(refused.is_err(), "{seen:?}");
        stage.host.files.remove("/w", false);
        stage.host.in_flight.borrow_mut().clear();
        stage.host.nothing_opens.set(false);
        stage.truth.config = 0;
        let ran = stage.host.run_write(&stage.compiled(), &job("w")).expect("a store");
        assert!(matches!(ran, Ok(Ok(_))), "{seen:?}: {ran:?}");
        assert_eq!(stage.host.wrote.borrow().len(), 1, "{seen:?}");
    }
}
