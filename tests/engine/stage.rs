//! A host on which everything can happen to two writes, and the truth of it: which config stands,
//! what is in the files, what was claimed. What must hold is the witness's to say.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use opsfsm::approval::Level;
use opsfsm::base::{JobId, RunId, Stamp, limits};
use opsfsm::compile::Compiled;
use opsfsm::config::Format;
use opsfsm::model::Purpose;
use opsfsm::ports::Clock as _;
use opsfsm::sim::{Death, SimHost, SimJob, compile_text};

use crate::support::job;
use crate::witness::Witness;

pub(crate) const LIFE: Duration = limits::GRANT_LIFE;

/// One of the two writes: `w` has two verifications and asks for a person, `x` has one of the
/// same and does not.
pub(crate) type Write = usize;

pub(crate) const WRITES: [&str; 2] = ["w", "x"];
pub(crate) const CHECKS: [&str; 2] = ["v", "u"];
pub(crate) const FILES: [&str; 5] = ["/w", "/in", "/x", "/v", "/u"];

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Move {
    Request(Write),
    Approve(Write, Duration, Level),
    Deny(Write),
    Revoke(Write),
    Claim(Write),
    /// The executor of the n-th last claim; it may die on its way.
    Execute(usize, Option<Death>),
    Acknowledge(Write),
    Reverify(Write),
    RunCheck(usize),
    Tick,
    Pass(Duration),
    Suspend(Duration),
    /// The wall clock is set, by this many milliseconds from what is right.
    SetWall(i64),
    Reboot,
    NextProcess,
    Beside,
    /// A file's content is of this version now.
    Edit(usize, u64),
    Remove(usize, bool),
    Config(usize),
    Exits(Write, i32),
    Killed(Write, bool),
    NotStarted(Write, bool),
    LeavesRunning(Write, bool),
    ShedsLock(Write, bool),
    WritesEnd,
    CheckExits(usize, i32),
    Attention(usize, bool),
    /// A commit to come fails: after so many good ones, durable all the same or not, for good or
    /// only for now.
    Fault {
        after: u32,
        recorded: bool,
        refused: bool,
    },
    ExecutorsDie(bool),
    LaunchesFail(bool),
    ExecutorsLate(bool),
    ExecutorsArrive,
    NothingOpens(bool),
}

/// What a config says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    argument: &'static str,
    check_argument: &'static str,
    second_check: bool,
    pub(crate) enabled: bool,
    pub(crate) present: bool,
    pub(crate) least: Level,
}

const BASE: Variant = Variant {
    argument: "now",
    check_argument: "all",
    second_check: true,
    enabled: true,
    present: true,
    least: Level::Asserted,
};

/// The configs that the stage is set under, the usual one first.
pub(crate) const VARIANTS: [Variant; 8] = [
    BASE,
    Variant { argument: "later", ..BASE },
    Variant { check_argument: "some", ..BASE },
    Variant { second_check: false, ..BASE },
    Variant { enabled: false, ..BASE },
    Variant { present: false, ..BASE },
    Variant { least: Level::Unattended, ..BASE },
    Variant { least: Level::Confirmed, ..BASE },
];

fn config_of(variant: Variant) -> String {
    let write = |id: &str, argv: &str, more: &str| {
        format!(
            "[[jobs]]\nid = \"{id}\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
             cwd = \"/d\"\nverifyWithinSeconds = {}\ncommands = {{ run = [{argv}] }}\n{more}\n",
            LIFE.as_secs()
        )
    };
    let check = |id: &str, argv: &str| {
        format!(
            "[[jobs]]\nid = \"{id}\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n\
             enabled = true\ncwd = \"/d\"\ncommands = {{ run = [{argv}] }}\n"
        )
    };
    let level = variant.least.as_str();
    let second = if variant.second_check { ", { jobId = \"u\" }" } else { "" };
    let own = format!(
        "enabled = {}\ninputs = [\"/in\"]\napproval = {{ level = \"{level}\" }}\n\
         after = [{{ jobId = \"v\" }}{second}]",
        variant.enabled
    );
    let free = "enabled = true\napproval = { level = \"unattended\" }\nafter = [{ jobId = \"v\" }]";
    let mut text = "version = 1\n".to_owned();
    if variant.present {
        text += &write("w", &format!("\"/w\", \"{}\"", variant.argument), &own);
    }
    text += &write("x", "\"/x\"", free);
    text += &check("v", &format!("\"/v\", \"{}\"", variant.check_argument));
    text + &check("u", "\"/u\"")
}

thread_local! {
    /// Compiled once: there are thousands of stages.
    static COMPILED: Rc<Vec<Compiled>> = Rc::new(
        VARIANTS
            .iter()
            .map(|v| config_of(*v))
            .map(|text| compile_text(&text, Format::Toml).unwrap_or_else(|e| panic!("{e}: {text}")))
            .collect(),
    );
}

/// What would run, as somebody knows it who reads config and files himself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Content {
    pub(crate) argv: Vec<String>,
    files: Vec<(&'static str, u64)>,
    pub(crate) checks: Vec<CheckContent>,
}

/// One of its verifications.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CheckContent {
    pub(crate) job: &'static str,
    pub(crate) argv: Vec<String>,
    pub(crate) version: u64,
}

/// Config and files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) config: usize,
    pub(crate) versions: BTreeMap<&'static str, u64>,
    pub(crate) missing: BTreeSet<&'static str>,
}

impl Truth {
    pub(crate) fn variant(&self) -> Variant {
        VARIANTS[self.config]
    }

    pub(crate) fn version(&self, file: &str) -> u64 {
        self.versions.get(file).copied().unwrap_or_default()
    }

    /// What would run of a write now; `None`: nothing can.
    pub(crate) fn content(&self, write: &str) -> Option<Content> {
        let variant = self.variant();
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let check = |job, argv: &[&str], file| CheckContent {
            job,
            argv: words(argv),
            version: self.version(file),
        };
        let v = check("v", &["/v", variant.check_argument], "/v");
        let (argv, files, checks) = match write {
            "w" if variant.present => {
                let u = variant.second_check.then(|| check("u", &["/u"], "/u"));
                let checks = std::iter::once(v).chain(u).collect();
                (words(&["/w", variant.argument]), vec!["/w", "/in"], checks)
            }
            "x" => (words(&["/x"]), vec!["/x"], vec![v]),
            _ => return None,
        };
        let programs = checks.iter().map(|c: &CheckContent| c.argv[0].as_str());
        if files.iter().copied().chain(programs).any(|f| self.missing.contains(f)) {
            return None;
        }
        let files = files.into_iter().map(|f| (f, self.version(f))).collect();
        Some(Content { argv, files, checks })
    }

    /// The least level that serves, if the config lets the write run at all.
    pub(crate) fn least(&self, write: &str) -> Option<Level> {
        let variant = self.variant();
        match write {
            "x" => Some(Level::Unattended),
            _ => (variant.present && variant.enabled).then_some(variant.least),
        }
    }
}

/// Everything, at one moment.
pub(crate) struct Stage {
    pub(crate) host: SimHost,
    pub(crate) truth: Truth,
    pub(crate) claims: Vec<RunId>,
    pub(crate) witness: Witness,
    /// How far the wall clock is from what it should be.
    pub(crate) wall_off: i64,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let stage = Self {
            host: SimHost::new(),
            truth: Truth::default(),
            claims: Vec::new(),
            witness: Witness::default(),
            wall_off: 0,
        };
        stage.host.begin_store();
        stage.host.tick(&stage.compiled()).expect("a first tick");
        stage
    }

    /// Another future of this moment.
    pub(crate) fn fork(&self) -> Self {
        Self {
            host: self.host.fork(),
            truth: self.truth.clone(),
            claims: self.claims.clone(),
            witness: self.witness.clone(),
            wall_off: self.wall_off,
        }
    }

    pub(crate) fn compiled(&self) -> Compiled {
        COMPILED.with(|all| all[self.truth.config].clone())
    }

    pub(crate) fn now(&self) -> Stamp {
        self.host.now().at
    }

    pub(crate) fn state(&self, write: &str) -> &'static str {
        self.host.state(&job(write)).map_or("(none)", opsfsm::machine::State::as_str)
    }

    pub(crate) fn behaves(&self, id: &JobId) -> SimJob {
        self.host.jobs.borrow().get(id).cloned().unwrap_or_default()
    }

    /// Something of the world outside changes. `false`: this move is an order to the engine.
    pub(crate) fn turn(&mut self, act: &Move) -> bool {
        let host = self.host.clone();
        let set = |id: &str, change: &dyn Fn(&mut SimJob)| host.set(&job(id), |j| change(j));
        match *act {
            Move::Pass(span) => host.pass(span),
            Move::Suspend(span) => host.suspend(span),
            Move::SetWall(off) => {
                host.set_wall(self.now().wall_ms - self.wall_off + off);
                self.wall_off = off;
            }
            Move::Reboot => {
                self.writes_end();
                host.reboot();
            }
            Move::NextProcess => host.next_process(),
            Move::Beside => host.beside(),
            Move::Edit(file, version) => {
                host.files.edit(FILES[file], version);
                self.truth.versions.insert(FILES[file], version);
            }
            Move::Remove(file, gone) => {
                host.files.remove(FILES[file], gone);
                let missing = &mut self.truth.missing;
                let _ =
                    if gone { missing.insert(FILES[file]) } else { missing.remove(FILES[file]) };
            }
            Move::Config(variant) => self.truth.config = variant,
            Move::Exits(write, code) => set(WRITES[write], &|j| j.exit = code),
            Move::Killed(write, b) => set(WRITES[write], &|j| j.killed = b),
            Move::NotStarted(write, b) => set(WRITES[write], &|j| j.not_started = b),
            Move::LeavesRunning(write, b) => set(WRITES[write], &|j| j.leaves_running = b),
            Move::ShedsLock(write, b) => set(WRITES[write], &|j| j.sheds_lock = b),
            Move::WritesEnd => self.writes_end(),
            Move::CheckExits(check, code) => set(CHECKS[check], &|j| j.exit = code),
            Move::Attention(check, b) => set(CHECKS[check], &|j| j.attention = b),
            Move::ExecutorsDie(b) => {
                self.witness.failed |= b;
                host.executors_die.set(b);
            }
            Move::LaunchesFail(b) => host.launches_fail.set(b),
            Move::ExecutorsLate(b) => host.executors_late.set(b),
            Move::NothingOpens(b) => host.nothing_opens.set(b),
            Move::Fault { after, recorded, refused } => {
                self.witness.failed = true;
                host.store.fail_at(after, crate::orders::fault(recorded, refused), recorded);
            }
            Move::Request(_)
            | Move::Approve(..)
            | Move::Deny(_)
            | Move::Revoke(_)
            | Move::Claim(_)
            | Move::Execute(..)
            | Move::Acknowledge(_)
            | Move::Reverify(_)
            | Move::RunCheck(_)
            | Move::Tick
            | Move::ExecutorsArrive => return false,
        }
        true
    }

    fn writes_end(&mut self) {
        self.host.writes_end();
        self.witness.left.clear();
    }

    /// Claims that nobody was told of, as their commit was called failed.
    pub(crate) fn find_claims(&mut self) {
        let store = self.host.store.snapshot();
        let rows = store.world().runs.values().filter(|r| r.spec.purpose == Purpose::Write);
        for row in rows {
            if !self.claims.contains(&row.spec.run) {
                self.claims.push(row.spec.run.clone());
            }
        }
    }
}
