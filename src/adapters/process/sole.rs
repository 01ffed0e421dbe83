//! One child that was prepared for: its pipes are open before it is decided to start it.
//!
//! In: prepared pipes, then a command. Out: which process it became, and how it ended.
//! Invariant: nothing but its own limit ends the child, and a start that fails is not tried again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::pipe::{PipeFlags, pipe_with};

use super::clock::now;
use super::flight::{Flight, Part};
use super::pool::{Ready, poll_until};
use super::spawn::{self, Started};
use super::{Capture, ChildResult, ChildSpec, Graces, proc, resolve};
use crate::base::limits;
use crate::model::{End, ProcessId};

/// What a child's start will need, held open.
#[derive(Debug)]
pub struct Prepared {
    ours: [OwnedFd; 2],
    theirs: [OwnedFd; 2],
    stdin: File,
    program: File,
}

/// What is to be started.
#[derive(Debug)]
pub struct Sole<'a> {
    /// The file to run.
    pub program: &'a Path,
    /// Its arguments, its own name first.
    pub argv: &'a [String],
    /// The folder it runs in.
    pub cwd: &'a Path,
    /// Its whole environment.
    pub env: &'a BTreeMap<String, String>,
    /// Its time limit.
    pub limit: Option<Duration>,
}

impl Prepared {
    /// Opens two pipes, `/dev/null` and the program.
    pub fn open(program: &Path) -> io::Result<Self> {
        let (out, to_out) = pipe_with(PipeFlags::CLOEXEC)?;
        let (err, to_err) = pipe_with(PipeFlags::CLOEXEC)?;
        let stdin = File::open("/dev/null")?;
        let program = File::open(program)?;
        Ok(Self { ours: [out, err], theirs: [to_out, to_err], stdin, program })
    }

    /// Starts the child, says which process it became, and waits for its end.
    pub fn run(self, sole: &Sole<'_>, began: &mut dyn FnMut(ProcessId)) -> ChildResult {
        crate::adapters::signals::keep_children();
        let born = now();
        let started = match self.start(sole) {
            Ok(started) => started,
            Err(error) => {
                let (fault, detail) = resolve::explain(&error, sole.program, sole.cwd);
                return ChildResult::without_output(End::NotStarted { fault, detail });
            }
        };
        let pid = started.child.id();
        let unnamed = || ProcessId { pid, start_ticks: 0, boot: proc::boot_id() };
        let spec = ChildSpec {
            argv: sole.argv.to_vec(),
            cwd: sole.cwd.to_owned(),
            env: Vec::new(),
            clear_env: true,
            limit: sole.limit,
            capture: Capture::Tail,
        };
        let flight = Flight::new(0, &spec, Graces::default(), born, started);
        // Its leader is ours and not reaped: the pid is its own.
        began(proc::process_id(pid).unwrap_or_else(unnamed));
        wait(flight)
    }

    fn start(self, sole: &Sole<'_>) -> io::Result<Started> {
        let Self { ours, theirs, stdin, program } = self;
        let [out, err] = theirs;
        let mut command = spawn::command(sole.program);
        if let Some((name, arguments)) = sole.argv.split_first() {
            spawn::name_as(&mut command, name);
            command.args(arguments);
        }
        command.current_dir(sole.cwd).env_clear().envs(sole.env);
        command.stdin(Stdio::from(stdin)).stdout(Stdio::from(out)).stderr(Stdio::from(err));
        let child = command.spawn()?;
        // Our copies of its ends go with the command: a pipe that nobody holds has to end.
        drop((command, program));
        let [stdout, stderr] = ours.map(|pipe| Some(spawn::unblocked(pipe)));
        Ok(Started { child, stdout, stderr, log: None })
    }
}

/// Drives a flight to its end on this thread.
fn wait(mut flight: Flight) -> ChildResult {
    let mut buffer = vec![0; limits::READ_TURN];
    while !flight.is_done() {
        let at = now();
        let (mut parts, mut fds): (Vec<Part>, Vec<PollFd<'_>>) = (Vec::new(), Vec::new());
        for (part, fd) in flight.polled(at) {
            parts.push(part);
            fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
        }
        let timeout = flight.wake_at(at).map(|until| until.saturating_duration_since(at));
        let told = poll_until(&mut fds, timeout);
        let ready: Vec<Part> = parts
            .into_iter()
            .zip(&fds)
            .filter(|(_, fd)| told == Ready::All || !fd.revents().is_empty())
            .map(|(part, _)| part)
            .collect();
        drop(fds);
        let at = now();
        for part in ready {
            flight.on_ready(part, at, &mut buffer);
        }
        flight.on_time(at, &mut buffer);
    }
    flight.into_result()
}
