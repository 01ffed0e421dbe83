//! A store that is found in an odd condition, and is one all the same.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{BESIDE, Site, code, mode, names, said};

#[test]
fn an_open_mode_is_tightened() {
    for open in [0o640, 0o604, 0o644, 0o755] {
        let site = Site::used();
        fs::set_permissions(&site.store, fs::Permissions::from_mode(open)).unwrap();
        let output = site.run(&["tick"]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        assert_eq!(mode(&site.store) & 0o077, 0, "{open:o}");
        site.assert_sound();
    }
}

/// The journal stays, and must not keep the mode that the store had when it was made.
#[test]
fn the_journal_is_its_owners_alone_again() {
    let site = Site::used();
    let journal = site.store.with_file_name("opsfsm.db-journal");
    let set =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    // As SQLite makes it beside a store of that mode.
    set(&journal, 0o666);
    // Nothing of what others may have put there is played back.
    let (before, spent) = (fs::read(&site.store).unwrap(), fs::read(&journal).unwrap());
    let mut forged = spent.clone();
    forged[..8].copy_from_slice(&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
    fs::write(&journal, &forged).unwrap();
    let output = site.run(&["tick"]);
    assert_eq!(code(&output), 6, "{}", said(&output));
    assert!(
        said(&output)
            .contains("opsfsm.db-journal would be played into it, and anybody may write to it")
    );
    assert!(fs::read(&site.store).unwrap() == before);
    fs::write(&journal, &spent).unwrap();
    assert_eq!(code(&site.run(&["tick"])), 0);
    assert_eq!(mode(&journal) & 0o777, 0o600);
    site.assert_sound();
}

/// A writer was killed while it wrote: its journal takes the file back to where it was.
#[test]
fn a_hot_journal_is_played_back() {
    let site = Site::used();
    let (before, journal) = (site.assert_sound(), site.store.with_file_name("opsfsm.db-journal"));
    let folder = site.store.parent().unwrap();
    let whole = fs::read(&site.store).unwrap();
    let connection = rusqlite::Connection::open(&site.store).unwrap();
    connection
        .execute_batch(
            "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE;
             UPDATE events SET body = body || hex(zeroblob(3000)); DELETE FROM jobs;
             UPDATE events SET body = body || hex(zeroblob(9000));",
        )
        .unwrap();
    // As a kill leaves them: the file half written, the journal synced, nobody holding a lock.
    let (torn, hot) = (fs::read(&site.store).unwrap(), fs::read(&journal).unwrap());
    drop(connection);
    assert!(torn != whole && hot.len() > 4096, "{} {}", torn.len(), hot.len());
    fs::write(&site.store, &torn).unwrap();
    fs::write(&journal, &hot).unwrap();
    assert_eq!(site.assert_sound(), before);
    // Whoever looked first has played it back, and removed it.
    assert_eq!(names(folder), [&BESIDE[..1], &BESIDE[2..]].concat());
    let output = site.run(&["tick"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    site.assert_sound();
}

/// The lock is a file beside the store; what else lies there does not hold a tick up for ever.
#[test]
fn a_lock_that_is_none() {
    let site = Site::used();
    let lock = site.store.with_file_name("opsfsm.db.tick");
    let aim = site.folder().join("aim");
    for make in ["ln -s aim", "mkfifo", "mkdir"] {
        let _ = fs::remove_file(&lock);
        let script = format!("{make} '{}'", lock.display());
        let made = std::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(site.folder())
            .status()
            .unwrap();
        assert!(made.success());
        let output = site.run(&["tick"]);
        assert_eq!(code(&output), 6, "{make}: {}", said(&output));
        assert!(said(&output).contains("the lock"), "{make}: {}", said(&output));
        assert_eq!(site.effects(), [], "{make}");
    }
    assert!(!aim.exists());
    fs::remove_dir(&lock).unwrap();
    assert_eq!(code(&site.run(&["tick"])), 0);
    assert_eq!(mode(&lock), 0o600);
}
