//! A store in several hands, and the settings of every connection.

use std::cell::Cell;

use super::*;

fn impatient(store: SqliteStore) -> SqliteStore {
    store.connection.busy_timeout(std::time::Duration::from_millis(20)).unwrap();
    store
}

#[test]
fn a_store_that_is_held_is_busy_and_asks_nobody_to_decide() {
    let place = Place::new();
    let holder = place.open();
    holder.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut store = impatient(place.open());
    let asked = Cell::new(false);
    let busy = store.transact(&mut |world| {
        asked.set(true);
        Ok(Draft::on(world).commit())
    });
    assert!(matches!(&busy, Err(StoreError::Busy(_))), "{busy:?}");
    assert!(!asked.get());
    assert!(store.read().is_ok(), "a writer that has not written yet keeps no reader out");
    holder.connection.execute_batch("ROLLBACK; BEGIN EXCLUSIVE").unwrap();
    assert!(matches!(store.read(), Err(StoreError::Busy(_))));
    assert!(matches!(store.parcels(Parcels::Waiting), Err(StoreError::Busy(_))));
    holder.connection.execute_batch("ROLLBACK").unwrap();
    assert!(store.read().is_ok());
}

/// A reader in the middle of its reading keeps a commit from the file: nothing is recorded then,
/// which can be said for sure.
#[test]
fn a_commit_that_readers_hold_up_is_busy_and_void() {
    let place = Place::new();
    let reader = place.open();
    reader.connection.execute_batch("BEGIN; SELECT COUNT(*) FROM events").unwrap();
    let mut store = impatient(place.open());
    let before = store.read().unwrap();
    let busy = store.transact(&mut |world| {
        let mut draft = Draft::on(world);
        declare(&mut draft, "scan");
        Ok(draft.commit())
    });
    assert!(matches!(&busy, Err(StoreError::Busy(_))), "{busy:?}");
    reader.connection.execute_batch("COMMIT").unwrap();
    assert_eq!(store.read().unwrap(), before);
    change(&mut store, |draft| declare(draft, "scan"));
}

#[test]
fn every_setting_is_in_force() {
    let place = Place::new();
    let store = place.open();
    let text = |name: &str| -> String {
        store.connection.pragma_query_value(None, name, |r| r.get(0)).unwrap()
    };
    let number = |name: &str| -> i64 {
        store.connection.pragma_query_value(None, name, |r| r.get(0)).unwrap()
    };
    assert_eq!(text("journal_mode"), "persist");
    // EXTRA: the folder too is synced where a journal is removed.
    assert_eq!(number("synchronous"), 3);
    assert_eq!(number("cache_size"), -4096);
    assert_eq!(number("journal_size_limit"), 64 << 20);
    assert_eq!(number("trusted_schema"), 0);
    assert_eq!(number("cell_size_check"), 1);
    assert_eq!(number("temp_store"), 2);
    assert_eq!(number("page_size"), 8192);
    assert_eq!(number("application_id"), schema::APPLICATION_ID);
    assert_eq!(number("user_version"), schema::VERSION);
    assert_eq!(number("busy_timeout"), i64::try_from(limits::STORE_BUSY.as_millis()).unwrap());
}

/// Somebody's tool left it in WAL mode: it is a store all the same, and none of its files stay.
#[test]
fn a_store_in_wal_mode_is_put_right() {
    let place = Place::new();
    let store = place.open();
    let mode: String =
        store.connection.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0)).unwrap();
    assert_eq!(mode, "wal");
    drop(store);
    let mut store = place.open();
    change(&mut store, fill);
    let mode: String =
        store.connection.pragma_query_value(None, "journal_mode", |r| r.get(0)).unwrap();
    assert_eq!(mode, "persist");
    let entries = std::fs::read_dir(place.folder.path()).unwrap();
    let mut endings: Vec<_> =
        entries.map(|e| e.unwrap().path().extension().unwrap().to_owned()).collect();
    endings.sort();
    assert_eq!(endings, ["db", "db-journal"]);
}
