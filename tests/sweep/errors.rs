//! Each system call fails once: nothing is started that was not claimed, and it heals.

use std::collections::BTreeMap;
use std::process::Output;

use opsfsm::model::End;

use crate::strace::{Point, Stage, adopted, can_strace, claimed, overgrown, spread, tell};
use crate::support::{code, said};

/// What a call of this name may answer with when things go wrong.
fn errors_of(name: &str) -> &'static [&'static str] {
    match name {
        "pwrite64" | "write" | "ftruncate" | "fallocate" | "fsync" | "fdatasync" | "mkdir"
        | "mkdirat" | "linkat" | "renameat2" => &["ENOSPC", "EIO"],
        "openat" | "open" => &["EMFILE", "EIO", "ENOSPC"],
        "fcntl" | "flock" => &["EAGAIN", "EIO"],
        "clone" | "clone3" | "vfork" | "fork" => &["EAGAIN", "ENOMEM"],
        "socket" => &["EMFILE", "ENOBUFS"],
        "connect" => &["ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT"],
        "sendto" => &["EPIPE", "ECONNRESET"],
        "recvfrom" => &["ECONNRESET", "ETIMEDOUT", "EAGAIN"],
        "setsockopt" => &["ENOBUFS"],
        "pipe2" | "socketpair" | "pidfd_open" | "dup" => &["EMFILE"],
        "mmap" | "brk" | "munmap" | "mprotect" => &["ENOMEM"],
        "pread64" | "read" | "unlink" | "fstat" | "newfstatat" | "stat" | "lstat" | "statx"
        | "lseek" | "fchmod" | "chmod" | "close" | "getdents64" | "readlink" | "getcwd"
        | "fchown" | "getrandom" | "poll" | "ppoll" => &["EIO", "EAGAIN"],
        _ => &[],
    }
}

/// Every call of a clean run, with each error that it may bring.
pub(crate) fn strikes_of(stage: &Stage) -> Vec<(Point, &'static str)> {
    let with_errors =
        |point: Point| errors_of(&point.0).iter().map(move |error| (point.clone(), *error));
    stage.points().into_iter().flat_map(with_errors).collect()
}

/// Did it panic, other than by Rust's own assertions: that there is memory for its first steps, and
/// that a folder which was read can be closed?
pub(crate) fn panicked(output: &Output) -> bool {
    let text = said(output);
    let of_rust = ["/library/std/src/sys/pal/", "unexpected error during closedir"];
    let is_rusts = of_rust.iter().any(|words| text.contains(words));
    (code(output) == 101 || text.contains("panicked")) && !is_rusts
}

fn sweep(what: &str, stage: &Stage, few: usize) {
    let strikes = strikes_of(stage);
    let whole = strikes.len();
    let few = spread(strikes, few);
    let (mut codes, mut lost, mut panics) = (BTreeMap::<i32, usize>::new(), 0, Vec::new());
    for (point, error) in &few {
        let output = stage.fail_at(point, error);
        let (exit, text) = (code(&output), said(&output));
        // Beside its own codes there is 127, where the loader could not load it.
        if panicked(&output) {
            panics.push(format!("{point:?} {error}: {exit} {text}"));
        }
        *codes.entry(exit).or_default() += 1;
        stage.assert_holds();
        lost += usize::from(stage.assert_heals() == End::Lost);
    }
    tell(&format!("{what}: {} errors of {whole}; exits {codes:?}; {lost} lost", few.len()));
    assert!(panics.is_empty(), "{}", panics.join("\n"));
}

#[test]
fn a_tick() {
    if can_strace() {
        sweep("errors in a tick", &Stage::new(adopted(), &["tick"]), 60);
    }
}

/// A full disk, say, leaves the journal as it was.
#[test]
fn a_tick_that_prunes() {
    if can_strace() {
        let stage = Stage::new(overgrown(), &["tick"]);
        sweep("errors in a tick that prunes", &stage, 30);
        assert!(stage.site.open().pruned().unwrap() > 0);
    }
}

#[test]
fn an_executor() {
    if can_strace() {
        let (site, run) = claimed("probe");
        sweep("errors in an executor", &Stage::new(site, &["__exec", &run]), 30);
    }
}

#[test]
fn a_start() {
    if can_strace() {
        sweep("errors in a start", &Stage::new(adopted(), &["start", "scan"]), 30);
    }
}
