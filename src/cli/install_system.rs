//! `opsfsm install --system`: the split-user set-up, in which whoever asks for a write is another account
//! than the one that holds store, secrets and jobs. Shows all of it unless it is told to do it.
//!
//! In: this program's path, and what stands on this host. Out: two accounts, two folders, four files.
//! Invariant: what is there and is another's is never changed; what can be refused is refused before
//! anything is written, and sudo gets no file that `visudo` has not read.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use super::args::{InstallArgs, With};
use super::context::{Context, Failure};
use super::init::STARTER;
use super::install::{calls_of, refuse_foreign, take_up};
use super::timer::{every_of, places_of};
use crate::adapters::exposure::Exposures;
use crate::adapters::os_world::OsWorld;
use crate::adapters::split_user::{
    ACCOUNT, APPROVERS, Account, CONFIG, CONFIG_FOLDER, STORE, STORE_FOLDER, SUDOERS,
    account_named, is_group,
};
use crate::adapters::timers::{self, Scope};
use crate::adapters::whole_file::{create_whole, replace_checked, replace_whole};
use crate::base::Exit;
use crate::ports::Exposed;
use crate::render::{
    self, Schedule, render_sudoers, render_system_service, render_timer, shell_quote,
};

/// What it takes, besides systemd.
const PROGRAMS: [&str; 4] = ["useradd", "groupadd", "visudo", "systemctl"];

/// Everything that is laid out.
struct Layout {
    /// Calls that make the accounts that are not there yet.
    accounts: Vec<Vec<String>>,
    /// The config's text, if there is none yet.
    config: Option<&'static str>,
    sudoers: String,
    units: Vec<(PathBuf, String)>,
}

/// Lays it out, or shows it.
pub(super) fn install_system(context: &Context, options: &InstallArgs) -> Result<Exit, Failure> {
    let program = program_of(context)?;
    let layout = layout_of(&program, &options.every)?;
    let files: Vec<(PathBuf, String)> =
        [&layout.units[..], &[(SUDOERS.into(), String::new())]].concat();
    refuse_foreign(&files)?;
    let fault = fault_of(&program);
    if !options.timer.write {
        let mut text = shown(&layout);
        if let Some(why) = fault {
            text.push_str(&format!("\n--write would refuse: {why}\n"));
        }
        text.push_str("\nNothing was written. The same with --write, as root, does it.\n");
        super::io::answer(&text)?;
        return Ok(Exit::Done);
    }
    if let Some(why) = fault {
        return Err(Failure::refused(format!("{why}; nothing was written")));
    }
    put(context, &layout)?;
    super::io::say(&next_steps(&program, layout.config.is_some()));
    Ok(Exit::Done)
}

fn program_of(context: &Context) -> Result<String, Failure> {
    let path = context.program()?;
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Failure::refused(render::not_text("the program", &path)))
}

fn layout_of(program: &str, every: &str) -> Result<Layout, Failure> {
    let words = [program, "--config-file", CONFIG, "--state-file", STORE, "tick"];
    let schedule = Schedule { argv: words.map(str::to_owned).to_vec(), every: every_of(every)? };
    let service = render_system_service(&schedule, ACCOUNT).map_err(Failure::refused)?;
    let places = places_of(With::Systemd, Scope::System)?;
    let units = places.into_iter().zip([service, render_timer(schedule.every)]).collect();
    let config = fs::symlink_metadata(CONFIG).is_err().then_some(STARTER);
    let sudoers = render_sudoers(program, ACCOUNT, APPROVERS).map_err(Failure::refused)?;
    Ok(Layout { accounts: account_calls(), config, sudoers, units })
}

fn account_calls() -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    if account_named(ACCOUNT).is_none() {
        let group: &[&str] =
            if is_group(ACCOUNT) { &["--gid", ACCOUNT] } else { &["--user-group"] };
        let shells = ["/usr/sbin/nologin", "/sbin/nologin"];
        let shell = shells.into_iter().find(|shell| Path::new(shell).exists());
        let home = ["--home-dir", STORE_FOLDER, "--no-create-home", "--shell"];
        let rest = [shell.unwrap_or("/bin/false"), ACCOUNT];
        calls.push([&["useradd", "--system"], group, &home, &rest].concat());
    }
    if !is_group(APPROVERS) {
        calls.push(vec!["groupadd", "--system", APPROVERS]);
    }
    calls.iter().map(|call| call.iter().map(|word| (*word).to_owned()).collect()).collect()
}

/// What speaks against it, of all that can be seen before.
fn fault_of(program: &str) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root can lay this out".to_owned());
    }
    let exposures = Exposures::default();
    if let Some(Exposed { path, how }) = exposures.of(Path::new(program)) {
        let shown = shell_quote(program);
        return Some(format!(
            "others than root may change the program {program}: {path}: {how}. Put it where only root \
             writes, and call it there: install -o root -m 755 {shown} /usr/local/bin/opsfsm"
        ));
    }
    if let Some(Exposed { path, how }) = exposures.of(Path::new(CONFIG)) {
        return Some(format!("others than root may change the config {CONFIG}: {path}: {how}"));
    }
    if let Some(missing) = PROGRAMS.into_iter().find(|name| !timers::has_program(name)) {
        return Some(format!("there is no program `{missing}` here, and it takes one"));
    }
    let account = account_named(ACCOUNT);
    if account.is_some_and(|account| account.uid == 0) {
        return Some(format!("the account {ACCOUNT} is root by another name"));
    }
    let facts = fs::symlink_metadata(STORE_FOLDER).ok()?;
    let own = account.is_some_and(|account| account.uid == facts.uid()) && facts.is_dir();
    (!own).then(|| {
        format!("{STORE_FOLDER} is there already, and is no folder of the account {ACCOUNT}")
    })
}

fn shown(layout: &Layout) -> String {
    let mut text = String::new();
    if !layout.accounts.is_empty() {
        let calls: Vec<String> = layout.accounts.iter().map(|call| call.join(" ")).collect();
        text.push_str(&format!("--- accounts\n{}\n\n", calls.join("\n")));
    }
    text.push_str(&format!(
        "--- folders\n{CONFIG_FOLDER}: root's, 0755\n{STORE_FOLDER}: of {ACCOUNT} alone, 0700\n"
    ));
    match layout.config {
        Some(config) => {
            text.push_str(&format!(
                "\n--- {CONFIG}, root's, readable by {ACCOUNT}, 0640\n{config}"
            ));
        }
        None => text.push_str(&format!("\n--- {CONFIG} is there, and stays as it is\n")),
    }
    text.push_str(&format!("\n--- {SUDOERS}, 0440\n{}", layout.sudoers));
    for (path, unit) in &layout.units {
        text.push_str(&format!("\n--- {}\n{unit}", path.display()));
    }
    let calls = calls_of(With::Systemd, Scope::System, None);
    let calls: String = calls.iter().map(|call| format!("  {}\n", call.join(" "))).collect();
    text + "\nthen:\n" + &calls
}

fn put(context: &Context, layout: &Layout) -> Result<(), Failure> {
    let undo = format!("`{} uninstall --system --write`", context.called);
    let failed = |what: &str, why: String| Failure {
        exit: Exit::JobFailed,
        message: format!(
            "{what}: {why}\nwhat was laid out before that stands; mend that and call it again, or take it \
             back: {undo}"
        ),
    };
    for call in &layout.accounts {
        let words: Vec<&str> = call.iter().map(String::as_str).collect();
        timers::call(&words, &OsWorld).map_err(|why| failed("an account was not made", why))?;
    }
    let account = account_named(ACCOUNT)
        .ok_or_else(|| failed(ACCOUNT, "there is no such account, although it was made".into()))?;
    let file = |path: &str, done: io::Result<()>| {
        done.map_err(|e| failed(&format!("{path} can't be written"), e.to_string()))
    };
    file(CONFIG_FOLDER, folder(CONFIG_FOLDER, 0o755, None))?;
    file(STORE_FOLDER, folder(STORE_FOLDER, 0o700, Some(account)))?;
    if let Some(config) = layout.config {
        file(CONFIG, put_config(config, account))?;
    }
    let read_by_visudo = |draft: &Path| {
        let draft = draft.to_str().ok_or(io::ErrorKind::InvalidInput)?;
        timers::call(&["visudo", "-c", "-q", "-f", draft], &OsWorld)
            .map(drop)
            .map_err(|why| io::Error::other(format!("visudo refuses it: {why}")))
    };
    let put = replace_checked(Path::new(SUDOERS), layout.sudoers.as_bytes(), 0o440, read_by_visudo);
    file(SUDOERS, put)?;
    for (path, text) in &layout.units {
        file(&path.display().to_string(), replace_whole(path, text.as_bytes(), 0o644))?;
    }
    let calls = calls_of(With::Systemd, Scope::System, None);
    take_up(&calls, "the units", &undo)
}

/// A folder with exactly this mode; one that is there is made so.
fn folder(path: &str, mode: u32, owner: Option<Account>) -> io::Result<()> {
    if let Err(e) = DirBuilder::new().mode(0o700).create(path)
        && e.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(e);
    }
    if let Some(Account { uid, gid }) = owner {
        chown(path, Some(uid), Some(gid))?;
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// `env` of a job may hold a secret: nobody else reads it.
fn put_config(text: &str, account: Account) -> io::Result<()> {
    let path = Path::new(CONFIG);
    create_whole(path, text.as_bytes())?;
    chown(path, Some(0), Some(account.gid))?;
    fs::set_permissions(path, Permissions::from_mode(0o640))
}

fn next_steps(program: &str, is_new: bool) -> String {
    let program = shell_quote(program);
    let as_account =
        format!("runuser -u {ACCOUNT} -- {program} --config-file {CONFIG} --state-file {STORE}");
    let config = if is_new { "declare jobs in" } else { "its jobs stand in" };
    format!(
        "laid out; the timer runs, as {ACCOUNT}\n\nnext:\n  \
         {config} {CONFIG}; whatever they start has to be root's, and writable by nobody else\n  \
         usermod -aG {APPROVERS} NAME        who may approve, at a login of their own\n  \
         {as_account} doctor\n\n\
         everybody:     sudo -u {ACCOUNT} {program} door request JOB --reason …\n\
         who approves:  sudo -u {ACCOUNT} {program} door-approve approve JOB\n"
    )
}
