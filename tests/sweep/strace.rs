//! One command, struck at one system call.
//!
//! In: a site as it was before, the words of a command. Out: how the command ended.
//! Invariant: only the command's own process is struck; executors and jobs run as they like.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::UNIX_EPOCH;

use opsfsm::adapters::clock::OsClock;
use opsfsm::adapters::entropy::OsEntropy;
use opsfsm::adapters::file_facts::OsFileFacts;
use opsfsm::adapters::runner::OsCommandRunner;
use opsfsm::adapters::status::OsStatusRunner;
use opsfsm::base::{BootId, JobId, RunId};
use opsfsm::compile::Compiled;
use opsfsm::journal::{Head, ItemState, LastRun, Report, World};
use opsfsm::model::{End, Language, ProcessId};
use opsfsm::ports::{LaunchFault, Launcher, Liveness, Notifier, Processes, Store as _};
use opsfsm::render::Style;

use crate::support::{PROGRAM, Site, code, grow, has_program, names, output_of, said, skip};

/// A site that can be put back to where it was.
pub(crate) struct Stage {
    pub(crate) site: Site,
    store: Option<(Vec<u8>, Head)>,
    words: Vec<String>,
    /// A file that the command makes, and that is not there before.
    made: Option<PathBuf>,
}

/// A system call of a clean run: its name, and its number among those of that name.
pub(crate) type Point = (String, usize);

impl Stage {
    /// The command `words` on the site as it is now.
    pub(crate) fn new(site: Site, words: &[&str]) -> Self {
        let head = site.store.exists().then(|| site.open().read().unwrap().head);
        let store = fs::read(&site.store).ok().zip(head);
        let words = words.iter().map(ToString::to_string).collect();
        Self { site, store, words, made: None }
    }

    /// The same for a command that makes this file.
    pub(crate) fn without(self, made: PathBuf) -> Self {
        Self { made: Some(made), ..self }
    }

    /// Puts everything back.
    pub(crate) fn reset(&self) {
        let folder = self.site.store.parent().unwrap();
        let _ = fs::remove_dir_all(folder);
        let _ = fs::remove_file(self.site.folder().join("effects"));
        if let Some(made) = &self.made {
            let _ = fs::remove_file(made);
        }
        if let Some((bytes, head)) = &self.store {
            fs::create_dir(folder).unwrap();
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
            fs::write(&self.site.store, bytes).unwrap();
            // Nothing that was approved would serve in a store that is put back.
            forge_witness(&self.site.store, head);
        }
    }

    fn traced(&self, options: &[&str]) -> Output {
        self.reset();
        self.watched(options)
    }

    /// Runs the command on the site as it is now.
    pub(crate) fn watched(&self, options: &[&str]) -> Output {
        let mut command = Command::new("strace");
        command.args(["-qq"]).args(options).arg(PROGRAM).args(&self.words);
        command.arg("--config-file").arg(self.site.folder().join("opsfsm.toml"));
        command.arg("--state-file").arg(&self.site.store);
        self.site.surround(&mut command);
        output_of(&mut command)
    }

    /// Every system call of a clean run, by name and count.
    pub(crate) fn points(&self) -> Vec<Point> {
        let log = self.site.folder().join("trace");
        let output = self.traced(&["-o", log.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        self.site.assert_no_process_left();
        let mut counts = BTreeMap::<String, usize>::new();
        let mut points = Vec::new();
        let trace = fs::read_to_string(&log).unwrap();
        // It shows what was sent, secrets too.
        fs::remove_file(log).unwrap();
        for line in trace.lines() {
            // A call that a signal interrupted is written in two pieces.
            let Some((name, _)) = line.split_once('(') else { continue };
            if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                let count = counts.entry(name.to_owned()).or_default();
                *count += 1;
                points.push((name.to_owned(), *count));
            }
        }
        // The first is strace's own call, which it does not strike.
        points.retain(|point| *point != ("execve".to_owned(), 1));
        points
    }

    /// Runs the command and kills it at the point. Did it get that far?
    pub(crate) fn kill_at(&self, (name, count): &Point) -> bool {
        let inject = format!("inject={name}:signal=SIGKILL:when={count}");
        let trace = format!("trace={name}");
        let output = self.traced(&["-o", "/dev/null", "-e", &trace, "-e", &inject]);
        let killed = output.status.signal() == Some(9);
        assert!(killed || code(&output) == 0, "{name} {count}: {}", said(&output));
        killed
    }

    /// Runs the command with one call that fails.
    pub(crate) fn fail_at(&self, (name, count): &Point, error: &str) -> Output {
        let inject = format!("inject={name}:error={error}:when={count}");
        let trace = format!("trace={name}");
        self.traced(&["-o", "/dev/null", "-e", &trace, "-e", &inject])
    }

    /// What must hold whatever happened, before anything else runs.
    pub(crate) fn assert_holds(&self) {
        self.site.assert_no_process_left();
        self.site.assert_none_twice();
        if self.site.store.exists() {
            self.site.assert_sound();
            self.site.assert_all_claimed();
        } else {
            assert_eq!(self.site.effects(), [], "something ran without a store");
        }
    }

    /// Two clean ticks put everything right. Returns how the check's only run ended.
    pub(crate) fn assert_heals(&self) -> End {
        let scans = || self.site.assert_none_twice().get("scan").copied().unwrap_or(0);
        let before = scans();
        let mut told = String::new();
        for _ in 0..2 {
            let output = self.site.run(&["tick"]);
            assert_eq!(code(&output), 0, "{}", said(&output));
            told.push_str(&String::from_utf8_lossy(&output.stdout));
            self.site.assert_no_process_left();
        }
        self.assert_holds();
        assert!(scans() > before, "the job is resumed again");
        let world = self.site.assert_sound();
        assert!(world.runs.is_empty(), "{:?}", world.runs);
        let open = |s: &ItemState| !matches!(s, ItemState::Settled(_));
        assert!(!world.snapshot.queue.values().any(|q| open(&q.state)), "an item is lost");
        let mut found = names(self.site.store.parent().unwrap());
        found.retain(|name| name != "opsfsm.db.logs" && name != "opsfsm.db.witness");
        let kept = ["opsfsm.db", "opsfsm.db-journal", "opsfsm.db.outbox", "opsfsm.db.tick"];
        assert_eq!(found, kept);
        let probes = self.site.assert_none_twice().get("probe").copied().unwrap_or(0);
        match last_probe(&world) {
            Some(LastRun { end: End::Lost, .. }) => {
                assert!(probes <= 1, "{probes} probes");
                assert!(told.contains("lost"), "a lost run is told: {told}");
                End::Lost
            }
            // The system would not start it, which is an honest end.
            Some(LastRun { end: end @ End::NotStarted { .. }, .. }) => {
                assert_eq!(probes, 0);
                end.clone()
            }
            Some(LastRun { end, .. }) => {
                assert_eq!((probes, end), (1, &End::Exited { code: 0 }));
                end.clone()
            }
            None => panic!("the check never ended"),
        }
    }
}

/// Makes a witness that vouches for a store, as only who runs as its owner can.
pub(crate) fn forge_witness(store: &Path, head: &Head) {
    let path = store.with_file_name(format!("{}.witness", store.file_name().unwrap().display()));
    let _ = fs::remove_file(&path);
    let file = fs::File::create_new(&path).unwrap();
    let facts = file.metadata().unwrap();
    let born = facts.created().ok().map(|at| at.duration_since(UNIX_EPOCH).unwrap());
    let born = born.map(|age| u64::try_from(age.as_nanos()).unwrap());
    let own = serde_json::json!({"inode": facts.ino(), "born": born});
    let text = serde_json::json!({"head": head, "file": own}).to_string();
    (&file).write_all(text.as_bytes()).unwrap();
}

fn last_probe(world: &World) -> Option<&LastRun> {
    world.snapshot.jobs.get("probe").and_then(|record| record.last_run.as_ref())
}

/// The points to strike: all of them, or about `few` that are spread over the whole.
pub(crate) fn spread<T>(points: Vec<T>, few: usize) -> Vec<T> {
    if sweeps_all() {
        return points;
    }
    let step = points.len().div_ceil(few).max(1);
    // Not always the same ones: the process id moves the beginning.
    let first = usize::try_from(std::process::id()).unwrap() % step;
    points.into_iter().skip(first).step_by(step).collect()
}

pub(crate) fn sweeps_all() -> bool {
    std::env::var_os("OPSFSM_SWEEP").is_some_and(|value| value == "all")
}

/// Says how a sweep went, past the harness.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Is there a strace that may trace here?
pub(crate) fn can_strace() -> bool {
    let tried = has_program("strace")
        && output_of(Command::new("strace").args(["-qq", "-o", "/dev/null", "/bin/true"]))
            .status
            .success();
    if !tried {
        skip("sweeps: no strace, or tracing is not allowed here");
    }
    tried
}

/// A fresh site: no store yet.
pub(crate) fn untouched() -> Site {
    Site::new()
}

/// A site with a store that nothing has happened in.
pub(crate) fn adopted() -> Site {
    let site = Site::new();
    let output = site.run(&["adopt"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    site
}

/// A site whose journal is too long: the next tick prunes it.
pub(crate) fn overgrown() -> Site {
    let site = adopted();
    let config = site.folder().join("opsfsm.toml");
    let text = fs::read_to_string(&config).unwrap();
    let keep = "version = 1\n[history]\nkeepEvents = 1000\n";
    fs::write(&config, text.replace("version = 1\n", keep)).unwrap();
    grow(&mut site.open(), 1400, 1_790_000_000_000);
    site
}

/// A site whose tick claimed everything and died before it launched anything. Returns the run of
/// the job.
pub(crate) fn claimed(job: &str) -> (Site, String) {
    let site = adopted();
    claim_and_die(&site);
    let world = site.assert_sound();
    let run = world.runs.values().find(|row| row.spec.job.as_str() == job).unwrap();
    let run = run.spec.run.as_str().to_owned();
    assert_eq!(world.runs.len(), 2);
    (site, run)
}

/// A process that never was: what it claims, nobody begins.
struct Ghost;

impl Processes for Ghost {
    fn own_id(&self) -> ProcessId {
        ProcessId { pid: 1, start_ticks: 1, boot: BootId::new("another boot") }
    }
    fn liveness(&self, _: &ProcessId) -> Liveness {
        Liveness::Alive
    }
    fn is_in_flight(&self, _: &JobId) -> bool {
        false
    }
}

fn compiled_of(site: &Site) -> Compiled {
    let text = fs::read_to_string(site.folder().join("opsfsm.toml")).unwrap();
    opsfsm::sim::compile_text(&text, opsfsm::config::Format::Toml).unwrap()
}

fn style() -> Style {
    Style { language: Language::En, invocation: "opsfsm".to_owned() }
}

/// A `run` of an approved write that died once it was claimed.
pub(crate) fn claim_write_and_die(site: &Site, write: &str) {
    let compiled = compiled_of(site);
    let job = compiled.job(&JobId::new(write)).unwrap();
    let planned = opsfsm::writes::plan_now(&compiled, job, &OsFileFacts).unwrap();
    let mut runner = OsCommandRunner {
        logs: site.folder().join("logs"),
        scratch: site.folder().join("scratch"),
        program: PROGRAM.into(),
        cancel: None,
    };
    let mut ports = opsfsm::tick::RunPorts {
        clock: &OsClock::new(),
        entropy: &OsEntropy,
        processes: &Ghost,
        files: &OsFileFacts,
        runner: &mut runner,
        store: &mut site.open(),
        style: &style(),
    };
    opsfsm::writes::claim_write(&compiled, job, &planned, &mut ports).unwrap().unwrap();
}

/// A tick with no executors to start, claimed by a process that never was.
fn claim_and_die(site: &Site) {
    struct Nobody;
    impl Launcher for Nobody {
        fn launch(&mut self, _: &[RunId], _: std::time::Duration) -> Vec<LaunchFault> {
            Vec::new()
        }
    }
    impl Notifier for Nobody {
        fn route(&self) -> opsfsm::model::Route {
            opsfsm::model::Route::Stdout
        }
        fn deliver(&mut self, _: &Report) -> Result<(), opsfsm::model::Undelivered> {
            Ok(())
        }
    }
    let compiled = compiled_of(site);
    let clock = OsClock::new();
    let mut ports = opsfsm::tick::Ports {
        clock: &clock,
        entropy: &OsEntropy,
        processes: &Ghost,
        status: &mut OsStatusRunner { clock: &clock, cancel: None },
        launcher: &mut Nobody,
        notifier: &mut Nobody,
        store: &mut site.open(),
    };
    opsfsm::tick::run_tick(&compiled, &mut ports, &style(), opsfsm::decide::Detail::Told).unwrap();
}
