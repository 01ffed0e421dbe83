//! `opsfsm schema`: the JSON Schema of a config on stdout.

use super::context::Failure;
use super::io;
use crate::base::Exit;
use crate::config;

/// Prints the schema.
pub(super) fn schema() -> Result<Exit, Failure> {
    io::answer(&format!("{:#}\n", config::schema()))?;
    Ok(Exit::Done)
}
