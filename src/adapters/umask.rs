//! The umask that opsfsm was started with.
//!
//! Invariant: bits for group and others are never cleared: what was kept from them stays so.

use rustix::fs::Mode;
use rustix::process::umask;

/// Clears the owner's bits of the umask, where there are any: files made under them could not be
/// opened again by the very user who made them. To be called before the first thread starts.
pub fn keep_owner_bits() {
    let before = umask(Mode::RWXG | Mode::RWXO);
    umask(before & (Mode::RWXG | Mode::RWXO));
}
