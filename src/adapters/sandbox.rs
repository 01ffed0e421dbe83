//! A sandbox for commands that must not write: Landlock, where the kernel has it.
//!
//! In: the one folder that stays writable. Out: this very process and all that it becomes or
//! starts, unable to write, create, rename or remove anywhere else.
//! Invariant: reading, running programs, the network, signals and sockets stay as they are; a
//! process is restricted before it turns into the command, and nothing takes that back.

use std::path::Path;

/// Device files that a command may write to: nothing is kept there.
#[cfg(target_os = "linux")]
const DEVICES: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty"];

/// Has this kernel what a sandbox needs?
#[cfg(target_os = "linux")]
#[must_use]
pub fn is_available() -> bool {
    use landlock::{ABI, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
    // Asking for a ruleset restricts nobody.
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_write(ABI::V1))
        .and_then(Ruleset::create)
        .is_ok()
}

/// Restricts this process for good: it may write below `scratch` only.
///
/// # Errors
/// A sentence, where not all of it is in force.
#[cfg(target_os = "linux")]
pub fn restrict(scratch: &Path) -> Result<(), String> {
    use landlock::{
        ABI, AccessFs, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus,
        path_beneath_rules,
    };
    // Truncation and moves between folders came with the third version; on an older kernel the
    // rest holds.
    let writing = AccessFs::from_write(ABI::V3);
    let to_device = AccessFs::WriteFile;
    let apply = || {
        Ruleset::default()
            .handle_access(writing)?
            .create()?
            .add_rules(path_beneath_rules([scratch], writing))?
            .add_rules(path_beneath_rules(DEVICES, to_device))?
            .restrict_self()
    };
    match apply() {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => Ok(()),
        Ok(_) => Err("this kernel has no Landlock".to_owned()),
        Err(e) => Err(format!("the sandbox can't be put in force: {e}")),
    }
}

/// Has this kernel what a sandbox needs? Only Linux has.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn is_available() -> bool {
    false
}

/// Restricts this process, which needs Linux.
///
/// # Errors
/// Always, here.
#[cfg(not(target_os = "linux"))]
pub fn restrict(_scratch: &Path) -> Result<(), String> {
    Err("this system has no Landlock".to_owned())
}
