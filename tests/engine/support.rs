//! A host with a config, and short words for what happens on it.

use std::collections::BTreeSet;
use std::time::Duration;

use opsfsm::base::{JobId, Now};
use opsfsm::compile::Compiled;
use opsfsm::config::Format;
use opsfsm::decide::{Facts, TickOutcome};
use opsfsm::journal::{EventKind, JobRecord, Queued, World};
use opsfsm::model::Purpose;
use opsfsm::ports::Processes as _;
use opsfsm::sim::{SimHost, SimJob, compile_text};
use opsfsm::tick::RunPorts;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// A simulated host under one config.
pub(crate) struct Scene {
    pub(crate) host: SimHost,
    pub(crate) compiled: Compiled,
}

impl Scene {
    /// A scene under this TOML, with `version = 1` put before it.
    pub(crate) fn new(config: &str) -> Self {
        let compiled = compile_text(&format!("version = 1\n{config}"), Format::Toml).expect(config);
        Self { host: SimHost::new(), compiled }
    }

    /// Changes the config under the same store.
    pub(crate) fn edit(&mut self, config: &str) {
        self.compiled =
            compile_text(&format!("version = 1\n{config}"), Format::Toml).expect(config);
    }

    /// Time passes, then a tick.
    pub(crate) fn tick_after(&self, seconds: u64) -> TickOutcome {
        self.host.pass(Duration::from_secs(seconds));
        self.tick()
    }

    pub(crate) fn tick(&self) -> TickOutcome {
        let outcome = self.host.tick(&self.compiled).expect("a tick");
        let store = self.host.store.snapshot();
        assert_eq!(store.replay().expect("a replay"), store.world().snapshot, "replay ≠ live");
        outcome
    }

    pub(crate) fn set(&self, id: &str, change: impl FnOnce(&mut SimJob)) {
        self.host.set(&job(id), change);
    }

    pub(crate) fn state(&self, id: &str) -> &'static str {
        self.host.state(&job(id)).map_or("(none)", opsfsm::machine::State::as_str)
    }

    pub(crate) fn record(&self, id: &str) -> JobRecord {
        self.host.store.snapshot().world().snapshot.jobs[&job(id)].clone()
    }

    pub(crate) fn cause(&self, id: &str) -> &'static str {
        self.record(id).cause.map_or("(none)", |c| c.kind.as_str())
    }

    /// How often commands of this purpose were run for a job.
    pub(crate) fn ran(&self, id: &str, purpose: Purpose) -> usize {
        let all = self.host.ran.borrow();
        all.iter().filter(|s| s.job == job(id) && s.purpose == purpose).count()
    }

    /// Takes the texts of the reports that arrived since the last call.
    pub(crate) fn told(&self) -> Vec<String> {
        self.host.told.borrow_mut().drain(..).map(|r| r.text).collect()
    }

    pub(crate) fn queue(&self) -> Vec<Queued> {
        self.host.store.snapshot().world().snapshot.queue.values().cloned().collect()
    }

    /// The store's content.
    pub(crate) fn world(&self) -> World {
        self.host.store.snapshot().world().clone()
    }

    /// What a decision is made from, beside config and world; nothing is dead or in flight.
    pub(crate) fn facts<'a>(&self, now: &'a Now) -> Facts<'a> {
        let claimer = self.host.own_id();
        Facts { now, seed: [7; 32], claimer, dead: BTreeSet::new(), in_flight: BTreeSet::new() }
    }

    /// With the ports of its host, for an order that the host itself has no word for.
    pub(crate) fn with_ports<T>(&self, order: impl FnOnce(&mut RunPorts<'_>) -> T) -> T {
        let host = &self.host;
        let (mut runner, mut store) = (host.clone(), host.store.clone());
        order(&mut RunPorts {
            clock: host,
            entropy: host,
            processes: host,
            files: &host.files,
            runner: &mut runner,
            store: &mut store,
            style: &host.style.borrow(),
        })
    }

    /// The inputs that moved a job, in order.
    pub(crate) fn moves(&self, id: &str) -> Vec<&'static str> {
        let events = self.host.store.snapshot().events();
        let mut moved = Vec::new();
        for event in events.iter().filter(|e| e.job == Some(job(id))) {
            if let EventKind::Moved { input, .. } = &event.kind {
                moved.push(input.as_str());
            }
        }
        moved
    }
}

pub(crate) fn job(id: &str) -> JobId {
    JobId::new(id)
}

/// A watched job without quiet hours, whose other policy keys follow.
pub(crate) fn watch(id: &str, policy: &str) -> String {
    format!(
        "[[jobs]]\nid = \"{id}\"\nkind = \"long_running_read\"\nrisk = \"read_only\"\n\
         enabled = true\ncommands = {{ start = [\"/s\"], status = [\"/t\"], stop = [\"/p\"] }}\n\
         policy = {{ quietHours = {{ start = \"00:00\", end = \"00:00\" }}, {policy} }}\n"
    )
}

/// A check.
pub(crate) fn check(id: &str, more: &str) -> String {
    format!(
        "[[jobs]]\nid = \"{id}\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\nenabled = true\n\
         commands = {{ run = [\"/r\"] }}\n{more}\n"
    )
}

pub(crate) fn setting(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Random numbers for random lives, and their seed (`OPSFSM_SEED`). The usual ones are always the
/// same: what they must have met, they have met.
pub(crate) fn seeded() -> (TestRng, u32) {
    let mut seed = [0; 32];
    let number: u32 = setting("OPSFSM_SEED", 0);
    seed[..4].copy_from_slice(&number.to_be_bytes());
    (TestRng::from_seed(RngAlgorithm::ChaCha, &seed), number)
}
