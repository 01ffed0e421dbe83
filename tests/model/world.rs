//! The jobs of the simulated worlds, as plain facts: the configs are written from them, and the
//! reference model reads them. Nothing here asks the engine what a config means.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use opsfsm::approval::Level;
use opsfsm::base::JobId;
use opsfsm::compile::Compiled;
use opsfsm::config::Format;
use opsfsm::sim::compile_text;

pub(crate) const NAMES: [&str; 10] =
    ["alpha", "bravo", "delta", "echo", "cargo", "dock", "verify", "utter", "work", "xfer"];
/// Resumed twice at most; chains to a check, and to a write when it fails.
pub(crate) const ALPHA: usize = 0;
/// Restarted when it hangs, without end.
pub(crate) const BRAVO: usize = 1;
/// Of write risk: nothing ever starts it.
pub(crate) const DELTA: usize = 2;
/// Only watched; it has quiet hours.
pub(crate) const ECHO: usize = 3;
/// Chained to.
pub(crate) const CARGO: usize = 4;
/// Run every two minutes.
pub(crate) const DOCK: usize = 5;
/// The two that verify.
pub(crate) const VERIFY: usize = 6;
pub(crate) const UTTER: usize = 7;
/// Verified by both, and asks for a person.
pub(crate) const WORK: usize = 8;
/// Verified by one, and asks for nobody.
pub(crate) const XFER: usize = 9;

pub(crate) const WATCHES: [usize; 4] = [ALPHA, BRAVO, DELTA, ECHO];
pub(crate) const CHECKS: [usize; 4] = [CARGO, DOCK, VERIFY, UTTER];
pub(crate) const WRITES: [usize; 2] = [WORK, XFER];

/// Which jobs there are in each universe.
pub(crate) const UNIVERSES: [&[usize]; 8] = [
    &[ALPHA],
    &[BRAVO],
    &[ALPHA, ECHO],
    &[BRAVO, DELTA, ECHO],
    &[CARGO, DOCK],
    &[ALPHA, CARGO, DOCK],
    &[VERIFY, UTTER, WORK, XFER],
    &[ALPHA, BRAVO, CARGO, DOCK, VERIFY, UTTER, WORK],
];

pub(crate) const STALL: i64 = 600_000;
pub(crate) const GRACE: i64 = 60_000;
pub(crate) const BACKOFF: i64 = 300_000;
pub(crate) const EVERY: i64 = 120_000;
pub(crate) const VERIFY_WITHIN: i64 = 1_800_000;
pub(crate) const LINK_DELAY: u64 = 100;

/// How a config differs from the first one.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Variant {
    Base,
    OtherCommands,
    Gone(usize),
    Disabled,
    NoResume,
    /// The chained checks are of write risk.
    External,
    Least(Level),
    OneCheck,
}

pub(crate) const VARIANTS: [Variant; 11] = [
    Variant::Base,
    Variant::OtherCommands,
    Variant::Gone(ALPHA),
    Variant::Gone(DOCK),
    Variant::Gone(WORK),
    Variant::Disabled,
    Variant::NoResume,
    Variant::External,
    Variant::Least(Level::Unattended),
    Variant::Least(Level::Confirmed),
    Variant::OneCheck,
];

impl Variant {
    /// Does it change anything where these jobs are?
    pub(crate) fn matters(self, jobs: &[usize]) -> bool {
        match self {
            Self::Base | Self::OtherCommands | Self::Disabled => true,
            Self::Gone(job) => jobs.contains(&job),
            Self::NoResume => jobs.contains(&ALPHA) || jobs.contains(&BRAVO),
            Self::External => jobs.contains(&CARGO),
            Self::Least(_) | Self::OneCheck => jobs.contains(&WORK),
        }
    }
}

/// What a config says of its jobs.
#[derive(Clone, Copy)]
pub(crate) struct Decls {
    pub(crate) universe: usize,
    pub(crate) variant: Variant,
}

impl Decls {
    pub(crate) fn has(self, job: usize) -> bool {
        UNIVERSES[self.universe].contains(&job) && self.variant != Variant::Gone(job)
    }

    pub(crate) fn enabled(self, job: usize) -> bool {
        self.has(job) && (self.variant != Variant::Disabled || job == VERIFY || job == UTTER)
    }

    /// May a tick start it again?
    pub(crate) fn resumes(self, job: usize) -> bool {
        self.has(job) && matches!(job, ALPHA | BRAVO) && self.variant != Variant::NoResume
    }

    pub(crate) fn restarts(self, job: usize) -> bool {
        job == BRAVO && self.resumes(job)
    }

    pub(crate) fn most_resumes(self, job: usize) -> Option<u32> {
        (job == ALPHA).then_some(2)
    }

    /// May a chain, or a person's `run`, run this check? A disabled one is only not scheduled.
    pub(crate) fn runs(self, job: usize) -> bool {
        self.has(job) && (self.variant != Variant::External || !matches!(job, CARGO | DOCK))
    }

    pub(crate) fn has_stop(self, job: usize) -> bool {
        matches!(job, ALPHA | BRAVO)
    }

    pub(crate) fn least(self, write: usize) -> Option<Level> {
        let own = if let Variant::Least(level) = self.variant { level } else { Level::Asserted };
        let least = if write == XFER { Level::Unattended } else { own };
        self.enabled(write).then_some(least)
    }

    /// What follows the job: target, on success, delay in seconds.
    pub(crate) fn links(self, job: usize) -> Vec<(usize, bool, u64)> {
        let all: &[(usize, bool, u64)] = match job {
            ALPHA => &[(CARGO, true, LINK_DELAY), (WORK, false, 0)],
            CARGO => &[(WORK, true, 0), (DOCK, false, 0)],
            WORK => &[(VERIFY, true, 0), (UTTER, true, 0), (DOCK, false, 0)],
            XFER => &[(VERIFY, true, 0)],
            _ => &[],
        };
        let stays = |target: usize| {
            self.has(target) && (target != UTTER || self.variant != Variant::OneCheck)
        };
        all.iter().copied().filter(|(target, ..)| stays(*target)).collect()
    }

    /// The words of a job's command: `start`, `stop`, `run`.
    pub(crate) fn argv(self, job: usize, verb: &str) -> Vec<String> {
        let word = if self.variant == Variant::OtherCommands { "later" } else { "now" };
        vec![format!("/bin/{}-{verb}", NAMES[job]), word.to_owned()]
    }

    fn text(self) -> String {
        let mut text = "version = 1\n".to_owned();
        for &job in UNIVERSES[self.universe].iter().filter(|job| self.has(**job)) {
            text += &self.job_text(job);
        }
        text
    }

    fn job_text(self, job: usize) -> String {
        let (name, enabled) = (NAMES[job], self.enabled(job));
        let argv = |verb| format!("{:?}", self.argv(job, verb));
        let (kind, commands, more) = if WATCHES.contains(&job) {
            let stop = if self.has_stop(job) {
                format!(", stop = {}", argv("stop"))
            } else {
                String::new()
            };
            let (start, status) = (argv("start"), argv("status"));
            let commands = format!("{{ start = {start}, status = {status}{stop} }}");
            ("long_running_read", commands, self.policy_text(job))
        } else {
            let kind = if WRITES.contains(&job) { "one_shot_write" } else { "one_shot_read" };
            (kind, format!("{{ run = {} }}", argv("run")), self.one_shot_text(job))
        };
        let risk = match job {
            DELTA => "write_external",
            CARGO | DOCK if self.variant == Variant::External => "write_external",
            WORK | XFER => "write_local",
            _ => "read_only",
        };
        let link = |(target, success, delay): &(usize, bool, u64)| {
            let when = if *success { "success" } else { "failure" };
            let name = NAMES[*target];
            format!("{{ jobId = \"{name}\", when = \"{when}\", delaySeconds = {delay} }}")
        };
        let links: Vec<String> = self.links(job).iter().map(link).collect();
        let after = if links.is_empty() {
            String::new()
        } else {
            format!("after = [{}]\n", links.join(", "))
        };
        format!(
            "[[jobs]]\nid = \"{name}\"\nkind = \"{kind}\"\nrisk = \"{risk}\"\nenabled = {enabled}\n\
             cwd = \"/d\"\ncommands = {commands}\n{more}{after}"
        )
    }

    fn policy_text(self, job: usize) -> String {
        let resume = self.resumes(job) || job == DELTA;
        let most = self.most_resumes(job).map_or(String::new(), |n| format!(", maxResumes = {n}"));
        let stall = if job == BRAVO { ", onStall = \"restart\"" } else { "" };
        let quiet = if job == ECHO { ("22:00", "08:00") } else { ("00:00", "00:00") };
        format!(
            "policy = {{ autoResume = {resume}, autoResumeBackoffSeconds = {}, stallSeconds = {}, \
             startGraceSeconds = {}, quietHours = {{ start = \"{}\", end = \"{}\" }}{most}{stall} }}\n",
            BACKOFF / 1000,
            STALL / 1000,
            GRACE / 1000,
            quiet.0,
            quiet.1
        )
    }

    fn one_shot_text(self, job: usize) -> String {
        match job {
            DOCK => format!("everySeconds = {}\n", EVERY / 1000),
            WORK | XFER => {
                let level = if let (WORK, Variant::Least(level)) = (job, self.variant) {
                    level
                } else if job == WORK {
                    Level::Asserted
                } else {
                    Level::Unattended
                };
                format!(
                    "verifyWithinSeconds = {}\napproval = {{ level = \"{}\" }}\n",
                    VERIFY_WITHIN / 1000,
                    level.as_str()
                )
            }
            _ => String::new(),
        }
    }
}

thread_local! {
    static IDS: Vec<JobId> = NAMES.iter().map(|name| JobId::new(*name)).collect();
    static COMPILED: RefCell<BTreeMap<(usize, usize), Rc<Compiled>>> = RefCell::default();
}

pub(crate) fn id(job: usize) -> JobId {
    IDS.with(|ids| ids[job].clone())
}

pub(crate) fn index(id: &str) -> Option<usize> {
    NAMES.iter().position(|name| *name == id)
}

/// The config of a universe in a variant, compiled once a thread.
pub(crate) fn compiled(universe: usize, variant: usize) -> Rc<Compiled> {
    let decls = Decls { universe, variant: VARIANTS[variant] };
    let make = || {
        let text = decls.text();
        Rc::new(compile_text(&text, Format::Toml).unwrap_or_else(|e| panic!("{e}\n{text}")))
    };
    COMPILED.with(|all| Rc::clone(all.borrow_mut().entry((universe, variant)).or_insert_with(make)))
}
