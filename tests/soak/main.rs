//! Soak: hundreds of ticks of the real program over two hundred jobs, judged as they go.
//!
//! In: a number of rounds; in each, jobs move, people ask for things, and two ticks come at the same
//! moment. Out: a panic where something grows, is left behind, is not told or is told twice.
//! Invariant: how long it goes on is a number of ticks, and nothing is judged by a clock.
//! `OPSFSM_TICKS` says how many ticks; `OPSFSM_MINUTES` (or `OPSFSM_LONG`, for an hour) how long it goes on instead.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on shall panic")]

#[path = "../support/chance.rs"]
#[allow(dead_code, reason = "shared with the tests of inputs")]
mod chance;
mod chat;
mod courses;
mod fleet;
mod growth;
#[path = "../cli/jobs.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod jobs;
mod left;
#[path = "../report/listener.rs"]
#[allow(dead_code, reason = "shared with the tests of reports")]
mod listener;
mod people;
mod rounds;
#[path = "../store/support.rs"]
#[allow(
    dead_code,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "shared with the tests of the store"
)]
mod site;
#[path = "../cli/support.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the command line")]
mod support;
#[path = "../support/weighed.rs"]
mod weighed;
#[path = "../cli/words.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod words;
mod workers;

use rounds::{Bound, Soak};

#[test]
fn hundreds_of_ticks_leave_nothing_behind_and_lose_nothing() {
    let bound = Bound::asked();
    let mut soak = Soak::new(&bound);
    while bound.goes_on(soak.ticks()) {
        soak.round();
    }
    soak.ends();
}
