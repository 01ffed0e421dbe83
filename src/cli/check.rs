//! `opsfsm check`: are the configs sound? Findings on stdout; exit 0 without any that count, 1 with,
//! 2 where one could not be checked.

use std::path::{Path, PathBuf};

use super::args::{CheckArgs, CheckFormat, FailOn};
use super::checked::Checked;
use super::codes::explain_code;
use super::context::{Context, Failure};
use super::io;
use crate::adapters::config_files::list_config_files;
use crate::base::Exit;
use crate::diag::Severity;
use crate::lint::{Level, Levels};
use crate::render::{self, CheckedConfig, Look};

/// Checks one config or more.
pub(super) fn check(context: &Context, options: &CheckArgs) -> Result<Exit, Failure> {
    if let Some(code) = &options.explain {
        return explain_code(code);
    }
    let levels = levels_of(options).map_err(Failure::refused)?;
    let paths = match options.paths.as_slice() {
        [] => vec![context.config_path()?.to_owned()],
        paths => each_once(paths),
    };
    let check_one = |path| Checked::of(context, path, options, &levels);
    let all: Vec<Checked> = paths.into_iter().map(check_one).collect();
    io::answer(&answer(&all, options.format))?;
    let unreadable: Vec<&str> = all.iter().filter_map(Checked::unreadable).collect();
    if !unreadable.is_empty() {
        return Err(Failure::refused(unreadable.join("\n")));
    }
    let worst = all.iter().filter_map(Checked::worst).max();
    let counts = match options.fail_on {
        FailOn::Error => worst >= Some(Severity::Error),
        FailOn::Warning => worst >= Some(Severity::Warning),
        FailOn::Info => worst.is_some(),
        FailOn::Never => false,
    };
    Ok(if counts { Exit::JobFailed } else { Exit::Done })
}

/// Of several levels for one code the most severe counts.
fn levels_of(options: &CheckArgs) -> Result<Levels, String> {
    let mut levels = Levels::new(options.strict);
    let asked = [
        (&options.allow, Level::Allow),
        (&options.warn, Level::Warn),
        (&options.deny, Level::Deny),
    ];
    for (codes, level) in asked {
        codes.iter().try_for_each(|code| levels.set(code, level))?;
    }
    Ok(levels)
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

fn answer(all: &[Checked], format: CheckFormat) -> String {
    let keyed = match format {
        CheckFormat::Json | CheckFormat::Sarif => true,
        CheckFormat::Human | CheckFormat::Short | CheckFormat::Github => false,
    };
    let configs: Vec<CheckedConfig<'_>> = all.iter().map(|one| one.told(keyed)).collect();
    let base = std::env::current_dir().unwrap_or_default();
    match format {
        CheckFormat::Human => render::render_check_human(&configs, look()),
        CheckFormat::Short => render::render_check_short(&configs),
        CheckFormat::Json => render::render_check_json(&configs),
        CheckFormat::Github => render::render_check_github(&configs, &base),
        CheckFormat::Sarif => render::render_check_sarif(&configs, &base),
    }
}

/// Colours only on a terminal that has some, and never where they are not wanted
/// (<https://no-color.org>).
fn look() -> Look {
    let Some(width) = io::stdout_columns() else { return Look::default() };
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    Look { colour: !dumb && !set("NO_COLOR"), width: Some(width) }
}
