//! `opsfsm __sandbox SCRATCH PROGRAM ARGV…`: restricts itself, then becomes the program. Called by
//! an executor, never by a person.

use super::args::SandboxArgs;
use super::context::Failure;
use crate::adapters::process::become_program;
use crate::adapters::sandbox::restrict;
use crate::base::Exit;

/// Becomes the program, able to write below one folder only. Returns where that can't be.
pub(super) fn sandbox(options: &SandboxArgs) -> Result<Exit, Failure> {
    restrict(&options.scratch).map_err(Failure::refused)?;
    let error = become_program(&options.program, &options.argv, None);
    let program = options.program.display();
    Err(Failure::refused(format!("{program} can't be run in the sandbox: {error}")))
}
