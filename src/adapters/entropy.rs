//! Random bits from the kernel (crate `getrandom`).

use crate::ports::Entropy;

/// The kernel's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn seed(&self) -> Result<[u8; 32], String> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|e| format!("the system has no random bits: {e}"))?;
        Ok(seed)
    }
}
