//! How a store comes to be: where it was asked for, for its owner alone, once.

use std::fs;
use std::process::Command;

use opsfsm::adapters::sqlite::SqliteStore;
use opsfsm::ports::Store as _;

use crate::support::{
    BESIDE, PROGRAM, Site, as_nobody, code, give, mode, names, never, new_store, output_of, said,
    skip,
};

#[test]
fn an_odd_name_is_that_very_file() {
    let odd = [
        "a b.db",
        "x?mode=memory",
        "x?mode=memory&cache=shared",
        "x#y",
        "x%41",
        "file:x",
        "file:x?mode=memory",
        "file:%61",
        "file:",
        ":memory:",
        "'quoted\"",
        "line\nbreak",
        ".hidden",
        "ä.db",
        "-dash",
    ];
    for name in odd {
        let site = Site::new();
        let place = site.folder().join("here");
        fs::create_dir(&place).unwrap();
        let relative = |words: &[&str]| {
            let mut command = site.bare(PROGRAM.as_ref(), words);
            command.arg(format!("--state-file={name}")).current_dir(&place);
            output_of(&mut command)
        };
        let output = relative(&["tick"]);
        assert_eq!(code(&output), 0, "{name}: {}", said(&output));
        let beside = ["-journal", ".logs", ".outbox", ".tick"].map(|what| format!("{name}{what}"));
        let mut wanted = [vec![name.to_owned()], beside.to_vec()].concat();
        wanted.sort();
        assert_eq!(names(&place), wanted);
        assert_eq!(site.assert_none_twice().len(), 2, "{name}: executors found it too");
        let head = |path: &std::path::Path| {
            let now = never();
            SqliteStore::open(path, &new_store(&now)).unwrap().read().unwrap().head
        };
        let path = place.join(name);
        assert!(head(&path).seq > 1, "{name}");
        assert_eq!(mode(&path), 0o600);
        // The second tick finds the first one's store, by its absolute path as well.
        let mut site = site;
        site.store = path;
        let before = head(&site.store).seq;
        let output = site.run(&["tick"]);
        assert_eq!(code(&output), 0, "{name}: {}", said(&output));
        assert!(head(&site.store).seq > before, "{name}");
        assert_eq!(names(&place), wanted);
    }
}

#[test]
fn a_path_that_names_no_file() {
    for path in ["/", ".", "..", "there/"] {
        let site = Site::new();
        let mut command = site.bare(PROGRAM.as_ref(), &["tick"]);
        let output = output_of(command.arg("--state-file").arg(path));
        assert_ne!(code(&output), 0, "{path}: {}", said(&output));
        assert_eq!(site.effects(), [], "{path}");
        if path == "there/" {
            assert!(!site.folder().join("there").is_file());
        }
    }
}

/// The same as root and as somebody who is bound by modes.
#[test]
fn store_and_folders_are_for_their_owner_under_any_umask() {
    for umask in ["000", "022", "027", "077", "177", "777"] {
        for privileged in [true, false] {
            let site = Site::new();
            let mut site = site;
            site.store = site.folder().join("one/two/opsfsm.db");
            let words = if privileged { Some(vec![PROGRAM.into()]) } else { as_nobody(&site) };
            let Some(words) = words else {
                skip("umask as another user: not root, or no setpriv");
                continue;
            };
            if !privileged {
                give(site.folder(), 65534);
            }
            let mut command = Command::new("/bin/sh");
            command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]).args(words);
            command.args(["status", "--config-file", "opsfsm.toml", "--state-file"]);
            site.surround(&mut command);
            // `status` makes no store.
            assert_eq!(code(&output_of(command.arg(&site.store))), 0);
            assert!(!site.folder().join("one").exists());
            let mut tick = Command::new(command.get_program());
            tick.args(command.get_args().map(|a| if a == "status" { "tick".as_ref() } else { a }));
            site.surround(&mut tick);
            for _ in 0..2 {
                let output = output_of(&mut tick);
                assert_eq!(code(&output), 0, "{umask}: {}", said(&output));
            }
            let folder = site.store.parent().unwrap();
            assert_eq!(mode(&site.store), 0o600, "{umask}");
            assert_eq!(mode(folder), 0o700, "{umask}");
            assert_eq!(mode(folder.parent().unwrap()), 0o700, "{umask}");
            assert_eq!(mode(&site.store.with_file_name("opsfsm.db.tick")), 0o600, "{umask}");
        }
    }
}

#[test]
fn of_many_makers_one_makes_it() {
    for round in 0..10 {
        let site = Site::new();
        let spawn = |_| {
            let mut command = site.command(&["tick"]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        };
        let makers: Vec<_> = (0..8).map(spawn).collect();
        for maker in makers {
            let output = maker.wait_with_output().unwrap();
            assert_eq!(code(&output), 0, "{round}: {}", said(&output));
        }
        let world = site.assert_sound();
        let adopted = site
            .open()
            .last_events(&opsfsm::adapters::sqlite::EventFilter::default(), 1000)
            .unwrap();
        let adopted = adopted
            .iter()
            .filter(|(_, e)| matches!(e.kind, opsfsm::journal::EventKind::ConfigAdopted { .. }));
        assert_eq!(adopted.count(), 1, "{round}");
        assert!(world.head.seq > 3);
        let folder = site.store.parent().unwrap();
        assert_eq!(names(folder), BESIDE);
        assert_eq!(site.assert_none_twice().get("probe"), Some(&1));
    }
}

/// Drafts of killed makers go when the next one makes the store; what only looks like one stays.
#[test]
fn drafts_do_not_pile_up() {
    let site = Site::new();
    let folder = site.store.parent().unwrap().to_owned();
    fs::create_dir(&folder).unwrap();
    let drafts = [".opsfsm.db.0123456789abcdef", ".opsfsm.db.0123456789abcdef-journal"];
    let others =
        [".opsfsm.db.0123456789abcde", ".opsfsm.db.0123456789abcdeg", ".other.db.0123456789abcdef"];
    for name in drafts.iter().chain(&others) {
        fs::write(folder.join(name), b"left").unwrap();
    }
    assert_eq!(code(&site.run(&["tick"])), 0);
    let found = names(&folder);
    assert!(drafts.iter().all(|d| !found.contains(&(*d).to_owned())), "{found:?}");
    assert!(others.iter().all(|o| found.contains(&(*o).to_owned())), "{found:?}");
    site.assert_sound();
}
