//! Many at once, some of them killed: as if one after another, and nothing twice.

use std::process::{Child, Stdio};
use std::time::Duration;

use opsfsm::journal::ItemState;

use crate::support::{Site, code, rounds, said};

/// Numbers that differ from run to run of a test only by its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

fn spawn(site: &Site, words: &[&str]) -> Child {
    site.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Quiet again, and sound.
fn assert_settled(site: &Site) {
    site.assert_no_process_left();
    for _ in 0..2 {
        let output = site.run(&["tick"]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        site.assert_no_process_left();
    }
    let world = site.assert_sound();
    assert!(world.runs.is_empty(), "{:?}", world.runs);
    let open = |s: &ItemState| matches!(s, ItemState::Running(_));
    assert!(!world.snapshot.queue.values().any(|q| open(&q.state)), "{:?}", world.snapshot.queue);
    site.assert_none_twice();
    site.assert_all_claimed();
}

/// Eight ticks at once, three of them killed. `OPSFSM_ROUNDS` says how often.
#[test]
fn eight_ticks_and_three_kills() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..rounds(12) {
        let site = Site::new();
        assert_eq!(code(&site.run(&["adopt"])), 0);
        let mut ticks: Vec<Child> = (0..8).map(|_| spawn(&site, &["tick"])).collect();
        for _ in 0..3 {
            std::thread::sleep(Duration::from_micros(dice.below(25_000)));
            let victim = usize::try_from(dice.below(8)).unwrap();
            // It may have ended by itself.
            let _ = ticks[victim].kill();
        }
        for tick in &mut ticks {
            tick.wait().unwrap();
        }
        assert_settled(&site);
        let ran = site.assert_none_twice();
        assert_eq!(ran.get("probe"), Some(&1), "round {round}: the queued check runs once");
        assert!(ran.get("scan") >= Some(&1), "round {round}");
    }
}

/// Ticks, starts, stops and runs, each in a loop of its own.
#[test]
fn every_command_at_once() {
    let site = Site::new();
    assert_eq!(code(&site.run(&["adopt"])), 0);
    let each = rounds(8);
    let commands: [&[&str]; 6] = [
        &["tick"],
        &["tick"],
        &["start", "scan"],
        &["stop", "scan"],
        &["run", "probe"],
        &["status"],
    ];
    let work = |words: &'static [&'static str]| {
        let mut codes = Vec::new();
        // Whoever only met others goes on until they are gone: then nothing is in its way.
        while codes.len() < each || !codes.contains(&0) {
            let output = site.run(words);
            assert!(matches!(code(&output), 0 | 5), "{words:?}: {}", said(&output));
            codes.push(code(&output));
            assert!(codes.len() < 20 * each, "{words:?} never succeeds: {codes:?}");
        }
    };
    std::thread::scope(|scope| {
        for words in commands {
            scope.spawn(move || work(words));
        }
    });
    assert_settled(&site);
}
