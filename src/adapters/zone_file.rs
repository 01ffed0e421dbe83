//! A time zone straight from its file. jiff walks the whole database, some five hundred files in
//! twenty folders, before it answers for one name: more than the rest of a small tick takes.
//!
//! In: a name, or what the host says. Out: the zone, where all is as it usually is. `None` means
//! that jiff is to be asked, which knows every other case.
//! Invariant: this module never answers otherwise than jiff would.

use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;

use super::locate::World as _;
use super::os_world::OsWorld;

/// Where a host without `TZ` says in which zone it is.
pub(super) const LOCALTIME: &str = "/etc/localtime";
/// The folder that jiff looks in first, unless `TZDIR` names another.
const DATABASE: &str = "/usr/share/zoneinfo";

/// The zone of this host.
pub(super) fn host_zone_file() -> Option<TimeZone> {
    if OsWorld.var("TZ").is_some() {
        return None;
    }
    let target = fs::read_link(LOCALTIME).ok()?;
    let (_, name) = target.to_str()?.rsplit_once("zoneinfo/")?;
    zone_file(name)
}

/// The zone of this name, spelt as its file is.
pub(super) fn zone_file(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    let plain = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_uppercase())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
    };
    if !name.split('/').all(plain) || OsWorld.var("TZDIR").is_some() {
        return None;
    }
    let bytes = fs::read(Path::new(DATABASE).join(name)).ok()?;
    TimeZone::tzif(name, &bytes).ok().filter(|zone| !zone.is_unknown())
}

#[cfg(test)]
mod tests {
    use jiff::tz;

    use super::*;

    #[test]
    fn it_answers_as_jiff_does_for_every_zone() {
        let mut answered = 0;
        for name in tz::db().available() {
            let known = tz::db().get(name.as_str()).unwrap();
            if let Some(zone) = zone_file(name.as_str()) {
                assert_eq!(zone, known, "{name}");
                assert_eq!(zone.iana_name(), known.iana_name());
                answered += 1;
            }
        }
        assert_eq!(answered > 0, Path::new(DATABASE).join("Europe/Berlin").exists());
    }

    #[test]
    fn what_is_no_plain_name_is_left_to_jiff() {
        for name in ["", "europe/berlin", "../passwd", "Etc/../UTC", "/etc/passwd", "Etc/", "UTC "]
        {
            assert!(zone_file(name).is_none(), "{name}");
        }
        if let Some(zone) = host_zone_file() {
            assert_eq!(Some(zone), TimeZone::try_system().ok());
        }
    }
}
