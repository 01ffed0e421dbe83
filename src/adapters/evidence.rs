//! Who sits there, as far as this system tells: for the record of an approval.
//!
//! In: this process, and who called it through sudo. Out: account, login account, terminal.
//! Invariant: nothing here is proof against whoever may act as this account; it is what an honest
//! record holds.

use std::os::fd::AsFd;

use super::file_facts::OsFileFacts;
use super::split_user::Caller;
use crate::approval::Evidence;
use crate::ports::FileFacts as _;

/// No login account is recorded for this process.
const UNSET: u32 = u32::MAX;

/// Gathers it. `terminal`: the stream that a person types into, if one does. `caller`: who called
/// through sudo; they go by no other name.
///
/// # Errors
/// A sentence, where this process belongs to no account.
pub fn gather(
    by: Option<&str>,
    terminal: Option<&dyn AsFd>,
    caller: Option<&Caller>,
) -> Result<Evidence, String> {
    let account = OsFileFacts.account()?;
    let tty = terminal.and_then(|stream| {
        let name = rustix::termios::ttyname(stream.as_fd(), Vec::new()).ok()?;
        name.into_string().ok()
    });
    let login_uid = login_uid();
    if let Some(Caller { name, uid }) = caller {
        let (user, through) = (name.clone(), Some(account.name));
        return Ok(Evidence { user, uid: *uid, login_uid, tty, by: None, through });
    }
    Ok(Evidence {
        user: account.name,
        uid: account.uid,
        login_uid,
        tty,
        by: by.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned),
        through: None,
    })
}

/// The account that logged in (Linux: `/proc/self/loginuid`, kept by the audit system).
fn login_uid() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/self/loginuid").ok()?;
    text.trim().parse().ok().filter(|uid| *uid != UNSET)
}
