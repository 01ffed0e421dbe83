//! The terminal: the only place that writes to stdout and stderr.
//!
//! In: finished texts. Out: bytes, or the news that nobody reads them.
//! Invariant: a closed pipe never panics; stderr carries what is for the person, not the pipe, and
//! nothing that steers a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::failure::Failure;
use crate::adapters::answer::read_answer;
use crate::adapters::signals::Interrupt;
use crate::base::Exit;
use crate::journal::Report;
use crate::model::{Route, Undelivered, UndeliveredKind};
use crate::ports::Notifier;
use crate::render::printable_lines;

static WRITTEN: AtomicBool = AtomicBool::new(false);

/// A wait shorter than this needs no word.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes a finished text to stdout; says whether it got there.
pub(super) fn out(text: &str) -> Result<(), String> {
    write_out(text).map_err(|e| unwritable(&e))
}

/// Writes the answer that was asked for. That nobody reads on, as in `opsfsm status | head -1`, is
/// no fault; that it can't be written, as on a full disk, is.
pub(super) fn answer(text: &str) -> Result<(), Failure> {
    match write_out(text) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure { exit: Exit::Undelivered, message: unwritable(&e) })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Says what was done. The exit code says it too, so that nothing hangs on its being read.
pub(super) fn say(text: &str) {
    let _ = write_out(text);
}

/// Has this call written anything to stdout, or tried to?
pub(super) fn has_written() -> bool {
    WRITTEN.load(Ordering::Relaxed)
}

fn write_out(text: &str) -> std::io::Result<()> {
    WRITTEN.fetch_or(!text.is_empty(), Ordering::Relaxed);
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
}

fn unwritable(why: &std::io::Error) -> String {
    format!("stdout can't be written: {why}")
}

/// A line on stderr for the person.
pub(super) fn note(text: &str) {
    // Nobody to tell that stderr is gone.
    let _ = writeln!(std::io::stderr().lock(), "opsfsm: {}", printable_lines(text));
}

/// An error on stderr.
pub(super) fn error(text: &str) {
    let _ =
        writeln!(std::io::stderr().lock(), "opsfsm: error: {}", printable_lines(text.trim_end()));
}

/// How wide the terminal is that the answer goes to; `None` if it goes to none.
pub(super) fn stdout_columns() -> Option<usize> {
    const USUAL: usize = 80;
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&stdout).ok();
    let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
    Some(columns.unwrap_or(USUAL))
}

pub(super) fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// The terminal that a person types into and reads from: standard input, if standard error is one
/// too.
pub(super) fn typed_into() -> Option<&'static dyn AsFd> {
    static STDIN: std::sync::LazyLock<std::io::Stdin> = std::sync::LazyLock::new(std::io::stdin);
    let both = STDIN.is_terminal() && std::io::stderr().is_terminal();
    both.then_some(&*STDIN as &dyn AsFd)
}

/// Do standard input and output both lead to a terminal?
pub(super) fn is_at_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Longest answer that is read.
const ANSWER_BYTES: usize = 1024;

/// Shows a text to the person at the terminal.
pub(super) fn show(text: &str) {
    // A terminal that is gone reads nothing, and types nothing.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Asks the person at the terminal, and reads one line. A signal to opsfsm ends the waiting.
pub(super) fn ask(question: &str, cancel: Option<&Interrupt>) -> Result<String, String> {
    let _ = write!(std::io::stderr().lock(), "{question}");
    let line = read_answer(std::io::stdin().as_fd(), ANSWER_BYTES, cancel)
        .map_err(|e| format!("the answer can't be read: {e}"))?;
    line.map(|line| line.trim().to_owned()).ok_or_else(|| "interrupted by a signal".to_owned())
}

/// Says on a terminal what is waited for, if that takes more than a second.
pub(super) fn waiting(what: String) -> Waiting {
    if !stderr_is_terminal() {
        return Waiting { end: None, thread: None };
    }
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::Builder::new().spawn(move || {
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let _ = write!(std::io::stderr().lock(), "opsfsm: {what} …");
            // Ends when the other side is dropped.
            let _ = ended.recv();
            // Blanks, which any terminal knows, in the place of an escape sequence.
            let blanks = " ".repeat(what.chars().count() + "opsfsm:  …".len());
            let _ = write!(std::io::stderr().lock(), "\r{blanks}\r");
        }
    });
    Waiting { end: Some(end), thread: thread.ok() }
}

/// Clears its word from the terminal when dropped.
pub(super) struct Waiting {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It only writes to a terminal.
            let _ = thread.join();
        }
    }
}

/// Prints reports, one after another, with an empty line between.
pub(super) struct StdoutNotifier {
    pub(super) silent: bool,
    pub(super) printed: bool,
}

impl Notifier for StdoutNotifier {
    fn route(&self) -> Route {
        Route::Stdout
    }

    fn deliver(&mut self, report: &Report) -> Result<(), Undelivered> {
        if self.silent {
            return Ok(());
        }
        let gap = if self.printed { "\n" } else { "" };
        self.printed = true;
        let passing = UndeliveredKind::Passing { after: None };
        out(&format!("{gap}{}\n", report.text))
            .map_err(|detail| Undelivered { kind: passing, detail })
    }

    /// With `--format json` the report stands inside the answer, which is printed at the end.
    fn hands_over(&self) -> bool {
        self.silent
    }
}
