//! Whole ticks against the plain way: the same status commands one after another.
//!
//! `cargo bench --bench tick` prints, for each load, the median of some pairs A B A B … and their
//! ratio. Machines differ and are noisy: quote ratios, never single times.

#![expect(clippy::disallowed_methods, reason = "a bench starts programs and reads the clock")]
#![expect(clippy::disallowed_macros, reason = "a bench prints its table")]
#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PAIRS: usize = 5;
const STATUS: &str = r#"{"running":true,"completed":false,"progress":{"n":1}}"#;

/// One load: so many jobs, each with this status argv.
struct Load {
    name: &'static str,
    jobs: usize,
    argv: Vec<String>,
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("status.json");
    fs::write(&file, STATUS).expect("a status");
    let file = file.to_string_lossy().into_owned();
    let cat = vec!["/bin/cat".to_owned(), file.clone()];
    let sleeper = ["/bin/sh", "-c", &format!("sleep 0.2; cat {file}")].map(str::to_owned).to_vec();
    let loads = [
        Load { name: "1 job, cat", jobs: 1, argv: cat.clone() },
        Load { name: "100 jobs, cat", jobs: 100, argv: cat.clone() },
        Load { name: "1000 jobs, cat", jobs: 1000, argv: cat },
        Load { name: "100 jobs, sleep 0.2", jobs: 100, argv: sleeper },
    ];
    println!("{:22} {:>10} {:>14} {:>8}", "load", "tick", "one by one", "ratio");
    for load in loads {
        measure(&load, folder.path());
    }
}

fn measure(load: &Load, folder: &Path) {
    let config = folder.join(format!("{}.json", load.jobs));
    let store = folder.join(format!("{}.db", load.name.replace(' ', "-")));
    fs::write(&config, config_of(load)).expect("a config");
    let tick = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsfsm"));
        command.arg("tick").arg("--config-file").arg(&config).arg("--state-file").arg(&store);
        time(|| run(&mut command))
    };
    let plain = || {
        time(|| {
            for _ in 0..load.jobs {
                run(Command::new(&load.argv[0]).args(&load.argv[1..]));
            }
        })
    };
    let adopted = Command::new(env!("CARGO_BIN_EXE_opsfsm"))
        .arg("adopt")
        .arg("--config-file")
        .arg(&config)
        .arg("--state-file")
        .arg(&store)
        .output();
    assert!(adopted.expect("opsfsm").status.success());
    tick();
    let pairs: Vec<(Duration, Duration)> = (0..PAIRS).map(|_| (tick(), plain())).collect();
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let ms = |pick: fn(&(Duration, Duration)) -> Duration| {
        median(pairs.iter().map(|p| pick(p).as_secs_f64() * 1000.0).collect())
    };
    let ratio = median(pairs.iter().map(|(a, b)| b.as_secs_f64() / a.as_secs_f64()).collect());
    println!("{:22} {:8.1}ms {:12.1}ms {ratio:7.2}x", load.name, ms(|p| p.0), ms(|p| p.1));
}

fn config_of(load: &Load) -> String {
    let job = |i: usize| {
        serde_json::json!({
            "id": format!("job-{i:05}"), "kind": "long_running_read", "risk": "read_only",
            "enabled": true, "cwd": "/",
            "commands": {"start": ["/bin/true"], "status": load.argv},
        })
    };
    let jobs: Vec<_> = (0..load.jobs).map(job).collect();
    serde_json::json!({"version": 1, "jobs": jobs}).to_string()
}

fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    assert!(status.expect("a child").success());
}

fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}
