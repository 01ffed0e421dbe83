//! Copies of a store, and a store that one takes the place of.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A store with something of everything, and the place that it is in.
fn filled() -> (Place, SqliteStore) {
    let place = Place::new();
    let mut store = place.open();
    change(&mut store, fill);
    (place, store)
}

fn draft(from: &Path, path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::draft_of(from, path, &NewStore { seed: [9; 32], now: &at(50) })
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut all: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

fn jobs(path: &Path) -> usize {
    let mut store = SqliteStore::open(path, &NewStore { seed: [8; 32], now: &at(60) }).unwrap();
    store.read().unwrap().snapshot.jobs.len()
}

#[test]
fn a_backup_is_a_store_of_its_own_and_overwrites_nothing() {
    let (place, mut store) = filled();
    let to = place.folder.path().join("copy.db");
    let head = store.back_up(&to).unwrap();
    assert_eq!(head, store.read().unwrap().head);
    assert!(head.seq > 5);
    assert_eq!(names(place.folder.path()), ["copy.db", "opsfsm.db", "opsfsm.db-journal"]);
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(jobs(&to), 2);
    let bytes = fs::read(&to).unwrap();
    let refused = store.back_up(&to).unwrap_err().to_string();
    assert!(refused.contains("copy.db") && refused.contains("name another file"), "{refused}");
    assert_eq!(fs::read(&to).unwrap(), bytes);
}

#[test]
fn a_store_is_replaced_by_its_backup_and_kept_beside_it() {
    let (place, store) = filled();
    let folder = place.folder.path();
    let (path, copy) = (place.path(), folder.join("copy.db"));
    store.back_up(&copy).unwrap();
    let mut later = place.open();
    change(&mut later, |draft| declare(draft, "three"));
    // What a process that died has left: played into the new store it would ruin it.
    fs::write(folder.join("opsfsm.db-journal"), b"of the old one").unwrap();
    let kept = draft(&copy, &path).unwrap().replace(&path, "20261121").unwrap();
    let aside = folder.join("opsfsm.db.replaced-20261121");
    assert_eq!(kept.as_deref(), Some(aside.as_path()));
    assert_eq!(
        names(folder),
        [
            "copy.db",
            "opsfsm.db",
            "opsfsm.db.replaced-20261121",
            "opsfsm.db.replaced-20261121-journal"
        ]
    );
    fs::remove_file(folder.join("opsfsm.db.replaced-20261121-journal")).unwrap();
    assert_eq!((jobs(&path), jobs(&aside), jobs(&copy)), (2, 3, 2));
    // One that looks spent may be one in which somebody is writing.
    fs::write(folder.join("opsfsm.db-journal"), [0; 512]).unwrap();
    draft(&copy, &path).unwrap().replace(&path, "20261122").unwrap();
    let all = names(folder);
    assert!(!all.contains(&"opsfsm.db-journal".to_owned()), "{all:?}");
    assert!(all.contains(&"opsfsm.db.replaced-20261122-journal".to_owned()), "{all:?}");
    assert_eq!(jobs(&path), 2);
}

#[test]
fn each_store_that_is_replaced_has_a_name_of_its_own_or_stays() {
    let (place, store) = filled();
    let folder = place.folder.path();
    let (path, copy) = (place.path(), folder.join("copy.db"));
    store.back_up(&copy).unwrap();
    let replaced = || draft(&copy, &path).unwrap().replace(&path, "20261121");
    assert_eq!(replaced().unwrap(), Some(folder.join("opsfsm.db.replaced-20261121")));
    let second = folder.join("opsfsm.db.replaced-20261121-09090909");
    assert_eq!(replaced().unwrap(), Some(second));
    let (before, bytes) = (names(folder), fs::read(&path).unwrap());
    let refused = replaced().unwrap_err().to_string();
    assert!(refused.contains("opsfsm.db can't be replaced"), "{refused}");
    assert_eq!((names(folder), fs::read(&path).unwrap()), (before, bytes));
}

#[test]
fn where_there_is_no_store_a_backup_becomes_one() {
    let (place, store) = filled();
    let other = Place::new();
    let copy = place.folder.path().join("copy.db");
    store.back_up(&copy).unwrap();
    let path = other.folder.path().join("new/opsfsm.db");
    assert_eq!(draft(&copy, &path).unwrap().replace(&path, "20261121").unwrap(), None);
    assert_eq!(names(path.parent().unwrap()), ["opsfsm.db"]);
    assert_eq!(jobs(&path), 2);
}

/// Each is refused by the name that a person knows, and nothing is left of the draft.
#[test]
fn what_is_no_whole_backup_becomes_no_draft() {
    let (place, store) = filled();
    let folder = place.folder.path();
    let path = place.path();
    let (copy, odd) = (folder.join("copy.db"), folder.join("odd.db"));
    store.back_up(&copy).unwrap();
    drop(store);
    let refused = |from: &Path| {
        let before = names(folder);
        let told = draft(from, &path).unwrap_err().to_string();
        assert_eq!(names(folder), before, "{told}");
        told.replace(&folder.display().to_string(), "")
    };
    assert!(refused(&path).contains("it is the very store that is to be replaced"));
    assert!(refused(&folder.join("none")).contains("/none can't be read"));
    fs::create_dir(&odd).unwrap();
    assert!(refused(&odd).contains("it is no regular file"));
    fs::remove_dir(&odd).unwrap();
    std::os::unix::fs::symlink(&copy, &odd).unwrap();
    assert!(refused(&odd).contains("it is a symbolic link"));
    for (sql, why) in [
        ("UPDATE jobs SET record = replace(record, 'paused', 'running')", "its journal gives"),
        ("UPDATE events SET body = replace(body, 'c.toml', 'd.toml')", "event 2"),
        ("DELETE FROM events WHERE seq > 4", "the journal ends at event 4, too early"),
    ] {
        fs::remove_file(&odd).unwrap();
        fs::copy(&copy, &odd).unwrap();
        let changed = Connection::open(&odd).unwrap();
        assert!(changed.execute(sql, []).unwrap() > 0, "{sql}");
        drop(changed);
        let told = refused(&odd);
        assert!(told.contains("/odd.db") && told.contains(why), "{sql}: {told}");
        assert!(!told.contains("/.opsfsm.db."), "the draft's name says nothing to anybody: {told}");
    }
}
