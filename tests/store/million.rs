//! A store of a million events beside one of a few: what a tick costs on each.
//!
//! Only with `OPSFSM_MILLION` set, as it takes minutes, and best optimised:
//! `OPSFSM_MILLION=1 cargo test --release --test store million -- --nocapture`. Machines are noisy:
//! the two take turns, and what counts is the ratio of the medians.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::support::{Site, code, grow, said};

const EVENTS: u64 = 1_000_000;
const PAIRS: usize = 41;

/// Nothing of this is due while it is measured, or all but a few.
const KEEP_ALL: &str = "keepEvents = 4000000\nkeepDays = 36500";
const KEEP_FEW: &str = "keepEvents = 200000";

/// One watched job whose every tick is as the one before.
const CONFIG: &str = r#"
version = 1
[history]
KEEP

[[jobs]]
id = "scan"
kind = "long_running_read"
risk = "read_only"
enabled = true
cwd = "SITE"
commands.start = ["/bin/true"]
commands.status = ["/bin/echo", '{"running":true,"completed":false,"progress":{"n":1}}']

[[jobs]]
id = "probe"
kind = "one_shot_read"
risk = "read_only"
manual = true
cwd = "SITE"
commands.run = ["/bin/true"]
"#;

fn site(keep: &str, events: u64) -> Site {
    let site = Site::new();
    let here = site.folder().display().to_string();
    let text = CONFIG.replace("SITE", &here).replace("KEEP", keep);
    fs::write(site.folder().join("opsfsm.toml"), text).unwrap();
    time(&site, &["adopt"]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    grow(&mut site.open(), events, i64::try_from(now.as_millis()).unwrap());
    time(&site, &["tick"]);
    site
}

fn time(site: &Site, words: &[&str]) -> Duration {
    let begun = Instant::now();
    let output = site.run(words);
    let took = begun.elapsed();
    assert_eq!(code(&output), 0, "{words:?}: {}", said(&output));
    took
}

fn median(mut all: Vec<Duration>) -> f64 {
    all.sort();
    all[all.len() / 2].as_secs_f64() * 1000.0
}

/// Both in turn, so often; the medians in milliseconds.
fn pairs(large: &Site, small: &Site, words: &[&str], times: usize) -> (f64, f64) {
    let (mut of_large, mut of_small) = (Vec::new(), Vec::new());
    for n in 0..times {
        // Who comes first changes.
        let order = if n % 2 == 0 { [large, small] } else { [small, large] };
        for site in order {
            let took = time(site, words);
            let list = if std::ptr::eq(site, large) { &mut of_large } else { &mut of_small };
            list.push(took);
        }
    }
    (median(of_large), median(of_small))
}

#[test]
fn a_million_events_cost_a_tick_nothing() {
    if std::env::var_os("OPSFSM_MILLION").is_none() {
        return;
    }
    let mut table = format!("{:34} {:>10} {:>10} {:>7}\n", "", "1,000,000", "fresh", "ratio");
    let mut ticks = Vec::new();
    let small = site(KEEP_ALL, 0);
    for (what, keep) in [("nothing due", KEEP_ALL), ("pruned at every tick", KEEP_FEW)] {
        let large = site(keep, EVENTS);
        let bytes = fs::metadata(&large.store).unwrap().len();
        table += &format!("{what}: a file of {} MB\n", bytes / 1_000_000);
        let loads: [(&[&str], usize); 6] = [
            (&["tick"], PAIRS),
            (&["run", "probe"], PAIRS),
            (&["status"], PAIRS),
            (&["history", "--limit", "20"], PAIRS),
            (&["history", "probe", "--limit", "20"], PAIRS),
            (&["history", "--verify"], 3),
        ];
        for (words, times) in loads {
            let before = large.open().pruned().unwrap();
            let (of_large, of_small) = pairs(&large, &small, words, times);
            let ratio = of_large / of_small;
            let words = words.join(" ");
            table += &format!("{words:34} {of_large:8.2}ms {of_small:8.2}ms {ratio:6.2}x\n");
            let pruned = large.open().pruned().unwrap() - before;
            if words == "tick" {
                ticks.push((ratio, pruned));
            }
        }
        large.assert_sound();
    }
    let _ = writeln!(std::io::stderr(), "{table}");
    // No limit of time, which machines would miss now and then: that it was what it is said to be.
    assert!(ticks[0].1 == 0 && ticks[1].1 > 1000, "{ticks:?}");
}
