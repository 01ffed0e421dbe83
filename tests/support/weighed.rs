//! A call whose peak of memory is known.
//!
//! In: the words of a call. Out: how it ended, what it said, and the most memory that it, or anything
//! that it waited for, ever had.
//! Invariant: each call has a process of its own around it, which has never waited for anything else.
#![expect(clippy::disallowed_methods, reason = "the tests call opsfsm as a person would")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

use super::support::{Ran, Running, Sandbox};

/// What the process around a call is to do.
const CALL: &str = "OPSFSM_TEST_WEIGHED";

/// A call that is being weighed.
pub(crate) struct Weighing {
    around: Running,
    folder: PathBuf,
}

/// How it ended, and its peak in kB.
pub(crate) struct Weighed {
    pub(crate) ran: Ran,
    pub(crate) peak_kb: i64,
}

impl Sandbox {
    /// Begins a call of opsfsm; `name` is its own among those that go on at the same time.
    pub(crate) fn weigh(&self, name: &str, words: &[&str]) -> Weighing {
        let folder = self.path("weighed").join(name);
        fs::create_dir_all(&folder).unwrap();
        let call = json!({"program": Self::program(), "words": words, "folder": folder});
        let this = std::env::current_exe().unwrap();
        let inner = ["--exact", "weighed::the_process_around_a_call", "--nocapture"];
        let around = self.call_program(this.to_str().unwrap(), &inner);
        Weighing { around: around.env(CALL, call.to_string()).spawn(), folder }
    }
}

impl Weighing {
    pub(crate) fn wait(self) -> Weighed {
        self.around.wait().exits(0);
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap();
        let ended: Value = serde_json::from_str(&read("ended")).unwrap();
        let code = i32::try_from(ended["code"].as_i64().unwrap()).unwrap();
        let ran = Ran { code, out: read("out"), err: read("err") };
        Weighed { ran, peak_kb: ended["peak"].as_i64().unwrap() }
    }
}

/// No test by itself: what [`Sandbox::weigh`] starts.
#[test]
fn the_process_around_a_call() {
    let Ok(call) = std::env::var(CALL) else { return };
    let call: Value = serde_json::from_str(&call).unwrap();
    let folder = PathBuf::from(call["folder"].as_str().unwrap());
    let file = |name: &str| Stdio::from(File::create(folder.join(name)).unwrap());
    let words = call["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    let mut command = Command::new(call["program"].as_str().unwrap());
    command.args(words).env_remove(CALL).stdin(Stdio::null());
    let ended = command.stdout(file("out")).stderr(file("err")).status().unwrap();
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    let code = ended.code().unwrap_or(-1);
    fs::write(folder.join("ended"), json!({"code": code, "peak": peak}).to_string()).unwrap();
}
