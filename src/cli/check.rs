//! `opsfsm check`: are the configs sound? Findings on stdout; exit 0 without any that count, 1 with,
//! 2 where one could not be checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::args::{CheckArgs, CheckFormat, FailOn};
use super::context::{BrokenConfig, Context, Failure};
use super::io;
use crate::adapters::config_files::list_config_files;
use crate::base::Exit;
use crate::config::key_paths;
use crate::diag::{FileId, KeyPath, Severity, Sink, Sources, Span};
use crate::model::Kind;
use crate::render::{self, CheckedConfig, Look};

/// A config and what was found.
struct Checked {
    path: PathBuf,
    jobs: Option<Vec<(Kind, usize)>>,
    unreadable: Option<String>,
    sink: Sink,
    sources: Sources,
}

/// Checks one config or more.
pub(super) fn check(context: &Context, options: &CheckArgs) -> Result<Exit, Failure> {
    let paths = match options.paths.as_slice() {
        [] => vec![context.config_path()?.to_owned()],
        paths => each_once(paths),
    };
    let all: Vec<Checked> = paths.into_iter().map(|path| check_one(context, path)).collect();
    io::answer(&answer(&all, options.format))?;
    let mut unreadable = all.iter().filter_map(|one| one.unreadable.as_deref()).peekable();
    if unreadable.peek().is_some() {
        return Err(Failure::refused(unreadable.collect::<Vec<_>>().join("\n")));
    }
    let worst = all.iter().filter_map(|one| one.sink.worst()).max();
    let counts = match options.fail_on {
        FailOn::Error => worst >= Some(Severity::Error),
        FailOn::Warning => worst >= Some(Severity::Warning),
        FailOn::Info => worst.is_some(),
        FailOn::Never => false,
    };
    Ok(if counts { Exit::JobFailed } else { Exit::Done })
}

/// The paths without those that another one covers: the same again, or a file of a folder that is
/// checked anyway. What can't be looked at stays, to be told.
fn each_once(paths: &[PathBuf]) -> Vec<PathBuf> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folders: Vec<&PathBuf> = paths.iter().filter(|path| path.is_dir()).collect();
    let listed: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| list_config_files(folder).unwrap_or_default())
        .map(|file| real(&file))
        .collect();
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut kept = Vec::new();
    for path in paths {
        let place = real(path);
        if !listed.contains(&place) && !seen.contains(&place) {
            kept.push(path.clone());
        }
        seen.push(place);
    }
    kept
}

fn check_one(context: &Context, path: PathBuf) -> Checked {
    match context.load_config(&path).and_then(|config| context.refuse_hidden_writes(config)) {
        Ok(config) => {
            let count = |kind| config.compiled.jobs().filter(|j| j.job().kind() == kind).count();
            let jobs = Kind::ALL.iter().map(|kind| (*kind, count(*kind))).collect();
            let (sink, sources) = (config.sink, config.sources);
            Checked { path, jobs: Some(jobs), unreadable: None, sink, sources }
        }
        Err(BrokenConfig { sink, sources, unreadable }) => {
            Checked { path, jobs: None, unreadable, sink, sources }
        }
    }
}

fn answer(all: &[Checked], format: CheckFormat) -> String {
    let keyed = match format {
        CheckFormat::Json | CheckFormat::Sarif => true,
        CheckFormat::Human | CheckFormat::Short | CheckFormat::Github => false,
    };
    let configs: Vec<CheckedConfig<'_>> = all
        .iter()
        .map(|one| CheckedConfig {
            name: one.path.display().to_string(),
            jobs: one.jobs.clone(),
            unreadable: one.unreadable.as_deref(),
            sink: &one.sink,
            sources: &one.sources,
            keys: if keyed { keys_of(&one.sink, &one.sources) } else { BTreeMap::new() },
        })
        .collect();
    let base = std::env::current_dir().unwrap_or_default();
    match format {
        CheckFormat::Human => render::render_check_human(&configs, look()),
        CheckFormat::Short => render::render_check_short(&configs),
        CheckFormat::Json => render::render_check_json(&configs),
        CheckFormat::Github => render::render_check_github(&configs, &base),
        CheckFormat::Sarif => render::render_check_sarif(&configs, &base),
    }
}

/// What the places of the findings belong to.
fn keys_of(sink: &Sink, sources: &Sources) -> BTreeMap<Span, KeyPath> {
    let mut places: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
    for span in sink.sorted().iter().filter_map(|f| f.primary.as_ref()).map(|l| l.span) {
        places.entry(span.file).or_default().push(span);
    }
    let keys = places
        .iter()
        .filter_map(|(file, spans)| Some(key_paths(&sources.file(*file)?.text, spans)));
    keys.flatten().collect()
}

/// Colours only on a terminal that has some, and never where they are not wanted
/// (<https://no-color.org>).
fn look() -> Look {
    let Some(width) = io::stdout_columns() else { return Look::default() };
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    Look { colour: !dumb && !set("NO_COLOR"), width: Some(width) }
}
