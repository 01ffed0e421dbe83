//! Which kind of file system a path is on, as far as it matters: one that is shared over a network
//! keeps no promise about locks, and so none about "once".
//!
//! In: a path. Out: the name of its network file system, if it is on one.
//! Invariant: nothing is opened, and what can't be told counts as local.

use std::path::Path;

/// File systems that several hosts may write to, by the magic numbers of statfs(2).
const SHARED: [(u64, &str); 11] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x4750_4653, "GPFS"),
    (0x5346_414f, "AFS"),
];

/// The magic number of the file system that a path is on; of one that is not there yet, of the
/// nearest folder above it.
#[cfg(target_os = "linux")]
#[must_use]
pub fn magic_of(path: &Path) -> Option<u64> {
    let found = path.ancestors().find_map(|path| rustix::fs::statfs(path).ok())?;
    // As wide as the kernel's word; the numbers themselves have 32 bits.
    u64::try_from(found.f_type & 0xffff_ffff).ok()
}

/// Elsewhere it is not told by a number.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn magic_of(_path: &Path) -> Option<u64> {
    None
}

/// The name of a file system that several hosts may write to.
#[must_use]
pub fn shared_kind(magic: u64) -> Option<&'static str> {
    SHARED.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_this_machine_is_local_and_what_is_shared_has_a_name() {
        for local in ["/proc", "/dev", "/"] {
            let kind = magic_of(Path::new(local)).and_then(shared_kind);
            assert!(local == "/" || kind.is_none(), "{local}: {kind:?}");
        }
        assert_eq!(magic_of(Path::new("/proc/none/such")), magic_of(Path::new("/proc")));
        assert_eq!(shared_kind(0x6969), Some("NFS"));
        assert_eq!(shared_kind(0xef53), None, "ext4");
    }
}
