//! The split-user set-up of a host: an account of its own that holds store and secrets, and sudo as
//! the door to it.
//!
//! In: this process's account and environment. Out: the places, and who called through sudo.
//! Invariant: `SUDO_UID` is believed by [`caller`] alone, and only in a process of the account that
//! owns the store: whoever is that account needs no lie.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::{Group, Uid, User};
use rustix::process::getgroups;

use super::locate::World;

/// The account that jobs run as. Nobody logs in to it.
pub const ACCOUNT: &str = "opsfsm";
/// The group of those who may approve.
pub const APPROVERS: &str = "opsfsm-approvers";
/// The folder of the config: root's.
pub const CONFIG_FOLDER: &str = "/etc/opsfsm";
/// The config.
pub const CONFIG: &str = "/etc/opsfsm/opsfsm.toml";
/// The folder of store, logs and secrets: the account's alone.
pub const STORE_FOLDER: &str = "/var/lib/opsfsm";
/// The store.
pub const STORE: &str = "/var/lib/opsfsm/opsfsm.db";
/// Who may call what by sudo.
pub const SUDOERS: &str = "/etc/sudoers.d/opsfsm";

/// An account's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its own.
    pub uid: u32,
    /// Its group's.
    pub gid: u32,
}

/// The account of this name, if there is one.
#[must_use]
pub fn account_named(name: &str) -> Option<Account> {
    let user = User::from_name(name).ok()??;
    Some(Account { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
}

/// Is there a group of this name?
#[must_use]
pub fn is_group(name: &str) -> bool {
    Group::from_name(name).is_ok_and(|group| group.is_some())
}

/// The accounts that a group names as its members.
#[must_use]
pub fn members_of(group: &str) -> Option<Vec<String>> {
    Some(Group::from_name(group).ok()??.mem)
}

/// Whoever called through sudo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's name.
    pub name: String,
    /// Its number.
    pub uid: u32,
}

/// Does this host have such a set-up, as far as everybody can see?
#[must_use]
pub fn is_set_up() -> bool {
    owner_of_store().is_some_and(|owner| owner != 0) && Path::new(CONFIG).exists()
}

/// The number of the account that owns the store's folder.
#[must_use]
pub fn owner_of_store() -> Option<u32> {
    let facts = fs::symlink_metadata(STORE_FOLDER).ok()?;
    facts.is_dir().then(|| facts.uid())
}

/// Who called through sudo, which sets `SUDO_UID` to the account that the kernel tells. A caller can
/// choose it only where a rule says SETENV; the rules that `install` writes say NOSETENV.
///
/// # Errors
/// A sentence: this process is not the set-up's account with that account's groups, or was not called
/// through sudo.
pub fn caller(world: &dyn World) -> Result<Caller, String> {
    let own = Uid::effective().as_raw();
    if own == 0 || owner_of_store() != Some(own) {
        return Err(format!("this is for the account {ACCOUNT}, which owns {STORE_FOLDER}"));
    }
    let user = User::from_uid(Uid::from_raw(own)).ok().flatten();
    let groups = user.as_ref().and_then(groups_of).unwrap_or_default();
    let is_own = |gid: &u32| groups.contains(gid);
    if !getgroups().is_ok_and(|all| all.iter().all(|group| is_own(&group.as_raw()))) {
        return Err("it has the groups of its caller; leave out sudo's -P".to_owned());
    }
    let named = world.var("SUDO_UID").and_then(|text| text.into_string().ok());
    let uid = named.as_deref().and_then(uid_of);
    let uid = uid.ok_or_else(|| "sudo does not tell who calls (SUDO_UID)".to_owned())?;
    let user = User::from_uid(Uid::from_raw(uid))
        .map_err(|e| format!("user {uid}, who calls, can't be looked up: {e}"))?
        .ok_or_else(|| format!("user {uid}, who calls, has no account on this host"))?;
    Ok(Caller { name: user.name, uid })
}

/// A number as sudo writes it, and in no other way.
fn uid_of(text: &str) -> Option<u32> {
    let uid: u32 = text.parse().ok()?;
    (uid != u32::MAX && uid.to_string() == text).then_some(uid)
}

/// May they approve? Root, and the members of the group. sudo has asked the same before: this holds
/// where its rules were loosened.
///
/// # Errors
/// A sentence.
pub fn check_approver(caller: &Caller) -> Result<(), String> {
    if caller.uid == 0 || is_member(caller, APPROVERS) == Some(true) {
        return Ok(());
    }
    Err(format!("{} (uid {}) is no member of the group {APPROVERS}", caller.name, caller.uid))
}

fn is_member(caller: &Caller, group: &str) -> Option<bool> {
    let group = Group::from_name(group).ok()??.gid;
    let user = User::from_uid(Uid::from_raw(caller.uid)).ok()??;
    Some(groups_of(&user)?.contains(&group.as_raw()))
}

/// All groups of an account. Elsewhere than on Linux nobody asks: there is no such set-up.
#[cfg(target_os = "linux")]
fn groups_of(user: &User) -> Option<Vec<u32>> {
    let name = std::ffi::CString::new(user.name.as_str()).ok()?;
    let groups = nix::unistd::getgrouplist(&name, user.gid).ok()?;
    Some(groups.into_iter().map(nix::unistd::Gid::as_raw).collect())
}

#[cfg(not(target_os = "linux"))]
fn groups_of(_user: &User) -> Option<Vec<u32>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_only_as_sudo_writes_it() {
        assert_eq!(uid_of("0"), Some(0));
        assert_eq!(uid_of("1001"), Some(1001));
        for text in ["", " 1", "+1", "01", "-1", "1 ", "0x1", "4294967295", "4294967296", "１"] {
            assert_eq!(uid_of(text), None, "{text:?}");
        }
    }

    #[test]
    fn root_approves_and_a_group_that_is_not_there_has_no_members() {
        let caller = |uid| Caller { name: "x".to_owned(), uid };
        assert_eq!(check_approver(&caller(0)), Ok(()));
        assert_eq!(is_member(&caller(0), "opsfsm-no-such-group"), None);
        assert!(check_approver(&caller(u32::MAX - 7)).is_err());
    }
}
