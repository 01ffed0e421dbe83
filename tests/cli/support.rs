//! A sandbox with its own home, config, store and scripted jobs, and calls of the real binary.
//!
//! In: configs as JSON values. Out: [`Ran`]: exit code and both texts.
//! Invariant: a sandbox leaves no process behind: everything started below it bears its mark in
//! the environment, and is ended when it is dropped.
#![expect(clippy::disallowed_methods, reason = "the tests call opsfsm as a person would")]

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use super::words::{
    find, from_now, has, lacks, stopwatch, toml_of, unix_now, with, zone_where_it_is_about,
};

/// Far above anything a call needs: only a hang comes near it.
pub(crate) const HANG: Duration = Duration::from_mins(2);
/// Set for every call and inherited by all that comes of it.
const MARK: &str = "OPSFSM_TEST_SANDBOX";

/// Where one test lives.
pub(crate) struct Sandbox {
    dir: TempDir,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A call to be made.
pub(crate) struct Call(pub(super) Command);

impl Sandbox {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("opsfsm-cli-").tempdir().unwrap();
        for folder in ["home", "config", "state", "data", "jobs"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Self { dir }
    }

    /// With a config of these jobs and defaults without any waiting.
    pub(crate) fn with(jobs: &[Value]) -> Self {
        let sandbox = Self::new();
        sandbox.config(&json!({}), jobs);
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.write(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Where the config stands that a call without flags finds.
    pub(crate) fn config_path(&self) -> PathBuf {
        self.path("config/opsfsm/ops-jobs.json")
    }

    /// Writes the config: defaults that wait for nothing, changed by `defaults`.
    pub(crate) fn config(&self, defaults: &Value, jobs: &[Value]) {
        let mut all = json!({
            "quietHours": {"start": "00:00", "end": "00:00"},
            "startGraceSeconds": 0,
            "autoResumeBackoffSeconds": 0,
        });
        for (key, value) in defaults.as_object().unwrap() {
            all[key] = value.clone();
        }
        self.raw_config(&json!({"version": 1, "defaults": all, "jobs": jobs}));
    }

    pub(crate) fn raw_config(&self, config: &Value) {
        self.write("config/opsfsm/ops-jobs.json", format!("{config:#}"));
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.path("state/opsfsm/opsfsm.db")
    }

    pub(crate) fn has_store(&self) -> bool {
        self.store_path().exists()
    }

    /// What marks a process as this sandbox's, for environments that are cleared.
    pub(crate) fn mark(&self) -> Value {
        json!({MARK: self.dir.path()})
    }

    pub(crate) fn program() -> &'static str {
        env!("CARGO_BIN_EXE_opsfsm")
    }

    /// A call of any program in this sandbox's surroundings.
    pub(crate) fn call_program(&self, program: &str, args: &[&str]) -> Call {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).current_dir(self.dir.path()).env_clear();
        let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin"));
        command.env("PATH", path).env("TZ", "UTC").env("LC_ALL", "C").env(MARK, self.dir.path());
        for (name, folder) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_DATA_HOME", "data"),
        ] {
            command.env(name, self.path(folder));
        }
        Call(command)
    }

    /// A shell line; `$OPSFSM` is the binary.
    pub(crate) fn shell(&self, script: &str) -> Call {
        self.call_program("/bin/sh", &["-c", script]).env("OPSFSM", Self::program())
    }

    pub(crate) fn call(&self, args: &[&str]) -> Call {
        self.call_program(Self::program(), args)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.call(args).run()
    }

    /// A command that must end with exit 0 and keep quiet on stderr; its output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}: {ran:?}");
        ran.out
    }

    pub(crate) fn tick(&self) -> String {
        self.ok(&["tick"])
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    /// A job of `status --format json`.
    pub(crate) fn job(&self, id: &str) -> Value {
        find(&self.json(&["status", "--format", "json"]), id)
    }

    pub(crate) fn state(&self, id: &str) -> String {
        self.job(id)["state"].as_str().unwrap().to_owned()
    }

    /// Living processes that bear this sandbox's mark.
    pub(crate) fn survivors(&self) -> Vec<(i32, String)> {
        let mark = format!("{MARK}={}", self.dir.path().display());
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else {
                continue;
            };
            let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
            if environ.split(|b| *b == 0).any(|var| var == mark.as_bytes()) {
                let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                found.push((pid, String::from_utf8_lossy(&line).replace('\0', " ")));
            }
        }
        found
    }
}

/// One watched job, `scan`, with a policy, in its own sandbox.
pub(crate) fn watched_with(policy: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": policy}));
    sandbox.config(&json!({}), &[job]);
    sandbox
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for _ in 0..20 {
            let left = self.survivors();
            if left.is_empty() {
                return;
            }
            for (pid, _) in left {
                kill(pid, Signal::KILL);
            }
        }
    }
}

pub(crate) fn kill(pid: i32, signal: Signal) {
    // It may be gone by now, which is as good.
    let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, signal));
}

/// Looks again and again until `fact` has come.
pub(crate) fn await_some<T>(what: &str, mut fact: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + HANG;
    loop {
        if let Some(found) = fact() {
            return found;
        }
        assert!(Instant::now() < until, "never came: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn await_that(what: &str, mut fact: impl FnMut() -> bool) {
    await_some(what, || fact().then_some(()));
}

impl Call {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn no_env(mut self, name: &str) -> Self {
        self.0.env_remove(name);
        self
    }

    pub(crate) fn cwd(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Starts it and goes on.
    pub(crate) fn spawn(mut self) -> Running {
        let mut child = self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let (sender, ended) = mpsc::channel();
        std::thread::spawn(move || {
            // A receiver that is gone has given up on it already.
            let _ = sender.send(collect(&mut child));
        });
        Running { pid, ended }
    }

    pub(crate) fn run(self) -> Ran {
        self.spawn().wait()
    }
}

fn collect(child: &mut Child) -> Ran {
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let errors = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).map(|_| bytes).unwrap_or_default()
    });
    let mut out = Vec::new();
    stdout.read_to_end(&mut out).unwrap();
    let err = errors.join().unwrap();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code, out: text(out), err: text(err) }
}

/// A call under way.
pub(crate) struct Running {
    pub(crate) pid: i32,
    ended: mpsc::Receiver<Ran>,
}

impl Running {
    pub(crate) fn wait(self) -> Ran {
        self.ended.recv_timeout(HANG).unwrap_or_else(|_| {
            kill(self.pid, Signal::KILL);
            panic!("pid {} hung", self.pid)
        })
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid, signal);
    }
}

impl Ran {
    /// Ended with this code; both texts together are the answer.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.err.contains(text), "no {text:?} on stderr: {self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn prints(&self, text: &str) -> &Self {
        assert!(self.out.contains(text), "no {text:?} on stdout: {self:?}");
        self
    }
}
