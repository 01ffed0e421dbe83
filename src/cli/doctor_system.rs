//! The split-user part of `opsfsm doctor`: does the wall stand?
//!
//! Invariant: nothing is changed; what only root may see is passed over by everybody else.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::args::CheckArgs;
use super::checked::Checked;
use super::context::Context;
use super::timer::{Standing, standing};
use crate::adapters::exposure::Exposures;
use crate::adapters::split_user::{
    ACCOUNT, APPROVERS, CONFIG, CONFIG_FOLDER, STORE_FOLDER, SUDOERS, account_named, is_set_up,
    members_of,
};
use crate::diag::Code;
use crate::lint::Levels;
use crate::render::{Checkup, render_sudoers};

const ID: &str = "split-user";

/// The set-up of this host, if it has one.
pub(super) fn split_user_check(context: &Context) -> Option<Checkup> {
    if !is_set_up() {
        return None;
    }
    let install = format!("as root: {} install --system --write", context.called);
    if let Some(why) = fault(context) {
        return Some(Checkup::fail(ID, format!("the wall has a gap: {why}"), install));
    }
    let names = members_of(APPROVERS).unwrap_or_default();
    let text = format!("jobs, store and secrets are of {ACCOUNT}; others ask through sudo");
    if names.is_empty() {
        let mend = format!("usermod -aG {APPROVERS} NAME");
        let text =
            format!("{text}. Nobody but root is named in {APPROVERS}, so nobody else approves");
        return Some(Checkup::warn(ID, text, mend));
    }
    Some(Checkup::ok(ID, format!("{text}, and these approve: {}", names.join(", "))))
}

/// The first gap.
fn fault(context: &Context) -> Option<String> {
    let account = account_named(ACCOUNT);
    let Some(account) = account.filter(|account| account.uid != 0) else {
        return Some(format!("there is no account {ACCOUNT} that is not root"));
    };
    match fs::symlink_metadata(STORE_FOLDER) {
        Ok(facts) if facts.uid() != account.uid => {
            return Some(format!("{STORE_FOLDER} is not of {ACCOUNT}"));
        }
        Ok(facts) if facts.mode() & 0o077 != 0 => {
            return Some(format!("others than {ACCOUNT} may look into {STORE_FOLDER}"));
        }
        Ok(_) | Err(_) => {}
    }
    let program = context.program().ok()?;
    let exposures = Exposures::default();
    for path in [Path::new(CONFIG_FOLDER), Path::new(CONFIG), &program] {
        if fs::metadata(path).is_ok_and(|facts| facts.uid() != 0) {
            return Some(format!("{} is not root's", path.display()));
        }
        if let Some(found) = exposures.of(path) {
            return Some(format!("{}: {}: {}", path.display(), found.path, found.how));
        }
    }
    rights_fault(&program).or_else(|| jobs_fault(context))
}

/// What a job runs is run as the account that owns the store: whoever may change that is inside.
fn jobs_fault(context: &Context) -> Option<String> {
    let path = context.config_path().ok().filter(|_| context.is_systems())?;
    let (options, levels) = (CheckArgs::default(), Levels::new(false));
    Checked::of(context, path.to_owned(), &options, &levels).message_of(Code::WritableByOthers)
}

/// What is wrong with sudo's rules, where they may be looked at.
fn rights_fault(program: &Path) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let wanted = render_sudoers(program.to_str()?, ACCOUNT, APPROVERS).ok()?;
    match standing(Path::new(SUDOERS)) {
        Ok(Standing::Ours(text)) if text == wanted => None,
        Ok(Standing::Nothing) => Some(format!("{SUDOERS} is not there, so nobody can ask")),
        Ok(Standing::Ours(_) | Standing::Foreign) => Some(format!(
            "{SUDOERS} says something else than `install` would write for this program"
        )),
        Err(why) => Some(why.message),
    }
}
