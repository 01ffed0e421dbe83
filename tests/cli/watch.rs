//! `opsfsm watch` at a real terminal: keys, orders, signals, and what the terminal has back.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use serde_json::json;

use super::support::{Call, HANG, Sandbox, await_that, kill, lacks};

const LEFT: &str = "\u{1b}[?1049l";

/// A view at work, and the terminal that it is on.
struct Terminal {
    ours: File,
    theirs: File,
    child: Child,
    modes: String,
    shown: String,
}

impl Terminal {
    fn open(mut call: Call) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(std::ffi::OsStr::from_bytes(name.as_bytes()))
            .unwrap();
        let end = || Stdio::from(theirs.try_clone().unwrap());
        let modes = modes_of(&theirs);
        let child = call.0.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        Self { ours: File::from(ours), theirs, child, modes, shown: String::new() }
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Reads until this is shown; what was shown up to then is forgotten.
    #[track_caller]
    fn sees(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.shown.find(text) {
                let seen: String = self.shown.drain(..at + text.len()).collect();
                return seen;
            }
            self.read(text);
        }
    }

    #[track_caller]
    fn read(&mut self, awaited: &str) {
        let patience = Timespec { tv_sec: HANG.as_secs().cast_signed(), tv_nsec: 0 };
        let mut fds = [PollFd::new(&self.ours, PollFlags::IN)];
        assert_eq!(poll(&mut fds, Some(&patience)), Ok(1), "never: {awaited:?} {:?}", self.shown);
        let mut part = [0; 4096];
        let n = self.ours.read(&mut part).unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&part[..n]));
    }

    fn types(&mut self, keys: &str) {
        self.ours.write_all(keys.as_bytes()).unwrap();
    }

    fn resize(&self, (ws_row, ws_col): (u16, u16)) {
        tcsetwinsize(&self.ours, Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        kill(self.pid(), Signal::WINCH);
    }

    /// It has ended well, and left the terminal as it was.
    #[track_caller]
    fn ends(mut self) -> String {
        let seen = self.sees(LEFT);
        let code = self.child.wait().unwrap().code();
        assert_eq!((code, modes_of(&self.theirs)), (Some(0), self.modes.clone()));
        seen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn modes_of(terminal: &File) -> String {
    let modes = tcgetattr(terminal).unwrap();
    format!(
        "{:?} {:?} {:?} {:?}",
        modes.input_modes, modes.output_modes, modes.control_modes, modes.local_modes
    )
}

/// A sandbox with a job that runs and one that does not, after a tick.
fn site() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("alpha"), sandbox.watched("beta")]);
    let progress = json!({"done": 1, "total": 4});
    sandbox.status("alpha", &json!({"running": true, "completed": false, "progress": progress}));
    sandbox.tick();
    sandbox
}

fn view(sandbox: &Sandbox) -> Terminal {
    Terminal::open(sandbox.call(&["watch", "--every", "1s"]))
}

#[test]
fn a_person_looks_around_and_the_terminal_is_as_it_was() {
    let sandbox = site();
    let before = sandbox.ok(&["history", "--format", "json"]);
    let mut terminal = view(&sandbox);
    terminal.sees("\u{1b}[?1049h");
    terminal.sees("25%");
    terminal.sees("leave");
    assert_ne!(modes_of(&terminal.theirs), terminal.modes, "keys are read one by one");
    terminal.types("j\r");
    terminal.sees("beta");
    terminal.sees("long_running_read");
    terminal.types("\u{1b}");
    terminal.sees("details");
    terminal.types("\u{1b}[Ag");
    terminal.sees("Machine");
    terminal.types("q");
    terminal.sees("details");
    // Nothing is locked while it shows, and what a tick sees is shown soon.
    assert_eq!(sandbox.ok(&["history", "--format", "json"]), before);
    let progress = json!({"done": 4, "total": 4});
    sandbox.status("alpha", &json!({"running": true, "completed": false, "progress": progress}));
    sandbox.tick();
    terminal.sees("100");
    terminal.types("q");
    terminal.ends();
}

#[test]
fn a_job_is_started_and_stopped_after_a_yes_only() {
    let sandbox = site();
    let mut terminal = view(&sandbox);
    terminal.sees("leave");
    terminal.types("js");
    terminal.sees("start");
    terminal.types("n");
    terminal.sees("nothing");
    assert_eq!(sandbox.read("jobs/beta/starts"), "");
    terminal.types("sy");
    terminal.sees(LEFT);
    terminal.sees("beta: started; the next tick watches it");
    terminal.sees("back to the view");
    assert_eq!(modes_of(&terminal.theirs), terminal.modes, "an order has the usual terminal");
    terminal.types("\n");
    terminal.sees("leave");
    assert_eq!(sandbox.read("jobs/beta/starts").lines().count(), 1);
    terminal.types("xy");
    terminal.sees("beta: stopped");
    terminal.types("\n");
    terminal.sees("paused");
    terminal.types("\u{3}");
    terminal.ends();
    assert_eq!(sandbox.state("beta"), "paused");
}

#[test]
fn a_terminal_that_changes_its_size_is_drawn_anew() {
    let sandbox = site();
    let mut terminal = view(&sandbox);
    terminal.sees("leave");
    terminal.resize((5, 20));
    terminal.sees("keys");
    terminal.resize((40, 120));
    terminal.sees("details");
    terminal.types("q");
    terminal.ends();
}

#[test]
fn signals_end_it_and_the_terminal_is_as_it_was() {
    let sandbox = site();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut terminal = view(&sandbox);
        terminal.sees("leave");
        kill(terminal.pid(), signal);
        terminal.ends();
    }
}

#[test]
fn suspended_it_gives_the_terminal_back_and_goes_on_where_it_was() {
    let sandbox = site();
    let mut terminal = view(&sandbox);
    terminal.sees("leave");
    for by_key in [true, false] {
        if by_key {
            terminal.types("\u{1a}");
        } else {
            kill(terminal.pid(), Signal::TSTP);
        }
        terminal.sees(LEFT);
        let stat = format!("/proc/{}/stat", terminal.pid());
        await_that("the stop", || std::fs::read_to_string(&stat).unwrap().contains(") T "));
        assert_eq!(modes_of(&terminal.theirs), terminal.modes);
        kill(terminal.pid(), Signal::CONT);
        terminal.sees("leave");
    }
    terminal.types("q");
    terminal.ends();
}

#[test]
fn without_colours_there_are_none() {
    let sandbox = site();
    let mut terminal =
        Terminal::open(sandbox.call(&["watch"]).env("NO_COLOR", "1").env("TERM", "xterm"));
    let seen = terminal.sees("leave");
    terminal.types("q");
    lacks(&(seen + &terminal.ends()), &["\u{1b}[38;", "\u{1b}[36m", "\u{1b}[31m"]);
}

#[test]
fn without_a_terminal_it_points_at_status() {
    let sandbox = site();
    sandbox.run(&["watch"]).exits(2).says("needs a terminal").says("status` says the same");
    sandbox.run(&["watch", "--every", "0s"]).exits(2).says("a span from 1s to 1h");
}

#[test]
fn a_broken_config_is_told_before_the_screen_is_taken() {
    let sandbox = Sandbox::new();
    sandbox.write("config/opsfsm/ops-jobs.json", "{");
    let ran = sandbox.call(&["watch"]).types("q");
    ran.exits(2).prints("OF001");
    lacks(&ran.out, &["\u{1b}["]);
}
