//! Writes for the tests: a write and its verification, a terminal to approve it at, and a gate
//! inside the write's script to hold it at.
//!
//! Invariant: nothing here waits for time to pass.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use rustix::fs::OFlags;
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use super::support::{Call, Ran, Sandbox, await_that, kill, with};

/// A shell fragment that says it is there and waits until the gate is opened.
pub(crate) const GATE: &str = "echo here >> reached; until [ -e gate ]; do sleep 0.01; done\n";

/// The write `prune`, verified by `verify`, without anything else.
pub(crate) fn gated() -> Sandbox {
    gated_with(&json!({}))
}

/// The same, with more keys of the write.
pub(crate) fn gated_with(more: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.gated_jobs(more, &json!({}), &[]);
    sandbox
}

impl Sandbox {
    /// Writes the config of `prune`, of `verify`, and of others.
    pub(crate) fn gated_jobs(&self, prune: &Value, verify: &Value, others: &[Value]) {
        let mut jobs = vec![with(self.prune(), prune), with(self.verify(), verify)];
        jobs.extend_from_slice(others);
        self.config(&json!({}), &jobs);
    }

    /// The write. Its environment is cleared to what is declared, so the sandbox's mark is.
    pub(crate) fn prune(&self) -> Value {
        with(self.write_job("prune", "verify"), &json!({"env": self.mark()}))
    }

    /// Its verification. Outside opsfsm's sandbox, so that its runs can count themselves.
    pub(crate) fn verify(&self) -> Value {
        with(self.check("verify"), &json!({"env": self.mark(), "sandbox": "off"}))
    }

    /// The digest of what would run now.
    pub(crate) fn digest(&self, id: &str) -> String {
        let plan = self.json(&["plan", id, "--format", "json"]);
        plan["digest"].as_str().unwrap().to_owned()
    }

    pub(crate) fn short(&self, id: &str) -> String {
        self.digest(id)[..12].to_owned()
    }

    /// Approves the plan of this moment as a person does: at a terminal, by typing its digest.
    #[track_caller]
    pub(crate) fn approve(&self, id: &str) {
        let typed = format!("{}\n", self.short(id));
        self.call(&["approve", id]).types(&typed).exits(0).prints("approved");
    }

    /// What `approvals` says of each request and approval, newest first.
    pub(crate) fn approvals(&self) -> Vec<String> {
        let list = self.json(&["approvals", "--format", "json"]);
        let status = |row: &Value| row["status"].as_str().unwrap().to_owned();
        list["approvals"].as_array().unwrap().iter().map(status).collect()
    }

    /// What the journal holds of a job, oldest first.
    pub(crate) fn events(&self, id: &str) -> Vec<Value> {
        let list = self.json(&["history", id, "--limit", "1000", "--format", "json"]);
        list["events"].as_array().unwrap().clone()
    }

    /// Why a job is in its state.
    pub(crate) fn why(&self, id: &str) -> String {
        self.job(id)["cause"].to_string()
    }

    /// The journal is whole, and gives the stored state.
    #[track_caller]
    pub(crate) fn journal_is_whole(&self) {
        assert!(self.ok(&["history", "--verify"]).starts_with("ok: "));
    }

    pub(crate) fn open_gate(&self, id: &str) {
        self.write(&format!("jobs/{id}/gate"), "");
    }

    /// Waits until the job stands at its gate.
    pub(crate) fn at_gate(&self, id: &str) {
        await_that("the gate", || self.count(id, "reached") > 0);
    }

    /// The executors at work.
    pub(crate) fn executors(&self) -> Vec<i32> {
        let all = self.survivors().into_iter();
        all.filter(|(_, line)| line.contains("__exec")).map(|(pid, _)| pid).collect()
    }
}

impl Call {
    /// In a process group of its own, as a shell starts it.
    pub(crate) fn leads(mut self) -> Self {
        self.0.process_group(0);
        self
    }

    /// Makes the call at a terminal, where this is typed. What it shows is all in `out`.
    pub(crate) fn types(self, text: &str) -> Ran {
        // Typed ahead: the terminal keeps it until somebody reads.
        self.at_terminal(text, None)
    }

    /// Makes the call at a terminal. Once it asks this, it gets the signal; then this is typed.
    pub(crate) fn signalled_at(self, asked: &str, signal: Signal, typed: &str) -> Ran {
        self.at_terminal("", Some((asked, signal, typed)))
    }

    fn at_terminal(mut self, ahead: &str, mut later: Option<(&str, Signal, &str)>) -> Ran {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(std::ffi::OsStr::from_bytes(name.as_bytes()))
            .unwrap();
        let mut ours = File::from(ours);
        ours.write_all(ahead.as_bytes()).unwrap();
        let end = || Stdio::from(theirs.try_clone().unwrap());
        let mut child = self.0.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        // Our copies of the terminal's other end: once nobody has one, it ends.
        drop((self, theirs));
        let (mut shown, mut part) = (Vec::new(), [0; 4096]);
        // That end is told as an error (EIO).
        while let Ok(n @ 1..) = ours.read(&mut part) {
            shown.extend_from_slice(&part[..n]);
            let asks = |(asked, ..): &mut (&str, Signal, &str)| {
                String::from_utf8_lossy(&shown).contains(*asked)
            };
            if let Some((_, signal, typed)) = later.take_if(asks) {
                kill(i32::try_from(child.id()).unwrap(), signal);
                // It may have gone already.
                let _ = ours.write_all(typed.as_bytes());
            }
        }
        let code = child.wait().unwrap().code().unwrap_or(-1);
        let out = String::from_utf8_lossy(&shown).replace("\r\n", "\n");
        Ran { code, out, err: String::new() }
    }
}
