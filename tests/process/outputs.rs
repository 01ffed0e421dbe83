//! What children write: much, endlessly, in pieces, in no encoding, into a log.

use std::os::unix::fs::PermissionsExt as _;

use opsfsm::adapters::process::{Capture, ChildSpec};
use opsfsm::base::limits;
use opsfsm::model::End;

use crate::support::{await_some, code, command, limited, run, sh, sh_in, text};

fn head(spec: ChildSpec, most: usize) -> ChildSpec {
    ChildSpec { capture: Capture::Head(most), ..spec }
}

#[test]
fn a_gigabyte_is_counted_and_not_kept() {
    let result = run(head(command(&["head", "-c", "1000000000", "/dev/zero"]), 1000));
    assert_eq!(result.end, code(0));
    assert_eq!((result.stdout.bytes.len(), result.stdout.total), (1000, 1_000_000_000));
    assert!(result.stdout.bytes.capacity() <= 64 << 10 && result.stdout.cut);
}

#[test]
fn an_endless_writer_ends_at_its_limit() {
    let result = run(limited(sh("yes | tee /dev/stderr"), 300));
    assert_eq!(result.end, End::TimedOut { limit_ms: 300 });
    for stream in [result.stdout, result.stderr] {
        assert!(stream.bytes.len() <= limits::TAIL_BYTES);
    }
}

#[test]
fn the_head_or_the_tail_is_kept() {
    let result = run(head(sh("printf 0123456789; seq 5000 >&2"), 4));
    assert_eq!((text(&result.stdout.bytes), result.stdout.total), ("0123".to_owned(), 10));
    assert_eq!(result.stderr.bytes.len(), limits::TAIL_BYTES);
    assert!(text(&result.stderr.bytes).ends_with("\n4999\n5000\n") && result.stderr.cut);
    let result = run(sh("seq 5000"));
    assert!(text(&result.stdout.bytes).ends_with("\n5000\n"));
    assert!(!run(head(sh("printf 0123"), 4)).stdout.cut);
}

#[test]
fn bytes_stay_what_they_are() {
    let result = run(sh(r"printf '\377\000\376ok'"));
    assert_eq!(result.stdout.bytes, b"\xff\0\xfeok");
}

#[test]
fn stdin_is_empty() {
    let result = run(command(&["cat"]));
    assert_eq!((result.end, result.stdout.total), (code(0), 0));
}

#[test]
fn attention_words_are_seen_anywhere() {
    assert!(run(sh("printf 'ACTION REQ'; sleep 0.02; printf 'UIRED'")).attention);
    assert!(run(sh("for c in A L E R T; do printf $c; sleep 0.005; done")).attention);
    assert!(run(sh("echo ALERT >&2")).attention);
    assert!(run(head(sh("seq 100000; echo ALERT; seq 100000"), 4)).attention);
    assert!(!run(sh("printf 'ACTION REQ' >&2; printf 'UIRED alert'")).attention);
}

#[test]
fn a_background_job_goes_on_writing_into_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, "ALERT of old\n").unwrap();
    let script = "(while [ ! -e go ]; do sleep 0.01; done; echo late; echo >&2 ALERT; >done) & \
        echo early; echo wrong >&2";
    let capture = Capture::Log { path: log.clone() };
    let result = run(ChildSpec { capture, ..sh_in(folder.path(), script) });
    assert_eq!((result.end, result.leaked, result.attention), (code(0), false, false));
    assert_eq!((text(&result.stdout.bytes), result.stdout.total), ("early\nwrong\n".into(), 12));
    assert_eq!(result.stderr.total, 0);

    std::fs::write(folder.path().join("go"), "").unwrap();
    await_some("the job's end", || folder.path().join("done").exists().then_some(()));
    let all = std::fs::read_to_string(&log).unwrap();
    assert_eq!(all, "ALERT of old\nearly\nwrong\nlate\nALERT\n");
}

#[test]
fn a_log_is_private_and_its_words_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let capture = Capture::Log { path: path.clone() };
    let result = run(ChildSpec { capture, ..sh("seq 5000; echo ACTION REQUIRED; seq 5000") });
    assert!(result.attention && result.stdout.cut);
    assert_eq!(result.stdout.bytes.len(), limits::TAIL_BYTES);
    let facts = std::fs::metadata(&path).unwrap();
    assert_eq!(facts.permissions().mode() & 0o777, 0o600);
    assert_eq!(facts.len(), result.stdout.total);
}
