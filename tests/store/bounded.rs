//! A long life on a real file: no table grows for ever, and the file does not either.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use opsfsm::adapters::sqlite::{EventFilter, SqliteStore};
use opsfsm::base::{JobId, RunId, limits};
use opsfsm::compile::Compiled;
use opsfsm::config::Format;
use opsfsm::decide::{Attest, Detail, Proof};
use opsfsm::journal::{Event, EventKind, Origin};
use opsfsm::model::Language;
use opsfsm::ports::{Clock as _, LaunchFault, Launcher, Store as _};
use opsfsm::render::Style;
use opsfsm::sim::{SimHost, compile_text, somebody};
use opsfsm::tick::{Ports, RunPorts, execute_run, run_tick};
use opsfsm::writes::{self, WritePorts};

use crate::support::{new_store, rounds};

const CONFIG: &str = r#"
version = 1
[history]
keepEvents = 1000

[[jobs]]
id = "scan"
kind = "long_running_read"
risk = "read_only"
enabled = true
commands = { start = ["/s"], status = ["/t"] }
policy = { autoResume = true, autoResumeBackoffSeconds = 60, startGraceSeconds = 0 }

[[jobs]]
id = "probe"
kind = "one_shot_read"
risk = "read_only"
enabled = true
everySeconds = 60
commands.run = ["/r"]

[[jobs]]
id = "w"
kind = "one_shot_write"
risk = "write_local"
enabled = true
cwd = "/d"
commands.run = ["/w"]
after = [{ jobId = "v" }]

[[jobs]]
id = "v"
kind = "one_shot_read"
risk = "read_only"
enabled = true
cwd = "/d"
commands.run = ["/v"]
"#;

/// A simulated host whose store is a real file.
struct Life {
    host: SimHost,
    path: PathBuf,
    compiled: Compiled,
}

/// Executors on the same file, one after the other.
struct Executors<'a>(&'a Life);

impl Launcher for Executors<'_> {
    fn launch(&mut self, runs: &[RunId], _: Duration) -> Vec<LaunchFault> {
        for run in runs {
            self.0.with_ports(|ports| execute_run(run, ports).unwrap().unwrap());
        }
        Vec::new()
    }
}

fn style() -> Style {
    Style { language: Language::En, invocation: "opsfsm".to_owned() }
}

impl Life {
    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path, &new_store(&self.host.now().at)).unwrap()
    }

    fn with_ports<T>(&self, order: impl FnOnce(&mut RunPorts<'_>) -> T) -> T {
        let (mut runner, mut store) = (self.host.clone(), self.open());
        let mut ports = RunPorts {
            clock: &self.host,
            entropy: &self.host,
            processes: &self.host,
            files: &self.host.files,
            runner: &mut runner,
            store: &mut store,
            style: &style(),
        };
        order(&mut ports)
    }

    fn tick(&self) {
        let (mut status, mut notifier) = (self.host.clone(), self.host.clone());
        let mut ports = Ports {
            clock: &self.host,
            entropy: &self.host,
            processes: &self.host,
            status: &mut status,
            launcher: &mut Executors(self),
            notifier: &mut notifier,
            store: &mut self.open(),
        };
        run_tick(&self.compiled, &mut ports, &style(), Detail::Told).unwrap();
    }

    /// A write that is asked for, approved, and run.
    fn write(&self) {
        let job = self.compiled.job(&JobId::new("w")).unwrap();
        let planned = writes::plan_now(&self.compiled, job, &self.host.files).unwrap();
        let attest =
            Attest { evidence: somebody(), proof: Proof::Terminal, life: limits::GRANT_LIFE };
        let claimed = self.with_ports(|ports| {
            let asked = (&planned, None, &Origin::Person);
            let _ = writes::request_write(&self.compiled, job, asked, ports).unwrap();
            let given = writes::approve_write(&self.compiled, job, &planned, &attest, ports);
            given.unwrap().unwrap();
            writes::claim_write(&self.compiled, job, &planned, ports).unwrap().unwrap()
        });
        let (mut runner, mut commands) = (self.host.clone(), self.host.clone());
        let mut ports = WritePorts {
            clock: &self.host,
            entropy: &self.host,
            processes: &self.host,
            files: &self.host.files,
            runner: &mut runner,
            commands: &mut commands,
            store: &mut self.open(),
            style: &style(),
        };
        let ran = writes::execute_write(&claimed.run, &self.compiled, &mut ports);
        assert!(ran.unwrap().unwrap().end.is_success());
    }

    /// The rows of every table, and the pages of the file.
    fn sizes(&self) -> BTreeMap<String, u64> {
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'";
        let mut statement = connection.prepare(tables).unwrap();
        let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let count = |name: &str| {
            let sql = format!("SELECT COUNT(*) FROM {name}");
            connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let mut sizes: BTreeMap<String, u64> =
            names.map(Result::unwrap).map(|name| (name.clone(), count(&name))).collect();
        let pages = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        sizes.insert("(pages)".to_owned(), pages);
        sizes
    }
}

/// A folder where a sync costs nothing, if there is one.
fn folder() -> tempfile::TempDir {
    let shm = Path::new("/dev/shm");
    tempfile::tempdir_in(shm).unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// Most rows of each table, however long it lives. A tick brings some twenty events here, and
/// those since the last boot stay for a day.
fn bound(table: &str) -> u64 {
    let many = |n: usize| u64::try_from(n).unwrap();
    match table {
        "events" => 1000 + 25 * DAY + limits::PRUNE_LEAST * limits::PRUNE_FASTER,
        // In as many events as that there are fewer.
        "spent" => 60,
        "queue" => many(limits::QUEUE_KEPT) + 5,
        "grants" => many(limits::GRANTS_KEPT) + 1,
        "outbox" => many(limits::REPORTS_KEPT + limits::REPORTS_WAITING),
        "runs" => 4 * (2 * many(limits::RUNS_KEPT_PER_JOB) + 1),
        "jobs" | "requests" | "marks" => 4,
        "meta" => 6,
        // One for each of two tables.
        "sqlite_sequence" => 2,
        "(pages)" => 1000,
        other => panic!("{other} has no bound"),
    }
}

/// So many ticks of this life are a day: the machine boots anew after each.
const DAY: u64 = 24;

/// `OPSFSM_ROUNDS` days; a few at other times.
#[test]
fn no_table_grows_for_ever() {
    let folder = folder();
    let text = compile_text(CONFIG, Format::Toml).unwrap();
    let life = Life { host: SimHost::new(), path: folder.path().join("opsfsm.db"), compiled: text };
    let days = rounds(14);
    let mut largest = BTreeMap::<String, u64>::new();
    for day in 0..days {
        for tick in 0..DAY {
            life.host.pass(Duration::from_hours(1));
            life.host.set(&JobId::new("scan"), |job| {
                job.running = tick % 3 != 0;
                job.progress += 1;
            });
            life.host.unreachable.set(day % 5 == 0);
            if tick % 3 == 0 {
                life.write();
            }
            life.tick();
        }
        life.host.reboot();
        for (table, rows) in life.sizes() {
            assert!(rows <= bound(&table), "day {day}: {rows} rows of {table}");
            let most = largest.entry(table).or_default();
            *most = rows.max(*most);
        }
    }
    let mut store = life.open();
    let world = store.read().unwrap();
    assert_eq!(store.replay().unwrap(), (world.snapshot, world.head.clone()));
    assert_eq!(life.host.wrote.borrow().len(), days * 8);
    let (pruned, days) = (store.pruned().unwrap(), u64::try_from(days).unwrap());
    assert!(pruned > 250 * (days - 6) && largest["spent"] >= 20, "{pruned} {largest:?}");
    let spent = |event: &Event| matches!(event.kind, EventKind::GrantSpent { .. });
    let kept = store.last_events(&EventFilter::default(), u32::MAX).unwrap();
    let kept = kept.iter().filter(|(_, event)| spent(event)).count();
    assert_eq!(u64::try_from(kept).unwrap(), life.sizes()["spent"], "one for each that is kept");
}
