//! The doors of the split-user set-up: what sudo lets others have done as the account opsfsm.
//!
//! In: words that anybody may have chosen, `SUDO_UID`, which only sudo sets. Out: one of a few commands,
//! about the one config and the one store.
//! Invariant: nothing of the caller's counts but these words, the terminal, and who they are: no
//! environment, no folder, no path.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::args::Door;
use super::context::{Context, Failure};
use super::orders::own_program;
use super::{dispatch, not_run};
use crate::adapters::file_facts::OsFileFacts;
use crate::adapters::os_world::OsWorld;
use crate::adapters::process::become_program;
use crate::adapters::signals::refuse_to_be_held;
use crate::adapters::split_user::{caller, check_approver};
use crate::adapters::umask::keep_owner_bits;
use crate::base::Exit;
use crate::model::STANDARD_PATH;
use crate::ports::FileFacts as _;

/// Does what is asked at a door.
pub(super) fn door(door: Door, words: &[OsString]) -> Result<Exit, Failure> {
    let command = match door.parse(words) {
        Ok(command) => command,
        Err(e) => return Ok(not_run(&e)),
    };
    let caller = caller(&OsWorld).map_err(|why| {
        let program = own_path();
        Failure::refused(format!("{why}; call it so: {} …", door.call(&program)))
    })?;
    if door == Door::Approvers {
        check_approver(&caller).map_err(Failure::refused)?;
    }
    shed_environment(words, caller.uid)?;
    refuse_to_be_held();
    std::env::set_current_dir("/").map_err(|e| Failure::refused(format!("/: {e}")))?;
    keep_owner_bits();
    let context = Context::at_door(door, caller);
    dispatch(&command, &context)
}

fn own_path() -> String {
    let path = std::env::current_exe().ok().and_then(|path| path.to_str().map(str::to_owned));
    path.unwrap_or_else(|| "opsfsm".to_owned())
}

/// Goes on with an environment of the account's own: begins anew with it where it has another.
fn shed_environment(words: &[OsString], caller: u32) -> Result<(), Failure> {
    let account = OsFileFacts.account().map_err(Failure::refused)?;
    let own: BTreeMap<OsString, OsString> = [
        ("PATH", STANDARD_PATH.to_owned()),
        ("HOME", account.home),
        ("USER", account.name.clone()),
        ("LOGNAME", account.name),
        ("SHELL", account.shell),
        ("SUDO_UID", caller.to_string()),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    if std::env::vars_os().all(|(name, value)| own.get(&name) == Some(&value)) {
        return Ok(());
    }
    let error = become_program(&own_program()?, words, Some(&own));
    Err(Failure::refused(format!(
        "opsfsm can't begin anew without its caller's environment: {error}"
    )))
}
