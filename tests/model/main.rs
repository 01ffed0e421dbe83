//! Random lives of the real engine on a simulated host, judged step by step by a reference model that
//! was written from the design and asks the engine nothing. docs/reliability.md says how to run it.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::wildcard_enum_match_arm, reason = "each place looks for some kinds of many")]
#![expect(clippy::similar_names, reason = "the words of the domain repeat")]
#![expect(clippy::struct_excessive_bools, reason = "each is a thing that may be so")]
#![expect(clippy::option_option, reason = "unknown is not the same as none")]
#![expect(clippy::unused_self, reason = "a config answers for its jobs, whatever it says")]

/// A life is short-lived pieces by the million: this allocator is a tenth faster with them than the usual one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod book;
mod gate_book;
mod life;
mod met;
mod play;
mod rng;
mod step;
mod table;
mod told;
mod trail_book;
mod watch_book;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use life::{Failure, live, shorten};
use met::Met;

/// Ticks of an ordinary `cargo test`.
const USUAL_TICKS: u64 = 60_000;
/// From so many ticks on a run has to have met everything.
const FULL_TICKS: u64 = 60_000;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|n| n.parse().ok())
}

/// Lives one after another until there were enough ticks, or one fails.
fn work(next: &AtomicU64, ticks: &AtomicU64, enough: u64, most: usize) -> (Met, Vec<Failure>) {
    let (mut met, mut failures) = (Met::default(), Vec::new());
    while ticks.load(Ordering::Relaxed) < enough && failures.len() < most {
        let life = step::draw(next.fetch_add(1, Ordering::Relaxed));
        match live(&life, &mut met) {
            Ok(lived) => drop(ticks.fetch_add(lived, Ordering::Relaxed)),
            Err(failure) => {
                let known = failures.iter().any(|f: &Failure| f.kind() == failure.kind());
                if !known {
                    failures.push(failure);
                }
                if failures.len() >= most {
                    ticks.store(enough, Ordering::Relaxed);
                }
            }
        }
    }
    (met, failures)
}

/// `OPSFSM_SEED=n` replays one life; `OPSFSM_TICKS=10000000` is a large run, `OPSFSM_LONG=1` goes on
/// until it is stopped, `OPSFSM_FROM=n` begins with another seed, `OPSFSM_COUNTS=1` shows what was met.
#[test]
#[expect(clippy::disallowed_macros, clippy::disallowed_methods, reason = "it tells its speed")]
fn whatever_happens_nothing_happens_that_the_design_does_not_allow() {
    if let Some(seed) = setting("OPSFSM_SEED") {
        let life = step::draw(seed);
        if let Err(failure) = live(&life, &mut Met::default()) {
            panic!("{}", shorten(&life, &failure));
        }
        return;
    }
    let long = setting("OPSFSM_LONG").is_some();
    let enough = if long { u64::MAX } else { setting("OPSFSM_TICKS").unwrap_or(USUAL_TICKS) };
    let threads = setting("OPSFSM_THREADS").unwrap_or(2);
    let next = AtomicU64::new(setting("OPSFSM_FROM").unwrap_or(1));
    let ticks = AtomicU64::new(0);
    let most = usize::try_from(setting("OPSFSM_FAILURES").unwrap_or(1)).expect("64 bits");
    let (all, begun) = (Mutex::new((Met::default(), Vec::new())), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let (met, failures) = work(&next, &ticks, enough, most);
                let mut all = all.lock().expect("no thread panics here");
                all.0.add(met);
                all.1.extend(failures);
            });
        }
    });
    let (met, failures) = all.into_inner().expect("no thread panics here");
    let told: Vec<String> =
        failures.iter().map(|failure| shorten(&step::draw(failure.seed), failure)).collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    let (ticks, spent) = (ticks.into_inner(), begun.elapsed().as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let speed = ticks as f64 / spent;
    println!(
        "{ticks} ticks in {} lives, {spent:.1} s, {speed:.0} ticks a second",
        next.into_inner()
    );
    if setting("OPSFSM_COUNTS").is_some() {
        println!("{}", met.table());
    }
    let missed = met.missed();
    assert!(ticks < FULL_TICKS || missed.is_empty(), "never met: {missed:#?}");
}
