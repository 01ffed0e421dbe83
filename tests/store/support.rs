//! A site: a folder with a config, jobs that leave a trace, and a store.
//!
//! In: what a test wants of it. Out: what the real program did, and what the store then says.
//! Invariant: a trace names the run that left it, so that nothing can run twice unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use opsfsm::adapters::sqlite::{EventFilter, NewStore, SqliteStore};
use opsfsm::base::{BootId, JobId, Stamp};
use opsfsm::journal::{Cause, CauseKind, Change, Event, EventKind, World, apply};
use opsfsm::machine::{Input, State, WatchInput, WatchState};
use opsfsm::ports::{Commit, Store as _};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_opsfsm");

/// A watched job that never runs by itself and is resumed at every tick, and a check that is due
/// once.
pub(crate) const CONFIG: &str = r#"
version = 1

[[jobs]]
id = "scan"
kind = "long_running_read"
risk = "read_only"
enabled = true
cwd = "SITE"
commands.start = ["/bin/sh", "-c", 'echo "$OPSFSM_RUN scan" >> effects']
commands.stop = ["/bin/sh", "-c", 'echo "$OPSFSM_RUN stop" >> effects']
commands.status = ["/bin/echo", '{"running":false,"completed":false}']
policy = { autoResume = true, autoResumeBackoffSeconds = 0, startGraceSeconds = 0 }

[[jobs]]
id = "probe"
kind = "one_shot_read"
risk = "read_only"
enabled = true
cwd = "SITE"
everySeconds = 86400
commands.run = ["/bin/sh", "-c", 'echo "$OPSFSM_RUN probe" >> effects']
"#;

/// What a test works on.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    /// Where the store is, or is to be.
    pub(crate) store: PathBuf,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Self { store: folder.path().join("state/opsfsm.db"), folder };
        site.write_config("opsfsm.toml");
        site
    }

    /// A site whose store one tick has filled.
    pub(crate) fn used() -> Self {
        let site = Self::new();
        let output = site.run(&["tick", "--print-only"]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        assert_eq!(site.effects().len(), 2, "{}", said(&output));
        fs::remove_file(site.folder().join("effects")).unwrap();
        site
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write_config(&self, name: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, CONFIG.replace("SITE", &self.folder().display().to_string())).unwrap();
        path
    }

    /// The program with this site's config and store.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.bare(Path::new(PROGRAM), words);
        command.arg("--state-file").arg(&self.store);
        command
    }

    /// A program with this site's config and surroundings, and no store named.
    pub(crate) fn bare(&self, program: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(words).arg("--config-file").arg(self.folder().join("opsfsm.toml"));
        self.surround(&mut command);
        command
    }

    pub(crate) fn surround(&self, command: &mut Command) {
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.folder());
        command.env("LC_ALL", "C").current_dir(self.folder()).stdin(Stdio::null());
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        output_of(&mut self.command(words))
    }

    /// The traces of commands: run id and job, in the order they ran.
    pub(crate) fn effects(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.folder().join("effects")).unwrap_or_default();
        let pair = |line: &str| {
            let (run, job) = line.split_once(' ').unwrap();
            (run.to_owned(), job.to_owned())
        };
        text.lines().map(pair).collect()
    }

    /// No run left two traces. Returns how many each job left.
    pub(crate) fn assert_none_twice(&self) -> BTreeMap<String, usize> {
        let mut runs = BTreeMap::<String, usize>::new();
        let mut jobs = BTreeMap::<String, usize>::new();
        for (run, job) in self.effects() {
            assert_eq!(run.len(), 32, "{run}");
            *runs.entry(run).or_default() += 1;
            *jobs.entry(job).or_default() += 1;
        }
        let twice: Vec<_> = runs.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "run twice: {twice:?}");
        jobs
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.store, &new_store(&never())).unwrap()
    }

    /// The store opens, and its journal says what its rows say.
    pub(crate) fn assert_sound(&self) -> World {
        let mut store = self.open();
        let world = store.read().unwrap();
        let (snapshot, head) = store.replay().unwrap();
        assert_eq!(snapshot, world.snapshot, "the replay differs");
        assert_eq!(head, world.head);
        world
    }

    /// Every run that left a trace was claimed durably before.
    pub(crate) fn assert_all_claimed(&self) {
        let events = self.open().last_events(&EventFilter::default(), 100_000).unwrap();
        let claimed: BTreeSet<String> = events
            .iter()
            .filter_map(|(_, e)| match &e.kind {
                EventKind::RunClaimed { run, .. } => Some(run.as_str().to_owned()),
                _ => None,
            })
            .collect();
        for (run, job) in self.effects() {
            assert!(claimed.contains(&run), "{job} ran as {run}, which nobody had claimed");
        }
    }

    /// Does something to the store with SQL, as another program would.
    pub(crate) fn sql(&self, sql: &str) {
        let connection = rusqlite::Connection::open(&self.store).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// No process that opsfsm started for this site is left, within a bounded wait.
    pub(crate) fn assert_no_process_left(&self) {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let left = processes_of(self.folder());
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "left behind: {left:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Lets the journal grow to so many events, all of the job `scan` and of an earlier boot.
pub(crate) fn grow(store: &mut SqliteStore, events: u64, wall_ms: i64) {
    const AT_ONCE: u64 = 10_000;
    let boot = BootId::new("11111111-2222-3333-4444-555555555555");
    let at = Stamp { wall_ms, awake_ms: 2_000_000, up_ms: 2_000_000, boot };
    let scan = JobId::new("scan");
    while store.read().unwrap().head.seq < events {
        let grown = store.transact(&mut |world| {
            let many = (events - world.head.seq).min(AT_ONCE);
            let mut change = Change { world, ..Change::default() };
            change.world.meta.history.keep_events = u32::MAX;
            change.jobs.insert(scan.clone());
            for n in 1..=many {
                // It ends as it begins, so that its state is no news.
                let state = change.world.snapshot.jobs.get(&scan).map(|record| record.state);
                let kind = if n == 1 || n == many { None } else { state.map(move_on) };
                let idle = EventKind::Declared { state: State::Watch(WatchState::Idle) };
                let kind = kind.unwrap_or(idle);
                let event = Event { at: at.clone(), job: Some(scan.clone()), kind };
                apply(&mut change.world.snapshot, &event).unwrap();
                change.events.push(event);
            }
            Ok(Commit { change, reports: Vec::new() })
        });
        grown.unwrap();
    }
}

/// A job that runs stops; any other runs.
fn move_on(from: State) -> EventKind {
    let (input, to, why) = match from {
        State::Watch(WatchState::Running) => {
            (WatchInput::SeenStopped, WatchState::Stalled, Some(CauseKind::Stopped))
        }
        _ => (WatchInput::SeenRunning, WatchState::Running, None),
    };
    let detail = Some("the disk of the archive is full, 0 bytes left".to_owned());
    let cause = why.map(|kind| Cause { kind, detail });
    EventKind::Moved { input: Input::Watch(input), to: State::Watch(to), cause }
}

pub(crate) fn never() -> Stamp {
    Stamp { wall_ms: 0, awake_ms: 0, up_ms: 0, boot: BootId::new("test") }
}

pub(crate) fn new_store(now: &Stamp) -> NewStore<'_> {
    NewStore { seed: [9; 32], now }
}

pub(crate) fn output_of(command: &mut Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// What it said on stderr.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A store in use, and what stands beside it.
pub(crate) const BESIDE: [&str; 5] =
    ["opsfsm.db", "opsfsm.db-journal", "opsfsm.db.logs", "opsfsm.db.outbox", "opsfsm.db.tick"];

/// Names of a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let name = |e: fs::DirEntry| e.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|e| name(e.unwrap())).collect();
    names.sort();
    names
}

/// Says on the real stderr, which the test harness does not keep to itself, what was not tried.
pub(crate) fn skip(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

/// How often a test that gambles plays: `OPSFSM_ROUNDS`, or a few times.
pub(crate) fn rounds(few: usize) -> usize {
    std::env::var("OPSFSM_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn has_program(name: &str) -> bool {
    ["/usr/bin", "/bin"].iter().any(|dir| Path::new(dir).join(name).exists())
}

/// Processes that work in the folder or name it: the jobs, the executors and the ticks of a site.
fn processes_of(folder: &Path) -> Vec<String> {
    let wanted = folder.as_os_str().to_string_lossy().into_owned();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let is_pid = entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit());
        if !is_pid {
            continue;
        }
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let works_here = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder);
        if works_here || line.contains(&wanted) {
            found.push(format!("{}: {line}", entry.file_name().display()));
        }
    }
    found
}

/// A copy of the program that another user may run, and the words that run it as nobody.
pub(crate) fn as_nobody(site: &Site) -> Option<Vec<PathBuf>> {
    if !is_root() || !has_program("setpriv") {
        return None;
    }
    let copy = site.folder().join("opsfsm-copy");
    fs::copy(PROGRAM, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    let words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    Some(words.iter().map(PathBuf::from).chain([copy]).collect())
}

/// Gives a whole folder to another user.
pub(crate) fn give(path: &Path, to: u32) {
    std::os::unix::fs::lchown(path, Some(to), Some(to)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for name in names(path) {
            give(&path.join(name), to);
        }
    }
}

/// Runs `words` with this site's surroundings.
pub(crate) fn run_words(site: &Site, words: &[impl AsRef<OsStr>], more: &[&str]) -> Output {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(more);
    command.arg("--config-file").arg(site.folder().join("opsfsm.toml"));
    command.arg("--state-file").arg(&site.store);
    site.surround(&mut command);
    output_of(&mut command)
}
