//! The witness of a store: it vouches for the very store that it has seen, and for nothing else.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::super::witness::{see, vouches};
use super::*;

/// A store whose witness has seen its last event.
fn seen() -> (Place, SqliteStore, PathBuf) {
    let place = Place::new();
    let mut store = place.open();
    let head = change(&mut store, fill);
    see(&place.path(), &head).unwrap();
    let witness = place.folder.path().join("opsfsm.db.witness");
    assert!(witness.exists());
    (place, store, witness)
}

fn vouched(place: &Place, store: &SqliteStore) -> bool {
    vouches(&store.connection, &place.path()).unwrap().unwrap()
}

#[test]
fn it_vouches_for_a_journal_that_holds_what_it_has_seen() {
    let (place, mut store, _) = seen();
    assert!(vouched(&place, &store));
    let head = change(&mut store, |draft| declare(draft, "three"));
    assert!(vouched(&place, &store), "more came since");
    let ahead = Head { seq: head.seq + 1, ..head.clone() };
    see(&place.path(), &ahead).unwrap();
    assert!(!vouched(&place, &store), "the journal is at an earlier moment");
    let other = Head { hash: [1; 32], ..head.clone() };
    see(&place.path(), &other).unwrap();
    assert!(!vouched(&place, &store), "that event is another one");
    see(&place.path(), &head).unwrap();
    assert!(vouched(&place, &store));
}

type Spoil = fn(&Path);

#[test]
fn what_is_no_witness_of_this_very_file_vouches_for_nothing() {
    let spoils: [(&str, Spoil); 7] = [
        ("gone", |w| fs::remove_file(w).unwrap()),
        ("a copy", |w| {
            fs::copy(w, w.with_extension("copy")).unwrap();
            fs::rename(w.with_extension("copy"), w).unwrap();
        }),
        ("a link to itself, moved", |w| {
            fs::rename(w, w.with_extension("moved")).unwrap();
            symlink(w.with_extension("moved"), w).unwrap();
        }),
        ("a folder", |w| {
            fs::remove_file(w).unwrap();
            fs::create_dir(w).unwrap();
        }),
        ("a pipe, which nobody writes to", |w| {
            fs::remove_file(w).unwrap();
            mknodat(CWD, w, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        }),
        ("torn", |w| fs::write(w, "{\"head\":").unwrap()),
        ("no text", |w| fs::write(w, b"\xff\xfe").unwrap()),
    ];
    for (what, spoil) in spoils {
        let (place, store, witness) = seen();
        spoil(&witness);
        assert!(!vouched(&place, &store), "{what}");
    }
}

#[test]
fn what_can_not_be_looked_at_is_an_error_and_no_doubt() {
    let (place, store, _) = seen();
    let file = place.folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = vouches(&store.connection, &file.join("x.db")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADirectory);
}

#[test]
fn what_a_writer_that_died_has_left_is_in_nobodys_way() {
    let (place, store, _) = seen();
    let left = place.folder.path().join("opsfsm.db.witness-new");
    fs::write(&left, "torn").unwrap();
    let head = store.connection.query_row("SELECT max(seq) FROM events", [], |r| r.get(0));
    let head = Head { seq: head.unwrap(), ..Head::default() };
    see(&place.path(), &head).unwrap();
    assert!(!left.exists());
    fs::create_dir(&left).unwrap();
    assert!(see(&place.path(), &head).is_err());
}
