//! The account's crontab: our line put in, or taken out.
//!
//! In: a schedule. Out: the crontab as `crontab` has taken it, and what is to be said.
//! Invariant: lines of others come back as they were; a crontab that can't be read, or is torn, is
//! not written.

use std::fs;

use super::context::Failure;
use crate::adapters::entropy::OsEntropy;
use crate::adapters::os_world::OsWorld;
use crate::adapters::timers;
use crate::adapters::whole_file::create_whole;
use crate::base::id::hex;
use crate::ports::Entropy as _;
use crate::render::{Crontab, CrontabFault, Schedule};

fn refused(fault: &CrontabFault) -> Failure {
    Failure::refused(fault.to_string())
}

/// Reads it.
pub(super) fn read() -> Result<Crontab, Failure> {
    let text = timers::read_crontab(&OsWorld)
        .map_err(|why| Failure::refused(format!("the crontab can't be read: {why}")))?;
    Crontab::parse(&text).map_err(|fault| refused(&fault))
}

/// Puts our line in, or shows it.
pub(super) fn install(schedule: &Schedule, write: bool) -> Result<String, Failure> {
    let block = Crontab::block(schedule).map_err(|fault| refused(&fault))?;
    if !write {
        let also = read().ok().map(|stands| also(&stands)).unwrap_or_default();
        return Ok(format!("--- in this account's crontab\n{block}{also}"));
    }
    if !timers::has_program("crontab") {
        return Err(Failure::refused(
            "there is no program `crontab` here; nothing was written. Install cron, or name another \
             timer: --with",
        ));
    }
    let stands = read()?;
    let text = stands.with(schedule).map_err(|fault| refused(&fault))?;
    replace(&text)?;
    // Some crons take what they then don't show: a person would wait for a tick that never comes.
    let now = read()?;
    if now.ours() != Crontab::parse(&block).map_err(|fault| refused(&fault))?.ours() {
        return Err(Failure::refused(
            "`crontab` took the new crontab without a word, but shows another: look at it with `crontab -l`",
        ));
    }
    let done = match stands.ours() {
        Some(old) if Some(old) == now.ours() => "the crontab had this line already\n".to_owned(),
        Some(old) => format!("changed the line in the crontab; it was\n  {old}\n"),
        None => "put a line into the crontab\n".to_owned(),
    };
    Ok(format!("{done}{block}{}\nIt counts while a cron daemon runs.\n", also(&now)))
}

fn also(stands: &Crontab) -> String {
    let line = stands
        .by_hand()
        .map(|line| format!("\nAnother line there calls a tick as well:\n  {line}\n"));
    line.unwrap_or_default()
}

/// Takes our line out.
pub(super) fn uninstall(stands: &Crontab) -> Result<(), Failure> {
    if stands.others().is_empty() {
        let removed = timers::call(&["crontab", "-r"], &OsWorld);
        return removed.map(drop).map_err(|why| Failure::refused(unchanged(&why)));
    }
    replace(stands.others())
}

fn unchanged(why: &str) -> String {
    format!("the crontab was not changed: {why}")
}

/// Hands a whole crontab over, by a file that only this account reads.
fn replace(text: &str) -> Result<(), Failure> {
    let seed = OsEntropy.seed().map_err(Failure::refused)?;
    let name = format!("opsfsm-crontab-{}", hex(&seed[..8]));
    let draft = std::env::temp_dir().join(name);
    let failed = |why: String| Failure::refused(unchanged(&why));
    create_whole(&draft, text.as_bytes())
        .map_err(|e| failed(format!("{}: {e}", draft.display())))?;
    let words = ["crontab".to_owned(), draft.to_string_lossy().into_owned()];
    let taken = timers::call(&words.each_ref().map(String::as_str), &OsWorld);
    // It holds nothing that the crontab does not.
    let _ = fs::remove_file(&draft);
    taken.map(drop).map_err(failed)
}
