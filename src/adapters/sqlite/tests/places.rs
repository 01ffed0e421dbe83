//! Where a store is made and opened: folders, links, and what is in the way.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Barrier;
use std::thread;

use rustix::fs::{FlockOperation, flock};

use super::super::connect::{connect, connect_to_read};
use super::super::make::{make_folder, place};
use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn folders_are_made_with_all_above_them_for_their_owner_alone() {
    let place = Place::new();
    let deep = place.folder.path().join("one/two/three");
    make_folder(&deep).unwrap();
    make_folder(&deep).unwrap();
    for folder in deep.ancestors().take(3) {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    fs::write(deep.join("file"), "").unwrap();
    for path in ["file", "file/below"] {
        let error = make_folder(&deep.join(path)).unwrap_err();
        let kinds = [ErrorKind::AlreadyExists, ErrorKind::NotADirectory];
        assert!(kinds.contains(&error.kind()), "{path}: {error}");
    }
}

/// Of several that make the same folder each has it afterwards.
#[test]
fn a_folder_that_somebody_else_makes_meanwhile_is_as_good() {
    let place = Place::new();
    for round in 0..200 {
        let folder = place.folder.path().join(format!("{round}/below"));
        let together = Barrier::new(4);
        thread::scope(|scope| {
            let make = || {
                together.wait();
                make_folder(&folder)
            };
            let makers: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            for maker in makers {
                maker.join().unwrap().unwrap();
            }
        });
    }
}

#[test]
fn nothing_is_put_in_the_place_of_what_is_there() {
    let here = Place::new();
    let (draft, path) = (here.folder.path().join("draft"), here.folder.path().join("store"));
    fs::write(&draft, "new").unwrap();
    fs::write(&path, "old").unwrap();
    assert_eq!(place(&draft, &path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    fs::remove_file(&path).unwrap();
    place(&draft, &path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert!(!draft.exists());
}

/// Looking at a path and opening it are two moments: whoever turns a link between them gets nothing.
#[test]
fn a_connection_follows_no_link_and_makes_no_file() {
    let place = Place::new();
    drop(place.open());
    let link = place.folder.path().join("link.db");
    symlink(place.path(), &link).unwrap();
    let none = place.folder.path().join("none.db");
    for open in [connect, connect_to_read] {
        assert!(open(&place.path()).is_ok());
        assert!(open(&link).is_err());
        assert!(open(&none).is_err());
        assert!(!none.exists());
    }
    let writes = |c: &Connection| c.execute("DELETE FROM meta", []).is_ok();
    assert!(!writes(&connect_to_read(&place.path()).unwrap()));
    assert!(writes(&connect(&place.path()).unwrap()));
}

#[test]
fn a_path_through_what_is_no_folder_is_said_to_be_one_that_can_not_be_looked_at() {
    let place = Place::new();
    let file = place.folder.path().join("file");
    fs::write(&file, "").unwrap();
    let now = at(1);
    let opened = SqliteStore::open(&file.join("x.db"), &NewStore { seed: [7; 32], now: &now });
    let told = opened.unwrap_err().to_string();
    assert!(told.contains("can't be looked at") && told.contains("check its folder"), "{told}");
}

/// It waits as long as it waits for a store that is held, and then says so.
#[test]
fn while_another_makes_a_store_there_it_is_busy() {
    let place = Place::new();
    let folder = File::open(place.folder.path()).unwrap();
    flock(&folder, FlockOperation::LockExclusive).unwrap();
    let now = at(1);
    let opened = SqliteStore::open(&place.path(), &NewStore { seed: [7; 32], now: &now });
    let busy = opened.unwrap_err();
    assert!(matches!(busy, StoreError::Busy(_)), "{busy}");
    assert!(busy.to_string().contains("is being made by another process"), "{busy}");
    assert!(!place.path().exists());
    drop(folder);
    place.open();
}
