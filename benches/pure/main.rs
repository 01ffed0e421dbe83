//! Times of the steps that touch nothing outside, over a thousand jobs: `cargo bench --bench pure`.
//!
//! Machines differ and are noisy: what keeps them from growing is `cargo bench --bench
//! instructions`, which counts.

#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

mod steps;

use divan::Bencher;

fn main() {
    divan::main();
}

#[divan::bench(args = steps::STEPS.iter().map(|(name, _)| *name))]
fn thousand_jobs(bencher: Bencher<'_, '_>, name: &str) {
    let (_, ready) = steps::STEPS.iter().find(|(step, _)| *step == name).expect("a step");
    let run = ready();
    bencher.bench_local(run);
}
