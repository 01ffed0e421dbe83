//! The split-user set-up, tried with real accounts and the real sudo.
//!
//! In: `split_user.sh`, which runs as root in a mount and a process namespace of its own. Out: each thing
//! that an agent was kept from, by name.
//! Invariant: nothing of the host is changed: whatever the script writes to is covered in its namespace.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the test starts a script as a person would")]

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What the script needs, besides what every host has.
const PROGRAMS: [&str; 11] = [
    "unshare", "mount", "sudo", "visudo", "useradd", "usermod", "chpasswd", "setpriv", "script",
    "pgrep", "su",
];

const NAMESPACES: [&str; 6] =
    ["--mount", "--propagation=private", "--pid", "--fork", "--mount-proc", "--kill-child"];

/// Why it can't be tried here.
fn obstacle() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root can make accounts".to_owned());
    }
    let missing = |name: &&&str| {
        let mut asked = Command::new("/bin/sh");
        asked.args(["-c", "command -v \"$1\"", "sh", name]).stdout(Stdio::null());
        !asked.status().is_ok_and(|status| status.success())
    };
    if let Some(name) = PROGRAMS.iter().find(missing) {
        return Some(format!("there is no program `{name}` here"));
    }
    let mut tried = Command::new("unshare");
    tried.args(NAMESPACES).args(["mount", "-t", "tmpfs", "none", "/run"]).stderr(Stdio::null());
    let may = tried.status().is_ok_and(|status| status.success());
    (!may).then(|| "this host gives no namespaces".to_owned())
}

#[test]
fn an_agent_is_kept_from_all_but_asking_and_somebody_else_approves() {
    if let Some(why) = obstacle() {
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
