//! Making a plan: programs resolved, files hashed, environments final.
//!
//! In: a write, its verifications, and the port that looks at files. Out: a [`Plan`], or what is
//! missing for one.
//! Invariant: a plan is made from what is on disk now; nothing is remembered between two plans.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::folder::folder_of;
use crate::base::{JobId, limits};
use crate::compile::{Compiled, CompiledJob};
use crate::model::{
    Account, Command, Job, Kind, LinkWhen, Plan, PlanStep, PlanVerification, Planned,
    STANDARD_PATH, Sandbox, SealedFile, Work,
};
use crate::ports::{FileFacts, FileLook};
use crate::tick::{Links, SealedProgram, note_link, seal_file, seal_program};

/// Programs that run text or modules which no argument names.
const LOADERS: [&str; 12] = [
    "sh", "bash", "dash", "zsh", "ksh", "python", "python3", "node", "perl", "ruby", "env", "make",
];

/// Paths that lead each process elsewhere: they say nothing of the write that will use them.
const OF_THE_CALLER: [&str; 6] =
    ["/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self", "/proc/thread-self"];

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// Only writes are planned.
    #[error("`{0}` is a {1}: only a one_shot_write has a plan")]
    NotAWrite(JobId, &'static str),
    /// Something that would run is not there.
    #[error("`{job}` can't be planned: {why}")]
    Missing {
        /// Of this job.
        job: JobId,
        /// What, and the way out.
        why: String,
    },
}

/// Plans a write as it is now.
///
/// # Errors
/// [`PlanFault`], naming the job and what is missing.
pub fn plan_now(
    compiled: &Compiled,
    job: &CompiledJob,
    facts: &dyn FileFacts,
) -> Result<Planned, PlanFault> {
    let plan = make_plan(compiled, job, facts)?;
    let digest = plan
        .digest()
        .map_err(|e| PlanFault::Missing { job: job.job().id.clone(), why: e.to_string() })?;
    Ok(Planned { plan, digest })
}

fn make_plan(
    compiled: &Compiled,
    job: &CompiledJob,
    facts: &dyn FileFacts,
) -> Result<Plan, PlanFault> {
    let declared = job.job();
    let Work::Write { run, verify_within, .. } = &declared.work else {
        return Err(PlanFault::NotAWrite(declared.id.clone(), declared.kind().as_str()));
    };
    let missing = |why: String| PlanFault::Missing { job: declared.id.clone(), why };
    let account = facts.account().map_err(missing)?;
    let step = make_step(declared, run, &account, facts)?;
    let mut verifications = Vec::new();
    for link in declared.after.iter().filter(|link| link.when == LinkWhen::Success) {
        let Some(check) = compiled.job(&link.target).map(CompiledJob::job) else { continue };
        let Work::Check { run, sandbox, .. } = &check.work else { continue };
        if check.is_read_only() && check.kind() == Kind::OneShotRead {
            verifications.push(PlanVerification {
                job: check.id.clone(),
                delay_ms: u64::try_from(link.delay.as_millis()).unwrap_or(u64::MAX),
                step: make_step(check, run, &account, facts)?,
                sandboxed: *sandbox != Some(Sandbox::Off),
            });
        }
    }
    if verifications.is_empty() {
        // A watched job that follows it proves nothing of this very run.
        return Err(missing(
            "no read_only one_shot_read verifies it; add one to `after`".to_owned(),
        ));
    }
    let verify_within_ms = u64::try_from(verify_within.as_millis()).unwrap_or(u64::MAX);
    Ok(Plan { job: declared.id.clone(), account, step, verifications, verify_within_ms })
}

fn make_step(
    job: &Job,
    command: &Command,
    account: &Account,
    facts: &dyn FileFacts,
) -> Result<PlanStep, PlanFault> {
    let missing = |why: String| PlanFault::Missing { job: job.id.clone(), why };
    let env = final_env(job, account);
    fits(&command.argv, &env).map_err(missing)?;
    let path = env.get("PATH").map_or(STANDARD_PATH, String::as_str);
    let mut links = Links::new();
    let cwd = folder_of(job, facts, &mut links).map_err(missing)?;
    let sealed = seal_program(&command.argv, Path::new(&cwd), path, facts).map_err(missing)?;
    let SealedProgram { exec, program, interpreters, links: of_program, not_covered } = sealed;
    links.extend(of_program);
    let mut not_covered: Vec<String> = not_covered.into_iter().collect();
    let files = files_of((job, command, &cwd), facts, &mut links, &mut not_covered);
    let files = files.map_err(missing)?;
    for program in std::iter::once(&program).chain(&interpreters) {
        let name = Path::new(&program.path).file_name().unwrap_or_default().to_string_lossy();
        if LOADERS.iter().any(|l| name == *l || name.starts_with(&format!("{l}."))) {
            not_covered.push(format!("what {name} loads or calls besides the files above"));
        }
    }
    not_covered.push("what the program itself reads, loads or calls when it runs".to_owned());
    let limit_ms = command.limit.map(|l| u64::try_from(l.as_millis()).unwrap_or(u64::MAX));
    let argv = command.argv.clone();
    Ok(PlanStep {
        argv,
        exec,
        program,
        interpreters,
        cwd,
        env,
        files,
        links,
        limit_ms,
        not_covered,
    })
}

/// Can a command be started with these words and variables? The kernel bounds each of them.
fn fits(argv: &[String], env: &BTreeMap<String, String>) -> Result<(), String> {
    let most = limits::ARGUMENT_BYTES;
    if let Some((n, _)) = argv.iter().enumerate().find(|(_, word)| word.len() >= most) {
        return Err(format!("argument {n} is too long: none may have {} KiB", most >> 10));
    }
    let long = env.iter().find(|(name, value)| name.len() + 1 + value.len() >= most);
    match long {
        Some((name, _)) => Err(format!("the variable {name} is longer than {} KiB", most >> 10)),
        None => Ok(()),
    }
}

/// A write's whole environment: the account's, a constant PATH, and what the job sets.
fn final_env(job: &Job, account: &Account) -> BTreeMap<String, String> {
    let fixed = [
        ("PATH", STANDARD_PATH),
        ("HOME", account.home.as_str()),
        ("USER", account.name.as_str()),
        ("LOGNAME", account.name.as_str()),
        ("SHELL", account.shell.as_str()),
    ];
    let mut env: BTreeMap<String, String> =
        fixed.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    env.extend(job.env.iter().map(|(k, v)| (k.clone(), v.clone())));
    env
}

/// Files among the arguments, and those of `inputs`. An argument need not be a path: of one that
/// can't be looked at it is only told.
fn files_of(
    (job, command, cwd): (&Job, &Command, &str),
    facts: &dyn FileFacts,
    links: &mut Links,
    not_covered: &mut Vec<String>,
) -> Result<Vec<SealedFile>, String> {
    let mut files = BTreeSet::new();
    for input in &job.inputs {
        files.insert(seal_file(input, facts, links)?);
    }
    for word in command.argv.iter().skip(1) {
        let path = Path::new(cwd).join(word);
        if OF_THE_CALLER.iter().any(|own| path.starts_with(own)) {
            not_covered.push(format!("what {word} is to each process of its own"));
            continue;
        }
        let place = match facts.look(&path, Some(limits::PLAN_FILE_BYTES)) {
            Ok(FileLook::File(sealed)) => {
                let place = sealed.path.clone();
                files.insert(sealed);
                Some(place)
            }
            Ok(FileLook::TooLarge { path }) => {
                not_covered.push(format!("the content of {word}: too large, name it in `inputs`"));
                Some(path)
            }
            Ok(FileLook::Folder { path }) => {
                not_covered.push(format!("the content of the folder {word}"));
                Some(path)
            }
            Ok(FileLook::Special { path }) => {
                not_covered.push(format!("what comes of {word}: a device, a pipe or a socket"));
                Some(path)
            }
            Ok(FileLook::Missing { path }) => path,
            Err(why) => {
                not_covered.push(format!("the content of {word}: {why}"));
                None
            }
        };
        if let Some(place) = place {
            note_link(&path, &place, links);
        }
    }
    Ok(files.into_iter().collect())
}
