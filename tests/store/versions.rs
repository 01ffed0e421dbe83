//! Stores of every released layout: each opens, is proved whole, and goes on.
//!
//! The fixtures were made by the program of their time: ticks, a write that ran and was verified,
//! one that is approved, a request, and a report that waits. How to add one: docs/architecture.md,
//! "Migrations".

use std::fs;
use std::path::PathBuf;

use opsfsm::journal::GrantFate;
use opsfsm::ports::{Parcels, Store as _};

use crate::support::{Site, code, names, said};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/store/fixtures")
}

fn version_of(site: &Site) -> i64 {
    let connection = rusqlite::Connection::open(&site.store).unwrap();
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// A site with the store of this version.
fn with_store_of(version: i64) -> Site {
    let site = Site::new();
    fs::create_dir(site.store.parent().unwrap()).unwrap();
    fs::copy(fixtures().join(format!("v{version}.db")), &site.store).unwrap();
    assert_eq!(version_of(&site), version);
    site
}

#[test]
fn there_is_a_store_of_every_version() {
    let newest = version_of(&Site::used());
    let wanted: Vec<String> = (1..=newest).map(|version| format!("v{version}.db")).collect();
    assert_eq!(names(&fixtures()), wanted);
}

#[test]
fn a_store_of_every_version_holds_something_of_everything_and_is_whole() {
    for version in 1..=version_of(&Site::used()) {
        let site = with_store_of(version);
        let world = site.assert_sound();
        let snapshot = &world.snapshot;
        assert_eq!(snapshot.jobs.len(), 4, "v{version}");
        assert!(!snapshot.queue.is_empty() && !snapshot.requests.is_empty(), "v{version}");
        assert!(!snapshot.marks.is_empty() && world.meta.last_tick.is_some(), "v{version}");
        let spent = |fate: &GrantFate| matches!(fate, GrantFate::Spent { .. });
        let (used, others): (Vec<_>, Vec<_>) =
            snapshot.grants.values().partition(|grant| spent(&grant.fate));
        assert!(!used.is_empty() && !others.is_empty(), "v{version}");
        assert!(!site.open().parcels(Parcels::Waiting).unwrap().is_empty(), "v{version}");
        let connection = rusqlite::Connection::open(&site.store).unwrap();
        let count = |table: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        for table in ["meta", "events", "jobs", "queue", "requests", "grants", "spent", "marks"] {
            assert!(count(table) > 0, "v{version}: {table}");
        }
        assert!(count("runs") > 0 && count("outbox") > 0, "v{version}");
    }
}

#[test]
fn a_store_of_every_version_goes_on() {
    let newest = version_of(&Site::used());
    for version in 1..=newest {
        let site = with_store_of(version);
        let before = site.assert_sound();
        for words in [&["adopt"][..], &["tick"], &["history", "--verify"], &["outbox"]] {
            let output = site.run(words);
            assert_eq!(code(&output), 0, "v{version} {words:?}: {}", said(&output));
        }
        let world = site.assert_sound();
        assert!(world.head.seq > before.head.seq, "v{version}");
        assert_eq!(version_of(&site), newest);
        let live = |fate: &GrantFate| *fate == GrantFate::Live;
        let grants = world.snapshot.grants.values();
        assert_eq!(grants.filter(|g| live(&g.fate)).count(), 0, "v{version}: of another boot");
    }
}

/// The backup itself stays of its version.
#[test]
fn a_backup_of_every_version_can_be_restored() {
    for version in 1..=version_of(&Site::used()) {
        let site = Site::new();
        let file = fixtures().join(format!("v{version}.db"));
        let copy = site.folder().join("backup.db");
        fs::copy(&file, &copy).unwrap();
        let output = site.run(&["restore", copy.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "v{version}: {}", said(&output));
        site.assert_sound();
        assert!(fs::read(&copy).unwrap() == fs::read(&file).unwrap(), "the backup stays as it is");
    }
}
