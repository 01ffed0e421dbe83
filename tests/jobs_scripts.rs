//! The example jobs in `jobs/` do what their heads and their README say.
//!
//! Runs the shell scripts alone, in folders of their own. Nothing here sleeps: where a test waits
//! for a worker it asks `status` again, up to a generous number of times.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the tests run the scripts as a person would")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on shall panic")]

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const SCRIPTS: [&str; 3] = ["inventory.sh", "disk-space.sh", "prune.sh"];
/// A status takes some milliseconds: this is a minute or more.
const ASKED_AT_MOST: usize = 6000;
const NOBODY: u32 = 65534;

fn jobs_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs")
}

/// Every shell here that the scripts must run under.
fn shells() -> Vec<Vec<&'static str>> {
    let known = [vec!["sh"], vec!["dash"], vec!["bash", "--posix"], vec!["busybox", "sh"]];
    let works = |shell: &Vec<&str>| {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).args(["-c", "exit 0"]).stdin(Stdio::null());
        command.output().is_ok_and(|output| output.status.success())
    };
    known.into_iter().filter(works).collect()
}

fn script(shell: &[&str], path: &Path) -> Command {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(path).stdin(Stdio::null());
    for name in ["INVENTORY_ROOT", "INVENTORY_DELAY", "INVENTORY_STATE", "XDG_STATE_HOME"] {
        command.env_remove(name);
    }
    for name in ["DISK_PATHS", "DISK_WARN_PERCENT", "PRUNE_DIR", "PRUNE_DAYS"] {
        command.env_remove(name);
    }
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// One inventory in a folder of its own; dropping it leaves no worker behind.
struct Inventory {
    dir: TempDir,
    script: PathBuf,
    root: PathBuf,
    state: PathBuf,
    delay: &'static str,
    shell: Vec<&'static str>,
    uid: Option<u32>,
}

impl Inventory {
    fn new() -> Self {
        Self::in_folders("root", "state")
    }

    fn in_folders(root: &str, state: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (root, state) = (dir.path().join(root), dir.path().join(state));
        fs::create_dir(&root).unwrap();
        let script = jobs_dir().join("inventory.sh");
        Self { dir, script, root, state, delay: "0", shell: vec!["sh"], uid: None }
    }

    /// With `count` small files, some in folders.
    fn with_files(count: usize) -> Self {
        let job = Self::new();
        for n in 0..count {
            job.file(format!("{}/{n}.txt", n % 7).as_bytes(), "x".repeat(n * 31).as_bytes());
        }
        job
    }

    fn file(&self, name: &[u8], content: &[u8]) {
        let path = self.root.join(OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = script(&self.shell, &self.script);
        command.arg(verb).env("INVENTORY_ROOT", &self.root).env("INVENTORY_STATE", &self.state);
        command.env("INVENTORY_DELAY", self.delay);
        if let Some(uid) = self.uid {
            command.uid(uid).gid(uid);
        }
        command
    }

    fn output(&self, verb: &str) -> Output {
        self.command(verb).output().unwrap()
    }

    /// Runs a command that must succeed and keep quiet on stderr.
    fn run(&self, verb: &str) -> String {
        let output = self.output(verb);
        assert!(output.status.success(), "{verb}: {output:?}");
        assert_eq!(stderr(&output), "", "{verb}");
        stdout(&output)
    }

    /// Starts it; the pid of its worker.
    fn start(&self) -> Pid {
        let said = self.run("start");
        let pid = said.trim_end().strip_prefix("started: pid ");
        Pid::from_raw(pid.expect(&said).parse().unwrap()).unwrap()
    }

    /// The worker, in the foreground and in this inventory's shell.
    fn work(&self) {
        let output = self.command("work").arg(&self.state).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(stderr(&output), "");
    }

    fn status(&self) -> Value {
        checked(&self.run("status"))
    }

    fn status_file(&self) -> Option<Value> {
        fs::read_to_string(self.state.join("status.json")).ok().map(|text| checked(&text))
    }

    fn wait_until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..ASKED_AT_MOST {
            let status = self.status();
            if wanted(&status) {
                return status;
            }
        }
        panic!("never so: last {}", self.status());
    }

    fn wait_completed(&self) -> Value {
        self.wait_until(|status| status["completed"] == true)
    }

    fn result(&self) -> Vec<u8> {
        fs::read(self.state.join("result")).unwrap_or_default()
    }

    /// What a whole run must have written.
    fn expected(&self) -> Vec<u8> {
        let mut files = Vec::new();
        walk(&self.root, &mut files);
        let mut lines: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for path in files {
            let name = path.strip_prefix(&self.root).unwrap().as_os_str().as_bytes();
            lines.push((escaped(name), fs::read(&path).unwrap()));
        }
        lines.sort();
        let mut text = Vec::new();
        for (name, content) in lines {
            text.extend(format!("{}\t{}\t", sum(&content), content.len()).bytes());
            text.extend(name);
            text.push(b'\n');
        }
        text
    }

    /// The processes that are a worker of this inventory.
    fn workers(&self) -> Vec<i32> {
        let tail = [b"\0work\0", self.state.as_os_str().as_bytes(), b"\0"].concat();
        let is_worker = |pid: &i32| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.ends_with(&tail))
        };
        let processes = fs::read_dir("/proc").unwrap();
        let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(is_worker).collect()
    }
}

impl Drop for Inventory {
    fn drop(&mut self) {
        let _ = self.output("stop");
        let left = self.workers();
        for pid in left.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            let _ = kill_process(pid, Signal::KILL);
        }
        assert!(left.is_empty() || std::thread::panicking(), "workers left behind: {left:?}");
    }
}

/// A status keeps the contract: one object on one line, the two booleans, the types of the rest.
fn checked(text: &str) -> Value {
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    let status: Value = serde_json::from_str(text).expect(text);
    let running = status["running"].as_bool().expect(text);
    let completed = status["completed"].as_bool().expect(text);
    assert!(!(running && completed), "{text}");
    assert_eq!(status.get("pid").and_then(Value::as_u64).is_some(), running, "{text}");
    assert_eq!(status.get("stopReason").is_some(), !running, "{text}");
    assert!(["done", "total", "bytes"].iter().all(|key| status["progress"][key].is_u64()));
    assert!(!status["progressKey"].as_str().expect(text).is_empty());
    assert!(["ok", "alert"].contains(&status["level"].as_str().expect(text)), "{text}");
    status
}

fn done(status: &Value) -> u64 {
    status["progress"]["done"].as_u64().unwrap()
}

fn lines(text: &[u8]) -> u64 {
    text.split(|byte| *byte == b'\n').skip(1).map(|_| 1).sum()
}

fn sum(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// As the list spells names.
fn escaped(name: &[u8]) -> Vec<u8> {
    let spell = |byte: &u8| match byte {
        b'\n' => b"\\n".to_vec(),
        b'\\' => b"\\\\".to_vec(),
        other => vec![*other],
    };
    name.iter().flat_map(spell).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let (path, kind) = entry.map(|it| (it.path(), it.file_type().unwrap())).unwrap();
        let name = path.file_name().unwrap();
        if name == ".git" || (kind.is_dir() && name == "target") {
            continue;
        }
        if kind.is_dir() {
            walk(&path, files);
        } else if kind.is_file() {
            files.push(path);
        }
    }
}

/// A small generator: the rounds differ, their sequence does not.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn every_shell_reads_every_script() {
    for shell in shells() {
        for name in SCRIPTS {
            let mut command = Command::new(shell[0]);
            command.args(&shell[1..]).arg("-n").arg(jobs_dir().join(name));
            let output = command.output().unwrap();
            assert!(output.status.success(), "{shell:?} {name}: {output:?}");
            let usage = script(&shell, &jobs_dir().join(name)).arg("no-such-command").output();
            if name != "disk-space.sh" {
                assert_eq!(usage.unwrap().status.code(), Some(2), "{shell:?} {name}");
            }
        }
    }
}

#[test]
fn the_config_names_scripts_that_can_be_run() {
    let text = fs::read_to_string(jobs_dir().join("opsfsm.toml")).unwrap();
    let config: toml::Table = text.parse().unwrap();
    let jobs = config["jobs"].as_array().unwrap();
    let mut ids = Vec::new();
    for job in jobs {
        ids.push(job["id"].as_str().unwrap());
        assert_eq!(job["cwd"].as_str(), Some("."));
        for argv in job["commands"].as_table().unwrap().values().filter_map(|it| it.as_array()) {
            let program = jobs_dir().join(argv[0].as_str().unwrap());
            assert_ne!(program.metadata().unwrap().permissions().mode() & 0o111, 0, "{argv:?}");
        }
    }
    assert_eq!(ids, ["inventory", "inventory-file", "disk-space", "prune", "prune-verify"]);
}

#[test]
fn inventory_from_the_first_start_to_the_report() {
    let job = Inventory::with_files(60);
    job.file(b"target/skipped", b"");
    job.file(b"1/.git/skipped", b"");
    job.file(b"1/target.txt", b"");
    symlink("/etc", job.root.join("link")).unwrap();
    let before = job.status();
    assert_eq!(before["stopReason"], "never started");
    assert_eq!((&before["running"], &before["completed"]), (&false.into(), &false.into()));
    assert!(!job.state.exists(), "status changes nothing");

    job.start();
    let end = job.wait_completed();
    assert_eq!(job.result(), job.expected());
    let bytes: u64 = (0..60).map(|n| n * 31).sum();
    let progress = serde_json::json!({"done": 61, "total": 61, "bytes": bytes});
    assert_eq!((&end["progress"], &end["progressKey"]), (&progress, &"61/61".into()));
    assert_eq!(end["stopReason"], "completed");
    job.run("stop"); // it may still be wrapping up
    assert!(job.workers().is_empty());
    assert_eq!(job.status_file().unwrap(), end);
    assert_eq!(job.run("start"), "already complete; `reset` to do it again\n");
    assert_eq!(job.result(), job.expected());
    let report = job.run("report");
    assert!(report.starts_with(&format!("61 of 61 files, {bytes} bytes\n")), "{report}");
    assert!(report.contains("\n1829\t3/59.txt\n1798\t2/58.txt\n"), "{report}");

    job.run("reset");
    assert!(!job.state.exists(), "reset leaves nothing");
    assert_eq!(job.status(), before);
}

#[test]
fn inventory_is_the_same_in_every_shell_and_whatever_the_names() {
    let mut job = Inventory::new();
    let names: [&[u8]; 21] = [
        b"plain",
        b"two words",
        b" edges ",
        b"new\nline",
        b"\n",
        b"ends\n",
        b"back\\slash",
        b"back\\n",
        b"\\",
        b"\\0101",
        b"\"quotes\"'",
        b"-n",
        b"--",
        b"%s%n",
        b"*",
        b"$(exit 1)`id`",
        b"tab\tin it",
        b"\r",
        b"caf\xc3\xa9",
        b"not utf-8 \xff\xfe",
        b"\x01\x7f\x80\x81\x82\x88\x8a",
    ];
    for (n, name) in names.iter().enumerate() {
        job.file(name, &name.repeat(n));
        job.file(&[b"folder ", *name, b"/x"].concat(), name);
    }
    for shell in shells() {
        job.shell = shell;
        job.run("reset");
        job.work();
        let status = job.status();
        assert_eq!((&status["completed"], done(&status)), (&true.into(), 42), "{:?}", job.shell);
        assert_eq!(job.result(), job.expected(), "{:?}", job.shell);
        assert_eq!(job.status_file().unwrap(), status);

        job.run("reset");
        job.delay = "0.01";
        job.start();
        assert!(job.run("start").starts_with("already running: pid "));
        job.run("stop");
        job.delay = "0";
        job.run("start");
        job.wait_completed();
        assert_eq!(job.result(), job.expected(), "{:?}", job.shell);
        job.run("report");
        job.run("stop");
    }
}

#[test]
fn inventory_killed_at_any_time_goes_on_as_if_nothing_had_been() {
    for mut seed in [1, 2] {
        let job = Inventory::with_files(90);
        let mut last = 0;
        for round in 0.. {
            assert!(round < 500, "it never ends");
            let said = job.run("start");
            let Some(pid) = said.trim_end().strip_prefix("started: pid ") else { break };
            let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
            let goal = last + next(&mut seed) % 12;
            if round % 3 != 0 {
                job.wait_until(|now| done(now) >= goal || now["running"] == false);
            }
            for _ in 0..next(&mut seed) % 20_000 {
                std::hint::spin_loop();
            }
            let _ = kill_process(pid, Signal::KILL);
            let after = job.wait_until(|now| now["running"] == false);
            assert!(done(&after) >= last, "went back: {last} to {after}");
            assert!(after["completed"] == true || after["stopReason"] == "died", "{after}");
            last = done(&after);
            job.status_file();
        }
        assert_eq!(job.result(), job.expected());
        assert_eq!(job.status()["completed"], true);
    }
}

#[test]
fn inventory_drops_a_torn_record_wherever_it_was_torn() {
    let job = Inventory::with_files(5);
    job.file(b"back\\slash and\nnew line", b"");
    job.work();
    let whole = job.result();
    for cut in (0..whole.len()).step_by(13).chain([whole.len() - 1, whole.len()]) {
        fs::write(job.state.join("result"), &whole[..cut]).unwrap();
        fs::remove_file(job.state.join("end")).unwrap();
        let status = job.status();
        assert_eq!(status["stopReason"], "died");
        assert_eq!(done(&status), lines(&whole[..cut]));
        job.work();
        assert_eq!(job.result(), whole, "cut at {cut}");
    }
    // What does not follow the list is set aside.
    fs::write(job.state.join("result"), b"\0\0\0\0\0\n").unwrap();
    fs::remove_file(job.state.join("end")).unwrap();
    job.start();
    job.wait_completed();
    assert_eq!(job.result(), whole);
    assert_eq!(fs::read(job.state.join("result.bad")).unwrap(), b"\0\0\0\0\0\n");
}

#[test]
fn inventory_started_many_times_at_once_has_one_worker() {
    let mut job = Inventory::with_files(40);
    job.delay = "0.1";
    let mut pids = Vec::new();
    for _ in 0..4 {
        let start = || job.command("start").stdout(Stdio::piped()).spawn().unwrap();
        let started: Vec<_> = (0..6).map(|_| start()).collect();
        let said: Vec<_> = started.into_iter().map(|it| it.wait_with_output().unwrap()).collect();
        assert!(said.iter().all(|output| output.status.success()), "{said:?}");
        let count = said.iter().filter(|output| stdout(output).starts_with("started")).count();
        assert_eq!(count, 1, "{said:?}");
        let workers = job.workers();
        let status = job.status();
        let pid = i32::try_from(status["pid"].as_u64().unwrap()).unwrap();
        assert!(workers.contains(&pid), "{workers:?}, {status}");
        pids.push(pid);
        // Its owner dead, the lock is taken over, and again by one only.
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        job.wait_until(|now| now["running"] == false);
    }
    job.delay = "0";
    job.run("start");
    job.wait_completed();
    assert_eq!(job.result(), job.expected());
    pids.dedup();
    assert_eq!(pids.len(), 4, "each was another process");
}

#[test]
fn inventory_stops_at_once_and_resumes() {
    let mut job = Inventory::with_files(30);
    assert_eq!(job.run("stop"), "not running\n");
    job.delay = "1000"; // had the worker kept a pipe of `start`, it would not return either
    let pid = job.start();
    job.wait_until(|now| done(now) == 1);
    assert_eq!(job.run("start"), format!("already running: pid {pid}\n"));
    let output = job.output("reset");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(job.run("stop"), format!("stopped: pid {pid}\n"));
    assert!(job.workers().is_empty());
    let status = job.status();
    assert_eq!((&status["stopReason"], done(&status)), (&"stopped".into(), 1));
    assert_eq!(job.status_file().unwrap(), status);
    assert_eq!(lines(&job.result()), 1);
    job.delay = "0";
    job.start();
    job.wait_completed();
    assert_eq!(job.result(), job.expected());
}

#[test]
fn inventory_stops_in_the_middle_of_a_large_file() {
    let job = Inventory::new();
    fs::File::create(job.root.join("large")).unwrap().set_len(1 << 40).unwrap();
    for round in 0..12 {
        job.start();
        if round % 2 == 0 {
            job.wait_until(|now| now["progressKey"] == "0/1");
        }
        job.run("stop");
        let status = job.status();
        assert_eq!((&status["stopReason"], done(&status)), (&"stopped".into(), 0));
    }
    assert_eq!(job.result(), b"");
}

#[test]
fn inventory_status_is_one_json_object_at_every_moment() {
    let mut job = Inventory::in_folders("ro\"ot\\\n\u{1}é", "sta te\n\"\\é");
    for n in 0..40 {
        job.file(format!("{n}").as_bytes(), b"x");
    }
    job.delay = "0.1";
    job.status();
    let pid = job.start();
    let mut keys = vec![String::new()];
    for round in 0..ASKED_AT_MOST {
        let status = job.status();
        job.status_file();
        let key = status["progressKey"].as_str().unwrap().to_owned();
        if keys.last() != Some(&key) {
            keys.push(key);
        }
        if round == 10 {
            let _ = kill_process(pid, Signal::KILL);
            assert_eq!(job.wait_until(|now| now["running"] == false)["level"], "ok");
            let file = job.status_file().unwrap();
            assert_eq!(file["pid"], pid.as_raw_nonzero().get(), "it can't know");
            job.run("start");
        }
        if round == 20 {
            job.run("stop");
            job.status();
            job.run("start");
        }
        if status["completed"] == true {
            break;
        }
    }
    assert!(keys.len() > 4, "{keys:?}");
    assert_eq!(keys.last().unwrap(), "40/40");
    assert_eq!(job.result(), job.expected());

    let other = tempfile::tempdir().unwrap();
    let output = job.command("start").env("INVENTORY_ROOT", other.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    job.status();
}

#[test]
fn inventory_refuses_what_can_not_work() {
    let job = Inventory::with_files(3);
    let refused = |command: &mut Command, word: &str| {
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{output:?}");
        assert!(stderr(&output).contains(word), "{output:?}");
    };
    refused(job.command("start").env("INVENTORY_ROOT", job.root.join("none")), "not a folder");
    refused(job.command("start").env("INVENTORY_DELAY", "soon"), "INVENTORY_DELAY");
    refused(job.command("start").env("INVENTORY_STATE", &job.root), "can't be the tree");
    refused(job.command("status").env_remove("INVENTORY_STATE").env_remove("HOME"), "no HOME");
    assert_eq!(job.status()["stopReason"], "never started");

    job.work();
    fs::remove_file(job.state.join("end")).unwrap();
    let other = tempfile::tempdir().unwrap();
    refused(job.command("start").env("INVENTORY_ROOT", other.path()), "belongs to another root");
    assert_eq!(job.result(), job.expected());

    // A disk that is full.
    fs::remove_file(job.state.join("result")).unwrap();
    symlink("/dev/full", job.state.join("result")).unwrap();
    job.start();
    let status = job.wait_until(|now| now["running"] == false);
    assert_eq!(status["stopReason"], "failed: cannot write the result");
    assert_eq!(status["level"], "alert");
    fs::remove_file(job.state.join("result")).unwrap();
    job.start();
    job.wait_completed();
    assert_eq!(job.result(), job.expected());
}

#[test]
fn inventory_leaves_its_own_folder_out() {
    let mut job = Inventory::with_files(4);
    job.state = job.root.join("6 state");
    job.work();
    let whole = job.result();
    fs::rename(&job.state, job.dir.path().join("elsewhere")).unwrap();
    assert_eq!(whole, job.expected());
}

#[test]
fn inventory_does_not_take_another_process_for_its_worker() {
    let job = Inventory::with_files(3);
    job.work();
    fs::remove_file(job.state.join("end")).unwrap();
    symlink(std::process::id().to_string(), job.state.join("lock.99")).unwrap();
    assert_eq!(job.status()["running"], false);
    assert_eq!(job.run("stop"), "not running\n");
    job.start();
    job.wait_completed();
}

#[test]
fn inventory_records_what_can_not_be_read() {
    let mut job = Inventory::with_files(6);
    job.script = job.dir.path().join("inventory.sh");
    fs::copy(jobs_dir().join("inventory.sh"), &job.script).unwrap();
    let mut hidden = true;
    if geteuid().is_root() {
        // Nothing is unreadable to root: do it as somebody else, if that one can come here.
        chown(job.dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let mut probe = Command::new("sh");
        probe.args(["-c", "cat \"$0\""]).arg(&job.script).uid(NOBODY).gid(NOBODY);
        hidden = probe.output().is_ok_and(|output| output.status.success());
        job.uid = hidden.then_some(NOBODY);
    }
    job.delay = "1000";
    job.start();
    job.wait_until(|now| done(now) == 1);
    job.run("stop");
    job.delay = "0";
    fs::remove_file(job.root.join("1/1.txt")).unwrap();
    fs::remove_file(job.root.join("2/2.txt")).unwrap();
    symlink("/etc/passwd", job.root.join("2/2.txt")).unwrap();
    let unreadable = fs::Permissions::from_mode(if hidden { 0o000 } else { 0o644 });
    fs::set_permissions(job.root.join("3/3.txt"), unreadable).unwrap();
    job.start();
    let status = job.wait_completed();
    assert_eq!(done(&status), 6);
    let result = String::from_utf8(job.result()).unwrap();
    assert!(result.contains("\nvanished\t-\t1/1.txt\nreplaced\t-\t2/2.txt\n"), "{result}");
    if hidden {
        assert!(result.contains("\nunreadable\t-\t3/3.txt\n"), "{result}");
        assert_eq!(status["message"], "6 files, 279 bytes; 3 could not be read");
    }
    assert!(job.run("report").contains("could not be read"));
}

#[test]
fn disk_space_tells_when_there_is_little_left() {
    for shell in shells() {
        let check = |paths: &str, limit: &str| {
            let mut command = script(&shell, &jobs_dir().join("disk-space.sh"));
            command.env("DISK_PATHS", paths).env("DISK_WARN_PERCENT", limit).output().unwrap()
        };
        let calm = check("/", "101");
        assert_eq!((calm.status.code(), stderr(&calm)), (Some(0), String::new()));
        assert!(stdout(&calm).contains("% used, "), "{calm:?}");
        assert!(!stdout(&calm).contains("ACTION REQUIRED"));

        let full = check("/:/", "0");
        assert_eq!(full.status.code(), Some(0));
        let lines = stdout(&full);
        let alarms = lines.lines().filter(|line| line.starts_with("ACTION REQUIRED: / is "));
        assert_eq!((alarms.count(), lines.lines().count()), (2, 4), "{lines}");

        let none = check("/no such place:/", "101");
        assert_eq!(none.status.code(), Some(1));
        assert!(stderr(&none).contains("no such file or folder: /no such place"));
        assert!(stdout(&none).contains("/: "), "the others are looked at all the same");
        assert_eq!(check("/", "ninety").status.code(), Some(2));
    }
}

/// A folder with old and new files, and what must outlive a prune.
fn prune_folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir_all(data.join("sub folder")).unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    let touch = |path: &str, when: &str| {
        let mut command = Command::new("touch");
        let output = command.args(["-d", when]).arg(dir.path().join(path)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    for name in ["data/old", "data/sub folder/old\nnew line", "data/-rf", "outside/old"] {
        touch(name, "15 days ago");
    }
    touch("data/young", "13 days ago");
    touch("data/sub folder/new", "now");
    symlink(dir.path().join("outside"), data.join("link")).unwrap();
    symlink(dir.path().join("outside/old"), data.join("old link")).unwrap();
    let mut command = Command::new("touch");
    command.args(["-h", "-d", "15 days ago"]).arg(data.join("old link")).output().unwrap();
    dir
}

#[test]
fn prune_removes_old_files_of_its_own_folder_only() {
    for shell in shells() {
        let dir = prune_folder();
        let data = dir.path().join("data");
        let prune = |verb: &str, folder: &Path, days: &str| {
            let mut command = script(&shell, &jobs_dir().join("prune.sh"));
            command.arg(verb).env("PRUNE_DIR", folder).env("PRUNE_DAYS", days).output().unwrap()
        };
        let names = || {
            let mut files = Vec::new();
            walk(dir.path(), &mut files);
            files.sort();
            files
        };
        let before = names();
        for verb in ["run", "verify", "plan"] {
            let refused = prune(verb, &data, "14");
            assert_eq!(refused.status.code(), Some(2), "{shell:?} {verb}: {refused:?}");
            assert!(stderr(&refused).contains("no file .opsfsm-prune in"), "{refused:?}");
        }
        let missing = prune("run", &dir.path().join("none"), "14");
        assert_eq!(missing.status.code(), Some(2));
        assert_eq!(names(), before, "without the marker nothing goes");

        // An old marker outlives its own prune.
        let mut command = Command::new("touch");
        command.args(["-d", "99 days ago"]).arg(data.join(".opsfsm-prune")).output().unwrap();
        let before = names();
        for days in ["0", "-1", "1x"] {
            assert_eq!(prune("run", &data, days).status.code(), Some(2), "{days}");
        }
        let link = dir.path().join("link");
        symlink(&data, &link).unwrap();
        assert_eq!(prune("run", &link, "14").status.code(), Some(2));
        assert_eq!(prune("run", &link.join(""), "14").status.code(), Some(2));
        assert_eq!(prune("verify", &data, "14").status.code(), Some(1));
        let plan = prune("plan", &data, "14");
        assert!(stdout(&plan).contains("./sub folder/old\nnew line\n"), "{plan:?}");
        assert_eq!(names(), before, "neither plan nor verify changes anything");

        let run = prune("run", &data, "14");
        assert_eq!(run.status.code(), Some(0), "{run:?}");
        assert_eq!(stdout(&run), "old files: 3 before, 0 left\n");
        let left = [".opsfsm-prune", "sub folder/new", "young"].map(|name| data.join(name));
        let outside = dir.path().join("outside/old");
        assert_eq!(names(), left.into_iter().chain([outside]).collect::<Vec<_>>());
        assert!(data.join("old link").is_symlink() && data.join("link").is_symlink());
        let verified = prune("verify", &data, "14");
        assert_eq!(
            (verified.status.code(), stdout(&verified).as_str()),
            (Some(0), "old files: 0 left\n")
        );
        assert_eq!(
            prune("verify", &data, "13").status.code(),
            Some(1),
            "the young one is 13 days old"
        );
        assert_eq!(stdout(&prune("run", &data, "14")), "old files: 0 before, 0 left\n");
    }
}
