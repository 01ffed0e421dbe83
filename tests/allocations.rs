//! What a child writes beyond its bound costs no memory: counted by the allocator, not timed.
//!
//! One test only: whatever else ran in this process would be counted too.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::alloc::System;
use std::path::PathBuf;
use std::time::Duration;

use opsfsm::adapters::process::{Capture, ChildSpec, Control, run_children};
use opsfsm::base::limits;
use opsfsm::model::End;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that were asked for while a child wrote so many to each of its streams.
fn allocated(written: u64, capture: Capture) -> usize {
    let script = format!("head -c {written} /dev/zero; head -c {written} /dev/zero >&2");
    let spec = ChildSpec {
        argv: ["/bin/sh", "-c", &script].map(str::to_owned).to_vec(),
        cwd: PathBuf::from("/"),
        env: Vec::new(),
        clear_env: false,
        limit: Some(Duration::from_mins(2)),
        capture,
    };
    let region = Region::new(COUNTING);
    let results = run_children(&[spec], &Control::default());
    let change = region.change();
    let [result] = &results[..] else { panic!("{results:?}") };
    assert_eq!(result.end, End::Exited { code: 0 });
    assert_eq!((result.stdout.total, result.stderr.total), (written, written));
    change.bytes_allocated
}

#[test]
fn memory_does_not_grow_with_what_a_child_writes() {
    let head = Capture::Head(limits::STATUS_BYTES);
    for (capture, full) in [(head, limits::STATUS_BYTES), (Capture::Tail, limits::TAIL_BYTES)] {
        // The first run makes what stays.
        allocated(1, capture.clone());
        let at_bound = allocated(2 * full as u64, capture.clone());
        let beyond = allocated(64 << 20, capture.clone());
        // How often it wakes differs from run to run, and each wake-up makes two short lists.
        let more = beyond.saturating_sub(at_bound);
        assert!(more < 4 << 20, "{capture:?}: {at_bound} bytes, then {beyond}");
    }
}
