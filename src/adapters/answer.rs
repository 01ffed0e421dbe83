//! One line that a person types.
//!
//! In: a terminal, and the signals to opsfsm. Out: the line, or that a signal came first.
//! Invariant: after a signal nothing that was typed is an answer, and no byte past the line is
//! taken from the terminal.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, read};

use super::signals::Interrupt;

/// Reads up to the end of a line, of at most `most` bytes. `None`: a signal came first.
///
/// # Errors
/// Where the terminal can't be read.
pub fn read_answer(
    input: BorrowedFd<'_>,
    most: usize,
    cancel: Option<&Interrupt>,
) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        if !wait(input, cancel)? {
            return Ok(None);
        }
        let mut byte = [0];
        match read(input, &mut byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) => line.push(byte[0]),
            Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        if line.len() >= most {
            break;
        }
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

/// Waits until there is something to read; `false`: a signal came.
fn wait(input: BorrowedFd<'_>, cancel: Option<&Interrupt>) -> io::Result<bool> {
    loop {
        let fds = std::iter::once(input).chain(cancel.map(|interrupt| interrupt.as_fd()));
        let mut fds: Vec<PollFd<'_>> =
            fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        let told = poll(&mut fds, None);
        if cancel.is_some_and(|interrupt| interrupt.received().is_some()) {
            return Ok(false);
        }
        match told {
            Ok(_) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}
