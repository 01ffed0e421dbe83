//! Journals that were never written, and decisions that no engine makes: an approval that is not
//! there, or is spent, starts nothing even if everything before the last door says that it may.

#![allow(clippy::wildcard_enum_match_arm, reason = "it looks for some kinds of events")]

use std::collections::{BTreeSet, VecDeque};

use opsfsm::adapters::sqlite::{NewStore, SqliteStore};
use opsfsm::approval::{ConsumeOnce, Level};
use opsfsm::base::{GrantId, RunId};
use opsfsm::journal::{Change, Event, EventKind, ReplayFault, Snapshot, World, apply};
use opsfsm::machine::{Input, WriteInput};
use opsfsm::ports::{Commit, Decide, Store, StoreError};

use crate::stage::{LIFE, Move, Stage};

const APPROVE: Move = Move::Approve(0, LIFE, Level::Asserted);

/// A life with three starts: one fails, one is lost and acknowledged, one is verified; and with
/// approvals that are replaced, taken back and never used.
fn journal() -> Vec<Event> {
    let mut stage = Stage::new();
    let run = |death| [APPROVE, Move::Claim(0), Move::Execute(0, death), Move::Tick];
    let moves = [Move::Exits(0, 1)]
        .into_iter()
        .chain(run(None))
        .chain([Move::Exits(0, 0), APPROVE, APPROVE, Move::Revoke(0), Move::CheckExits(0, 1)])
        .chain(run(Some(opsfsm::sim::Death::BeforeEnd)))
        .chain([Move::Tick, Move::Acknowledge(0), Move::CheckExits(0, 0)])
        .chain(run(None))
        .chain([APPROVE]);
    for act in moves {
        stage.play(&act).expect("a life");
    }
    assert_eq!((stage.host.wrote.borrow().len(), stage.state("w")), (3, "approved"));
    stage.host.store.snapshot().events()
}

/// What is known of approvals by counting alone.
#[derive(Default)]
struct Count {
    given: BTreeSet<GrantId>,
    live: BTreeSet<GrantId>,
    paid: BTreeSet<RunId>,
}

impl Count {
    /// Takes in an event; `false`: it should never have been let through.
    fn take(&mut self, event: &Event) -> bool {
        match &event.kind {
            EventKind::Approved { grant, .. } => {
                self.live.insert(grant.id.clone());
                self.given.insert(grant.id.clone())
            }
            EventKind::GrantVoided { grant, .. } => self.live.remove(grant),
            EventKind::GrantSpent { grant, run } => {
                self.paid.insert(run.clone());
                self.live.remove(grant)
            }
            EventKind::Moved { input: Input::Write(WriteInput::Approve), .. } => {
                !self.live.is_empty()
            }
            // Each payment is for one beginning, the next one.
            EventKind::Moved { input: Input::Write(WriteInput::Begin), .. } => {
                !std::mem::take(&mut self.paid).is_empty()
            }
            _ => true,
        }
    }
}

/// Replays until something is refused.
fn replay(events: &[Event]) -> Result<(), ReplayFault> {
    let (mut snapshot, mut count) = (Snapshot::default(), Count::default());
    for (n, event) in events.iter().enumerate() {
        apply(&mut snapshot, event)?;
        assert!(count.take(event), "event {n} was let through: {event:?}\nof {events:#?}");
    }
    Ok(())
}

/// Every journal that comes of a true one when one event is lost, comes twice, or comes at
/// another time.
#[test]
fn no_forged_journal_begins_a_write_that_was_not_paid_for() {
    let real = journal();
    replay(&real).expect("the true journal");
    let mut ungated = 0;
    let mut forge = |forged: Vec<Event>| {
        ungated += usize::from(matches!(replay(&forged), Err(ReplayFault::Ungated { .. })));
    };
    for from in 0..real.len() {
        let mut lost: Vec<Event> = real.clone();
        let event = lost.remove(from);
        for to in 0..real.len() {
            let mut twice = VecDeque::from(real.clone());
            twice.insert(to, event.clone());
            forge(twice.into());
            let mut moved = lost.clone();
            moved.insert(to, event.clone());
            forge(moved);
        }
        forge(lost);
    }
    assert!(ungated > 500, "{ungated} were refused at the second door");
}

/// A decision as no engine makes it: these approvals are spent, whatever the world says of them.
fn spend(world: World, real: &Event, grants: &[(&GrantId, u8)]) -> Commit {
    let mut change = Change { world, ..Change::default() };
    for (grant, run) in grants {
        let run = RunId::from_bits([*run; 16]);
        let kind = EventKind::GrantSpent { grant: (*grant).clone(), run };
        change.events.push(Event { kind, ..real.clone() });
    }
    Commit { change, reports: Vec::new() }
}

/// The last door: a store that remembers what was spent, whatever the snapshot says.
fn spends_once<S>(store: &mut S)
where
    S: Store + for<'d> ConsumeOnce<Decide<'d> = Decide<'d>, Error = StoreError>,
{
    let real = journal();
    let approved = real.iter().find_map(|event| match &event.kind {
        EventKind::Approved { grant, .. } => Some((event.clone(), grant.id.clone())),
        _ => None,
    });
    let (event, grant) = approved.expect("an approval");
    let mut snapshot = Snapshot::default();
    let until = real.iter().position(|e| *e == event).expect("a place");
    real[..=until].iter().try_for_each(|e| apply(&mut snapshot, e)).expect("a beginning");
    let known = |mut world: World| {
        world.snapshot = snapshot.clone();
        world
    };
    let in_passing = store.transact(&mut |world| Ok(spend(known(world), &event, &[(&grant, 1)])));
    assert!(in_passing.is_err(), "an order that is no beginning spends an approval");
    let both = [(&grant, 1), (&grant, 2)];
    let twice = store.consume_once(&mut |world| Ok(spend(known(world), &event, &both)));
    assert!(twice.is_err(), "spent twice at once");
    let none = store.consume_once(&mut |world| Ok(spend(known(world), &event, &[])));
    assert_eq!(none, Ok(None));
    let first = store.consume_once(&mut |world| Ok(spend(known(world), &event, &[(&grant, 1)])));
    assert_eq!(first.expect("spent").expect("spent").grant, grant);
    let head = store.read().expect("a world").head;
    let again = store.consume_once(&mut |world| Ok(spend(known(world), &event, &[(&grant, 2)])));
    assert!(again.is_err(), "spent twice, and the store knows nothing of it: {again:?}");
    assert_eq!(store.read().expect("a world").head, head, "what is refused leaves no trace");
}

#[test]
fn a_store_spends_an_approval_once_whatever_it_is_told() {
    spends_once(&mut opsfsm::sim::SharedStore::default());
    let place = tempfile::tempdir().expect("a folder");
    let stage = Stage::new();
    let new = NewStore { seed: [7; 32], now: &stage.now() };
    let mut store = SqliteStore::open(&place.path().join("opsfsm.db"), &new).expect("a store");
    spends_once(&mut store);
}
