//! Pictures of large configs against merely checking the same configs.
//!
//! `cargo bench --bench graph` prints, for each form, the median of some pairs A B A B … and their
//! ratio: what drawing takes beside reading. Machines differ and are noisy: quote ratios.

#![expect(clippy::disallowed_methods, reason = "a bench starts programs and reads the clock")]
#![expect(clippy::disallowed_macros, reason = "a bench prints its table")]
#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PAIRS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    println!("{:28} {:>10} {:>10} {:>8} {:>10}", "picture", "graph", "check", "ratio", "bytes");
    for (jobs, format) in [
        (50, "svg"),
        (1000, "svg"),
        (10_000, "dot"),
        (10_000, "mermaid"),
        (10_000, "text"),
        (10_000, "json"),
        (10_000, "svg"),
    ] {
        measure(jobs, format, folder.path());
    }
}

fn measure(jobs: usize, format: &str, folder: &Path) {
    let config = folder.join(format!("{jobs}.json"));
    fs::write(&config, config_of(jobs)).expect("a config");
    let opsfsm = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsfsm"));
        command.args(words).arg("--config-file").arg(&config);
        command.arg("--state-file").arg(folder.join("none.db")).env("HOME", folder);
        command
    };
    let picture = folder.join("picture");
    let draw = || {
        let out = fs::File::create(&picture).expect("a file");
        time(|| run(opsfsm(&["graph", "--format", format]).stdout(out)))
    };
    let check = || time(|| run(opsfsm(&["check"]).stdout(Stdio::null())));
    draw();
    let pairs: Vec<(Duration, Duration)> = (0..PAIRS).map(|_| (draw(), check())).collect();
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let ms = |pick: fn(&(Duration, Duration)) -> Duration| {
        median(pairs.iter().map(|p| pick(p).as_secs_f64() * 1000.0).collect())
    };
    let ratio = median(pairs.iter().map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect());
    let bytes = fs::metadata(&picture).expect("a picture").len();
    let name = format!("{jobs} jobs, {format}");
    println!("{name:28} {:8.1}ms {:8.1}ms {ratio:7.2}x {bytes:10}", ms(|p| p.0), ms(|p| p.1));
}

/// Groups of ten: reads that lead to a check, that to a write, that to its verification.
fn config_of(jobs: usize) -> String {
    let job = |i: usize| {
        let at = |place: usize| format!("job-{:05}", i - i % 10 + place);
        let link = |place: usize, when: &str| serde_json::json!({"jobId": at(place), "when": when, "delaySeconds": 60});
        let (kind, risk, after) = match i % 10 {
            0..=3 => ("long_running_read", "read_only", vec![link(4, "success")]),
            4 => ("one_shot_read", "read_only", vec![link(5, "failure"), link(7, "success")]),
            5 => ("one_shot_write", "write_local", vec![link(6, "success")]),
            7 => ("one_shot_write", "write_external", vec![link(8, "success")]),
            _ => ("one_shot_read", "read_only", vec![]),
        };
        let commands = match i % 10 {
            0..=3 => serde_json::json!({"start": ["/bin/start"], "status": ["/bin/status"]}),
            5 | 7 => serde_json::json!({"run": ["/bin/write", at(0)]}),
            _ => serde_json::json!({"run": ["/bin/check"]}),
        };
        serde_json::json!({
            "id": at(i % 10), "kind": kind, "risk": risk, "enabled": true, "cwd": "/",
            "commands": commands, "after": after,
        })
    };
    let jobs: Vec<_> = (0..jobs).map(job).collect();
    serde_json::json!({"version": 1, "jobs": jobs}).to_string()
}

fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).status();
    assert!(status.expect("a child").success());
}

fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}
