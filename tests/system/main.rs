//! What `install` lays out, tried for real: the split-user set-up with accounts and sudo, and a timer
//! under a systemd that runs.
//!
//! In: scripts that run as root in namespaces of their own. Out: what each of them has seen, by name.
//! Invariant: nothing of the host is changed: whatever the script writes to is covered in its namespace.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the test starts a script as a person would")]

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What the scripts need, besides what every host has.
const SPLIT_USER: [&str; 10] = [
    "unshare", "sudo", "visudo", "useradd", "usermod", "chpasswd", "setpriv", "script", "pgrep",
    "su",
];
const SYSTEMD: [&str; 5] = ["unshare", "chroot", "systemctl", "journalctl", "/lib/systemd/systemd"];

const NAMESPACES: [&str; 6] =
    ["--mount", "--propagation=private", "--pid", "--fork", "--mount-proc", "--kill-child"];

/// Why it can't be tried here.
fn obstacle(programs: &[&str], layer: &str) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root can make accounts".to_owned());
    }
    let missing = |name: &&&str| {
        let mut asked = Command::new("/bin/sh");
        asked.args(["-c", "command -v \"$1\"", "sh", name]).stdout(Stdio::null());
        !asked.status().is_ok_and(|status| status.success())
    };
    if let Some(name) = programs.iter().find(missing) {
        return Some(format!("there is no program `{name}` here"));
    }
    let mut tried = Command::new("unshare");
    tried.args(NAMESPACES).args(["sh", "-ec", layer]).stderr(Stdio::null());
    let may = tried.status().is_ok_and(|status| status.success());
    (!may).then(|| format!("this host gives no namespaces in which one can `{layer}`"))
}

#[test]
fn an_agent_is_kept_from_all_but_asking_and_somebody_else_approves() {
    if let Some(why) = obstacle(&SPLIT_USER, "mount -t tmpfs none /run") {
        let _ = writeln!(std::io::stderr(), "skipped: {why}");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/system/split_user.sh");
    let ran = Command::new("unshare")
        .args(NAMESPACES)
        .args(["sh", script, env!("CARGO_BIN_EXE_opsfsm")])
        .stdin(Stdio::null())
        .output()
        .expect("unshare runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}\n{errors}");
    let refused = said.lines().filter(|line| line.starts_with("refused: ")).count();
    assert!(refused >= 80 && said.ends_with("all as it has to be\n"), "{refused}: {said}");
}

#[test]
fn a_timer_of_a_systemd_that_runs_starts_a_job_again_which_outlives_the_tick() {
    let layer = "mount -t tmpfs none /run; mkdir /run/a /run/b /run/c; \
        mount -t overlay -o lowerdir=/,upperdir=/run/a,workdir=/run/b none /run/c; \
        mount -t tmpfs none /run/c/run; mount -t cgroup2 none /run/c/run";
    if let Some(why) = obstacle(&SYSTEMD, layer) {
        let _ = writeln!(std::io::stderr(), "skipped: {why}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/system/systemd.sh");
    let ran = Command::new("unshare")
        .args(NAMESPACES)
        .args(["--uts", "--ipc", "sh", script, env!("CARGO_BIN_EXE_opsfsm")])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("unshare runs");
    let said = std::fs::read_to_string(folder.path().join("said")).unwrap_or_default();
    let systemd = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{:?}\n{said}\n{systemd}", ran.status);
    assert!(said.ends_with("all as it has to be\n"), "{said}");
}
