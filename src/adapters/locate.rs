//! Where the config, the store and the state of ops-monitor v1 are looked for.
//!
//! In: what the command line says, and a [`World`] that answers for environment and files.
//! Out: [`Located`]: each place with how it was found, or an error that lists the places tried.
//! Invariant: this module never creates, opens for writing or changes anything, and never lets
//! the store be a file that is v1's.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::config::Surroundings;

/// What `locate` asks of the world.
pub trait World {
    /// An environment variable.
    fn var(&self, name: &str) -> Option<OsString>;
    /// The user's home folder.
    fn home(&self) -> Option<PathBuf>;
    /// The working folder.
    fn current_dir(&self) -> Option<PathBuf>;
    /// Is there anything of this name?
    fn exists(&self, path: &Path) -> bool;
    /// Is it a regular file whose first byte that is no white space is a brace?
    fn begins_with_brace(&self, path: &Path) -> bool;
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `--config-file`.
    pub config_file: Option<PathBuf>,
    /// `--state-file`.
    pub state_file: Option<PathBuf>,
}

/// How a place was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A flag of the command line.
    Flag,
    /// `OPSFSM_CONFIG` or `OPSFSM_STATE`.
    Env,
    /// OpenClaw's folder.
    OpenClaw,
    /// `$XDG_CONFIG_HOME`, `$XDG_STATE_HOME` or their defaults.
    Xdg,
}

/// Where the config is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigPlace {
    /// A file or a folder; one that was asked for may turn out not to exist.
    pub path: PathBuf,
    /// How it was found.
    pub via: Via,
}

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorePlace {
    /// The database; it may not exist yet.
    pub path: PathBuf,
    /// How it was found.
    pub via: Via,
    /// State of ops-monitor v1 to import on first use, never to be written.
    pub import: Option<PathBuf>,
}

/// All places of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The config.
    pub config: Result<ConfigPlace, LocateError>,
    /// The store.
    pub store: Result<StorePlace, LocateError>,
    /// OpenClaw's state folder, if it exists.
    pub openclaw: Option<PathBuf>,
    /// What the config's paths are resolved against.
    pub around: Surroundings,
}

/// Why a place is not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocateError {
    /// No config at any place.
    #[error("no config found; looked for:{}\nlet `opsfsm init` write one, or name one with --config-file", lines(.looked))]
    NoConfig {
        /// Every place looked at.
        looked: Vec<PathBuf>,
    },
    /// Nowhere to look.
    #[error(
        "no home folder is known (HOME is not set), so there is nowhere to look for a {what}: name it with {flag}"
    )]
    NoHome {
        /// "config" or "store".
        what: &'static str,
        /// The flag that names it.
        flag: &'static str,
    },
}

fn lines(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    format!("\n  {}", shown.join("\n  "))
}

const CONFIG_NAMES: [&str; 2] = ["opsfsm.toml", "ops-jobs.json"];
const OPENCLAW_CONFIG: &str = "openclaw.json";
const V1_STATE: &str = "ops-monitor.json";
const STORE_NAME: &str = "opsfsm.db";

/// Finds all places. Pure but for the questions it asks of `world`.
pub fn locate(asked: &Asked, world: &dyn World) -> Located {
    let home = world.home().filter(|home| home.is_absolute());
    let dirs = openclaw_candidates(world, home.as_deref());
    let openclaw = openclaw_dir(&dirs, world);
    let config = find_config(asked, world, home.as_deref(), openclaw.as_deref());
    let store = find_store(asked, world, home.as_deref(), openclaw.as_deref());
    let openclaw = openclaw.filter(|dir| world.exists(dir));
    let around = Surroundings { home, default_cwd: openclaw.clone() };
    Located { config, store, openclaw, around }
}

/// Where a config belongs that is yet to be written: where one is looked for, OpenClaw's folder only
/// if it is one that opsfsm works in. `beside`: beside the one that is there, if it has another name.
///
/// # Errors
/// There is nowhere to look for one.
pub fn place_for_config(
    located: &Located,
    world: &dyn World,
    (json, beside): (bool, bool),
) -> Result<PathBuf, LocateError> {
    let name = CONFIG_NAMES[usize::from(json)];
    let looked = match &located.config {
        Ok(place) => {
            let found = matches!(place.via, Via::OpenClaw | Via::Xdg);
            let path = &place.path;
            return Ok(if found && beside { path.with_file_name(name) } else { path.clone() });
        }
        Err(LocateError::NoConfig { looked }) => looked,
        Err(none @ LocateError::NoHome { .. }) => return Err(none.clone()),
    };
    let net = located.openclaw.as_ref().map(|dir| dir.join("net")).filter(|net| world.exists(net));
    let mut named = looked.iter().filter(|path| path.ends_with(name));
    let in_net = net.and_then(|net| named.clone().find(|path| path.starts_with(&net)));
    let place = in_net.or(named.next_back()).cloned();
    place.ok_or(LocateError::NoHome { what: "config", flag: "--config-file" })
}

/// An environment variable as an absolute path; an empty one counts as not set.
fn var_path(world: &dyn World, name: &str, home: Option<&Path>) -> Option<PathBuf> {
    let value = world.var(name).filter(|value| !value.is_empty())?;
    Some(absolute(Path::new(&value), world, home))
}

/// `~/` (cron expands none) and relative paths, made absolute where that is possible.
fn absolute(path: &Path, world: &dyn World, home: Option<&Path>) -> PathBuf {
    if let (Ok(rest), Some(home)) = (path.strip_prefix("~"), home) {
        return home.join(rest);
    }
    match world.current_dir() {
        Some(current) => current.join(path),
        None => path.to_owned(),
    }
}

/// OpenClaw's state folder may be one of these. `OPENCLAW_HOME` is a home to OpenClaw and was the
/// state folder to ops-monitor v1.
fn openclaw_candidates(world: &dyn World, home: Option<&Path>) -> Vec<PathBuf> {
    if let Some(dir) = var_path(world, "OPENCLAW_STATE_DIR", home) {
        return vec![dir];
    }
    if let Some(dir) = var_path(world, "OPENCLAW_HOME", home) {
        let below = dir.join(".openclaw");
        return vec![dir, below];
    }
    home.map(|home| home.join(".openclaw")).into_iter().collect()
}

/// OpenClaw's own config: the place that is named, else the first where it is, else `None`.
#[must_use]
pub fn openclaw_config(world: &dyn World) -> Option<PathBuf> {
    let home = world.home().filter(|home| home.is_absolute());
    if let Some(path) = var_path(world, "OPENCLAW_CONFIG_PATH", home.as_deref()) {
        return Some(path);
    }
    let dirs = openclaw_candidates(world, home.as_deref());
    dirs.into_iter().map(|dir| dir.join(OPENCLAW_CONFIG)).find(|path| world.exists(path))
}

/// The candidate that holds a config of ours, else OpenClaw's own, else a `net` folder, else the
/// first.
fn openclaw_dir(candidates: &[PathBuf], world: &dyn World) -> Option<PathBuf> {
    let net = |name: &str| format!("net/config/{name}");
    let marks =
        [CONFIG_NAMES.map(net).to_vec(), vec![OPENCLAW_CONFIG.to_owned()], vec!["net".into()]];
    let holding = marks.iter().find_map(|names| {
        candidates.iter().find(|dir| names.iter().any(|name| world.exists(&dir.join(name))))
    });
    holding.or(candidates.first()).cloned()
}

fn find_config(
    asked: &Asked,
    world: &dyn World,
    home: Option<&Path>,
    openclaw: Option<&Path>,
) -> Result<ConfigPlace, LocateError> {
    if let Some(path) = &asked.config_file {
        return Ok(ConfigPlace { path: given(path, home), via: Via::Flag });
    }
    if let Some(path) = var_path(world, "OPSFSM_CONFIG", home) {
        return Ok(ConfigPlace { path, via: Via::Env });
    }
    let mut places = Vec::new();
    if let Some(dir) = openclaw {
        places.push((dir.join("net/config"), Via::OpenClaw));
    }
    if let Some(dir) = xdg(world, "XDG_CONFIG_HOME", home, ".config") {
        places.push((dir, Via::Xdg));
    }
    let mut looked = Vec::new();
    for (dir, via) in places {
        for name in CONFIG_NAMES {
            let path = dir.join(name);
            if world.exists(&path) {
                return Ok(ConfigPlace { path, via });
            }
            looked.push(path);
        }
    }
    if looked.is_empty() {
        return Err(LocateError::NoHome { what: "config", flag: "--config-file" });
    }
    Err(LocateError::NoConfig { looked })
}

/// A path from the command line stays as it was given, so that messages show it so.
fn given(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        (Ok(_) | Err(_), _) => path.to_owned(),
    }
}

/// opsfsm's folder below an XDG base; a relative base is to be ignored, says the specification.
fn xdg(world: &dyn World, name: &str, home: Option<&Path>, default: &str) -> Option<PathBuf> {
    let base = world.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| home.map(|home| home.join(default)))?;
    Some(base.join("opsfsm"))
}

fn find_store(
    asked: &Asked,
    world: &dyn World,
    home: Option<&Path>,
    openclaw: Option<&Path>,
) -> Result<StorePlace, LocateError> {
    if let Some(path) = &asked.state_file {
        return Ok(beside_v1(given(path, home), Via::Flag, world));
    }
    if let Some(path) = var_path(world, "OPSFSM_STATE", home) {
        return Ok(beside_v1(path, Via::Env, world));
    }
    if let Some(net) = openclaw.map(|dir| dir.join("net")).filter(|net| world.exists(net)) {
        let state = net.join("state");
        let import = Some(state.join(V1_STATE)).filter(|path| world.exists(path));
        return Ok(StorePlace { path: state.join(STORE_NAME), via: Via::OpenClaw, import });
    }
    match xdg(world, "XDG_STATE_HOME", home, ".local/state") {
        Some(dir) => Ok(StorePlace { path: dir.join(STORE_NAME), via: Via::Xdg, import: None }),
        None => Err(LocateError::NoHome { what: "store", flag: "--state-file" }),
    }
}

/// A state path as it was asked for. If it names v1's state, that is imported and left alone, and
/// the store stands beside it.
fn beside_v1(path: PathBuf, via: Via, world: &dyn World) -> StorePlace {
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    if !json && !world.begins_with_brace(&path) {
        return StorePlace { path, via, import: None };
    }
    let store = if path.file_name().is_some_and(|name| name == V1_STATE) {
        path.with_file_name(STORE_NAME)
    } else {
        path.with_extension("db")
    };
    // An `x.db` that holds v1's JSON must not become the store.
    let taken = store == path || world.begins_with_brace(&store);
    let store = if taken { path.with_extension("db.db") } else { store };
    let import = Some(path).filter(|path| world.exists(path));
    StorePlace { path: store, via, import }
}

#[cfg(test)]
mod tests;
