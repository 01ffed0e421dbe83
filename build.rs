//! Tells the program from which commit it is built, where that can be told; quiet where it can't.
//!
//! Out: `OPSFSM_VERSION`, as in `0.1.0 (0d7c987abcde)`. A package has the commit in
//! `.cargo_vcs_info.json`; a checkout asks git. A folder without either has none: that it lies within
//! somebody else's repository says nothing of it.
//! It runs again when HEAD moves, and not when a source changes. A build for development has none: each
//! commit would build all of it anew.

#![expect(clippy::disallowed_macros, reason = "a build script speaks to cargo by its output")]
#![expect(clippy::disallowed_methods, reason = "it is no part of the program")]

use std::path::Path;
use std::process::Command;

/// Digits of a commit that are shown.
const DIGITS: usize = 12;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let released = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = if released { packaged().or_else(checked_out) } else { None };
    let text = commit.map_or(version.clone(), |commit| format!("{version} ({commit})"));
    println!("cargo:rustc-env=OPSFSM_VERSION={text}");
}

/// The commit that `cargo package` noted.
fn packaged() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    let hash = rest.split('"').nth(1)?;
    let whole = hash.len() >= DIGITS && hash.bytes().all(|b| b.is_ascii_hexdigit());
    whole.then(|| hash[..DIGITS].to_owned())
}

fn checked_out() -> Option<String> {
    if !Path::new(".git").exists() {
        return None;
    }
    // The log of HEAD grows with each commit and each switch; a file that is not there would have
    // this run every time.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name]).filter(|path| Path::new(path).exists());
        if let Some(path) = path {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    let commit = git(&["rev-parse", &format!("--short={DIGITS}"), "HEAD"])?;
    commit.bytes().all(|b| b.is_ascii_hexdigit()).then_some(commit)
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|o| o.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
