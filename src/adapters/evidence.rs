//! Who sits there, as far as this system tells: for the record of an approval.
//!
//! In: this process. Out: account, login account, terminal.
//! Invariant: nothing here is proof against whoever may act as this account; it is what an honest
//! record holds.

use std::os::fd::AsFd;

use super::file_facts::OsFileFacts;
use crate::approval::Evidence;
use crate::ports::FileFacts as _;

/// No login account is recorded for this process.
const UNSET: u32 = u32::MAX;

/// Gathers it. `terminal`: the stream that a person types into, if one does.
///
/// # Errors
/// A sentence, where this process belongs to no account.
pub fn gather(by: Option<&str>, terminal: Option<&dyn AsFd>) -> Result<Evidence, String> {
    let account = OsFileFacts.account()?;
    let tty = terminal.and_then(|stream| {
        let name = rustix::termios::ttyname(stream.as_fd(), Vec::new()).ok()?;
        name.into_string().ok()
    });
    Ok(Evidence {
        user: account.name,
        uid: account.uid,
        login_uid: login_uid(),
        tty,
        by: by.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned),
    })
}

/// The account that logged in (Linux: `/proc/self/loginuid`, kept by the audit system).
fn login_uid() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/self/loginuid").ok()?;
    text.trim().parse().ok().filter(|uid| *uid != UNSET)
}
