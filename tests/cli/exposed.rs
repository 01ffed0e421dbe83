//! Config and store that others may change: watched with a warning, and no write starts from them.
//! Links in the place of what is a store's own: not followed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::support::{Sandbox, has};
use super::writing::{GATE, gated};

const REFUSED: i32 = 2;
const APPROVAL_NEEDED: i32 = 4;
const STORE_REFUSED: i32 = 6;

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The place, what opens it, and the code of a write that is refused for it.
type Opened = (&'static str, u32, i32);

const OPENED: [Opened; 5] = [
    ("state/opsfsm/opsfsm.db", 0o666, STORE_REFUSED),
    ("state/opsfsm", 0o777, STORE_REFUSED),
    ("state", 0o757, STORE_REFUSED),
    ("config/opsfsm/ops-jobs.json", 0o646, REFUSED),
    ("config", 0o777, REFUSED),
];

#[test]
fn from_places_that_anybody_may_write_to_no_write_starts_and_reads_warn() {
    for (place, open, code) in OPENED {
        let sandbox = gated();
        sandbox.approve("prune");
        let path = sandbox.path(place);
        let before = mode_of(&path);
        mode(&path, open);
        let why = ["others may change", place, "anybody may write to it", "chmod go-w"];
        let typed = sandbox.digest("prune");
        for order in [&["run", "prune"][..], &["approve", "prune", "--digest", &typed]] {
            let ran = sandbox.call(order).types("");
            ran.exits(code).prints("no write is started");
            has(&ran.out, &why);
        }
        assert_eq!(sandbox.count("prune", "runs"), 0, "{place}");
        for (order, code) in [(&["status"][..], 0), (&["run", "verify"], 0), (&["tick"], 0)] {
            let ran = sandbox.run(order);
            ran.exits(code).says("warning: others may change");
            has(&ran.err, &why);
        }
        let again = sandbox.run(&["tick"]);
        assert_eq!((again.code, again.err.as_str()), (0, ""), "once a day, or cron sends mails");
        assert_eq!(mode_of(&path), open, "nothing is mended behind anybody's back");
        mode(&path, before);
        // It is as before for whoever has looked.
        sandbox.run(&["run", "prune", "--wait"]).exits(0);
    }
}

#[test]
fn a_config_or_a_store_in_a_folder_of_another_account_starts_no_write() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for (place, code) in [
        ("config/opsfsm", REFUSED),
        ("config/opsfsm/ops-jobs.json", REFUSED),
        ("state", STORE_REFUSED),
    ] {
        let sandbox = gated();
        sandbox.approve("prune");
        chown(sandbox.path(place), Some(65534), Some(65534)).unwrap();
        let ran = sandbox.run(&["run", "prune"]);
        ran.exits(code).says("it belongs to another account (user id 65534)");
        sandbox.run(&["status"]).exits(0).says("warning: others may change");
        assert_eq!(sandbox.count("prune", "runs"), 0, "{place}");
    }
}

/// Every name that a store has of its own, turned to a file or folder of somebody else's.
#[test]
fn nothing_is_written_through_a_link_in_the_state_folder() {
    for name in ["", "-journal", ".tick", ".outbox", ".flights", ".flights/prune.lock", ".scratch"]
    {
        let sandbox = gated();
        sandbox.gated_jobs(&json!({}), &json!({"sandbox": "read_only"}), &[]);
        sandbox.approve("prune");
        let aim = sandbox.path("aim");
        let link = PathBuf::from(format!("{}{name}", sandbox.store_path().display()));
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let is_folder = [".flights", ".scratch"].contains(&name);
        let precious = aim.join("verify/precious");
        if is_folder {
            fs::create_dir_all(precious.parent().unwrap()).unwrap();
            fs::write(&precious, "mine").unwrap();
        } else {
            fs::write(&aim, "mine").unwrap();
        }
        let _ = fs::remove_file(&link);
        symlink(&aim, &link).unwrap();
        for order in [&["tick"][..], &["run", "prune", "--wait"], &["run", "verify"]] {
            sandbox.run(order);
        }
        let kept = if is_folder { precious } else { aim.clone() };
        assert_eq!(fs::read_to_string(kept).unwrap(), "mine", "{name}");
        if is_folder {
            let found: Vec<_> = fs::read_dir(&aim).unwrap().collect();
            assert_eq!(found.len(), 1, "{name}: {found:?}");
        }
    }
}

/// Whatever umask a caller has: what is opsfsm's own is its owner's alone, and jobs get the
/// caller's umask as it was.
#[test]
fn all_that_is_kept_is_for_its_owner_alone_under_any_umask() {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            into.push(path.clone());
            if path.is_dir() {
                walk(&path, into);
            }
        }
    }
    for umask in ["000", "022", "077"] {
        let sandbox = Sandbox::new();
        sandbox.write("jobs/prune/on-run", "umask > mask\n");
        let (scan, verify) = (sandbox.watched("scan"), json!({"sandbox": "read_only"}));
        sandbox.gated_jobs(&json!({}), &verify, &[scan]);
        sandbox.approve("prune");
        let script = format!(
            "umask {umask}; \"$OPSFSM\" tick; \"$OPSFSM\" start scan; \"$OPSFSM\" run prune --wait"
        );
        sandbox.shell(&script).run().exits(0);
        let mut found = Vec::new();
        walk(&sandbox.path("state"), &mut found);
        assert!(found.iter().any(|p| p.ends_with("opsfsm.db.flights/prune.lock")), "{found:?}");
        assert!(found.iter().any(|p| p.ends_with("opsfsm.db.logs/scan.log")), "{found:?}");
        for path in found {
            let wanted = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode_of(&path), wanted, "{umask}: {}", path.display());
        }
        let told = sandbox.read("jobs/prune/mask");
        assert_eq!(told.trim().trim_start_matches('0'), umask.trim_start_matches('0'));
    }
}

/// As in [`GATE`]: an approved write that waits.
#[test]
fn what_runs_already_is_not_touched_by_a_place_that_is_opened() {
    let sandbox = gated();
    sandbox.write("jobs/prune/on-run", GATE);
    sandbox.approve("prune");
    let running = sandbox.call(&["run", "prune", "--wait"]).spawn();
    sandbox.at_gate("prune");
    mode(&sandbox.path("state/opsfsm"), 0o777);
    sandbox.open_gate("prune");
    running.wait().exits(0);
    sandbox.run(&["run", "prune"]).exits(STORE_REFUSED);
    mode(&sandbox.path("state/opsfsm"), 0o700);
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED);
}
