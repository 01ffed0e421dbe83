//! Pruning on a real file: what goes, what that leaves whole, and what keeps it from going.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::*;
use crate::model::Retention;

const KEEP: Retention = Retention { keep_days: 400, keep_events: 1000 };

/// Another boot, so that nothing of the earlier one can matter to an approval any more.
fn later(ms: i64) -> Stamp {
    Stamp { boot: BootId::new("later"), ..at(ms) }
}

/// A store of so many events and two jobs, with nothing pruned so far.
fn grown(place: &Place, events: usize) -> SqliteStore {
    let mut store = place.open();
    change(&mut store, |draft| {
        fill(draft);
        draft.0.world.meta.last_tick = None;
        draft.0.world.meta.history = Retention { keep_events: u32::MAX, ..KEEP };
    });
    change(&mut store, |draft| {
        let cause = Cause::plain(CauseKind::ByPerson);
        for n in usize::try_from(draft.0.world.head.seq).unwrap()..events {
            let kind = EventKind::CauseChanged { cause: cause.clone() };
            draft.record(5, Some(if n % 3 == 0 { "two" } else { "scan" }), kind);
        }
    });
    store
}

/// A tick that changes nothing but the date.
fn tick(store: &mut SqliteStore, ms: i64) -> Head {
    change(store, |draft| {
        draft.0.world.meta.last_tick = Some(later(ms));
        draft.0.world.meta.history = KEEP;
    })
}

fn rows(store: &SqliteStore, table: &str) -> u64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    store.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_journal_that_is_too_long_gets_shorter_tick_by_tick_and_stays_whole() {
    let place = Place::new();
    let mut store = grown(&place, 2100);
    let before = store.read().unwrap();
    let step = limits::PRUNE_LEAST * limits::PRUNE_FASTER;
    let mut pruned = 0;
    for ms in 10..40 {
        tick(&mut store, ms);
        let now = store.pruned().unwrap();
        assert!(now - pruned <= step, "{pruned} {now}");
        pruned = now;
        assert_eq!(rows(&store, "events") + pruned, 2100);
        let world = store.read().unwrap();
        assert_eq!((&world.snapshot, &world.head), (&before.snapshot, &before.head));
        assert_eq!(store.replay().unwrap(), (world.snapshot, world.head));
    }
    let left = rows(&store, "events");
    assert!((1000..1000 + limits::PRUNE_LEAST).contains(&left), "{left}");
    let oldest = store.last_events(&EventFilter::default(), 9999).unwrap()[0].0;
    assert_eq!(oldest, pruned + 1);
    // And the journal goes on.
    change(&mut store, |draft| declare(draft, "three"));
    let world = store.read().unwrap();
    assert_eq!(world.head.seq, 2101);
    assert_eq!(place.open().replay().unwrap().0, world.snapshot);
}

/// Nothing is pruned by what does not know the time, nor while a spent approval may matter.
#[test]
fn the_present_boot_and_a_commit_without_time_prune_nothing() {
    let place = Place::new();
    let mut store = grown(&place, 2000);
    change(&mut store, |draft| draft.0.world.meta.history = KEEP);
    assert_eq!(store.pruned().unwrap(), 0, "no time");
    change(&mut store, |draft| draft.0.world.meta.last_tick = Some(at(3_600_000)));
    assert_eq!(store.pruned().unwrap(), 0, "the same boot");
    change(&mut store, |draft| draft.0.world.meta.last_tick = Some(at(24 * 3_600_000 + 6)));
    assert!(store.pruned().unwrap() > 0, "more than a day later");
}

/// Whatever keeps the journal from being proved keeps it as it is, and harms no commit.
#[test]
fn what_can_not_be_proved_is_left_and_told() {
    for (sql, told) in [
        ("DELETE FROM events WHERE seq <= 10", "breaks at event 11"),
        ("DELETE FROM events WHERE seq = 20", "breaks at event 21"),
        ("UPDATE events SET body = replace(body, 'by_person', 'lost') WHERE seq = 30", "event 30"),
        ("UPDATE events SET hash = zeroblob(31) WHERE seq = 31", "event 31"),
        ("INSERT INTO meta VALUES ('pruned', '7')", "what its pruned events led to"),
        (
            "INSERT INTO meta SELECT 'pruned', value FROM meta WHERE key = 'head'",
            "what its pruned events led to",
        ),
        ("INSERT INTO meta VALUES ('checkpoint', '{}')", "what its pruned events led to"),
    ] {
        let place = Place::new();
        let mut store = grown(&place, 2000);
        store.connection.execute_batch(sql).unwrap();
        let left = rows(&store, "events");
        tick(&mut store, 10);
        assert_eq!(rows(&store, "events"), left, "{sql}");
        change(&mut store, |draft| declare(draft, "three"));
        let why = store.replay().unwrap_err().to_string();
        assert!(why.contains(told), "{sql}: {why}");
    }
}

/// What anybody else does to a pruned journal's front is found.
#[test]
fn a_changed_front_is_told_after_pruning_as_before() {
    let pruned = || {
        let place = Place::new();
        let mut store = grown(&place, 2000);
        tick(&mut store, 10);
        assert_eq!(store.pruned().unwrap(), 128);
        (place, store)
    };
    for (sql, told) in [
        ("DELETE FROM events WHERE seq <= 200", "breaks at event 201"),
        ("DELETE FROM events WHERE seq = 129", "breaks at event 130"),
        (
            "INSERT INTO events SELECT 128, at_ms, job, body, hash FROM events WHERE seq = 129",
            "128",
        ),
        ("DELETE FROM meta WHERE key = 'pruned'", "pruned events led to"),
        ("DELETE FROM meta WHERE key = 'checkpoint'", "pruned events led to"),
        ("DELETE FROM meta WHERE key IN ('pruned', 'checkpoint')", "breaks at event 129"),
        ("UPDATE meta SET value = replace(value, '128', '127') WHERE key = 'pruned'", "event 129"),
    ] {
        let (_place, mut store) = pruned();
        store.connection.execute_batch(sql).unwrap();
        let why = store.replay().unwrap_err().to_string();
        assert!(why.contains(told), "{sql}: {why}");
    }
    let (_place, mut store) = pruned();
    let sql = "UPDATE meta SET value = replace(value, '\"attempts\":0', '\"attempts\":3')
               WHERE key = 'checkpoint'";
    store.connection.execute_batch(sql).unwrap();
    assert_ne!(store.replay().unwrap().0, store.read().unwrap().snapshot, "another state");
}

#[test]
fn a_transaction_that_fails_prunes_nothing() {
    let place = Place::new();
    let mut store = grown(&place, 2000);
    let failed = store.transact(&mut |world| {
        let mut draft = Draft::on(world);
        draft.0.world.meta.last_tick = Some(later(10));
        draft.0.world.meta.history = KEEP;
        Ok(Commit { reports: vec![report(1), report(1)], ..draft.commit() })
    });
    assert!(failed.is_err());
    assert_eq!((rows(&store, "events"), store.pruned().unwrap()), (2000, 0));
    // Nor does it where nobody else may read the half of it.
    store.connection.execute_batch("CREATE TRIGGER t BEFORE INSERT ON meta WHEN new.key = 'checkpoint' BEGIN SELECT RAISE(ABORT, 'full'); END").unwrap();
    let failed = store.transact(&mut |world| {
        let mut draft = Draft::on(world);
        draft.0.world.meta.last_tick = Some(later(10));
        draft.0.world.meta.history = KEEP;
        Ok(draft.commit())
    });
    assert!(failed.is_err());
    assert_eq!((rows(&store, "events"), store.pruned().unwrap()), (2000, 0));
}

/// The plans of whatever a tick asks of the tables that grow: an index leads to each row of them.
#[test]
fn no_statement_of_a_tick_goes_through_the_whole_journal() {
    let place = Place::new();
    let mut store = grown(&place, 2000);
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let heard = Arc::clone(&asked);
    let hear = move |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            heard.lock().unwrap().insert(statement.sql().to_string());
        }
    };
    store.connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(hear)).unwrap();
    tick(&mut store, 10);
    change(&mut store, |draft| {
        fill(draft);
        draft.settle("r1");
    });
    store
        .transact(&mut |world| Ok(Commit { reports: vec![report(1)], ..Draft::on(world).commit() }))
        .unwrap();
    store.read().unwrap();
    for wanted in [Parcels::Waiting, Parcels::Unsettled] {
        store.parcels(wanted).unwrap();
    }
    store.save_parcel(&Parcel::new(report(1))).unwrap();
    store.starts_of(&job("scan")).unwrap();
    store.pruned().unwrap();
    store.oldest_ms().unwrap();
    let filter = EventFilter { job: Some(&job("scan")), ..EventFilter::default() };
    store.last_events(&filter, 20).unwrap();
    let asked = asked.lock().unwrap().clone();
    assert!(store.pruned().unwrap() > 0, "it was pruned meanwhile");
    let mut steps = 0;
    for sql in asked {
        for step in plan_of(&store.connection, &sql) {
            steps += 1;
            for table in ["events", "spent", "runs", "outbox"] {
                let scans = step.starts_with(&format!("SCAN {table}"));
                // By the key, from one end, and no further than a constant.
                let few = sql.contains("FROM events ORDER BY seq") && sql.contains("LIMIT");
                assert!(!scans || few, "{sql}: {step}");
            }
            let sorts = step.contains("TEMP B-TREE") && sql.contains("events");
            assert!(!sorts, "{sql}: {step}");
        }
    }
    assert!(steps > 15, "{steps}");
}

fn plan_of(connection: &Connection, sql: &str) -> Vec<String> {
    let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    if !verbs.iter().any(|verb| sql.trim_start().starts_with(verb)) {
        return Vec::new();
    }
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let holes = statement.parameter_count();
    let values = rusqlite::params_from_iter(std::iter::repeat_n(1, holes));
    let steps = statement.query_map(values, |row| row.get(3)).unwrap();
    steps.collect::<rusqlite::Result<_>>().unwrap()
}
