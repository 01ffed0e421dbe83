//! Making a plan: programs resolved, files hashed, environments final.
//!
//! In: a write, its verifications, and the port that looks at files. Out: a [`Plan`], or what is
//! missing for one.
//! Invariant: a plan is made from what is on disk now; nothing is remembered between two plans.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::base::{JobId, limits};
use crate::compile::{Compiled, CompiledJob};
use crate::model::{
    Account, Command, Job, Kind, LinkWhen, Plan, PlanStep, PlanVerification, Planned,
    STANDARD_PATH, Sandbox, SealedFile, Work,
};
use crate::ports::{FileFacts, FileLook};

/// Programs that run text or modules which no argument names.
const LOADERS: [&str; 12] = [
    "sh", "bash", "dash", "zsh", "ksh", "python", "python3", "node", "perl", "ruby", "env", "make",
];

/// `#!` lines are followed this far: a script whose interpreter is a script.
const INTERPRETERS: usize = 4;

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
    let path = env.get("PATH").map_or(STANDARD_PATH, String::as_str);
    let name = command.argv.first().map_or("", String::as_str);
    let file = facts.resolve(name, &job.cwd, path).map_err(missing)?;
    let program = seal(&file, None, facts).map_err(missing)?;
    let mut not_covered = Vec::new();
    let interpreters = interpreters_of(&file, &job.cwd, path, facts).map_err(missing)?;
    let files = files_of(job, command, facts, &mut not_covered).map_err(missing)?;
    for program in std::iter::once(&program).chain(&interpreters) {
        let name = Path::new(&program.path).file_name().unwrap_or_default().to_string_lossy();
        if LOADERS.iter().any(|l| name == *l || name.starts_with(&format!("{l}."))) {
            not_covered.push(format!("what {name} loads or calls besides the files above"));
        }
    }
    not_covered.push("what the program itself reads, loads or calls when it runs".to_owned());
    let cwd = text(&job.cwd).map_err(missing)?;
    let limit_ms = command.limit.map(|l| u64::try_from(l.as_millis()).unwrap_or(u64::MAX));
    let argv = command.argv.clone();
    Ok(PlanStep { argv, program, interpreters, cwd, env, files, limit_ms, not_covered })
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

/// The interpreters that the kernel would run for a script, and what `env` would look up.
fn interpreters_of(
    program: &Path,
    cwd: &Path,
    path: &str,
    facts: &dyn FileFacts,
) -> Result<Vec<SealedFile>, String> {
    let mut found = Vec::new();
    let mut script = program.to_owned();
    for _ in 0..INTERPRETERS {
        let Some(line) = facts.shebang(&script)? else { break };
        let mut words = line.split_whitespace();
        let interpreter = PathBuf::from(words.next().unwrap_or_default());
        found.push(seal(&interpreter, None, facts)?);
        let by_env = interpreter.file_name().is_some_and(|name| name == "env");
        if let Some(named) = words.find(|w| !w.starts_with('-')).filter(|_| by_env) {
            found.push(seal(&facts.resolve(named, cwd, path)?, None, facts)?);
            break;
        }
        script = interpreter;
    }
    Ok(found)
}

/// Files among the arguments, and those of `inputs`; what can't be sealed is told.
fn files_of(
    job: &Job,
    command: &Command,
    facts: &dyn FileFacts,
    not_covered: &mut Vec<String>,
) -> Result<Vec<SealedFile>, String> {
    let mut files = BTreeSet::new();
    for input in &job.inputs {
        files.insert(seal(input, None, facts)?);
    }
    for word in command.argv.iter().skip(1) {
        let file = job.cwd.join(word);
        match facts.look(&file, Some(limits::PLAN_FILE_BYTES))? {
            FileLook::File(sealed) => drop(files.insert(sealed)),
            FileLook::TooLarge => {
                not_covered.push(format!("the content of {word}: too large, name it in `inputs`"));
            }
            FileLook::Folder => not_covered.push(format!("the content of the folder {word}")),
            FileLook::Missing => {}
        }
    }
    Ok(files.into_iter().collect())
}

fn seal(path: &Path, most: Option<u64>, facts: &dyn FileFacts) -> Result<SealedFile, String> {
    let name = path.display();
    match facts.look(path, most)? {
        FileLook::File(sealed) => Ok(sealed),
        FileLook::TooLarge => Err(format!("{name} is too large to be hashed")),
        FileLook::Folder => Err(format!("{name} is a folder, where a file is needed")),
        FileLook::Missing => Err(format!("{name} is not there")),
    }
}

/// A path as text; one that is none can't stand in a plan that people read.
fn text(path: &Path) -> Result<String, String> {
    let readable = path.to_str().map(str::to_owned);
    readable.ok_or_else(|| format!("the path {} is not UTF-8", path.display()))
}
