//! The store against a real file: what is written comes back, and nothing else is written.

mod backups;
mod locks;
mod outbox;
mod places;
mod prune;
mod witness;

use std::collections::BTreeMap;

use super::*;
use crate::approval::{Evidence, Grant, Level, PlanDigest};
use crate::base::{GrantId, ItemId, ReportId, Stamp, limits};
use crate::journal::apply;
use crate::journal::{
    Cause, CauseKind, Change, EventKind, GrantFate, GrantRecord, ItemEnd, Notes, Origin, QueueItem,
    Report, RunPhase, RunRow, Seen,
};
use crate::machine::{Input, State, WatchInput, WatchState};
use crate::model::{End, Outcome, ProcessId, Purpose, RunSpec};

fn at(ms: i64) -> Stamp {
    Stamp { wall_ms: ms, awake_ms: ms, up_ms: ms, boot: BootId::new("b") }
}

fn job(name: &str) -> JobId {
    JobId::new(name)
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("opsfsm.db")
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path(), &NewStore { seed: [7; 32], now: &at(1) }).unwrap()
    }
}

/// A change under construction.
struct Draft(Change);

impl Draft {
    fn on(world: World) -> Self {
        Self(Change { world, ..Change::default() })
    }

    fn record(&mut self, ms: i64, id: Option<&str>, kind: EventKind) -> &mut Self {
        let event = Event { at: at(ms), job: id.map(job), kind };
        apply(&mut self.0.world.snapshot, &event).unwrap();
        self.0.jobs.extend(event.job.clone());
        if let EventKind::Enqueued { item } = &event.kind {
            self.0.items.insert(item.id.clone());
        }
        if let EventKind::ItemSettled { item, .. } = &event.kind {
            self.0.items.insert(item.clone());
        }
        self.0.events.push(event);
        self
    }

    fn run(&mut self, row: RunRow) -> &mut Self {
        self.0.runs.insert(row.spec.run.clone());
        self.0.world.runs.insert(row.spec.run.clone(), row);
        self
    }

    fn settle(&mut self, run: &str) -> &mut Self {
        self.0.world.runs.remove(run);
        self.0.runs.insert(RunId::new(run));
        self
    }

    fn commit(&mut self) -> Commit {
        Commit { change: std::mem::take(&mut self.0), reports: Vec::new() }
    }
}

fn change(store: &mut SqliteStore, make: impl Fn(&mut Draft)) -> Head {
    let head = store.transact(&mut |world| {
        let mut draft = Draft::on(world);
        make(&mut draft);
        Ok(draft.commit())
    });
    head.unwrap()
}

fn row(run: &str, of: &str, purpose: Purpose, ms: i64) -> RunRow {
    RunRow {
        spec: RunSpec {
            run: RunId::new(run),
            job: job(of),
            purpose,
            item: Some(ItemId::new("i")),
            argv: vec!["/bin/true".to_owned(), "ä ' \" \n".to_owned()],
            cwd: "/".into(),
            env: BTreeMap::from([("K".to_owned(), "v".to_owned())]),
            limit_ms: Some(5),
            sandboxed: false,
            verifies: None,
        },
        phase: RunPhase::Claimed,
        claimed_at: at(ms),
        claimer: ProcessId { pid: 4, start_ticks: 5, boot: BootId::new("b") },
    }
}

fn declare(draft: &mut Draft, name: &str) {
    let state = State::Watch(WatchState::Idle);
    draft.record(2, Some(name), EventKind::Declared { state });
}

/// Something of everything.
fn fill(draft: &mut Draft) {
    draft.record(2, None, EventKind::ConfigAdopted { path: "/c.toml".to_owned() });
    for name in ["scan", "two"] {
        declare(draft, name);
    }
    let cause =
        Some(Cause { kind: CauseKind::ByPerson, detail: Some("it's \u{0} odd".to_owned()) });
    let (input, to) = (Input::Watch(WatchInput::Stop), State::Watch(WatchState::Paused));
    draft.record(3, Some("scan"), EventKind::Moved { input, to, cause });
    for (id, origin) in [("i", Origin::Person), ("j", Origin::Schedule)] {
        let item = QueueItem { id: ItemId::new(id), delay_ms: 9, origin };
        draft.record(4, Some("two"), EventKind::Enqueued { item });
    }
    draft.record(
        5,
        Some("two"),
        EventKind::Requested { origin: Origin::Config, digest: None, reason: None },
    );
    let seen = Seen { running: true, progress_key: Some("n=1".to_owned()), ..Seen::default() };
    draft.0.world.notes.insert(job("scan"), Notes { seen: Some(seen), ..Notes::default() });
    draft.0.world.notes.insert(job("two"), Notes::default());
    draft.0.world.meta.last_tick = Some(at(6));
    let done = RunPhase::Done { outcome: Outcome::without_output(End::Lost) };
    draft.run(row("r1", "scan", Purpose::Resume, 5));
    draft.run(RunRow { phase: done, ..row("r2", "two", Purpose::Check, 5) });
}

#[test]
fn a_whole_world_comes_back_and_so_does_its_replay() {
    let place = Place::new();
    let mut store = place.open();
    let mut written = World::default();
    let head = store
        .transact(&mut |world| {
            let mut draft = Draft::on(world);
            fill(&mut draft);
            written = draft.0.world.clone();
            Ok(draft.commit())
        })
        .unwrap();
    drop(store);
    let mut again = place.open();
    let read = again.read().unwrap();
    assert_eq!(read, World { head: head.clone(), ..written });
    assert_eq!(again.replay().unwrap(), (read.snapshot, head));
    assert_eq!(again.last_events(&EventFilter::default(), 2).unwrap().len(), 2);
}

#[test]
fn only_rows_that_a_change_names_are_written() {
    let place = Place::new();
    let mut store = place.open();
    change(&mut store, fill);
    let count = |store: &mut SqliteStore, make: &dyn Fn(&mut Draft)| {
        let before = store.connection.total_changes();
        change(store, make);
        store.connection.total_changes() - before
    };
    assert_eq!(count(&mut store, &|_| {}), 0, "nothing");
    let dates = count(&mut store, &|d| d.0.world.meta.last_tick = Some(at(9)));
    assert_eq!(dates, 1, "the dates");
    // The event, the note of the journal's end, the job.
    let event = count(&mut store, &|d| declare(d, "scan"));
    assert_eq!(event, 3, "an event");
    let unnamed = count(&mut store, &|d| {
        d.0.world.notes.insert(job("scan"), Notes::default());
        d.0.world.runs.clear();
        d.0.world.snapshot.jobs.clear();
    });
    assert_eq!(unnamed, 0, "what is not named");
    assert_eq!(store.read().unwrap().runs.len(), 2);
    let notes = count(&mut store, &|d| {
        d.0.jobs.insert(job("two"));
    });
    assert_eq!(notes, 2, "a job and its request");
}

#[test]
fn what_is_gone_from_the_world_is_deleted() {
    let place = Place::new();
    let mut store = place.open();
    change(&mut store, fill);
    change(&mut store, |draft| {
        draft.0.world.snapshot.jobs.remove("two");
        draft.0.world.snapshot.requests.clear();
        draft.0.world.snapshot.queue.remove("i");
        draft.0.jobs.insert(job("two"));
        draft.0.items.insert(ItemId::new("i"));
        draft.settle("r1");
    });
    let world = store.read().unwrap();
    assert_eq!(world.snapshot.jobs.keys().collect::<Vec<_>>(), [&job("scan")]);
    assert!(world.snapshot.requests.is_empty());
    assert_eq!(world.snapshot.queue.keys().collect::<Vec<_>>(), [&ItemId::new("j")]);
    assert_eq!(world.runs.keys().collect::<Vec<_>>(), [&RunId::new("r2")]);
}

#[test]
fn items_that_the_fold_forgot_leave_the_store_too() {
    let place = Place::new();
    let mut store = place.open();
    let many = limits::QUEUE_KEPT + 7;
    change(&mut store, |draft| {
        declare(draft, "two");
        for n in 0..many {
            let id = ItemId::new(format!("q{n:04}"));
            let item = QueueItem { id: id.clone(), delay_ms: 0, origin: Origin::Person };
            draft.record(4, Some("two"), EventKind::Enqueued { item });
        }
    });
    for n in 0..many {
        change(&mut store, |draft| {
            let item = ItemId::new(format!("q{n:04}"));
            draft.record(5, Some("two"), EventKind::ItemSettled { item, how: ItemEnd::Done });
        });
    }
    let world = store.read().unwrap();
    assert_eq!(world.snapshot.queue.len(), limits::QUEUE_KEPT);
    assert_eq!(store.replay().unwrap().0, world.snapshot);
}

/// The clock goes back all the while: newest is what was claimed last.
#[test]
fn the_newest_starts_of_each_job_are_remembered() {
    let place = Place::new();
    let mut store = place.open();
    let claim_and_settle = |store: &mut SqliteStore, run: &str, of: &str, purpose, ms| {
        change(store, |draft| {
            draft.run(row(run, of, purpose, ms));
        });
        change(store, |draft| {
            draft.settle(run);
        });
    };
    claim_and_settle(&mut store, "other", "two", Purpose::Start, 1);
    change(&mut store, |draft| {
        draft.run(row("open", "scan", Purpose::Start, 1));
    });
    let kept = limits::RUNS_KEPT_PER_JOB;
    for n in 0..i64::try_from(kept).unwrap() + 5 {
        let purpose = if n % 2 == 0 { Purpose::Start } else { Purpose::Resume };
        claim_and_settle(&mut store, &format!("s{n:02}"), "scan", purpose, 1000 - n);
        for m in 0..2 {
            claim_and_settle(&mut store, &format!("c{n:02}{m}"), "scan", Purpose::Stop, 1000 - n);
        }
    }
    let of = |store: &SqliteStore, id| {
        let proofs = store.starts_of(&job(id)).unwrap();
        proofs.into_iter().map(|p| p.run.as_str().to_owned()).collect::<Vec<_>>()
    };
    let mut wanted: Vec<String> = (5..kept + 5).rev().map(|n| format!("s{n:02}")).collect();
    wanted.push("open".to_owned());
    assert_eq!(of(&store, "scan"), wanted, "an open run is never forgotten");
    assert_eq!(of(&store, "two"), ["other"]);
    let rows = "SELECT COUNT(*) FROM runs WHERE purpose = 'stop'";
    let stops: usize = store.connection.query_row(rows, [], |r| r.get(0)).unwrap();
    assert_eq!(stops, kept);
}

#[test]
fn a_settled_run_is_never_opened_again() {
    let place = Place::new();
    let mut store = place.open();
    change(&mut store, |draft| {
        draft.run(row("r", "scan", Purpose::Start, 1));
    });
    change(&mut store, |draft| {
        draft.settle("r");
    });
    change(&mut store, |draft| {
        draft.run(row("r", "scan", Purpose::Start, 1));
    });
    assert!(store.read().unwrap().runs.is_empty());
}

fn report(n: usize) -> Report {
    Report {
        id: ReportId::new(format!("p{n}")),
        at_ms: 1,
        text: format!("text {n}"),
        summary: format!("in short {n}"),
    }
}

#[test]
fn a_decision_that_errs_changes_nothing() {
    let place = Place::new();
    let mut store = place.open();
    change(&mut store, fill);
    let (before, bytes) = (store.read().unwrap(), std::fs::read(place.path()).unwrap());
    let wrote = store.connection.total_changes();
    let failed = store.transact(&mut |_| Err(StoreError::Refused("no".to_owned())));
    assert_eq!(failed, Err(StoreError::Refused("no".to_owned())));
    assert_eq!(store.connection.total_changes(), wrote);
    // Two reports of one id can't be: the whole commit is void, its events with it.
    let failed = store.transact(&mut |world| {
        let mut draft = Draft::on(world);
        declare(&mut draft, "three");
        Ok(Commit { reports: vec![report(1), report(1)], ..draft.commit() })
    });
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert_eq!(store.read().unwrap(), before);
    assert_eq!(std::fs::read(place.path()).unwrap(), bytes);
    assert_eq!(store.replay().unwrap().1, before.head);
    change(&mut store, |draft| declare(draft, "three"));
}

#[test]
fn what_another_connection_committed_is_seen_at_the_next_look_and_decided_on() {
    let place = Place::new();
    let (mut one, mut other) = (place.open(), place.open());
    let jobs = |store: &mut SqliteStore| store.read().unwrap().snapshot.jobs.len();
    assert_eq!((jobs(&mut one), jobs(&mut other)), (0, 0));
    let declared = EventKind::Declared { state: State::Watch(WatchState::Idle) };
    change(&mut other, |draft| {
        draft.record(2, Some("scan"), declared.clone());
    });
    assert_eq!((jobs(&mut one), jobs(&mut other)), (1, 1));
    change(&mut other, |draft| {
        draft.record(3, Some("crawl"), declared.clone());
    });
    change(&mut one, |draft| {
        assert_eq!(draft.0.world.snapshot.jobs.len(), 2);
        draft.record(4, Some("third"), declared.clone());
    });
    assert_eq!((jobs(&mut one), jobs(&mut other)), (3, 3));
}

fn somebody() -> Evidence {
    let user = "u".to_owned();
    Evidence { user, uid: 1, login_uid: None, tty: None, by: None, through: None }
}

/// The fold keeps approvals bounded; what it forgot is named by no change.
#[test]
fn approvals_that_the_fold_forgot_leave_the_store_too() {
    let place = Place::new();
    let mut store = place.open();
    let approve = |draft: &mut Draft, id: &str| {
        let grant = Grant {
            id: GrantId::new(id),
            job: job("w"),
            digest: PlanDigest::of(b"a plan"),
            epoch: "e".to_owned(),
            at: at(1),
            life_ms: 9,
            evidence: somebody(),
            level: Level::Asserted,
        };
        let record = GrantRecord { grant, fate: GrantFate::Live };
        draft.0.world.snapshot.grants.insert(GrantId::new(id), record);
        draft.0.grants.insert(GrantId::new(id));
    };
    let kept = |store: &mut SqliteStore| -> Vec<String> {
        // As a new process finds them.
        store.known = None;
        store.read().unwrap().snapshot.grants.keys().map(ToString::to_string).collect()
    };
    change(&mut store, |draft| ["a", "b"].into_iter().for_each(|id| approve(draft, id)));
    assert_eq!(kept(&mut store), ["a", "b"]);
    change(&mut store, |draft| {
        draft.0.world.snapshot.grants.clear();
        declare(draft, "scan");
    });
    assert_eq!(kept(&mut store), ["a", "b"], "a change that names none touches none");
    change(&mut store, |draft| {
        draft.0.world.snapshot.grants.remove("a");
        approve(draft, "c");
    });
    assert_eq!(kept(&mut store), ["b", "c"]);
}

/// What was ever a write stays marked as one, until a person says otherwise.
#[test]
fn marks_of_writes_outlive_the_process_and_go_when_a_person_says_so() {
    let place = Place::new();
    let mut store = place.open();
    change(&mut store, fill);
    for mark in ["first", "second"] {
        change(&mut store, |draft| {
            draft.record(7, Some("scan"), EventKind::WriteMarked { mark: mark.to_owned() });
        });
    }
    drop(store);
    let marks = |store: &mut SqliteStore| -> Vec<String> {
        let all = store.read().unwrap().snapshot.marks;
        all.get(&job("scan")).into_iter().flatten().cloned().collect()
    };
    let mut store = place.open();
    assert_eq!(marks(&mut store), ["first", "second"]);
    let user = "u".to_owned();
    let evidence = Evidence { user, uid: 1, login_uid: None, tty: None, by: None, through: None };
    change(&mut store, |draft| {
        draft.record(8, Some("scan"), EventKind::Reclassified { evidence: evidence.clone() });
    });
    drop(store);
    let mut store = place.open();
    assert_eq!(marks(&mut store), Vec::<String>::new());
    assert_eq!(store.replay().unwrap().0, store.read().unwrap().snapshot);
}

/// Ten thousand rows take a while: one call of opsfsm looks at its store several times.
#[test]
fn what_nobody_has_changed_since_is_not_read_again() {
    let place = Place::new();
    let (mut one, mut other) = (place.open(), place.open());
    change(&mut other, |draft| declare(draft, "scan"));
    assert_eq!(one.read().unwrap().snapshot.jobs.len(), 1);
    // Not what the rows say: whoever reads them again sees that.
    one.known.as_mut().unwrap().world.snapshot.jobs.clear();
    assert_eq!(one.read().unwrap().snapshot.jobs.len(), 0);
    change(&mut other, |draft| declare(draft, "two"));
    assert_eq!(one.read().unwrap().snapshot.jobs.len(), 2);
}

/// The last runs of a job for `logs`, and how one ended.
#[test]
fn the_last_runs_of_a_job_are_told_oldest_first_and_each_with_its_end() {
    let place = Place::new();
    let mut store = place.open();
    let outcome = Outcome::without_output(End::Exited { code: 3 });
    for run in ["a", "b", "c"] {
        change(&mut store, |draft| {
            draft.run(row(run, "scan", Purpose::Start, 1));
        });
    }
    change(&mut store, |draft| {
        draft.run(row("other", "two", Purpose::Start, 1));
        let phase = RunPhase::Done { outcome: outcome.clone() };
        draft.run(RunRow { phase, ..row("b", "scan", Purpose::Start, 1) });
    });
    change(&mut store, |draft| {
        draft.settle("b");
    });
    let told = |most: u32| -> Vec<(String, bool)> {
        let runs = store.runs_of(&job("scan"), most).unwrap();
        runs.iter().map(|(row, over)| (row.spec.run.to_string(), *over)).collect()
    };
    let all = [("a", false), ("b", true), ("c", false)].map(|(run, over)| (run.to_owned(), over));
    assert_eq!(told(9), all);
    assert_eq!(told(2), all[1..]);
    assert_eq!(store.outcome_of(&RunId::new("b")).unwrap(), Some(outcome));
    assert_eq!(store.outcome_of(&RunId::new("a")).unwrap(), None, "it is not over");
    assert_eq!(store.outcome_of(&RunId::new("none")).unwrap(), None);
}

#[test]
fn a_row_that_can_not_be_read_is_found_by_looking() {
    let place = Place::new();
    let mut store = place.open();
    change(&mut store, fill);
    assert_eq!(store.check(), Ok(()));
    store.connection.execute("UPDATE jobs SET record = '{' WHERE id = 'scan'", []).unwrap();
    drop(store);
    let mut store = place.open();
    assert!(matches!(store.check(), Err(StoreError::Refused(_))));
}
