//! What is no store is refused: exit code 6, a sentence, nothing started, nothing touched.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use opsfsm::adapters::sqlite::SqliteStore;
use opsfsm::ports::{Store as _, StoreError};

use crate::support::{
    BESIDE, Site, as_nobody, code, give, is_root, mode, names, never, new_store, run_words, said,
    skip,
};

/// The size of a store's pages.
const PAGE: usize = 8192;

/// Every command that would record something, and `status`, which would only read.
const COMMANDS: [&[&str]; 6] =
    [&["tick"], &["start", "scan"], &["stop", "scan"], &["run", "probe"], &["status"], &["adopt"]];

/// Refused by `tick` and, where `all` is set, by every other command.
fn assert_refused(site: &Site, wanted: &str, all: bool) {
    let before = (fs::read(&site.store).ok(), mode(&site.store));
    let commands = if all { &COMMANDS[..] } else { &COMMANDS[..1] };
    for words in commands {
        let output = site.run(words);
        let text = said(&output);
        assert_eq!(code(&output), 6, "{words:?}: {text}");
        assert!(text.contains(wanted), "{words:?} should say `{wanted}`: {text}");
        assert!(text.contains("opsfsm.db") && text.lines().count() == 1, "{words:?}: {text}");
        assert!(output.stdout.is_empty(), "{words:?}");
        assert_eq!(site.effects(), [], "{words:?}");
        assert!((fs::read(&site.store).ok(), mode(&site.store)) == before, "{words:?} touched it");
    }
}

/// A site with this in the place of its store.
fn with_file(bytes: &[u8]) -> Site {
    let site = Site::new();
    fs::create_dir(site.store.parent().unwrap()).unwrap();
    fs::write(&site.store, bytes).unwrap();
    site
}

#[test]
fn an_empty_file() {
    assert_refused(&with_file(b""), "it is empty, which no store ever is", true);
}

#[test]
fn a_text_file_keeps_its_mode() {
    let site = with_file(b"dear diary\n");
    fs::set_permissions(&site.store, fs::Permissions::from_mode(0o644)).unwrap();
    assert_refused(&site, "it is damaged, or no opsfsm store", true);
}

#[test]
fn random_bytes() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for length in [1, 15, 16, 99, 100, 511, 512, 4096, 5000, 70_000] {
        let byte = |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        let bytes: Vec<u8> = (0..length).map(byte).collect();
        assert_refused(&with_file(&bytes), "no opsfsm store", length == 4096);
    }
}

#[test]
fn another_programs_database_keeps_its_mode() {
    let site = with_file(b"");
    site.sql("CREATE TABLE notes (x); INSERT INTO notes VALUES (1)");
    fs::set_permissions(&site.store, fs::Permissions::from_mode(0o664)).unwrap();
    assert_refused(&site, "it is no opsfsm store, but a database of another program", true);
}

#[test]
fn a_newer_store_and_one_of_no_version() {
    let site = Site::used();
    site.sql("PRAGMA user_version = 2");
    assert_refused(&site, "it was written by a newer opsfsm (schema 2, this build reads 1)", true);
    for never_released in [0, -1] {
        site.sql(&format!("PRAGMA user_version = {never_released}"));
        assert_refused(&site, "is none that was ever released", false);
    }
}

/// The library opens each; the program every ninth.
#[test]
fn a_store_cut_anywhere() {
    let site = Site::used();
    let whole = fs::read(&site.store).unwrap();
    assert!(whole.len() > 40_000, "{}", whole.len());
    for (n, cut) in (0..whole.len()).step_by(512).enumerate() {
        fs::write(&site.store, &whole[..cut]).unwrap();
        let now = never();
        let opened = SqliteStore::open(&site.store, &new_store(&now));
        let refused = opened.and_then(|mut store| store.read());
        assert!(matches!(refused, Err(StoreError::Refused(_))), "cut at {cut}: {refused:?}");
        assert!(fs::read(&site.store).unwrap() == whole[..cut], "cut at {cut}: touched");
        if n % 9 == 0 {
            assert_refused(&site, "is refused: it is", false);
        }
    }
    fs::write(&site.store, &whole).unwrap();
    site.assert_sound();
}

/// Damage in a page that a load does not look at is met by whoever does: then nothing is started.
#[test]
fn a_store_with_a_page_of_zeros_is_refused_or_serves() {
    let site = Site::used();
    let whole = fs::read(&site.store).unwrap();
    let pages = whole.len() / PAGE;
    let mut refused = 0;
    for page in 0..pages {
        let mut torn = whole.clone();
        torn[page * PAGE..(page + 1) * PAGE].fill(0);
        fs::write(&site.store, &torn).unwrap();
        let output = site.run(&["tick"]);
        let text = said(&output);
        match code(&output) {
            0 => {}
            6 => {
                assert!(text.contains("is refused"), "page {page}: {text}");
                assert_eq!(site.effects(), [], "page {page}: {text}");
                refused += 1;
            }
            other => panic!("page {page}: exit {other}: {text}"),
        }
        let _ = fs::remove_file(site.folder().join("effects"));
    }
    assert!(refused > pages / 2, "{refused} of {pages}");
    assert_eq!(names(site.store.parent().unwrap()), BESIDE);
}

#[test]
fn a_journal_that_was_tampered_with() {
    let last = "(SELECT MAX(seq) FROM events)";
    for (sql, wanted) in [
        (
            format!(
                "UPDATE events SET body = replace(body, '\"at\"', '\"at\" ') WHERE seq = {last}"
            ),
            "chain breaks at event",
        ),
        (
            format!("UPDATE events SET hash = zeroblob(32) WHERE seq = {last}"),
            "chain breaks at event",
        ),
        (format!("UPDATE events SET hash = zeroblob(31) WHERE seq = {last}"), "it is damaged"),
        (format!("DELETE FROM events WHERE seq = {last}"), "not where it was left"),
        (format!("DELETE FROM events WHERE seq > {last} - 3"), "not where it was left"),
        (format!("DELETE FROM events WHERE seq = {last} - 1"), "chain breaks at event"),
        (format!("UPDATE events SET seq = seq + 7 WHERE seq = {last}"), "chain breaks at event"),
        ("DELETE FROM events".to_owned(), "its journal is empty"),
        ("DELETE FROM meta WHERE key = 'head'".to_owned(), "not where it was left"),
        ("UPDATE meta SET value = '{' WHERE key = 'head'".to_owned(), "a row of it can't be read"),
    ] {
        let site = Site::used();
        site.sql(&sql);
        assert_refused(&site, wanted, false);
    }
}

/// A load proves the journal's end; the middle is proved by a replay.
#[test]
fn a_hole_in_the_middle_is_found_by_a_replay() {
    for (sql, wanted) in [
        ("DELETE FROM events WHERE seq = 3", "the journal's chain breaks at event 4"),
        (
            "UPDATE events SET body = replace(body, 'e', 'E') WHERE seq = 2",
            "chain breaks at event 2",
        ),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 1", "chain breaks at event 1"),
    ] {
        let site = Site::used();
        site.sql(sql);
        let refused = site.open().replay();
        assert!(
            matches!(&refused, Err(StoreError::Refused(why)) if why.contains(wanted)),
            "{sql}: {refused:?}"
        );
    }
}

#[test]
fn rows_that_are_garbage_or_gone() {
    let row = "a row of it can't be read";
    for (sql, wanted) in [
        ("UPDATE jobs SET record = '{'", row),
        ("UPDATE jobs SET record = '{}'", row),
        ("UPDATE jobs SET notes = '7'", row),
        ("UPDATE queue SET item = ''", row),
        ("UPDATE runs SET settled = 0, run = 'null'", row),
        ("INSERT INTO requests VALUES ('scan', '7')", row),
        ("UPDATE meta SET value = '9' WHERE key = 'dates'", row),
        ("DROP TABLE queue", "it is damaged, or no opsfsm store (no such table: queue"),
        ("ALTER TABLE jobs DROP COLUMN notes", "it is damaged, or no opsfsm store"),
    ] {
        let site = Site::used();
        site.sql(sql);
        assert_refused(&site, wanted, false);
    }
}

#[test]
fn a_state_that_the_journal_contradicts_can_not_be_continued() {
    let site = Site::used();
    site.sql("UPDATE jobs SET record = replace(record, '\"watch\":\"resuming\"', '\"watch\":\"failed\"') WHERE id = 'scan'");
    let mut store = site.open();
    let stored = store.read().unwrap().snapshot;
    assert_ne!(store.replay().unwrap().0, stored);
}

#[test]
fn a_folder_a_fifo_and_a_link() {
    let site = Site::new();
    fs::create_dir_all(&site.store).unwrap();
    assert_refused(&site, "it is no regular file", true);

    let site = Site::new();
    fs::create_dir(site.store.parent().unwrap()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&site.store).status().unwrap();
    assert!(made.success());
    for words in COMMANDS {
        let output = site.run(words);
        assert_eq!(code(&output), 6, "{words:?}: {}", said(&output));
        assert!(said(&output).contains("it is no regular file"), "{}", said(&output));
    }

    let site = Site::used();
    let real = site.folder().join("real.db");
    fs::rename(&site.store, &real).unwrap();
    symlink(&real, &site.store).unwrap();
    assert_refused(&site, "it is a symbolic link", true);
    fs::remove_file(&real).unwrap();
    let output = site.run(&["tick"]);
    assert_eq!(code(&output), 6, "{}", said(&output));
    assert!(!real.exists(), "nothing is made behind a link");
}

#[test]
fn a_file_of_another_user() {
    if !is_root() {
        return skip("a store of another user: not root");
    }
    let site = Site::used();
    give(&site.store, 1);
    assert_refused(&site, "it belongs to user id 1, and this is user id 0", true);
}

#[test]
fn a_journal_whose_store_is_gone() {
    let site = Site::used();
    let journal = site.store.with_file_name("opsfsm.db-journal");
    fs::write(&journal, b"what is left of it").unwrap();
    fs::remove_file(&site.store).unwrap();
    for words in [&["tick"][..], &["start", "scan"]] {
        let output = site.run(words);
        assert_eq!(code(&output), 6, "{}", said(&output));
        assert!(said(&output).contains("is missing, but the journal of one is there"));
        assert!(!site.store.exists());
    }
    assert_eq!(fs::read(&journal).unwrap(), b"what is left of it");
    assert_eq!(site.effects(), []);
    fs::remove_file(&journal).unwrap();
    assert_eq!(code(&site.run(&["tick"])), 0);
    // One that is spent holds nothing of what is gone.
    assert_eq!(fs::read(&journal).unwrap()[..28], [0; 28]);
    fs::remove_file(&site.store).unwrap();
    fs::write(&journal, vec![0; 1 << 20]).unwrap();
    assert_eq!(code(&site.run(&["tick"])), 0);
    site.assert_sound();
    assert!(fs::metadata(&journal).unwrap().len() < 1 << 20, "a new store begins with none");
}

#[test]
fn a_file_or_folder_that_can_not_be_written() {
    let site = Site::used();
    let Some(words) = as_nobody(&site) else {
        return skip("a read-only store: not root, or no setpriv");
    };
    give(site.folder(), 65534);
    let folder = site.store.parent().unwrap().to_owned();
    let nobody = |more: &[&str]| run_words(&site, &words, more);
    let output = nobody(&["tick"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let _ = fs::remove_file(site.folder().join("effects"));
    let bytes = fs::read(&site.store).unwrap();
    let refuse = |path: &Path, mode: u32| {
        let was = fs::metadata(path).unwrap().permissions();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for more in [&["tick"][..], &["start", "scan"], &["stop", "scan"], &["run", "probe"]] {
            let output = nobody(more);
            assert_eq!(code(&output), 6, "{mode:o} {more:?}: {}", said(&output));
            let text = said(&output);
            assert!(text.contains("opsfsm.db") && text.lines().count() == 1, "{text}");
        }
        fs::set_permissions(path, was).unwrap();
        assert!(fs::read(&site.store).unwrap() == bytes, "{mode:o}");
        assert_eq!(site.effects(), [], "{mode:o}");
    };
    refuse(&site.store, 0o400);
    refuse(&site.store, 0o000);
    // Without one that is there already, no journal can be made.
    fs::remove_file(folder.join("opsfsm.db-journal")).unwrap();
    refuse(&folder, 0o500);
    refuse(&folder, 0o000);
    let output = nobody(&["tick"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    // What may not be looked at is not absent.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    let output = nobody(&["status"]);
    assert_eq!(code(&output), 6, "{}", said(&output));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
}
