//! How a person calls this opsfsm, for the commands in messages; and who has called it.
//!
//! In: what was typed. Out: words to type.

use std::ffi::OsString;

use super::args::{Args, Door};
use super::context::Context;
use crate::adapters::split_user::Caller;
use crate::render;

impl Context {
    pub(super) fn door_call(&self, door: Door) -> String {
        let program =
            self.program.as_ref().map_or_else(|_| "opsfsm".into(), |p| p.to_string_lossy());
        door.call(&render::shell_quote(&program))
    }

    /// Who called through sudo, if it is a door that this was called by.
    pub(super) fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// How a person calls it who may approve.
    pub(super) fn persons_call(&self) -> &str {
        self.approvers_call.as_ref().unwrap_or(&self.invocation)
    }

    /// Is this the store of the split-user set-up?
    pub(super) fn is_systems(&self) -> bool {
        self.approvers_call.is_some()
    }
}

/// How a person calls this opsfsm with this config and store, for commands in messages.
pub(super) fn invocation(args: &Args, program: Option<&OsString>) -> String {
    let mut words = vec![called_as(program)];
    for (flag, path) in [("--config-file", &args.config_file), ("--state-file", &args.state_file)] {
        if let Some(path) = path {
            words.push(flag.to_owned());
            words.push(render::shell_quote(&path.to_string_lossy()));
        }
    }
    words.join(" ")
}

/// How a person calls this opsfsm, without flags.
pub(super) fn called_as(program: Option<&OsString>) -> String {
    let program = program.map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    if program.contains('/') { render::shell_quote(&program) } else { "opsfsm".to_owned() }
}
