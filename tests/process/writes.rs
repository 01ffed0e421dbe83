//! The runner of writes: what it says of every end, and what a write gets from it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on shall panic")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use opsfsm::adapters::flight_lock;
use opsfsm::adapters::write_runner::OsWriteRunner;
use opsfsm::approval::{ConsumeOnce, Permit, PlanDigest, SealedWrite, Spent, WriteCommand, redeem};
use opsfsm::base::{GrantId, JobId, RunId, limits};
use opsfsm::model::{End, Outcome, ProcessId, SpawnFault};
use opsfsm::ports::{Unready, WriteRunner as _};

use crate::support::{await_some, code, is_inner, run_inner};

/// A test here is a process of its own: a write's lock is inherited on purpose, and what any other
/// test starts at that moment would hold it too.
const ALONE: &str = "exec";

/// A folder with a script, and the command of a write that is it.
struct Stage {
    folder: tempfile::TempDir,
    limit: Option<Duration>,
}

/// A store that has spent whatever it is asked about: what a runner does is no matter of its.
struct Paid;

impl ConsumeOnce for Paid {
    type Decide<'a> = Spent;
    type Error = Infallible;

    fn consume_once(&mut self, decide: &mut Spent) -> Result<Option<Spent>, Infallible> {
        Ok(Some(decide.clone()))
    }
}

impl Stage {
    fn new(script: &str) -> Self {
        let stage = Self { folder: tempfile::tempdir().unwrap(), limit: None };
        stage.script(script);
        stage
    }

    fn script(&self, script: &str) {
        fs::write(self.program(), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(self.program(), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("w.sh")
    }

    fn flights(&self) -> PathBuf {
        self.folder.path().join("flights")
    }

    fn runner(&self) -> OsWriteRunner {
        OsWriteRunner::new(self.flights())
    }

    fn permit(&self) -> Permit {
        let command = WriteCommand {
            job: job(),
            argv: vec!["./w.sh".to_owned(), "a word".to_owned()],
            program: self.program(),
            cwd: self.folder.path().to_owned(),
            env: BTreeMap::from([("DAYS".to_owned(), "14".to_owned())]),
            limit: self.limit,
        };
        let (run, digest) = (RunId::new("r1"), PlanDigest::of(b"plan"));
        let mut spent =
            Spent { grant: GrantId::new("g1"), run: run.clone(), digest: digest.clone() };
        let sealed = SealedWrite::seal(run, digest, command);
        redeem(sealed, &mut Paid, &mut spent).unwrap().expect("it is paid for")
    }

    fn run(&self) -> Outcome {
        self.run_telling(&mut |_| {})
    }

    fn run_telling(&self, began: &mut dyn FnMut(ProcessId)) -> Outcome {
        let mut runner = self.runner();
        runner.prepare(&job(), &self.program()).expect("ready");
        runner.run_write(self.permit(), began)
    }

    fn is_held(&self) -> bool {
        flight_lock::is_held(&self.flights(), &job())
    }
}

fn job() -> JobId {
    JobId::new("w")
}

fn said(outcome: &Outcome) -> &str {
    outcome.stdout.text.trim_end()
}

#[test]
fn every_end_is_told_as_it_was() {
    if !is_inner("writes::every_end_is_told_as_it_was") {
        return run_inner("writes::every_end_is_told_as_it_was", ALONE);
    }
    let run = |script: &str| Stage::new(script).run().end;
    assert_eq!((run("exit 0"), run("exit 3"), run("exit 255")), (code(0), code(3), code(255)));
    assert_eq!(run("kill -9 $$"), End::Signaled { signal: 9 });
    let stage = Stage { limit: Some(Duration::from_millis(200)), ..Stage::new("exec sleep 1000") };
    let outcome = stage.run();
    assert_eq!((outcome.end, outcome.leaked), (End::TimedOut { limit_ms: 200 }, false));
    assert!(!stage.is_held());
}

#[test]
fn what_was_made_ready_can_be_made_ready_anew() {
    if !is_inner("writes::what_was_made_ready_can_be_made_ready_anew") {
        return run_inner("writes::what_was_made_ready_can_be_made_ready_anew", ALONE);
    }
    let stage = Stage::new("exit 0");
    let mut runner = stage.runner();
    for _ in 0..3 {
        runner.prepare(&job(), &stage.program()).expect("its own lock is not in its way");
        assert!(stage.is_held());
    }
    assert_eq!(runner.run_write(stage.permit(), &mut |_| {}).end, code(0));
    assert!(!stage.is_held());
}

#[test]
fn it_says_which_process_the_write_became() {
    if !is_inner("writes::it_says_which_process_the_write_became") {
        return run_inner("writes::it_says_which_process_the_write_became", ALONE);
    }
    let mut told = Vec::new();
    let outcome = Stage::new("echo $$").run_telling(&mut |process| told.push(process));
    assert_eq!(told.len(), 1);
    assert_eq!(said(&outcome), told[0].pid.to_string());
    assert!(told[0].start_ticks > 0 && !told[0].boot.as_str().is_empty());
}

#[test]
fn a_start_that_fails_is_told_and_nothing_is_held() {
    if !is_inner("writes::a_start_that_fails_is_told_and_nothing_is_held") {
        return run_inner("writes::a_start_that_fails_is_told_and_nothing_is_held", ALONE);
    }
    let stage = Stage::new("exit 0");
    let spoil = |how: &dyn Fn(&Path)| {
        let mut runner = stage.runner();
        runner.prepare(&job(), &stage.program()).expect("ready");
        how(&stage.program());
        let end = runner.run_write(stage.permit(), &mut |_| panic!("nothing began")).end;
        stage.script("exit 0");
        assert!(!stage.is_held());
        match end {
            End::NotStarted { fault, .. } => fault,
            other @ (End::Exited { .. }
            | End::Signaled { .. }
            | End::TimedOut { .. }
            | End::Cancelled
            | End::Unkillable { .. }
            | End::Lost) => panic!("{other:?}"),
        }
    };
    assert_eq!(spoil(&|program| fs::remove_file(program).unwrap()), SpawnFault::NotFound);
    let no_mode = |program: &Path| {
        fs::set_permissions(program, fs::Permissions::from_mode(0o644)).unwrap();
    };
    assert_eq!(spoil(&no_mode), SpawnFault::NotExecutable);
    assert_eq!(
        spoil(&|program| fs::write(program, "no program\n").unwrap()),
        SpawnFault::BadFormat
    );
    // What is missing before anything was spent strikes there, and lets go of the lock.
    let absent = stage.folder.path().join("absent");
    assert!(matches!(stage.runner().prepare(&job(), &absent), Err(Unready::Short(_))));
    assert!(!stage.is_held());
    // A permit without its preparations starts nothing.
    let outcome = stage.runner().run_write(stage.permit(), &mut |_| panic!("nothing began"));
    assert!(matches!(outcome.end, End::NotStarted { .. }));
}

#[test]
fn what_it_leaves_behind_holds_its_lock() {
    if !is_inner("writes::what_it_leaves_behind_holds_its_lock") {
        return run_inner("writes::what_it_leaves_behind_holds_its_lock", ALONE);
    }
    // Of another group, with its output closed: only the lock knows of it.
    let stage =
        Stage::new("mkfifo hold\nsetsid sh -c 'read x < hold; echo late > late' >/dev/null 2>&1 &");
    let outcome = stage.run();
    assert_eq!((outcome.end, outcome.leaked), (code(0), true));
    assert!(stage.is_held());
    assert_eq!(stage.runner().prepare(&job(), &stage.program()), Err(Unready::InFlight));
    assert!(!flight_lock::is_held(&stage.flights(), &JobId::new("another")));
    fs::write(stage.folder.path().join("hold"), "\n").unwrap();
    await_some("its end", || (!stage.is_held()).then_some(()));
    assert_eq!(fs::read_to_string(stage.folder.path().join("late")).unwrap(), "late\n");
    assert_eq!(stage.runner().prepare(&job(), &stage.program()), Ok(()));
}

#[test]
fn while_one_is_prepared_no_other_is() {
    if !is_inner("writes::while_one_is_prepared_no_other_is") {
        return run_inner("writes::while_one_is_prepared_no_other_is", ALONE);
    }
    let stage = Stage::new("exit 0");
    let mut first = stage.runner();
    first.prepare(&job(), &stage.program()).expect("ready");
    assert_eq!(stage.runner().prepare(&job(), &stage.program()), Err(Unready::InFlight));
    drop(first);
    assert_eq!(stage.runner().prepare(&job(), &stage.program()), Ok(()));
}

#[test]
fn however_much_it_writes_little_is_kept() {
    if !is_inner("writes::however_much_it_writes_little_is_kept") {
        return run_inner("writes::however_much_it_writes_little_is_kept", ALONE);
    }
    let outcome = Stage::new("head -c 50000000 /dev/zero | tr '\\0' x; seq 100000 >&2").run();
    assert_eq!((outcome.end.clone(), outcome.stdout.bytes), (code(0), 50_000_000));
    for stream in [&outcome.stdout, &outcome.stderr] {
        assert!(stream.text.len() <= limits::TAIL_BYTES && stream.cut);
    }
}

/// Its plan's environment and its run's mark; no file of ours but the lock; no signal blocked.
#[test]
fn a_write_gets_what_its_plan_states() {
    if !is_inner("writes::a_write_gets_what_its_plan_states") {
        return run_inner("writes::a_write_gets_what_its_plan_states", ALONE);
    }
    let run = |script: &str| Stage::new(script).run();
    assert_eq!(said(&run("echo \"$1|$#\"")), "a word|1");
    let names = run("env | sed 's/=.*//' | sort | tr '\\n' ' '");
    let names: Vec<&str> = said(&names).split(' ').collect();
    let shells = ["PWD", "_", "OLDPWD", "SHLVL"];
    let own: Vec<&str> = names.into_iter().filter(|n| !shells.contains(n)).collect();
    assert_eq!(own, ["DAYS", "OPSFSM_RUN"]);
    assert_eq!(said(&run("echo $OPSFSM_RUN; pwd | grep -c tmp")), "r1\n1");
    // What the tests' own parent left open is inherited too, and is no matter of ours.
    let files = run("readlink /proc/$$/fd/0; readlink /proc/$$/fd/*");
    let files: Vec<&str> = said(&files).lines().collect();
    let folder = |file: &&&str| file.starts_with("/tmp/") && !file.ends_with("/w.sh");
    let ours: Vec<&&str> = files.iter().filter(folder).collect();
    assert!(ours.len() == 1 && ours[0].ends_with("flights/w.lock"), "{files:?}");
    assert_eq!(files[0], "/dev/null");
    let blocked = run("exec sed -n 's/^SigBlk:[[:space:]]*//p' /proc/self/status");
    assert_eq!(said(&blocked).trim_start_matches('0'), "");
}

#[test]
fn a_lock_is_a_plain_file_of_the_jobs_own() {
    if !is_inner("writes::a_lock_is_a_plain_file_of_the_jobs_own") {
        return run_inner("writes::a_lock_is_a_plain_file_of_the_jobs_own", ALONE);
    }
    let stage = Stage::new("exit 0");
    fs::create_dir(stage.flights()).unwrap();
    let lock = stage.flights().join("w.lock");
    // A link, a folder or a pipe in its place is no lock: nothing begins.
    let elsewhere = stage.folder.path().join("elsewhere");
    fs::write(&elsewhere, "").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
    assert!(matches!(stage.runner().prepare(&job(), &stage.program()), Err(Unready::Short(_))));
    assert!(stage.is_held(), "what can't be told counts as held");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    assert!(matches!(stage.runner().prepare(&job(), &stage.program()), Err(Unready::Short(_))));
    fs::remove_dir(&lock).unwrap();
    assert_eq!(stage.run().end, code(0));
    assert_eq!(fs::metadata(&lock).unwrap().permissions().mode() & 0o777, 0o600);
    // Ids that make no file name have locks of their own.
    let names = ["../w", "w/x", "W", ""].map(JobId::new);
    let taken: Vec<_> = names
        .iter()
        .map(|id| flight_lock::take(&stage.flights(), id).unwrap().expect("free"))
        .collect();
    assert_eq!(taken.len(), 4);
    assert_eq!(fs::read_dir(stage.flights()).unwrap().count(), 5);
}
