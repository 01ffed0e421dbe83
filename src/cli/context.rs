//! What every command begins with: the places, the config, the store.
//!
//! In: flags and environment. Out: a loaded config and an open store, or a [`Failure`] with its
//! exit code.
//! Invariant: a store is only made by commands that record something, and used only by the config
//! that it belongs to.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;

use super::args::{Args, Door};
use super::call::{called_as, invocation};
pub(super) use super::config::{BrokenConfig, LoadedConfig};
pub(super) use super::failure::Failure;
use super::io;
use crate::adapters::clock::OsClock;
use crate::adapters::entropy::OsEntropy;
use crate::adapters::file_name::beside;
use crate::adapters::flight_lock;
use crate::adapters::locate::{Asked, Located, StorePlace, locate};
use crate::adapters::os_world::OsWorld;
use crate::adapters::processes::OsProcesses;
use crate::adapters::signals::{self, Interrupt};
use crate::adapters::split_user::{self, Caller};
use crate::adapters::sqlite::{NewStore, SqliteStore};
use crate::base::{Exit, JobId, Now};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{self, Facts, V1State};
use crate::diag::did_you_mean;
use crate::journal::{Change, World};
use crate::model::Language;
use crate::ports::{Clock as _, Commit, Entropy as _, Store as _};
use crate::render::{self, Style};
use crate::tick::{disagreement, facts_of, reports_of};

/// What every command has.
pub(super) struct Context {
    pub(super) clock: OsClock,
    pub(super) entropy: OsEntropy,
    pub(super) processes: OsProcesses,
    pub(super) interrupt: Option<Interrupt>,
    pub(super) located: Located,
    /// How a person calls this opsfsm, and the same with this config and store.
    pub(super) called: String,
    pub(super) invocation: String,
    /// How a person calls it who may approve, where that is another way.
    pub(super) approvers_call: Option<String>,
    /// Who called through sudo, where it is the door that this is called by.
    pub(super) caller: Option<Caller>,
    /// This program's file, as it was named when this call began: it may be replaced meanwhile.
    pub(super) program: Result<PathBuf, String>,
    /// The store, once something has looked at it and before something else needs it.
    opened: RefCell<Option<SqliteStore>>,
}

impl Context {
    pub(super) fn new(args: &Args, program: Option<&OsString>) -> Self {
        let asked =
            Asked { config_file: args.config_file.clone(), state_file: args.state_file.clone() };
        Self::of(&asked, called_as(program), invocation(args, program))
    }

    /// At a door of the split-user set-up: its places are fixed.
    pub(super) fn at_door(door: Door, caller: Caller) -> Self {
        let (config, store) = (split_user::CONFIG.into(), split_user::STORE.into());
        let asked = Asked { config_file: Some(config), state_file: Some(store) };
        let mut context = Self::of(&asked, String::new(), String::new());
        context.called = context.door_call(door);
        context.invocation.clone_from(&context.called);
        context.caller = Some(caller);
        context
    }

    fn of(asked: &Asked, called: String, invocation: String) -> Self {
        let located = locate(asked, &OsWorld);
        let flights = located.store.as_ref().ok().map(|place| flight_lock::folder_of(&place.path));
        let mut context = Self {
            clock: OsClock::new(),
            entropy: OsEntropy,
            processes: OsProcesses { flights },
            // Without it a signal ends opsfsm at once, as it would any program.
            interrupt: signals::install().ok(),
            located,
            called,
            invocation,
            approvers_call: None,
            caller: None,
            program: std::env::current_exe()
                .map_err(|e| format!("opsfsm can't find its own program: {e}")),
            opened: RefCell::new(None),
        };
        let is_systems =
            context.store_place().is_ok_and(|place| place.path == Path::new(split_user::STORE));
        context.approvers_call = is_systems.then(|| context.door_call(Door::Approvers));
        context
    }

    /// This program, for the processes that it starts of itself.
    pub(super) fn program(&self) -> Result<PathBuf, Failure> {
        self.program.clone().map_err(Failure::refused)
    }

    /// Has a signal asked this call to end?
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(|interrupt| interrupt.received().is_some())
    }

    /// Where the config is.
    pub(super) fn config_path(&self) -> Result<&Path, Failure> {
        match &self.located.config {
            Ok(place) => Ok(&place.path),
            Err(e) if split_user::is_set_up() => Err(Failure::refused(format!(
                "{e}\nor ask the account of this host that has one: {} …",
                self.door_call(Door::Everybody)
            ))),
            Err(e) => Err(Failure::refused(e.to_string())),
        }
    }

    pub(super) fn store_place(&self) -> Result<&StorePlace, Failure> {
        self.located.store.as_ref().map_err(|e| Failure::refused(e.to_string()))
    }

    /// One job of the config.
    pub(super) fn job<'a>(
        &self,
        compiled: &'a Compiled,
        id: &str,
    ) -> Result<&'a CompiledJob, Failure> {
        if let Some(job) = compiled.job(&JobId::new(id.trim())) {
            return Ok(job);
        }
        let ids: Vec<&str> = compiled.jobs().map(|j| j.job().id.as_str()).collect();
        let near = did_you_mean(id, ids.iter().copied());
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("see `{} status` for all jobs", self.invocation),
        };
        Err(Failure::refused(format!("there is no job `{}`; {hint}", decide::clean_text(id))))
    }

    /// Opens the store for recording: made, filled from ops-monitor's state and bound to the
    /// config if it is new.
    pub(super) fn open_store(&self, compiled: &Compiled) -> Result<SqliteStore, Failure> {
        let config = self.canonical_config()?;
        let mut store = self.open_any_store()?;
        match &store.world()?.snapshot.config_path {
            Some(owner) if *owner != config => Err(self.foreign_config(owner, &config)),
            Some(_) => Ok(store),
            None => {
                let world = store.read()?;
                match self.begin_store(&mut store, compiled, &world, &config)? {
                    owner if owner != config => Err(self.foreign_config(&owner, &config)),
                    _ => Ok(store),
                }
            }
        }
    }

    /// Looks at what the store knows. Of one that can't be read nothing is known; whoever needs it
    /// then says what is wrong with it.
    pub(super) fn look_at_world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        let stored = self.store_place().ok().filter(|place| place.path.exists());
        let mut store = stored.and_then(|_| self.open_any_store().ok());
        let seen = match store.as_mut().map(SqliteStore::world) {
            Some(Ok(world)) => look(world),
            Some(Err(_)) | None => look(&World::default()),
        };
        // To open it once more would cost as much as a small tick does in all.
        self.opened.replace(store);
        seen
    }

    /// Opens or makes the store, whatever config it belongs to.
    pub(super) fn open_any_store(&self) -> Result<SqliteStore, Failure> {
        if let Some(store) = self.opened.take() {
            return Ok(store);
        }
        let place = self.store_place()?;
        let now = self.clock.now();
        let seed = self.seed()?;
        Ok(SqliteStore::open(&place.path, &NewStore { seed, now: &now.at })?)
    }

    /// What the store holds, without making one. What a first use would take over from
    /// ops-monitor counts as held, so that looking and doing agree.
    pub(super) fn read_world(&self, compiled: &Compiled) -> Result<World, Failure> {
        let place = self.store_place()?;
        let absent = match fs::symlink_metadata(&place.path) {
            Ok(_) => false,
            // What can't be looked at is not absent: opening it says why.
            Err(e) => e.kind() == ErrorKind::NotFound,
        };
        let world = if absent { World::default() } else { self.open_any_store()?.view()? };
        let config = self.canonical_config()?;
        match &world.snapshot.config_path {
            Some(owner) if *owner != config => Err(self.foreign_config(owner, &config)),
            Some(_) => Ok(world),
            None => {
                let import = self.v1_state(&world)?;
                let now = self.clock.now();
                let facts = self.facts(&now, &world)?;
                let begun = decide::begin_store(compiled, world, import.as_ref(), &config, &facts);
                Ok(begun.map_err(|fault| disagreement(&fault))?.0.change.world)
            }
        }
    }

    /// The same as it stands now: what has ended or run out since, and nobody has recorded yet,
    /// counts. Nothing is recorded here either.
    pub(super) fn read_settled_world(&self, compiled: &Compiled) -> Result<World, Failure> {
        let world = self.read_world(compiled)?;
        self.settled(compiled, world)
    }

    /// A world as it stands now.
    pub(super) fn settled(&self, compiled: &Compiled, world: World) -> Result<World, Failure> {
        let now = self.clock.now();
        let facts = self.facts(&now, &world)?;
        let settled = decide::decide_settled(compiled, world, &facts);
        Ok(settled.map_err(|fault| disagreement(&fault))?.change.world)
    }

    /// Does `work` while another thread loads the store, if there is one, for whoever needs it next.
    /// What is wrong with it is said then.
    pub(super) fn beside_store<T>(&self, work: impl FnOnce() -> T) -> T {
        let path = self.store_place().ok().map(|place| place.path.as_path());
        let (Some(path), Ok(seed)) = (path.filter(|path| path.exists()), self.seed()) else {
            return work();
        };
        let now = self.clock.at();
        let load = || {
            let mut store = SqliteStore::open(path, &NewStore { seed, now: &now }).ok()?;
            store.world().is_ok().then_some(store)
        };
        thread::scope(|scope| {
            // A thread that can't be had is done without: then it is loaded later.
            let loading = thread::Builder::new().spawn_scoped(scope, load).ok();
            let done = work();
            self.opened.replace(loading.and_then(|loading| loading.join().ok().flatten()));
            done
        })
    }

    fn facts<'a>(&self, now: &'a Now, world: &World) -> Result<Facts<'a>, Failure> {
        Ok(facts_of(world, &self.processes, now, self.seed()?))
    }

    pub(super) fn foreign_config(&self, owner: &str, config: &str) -> Failure {
        let store = self.located.store.as_ref().map(|s| s.path.display().to_string());
        Failure::refused(format!(
            "the store {} belongs to the config {owner}, and this is {config}; give another \
             --state-file, or hand the store over with `{} adopt`",
            store.unwrap_or_default(),
            self.invocation
        ))
    }

    /// Is this the store of another config than the one that this call names? One that is missing
    /// is known by the path that it had.
    pub(super) fn is_foreign(&self, world: &World) -> Result<bool, Failure> {
        let Some(owner) = &world.snapshot.config_path else { return Ok(false) };
        let path = self.config_path()?;
        let named = fs::canonicalize(path).or_else(|_| std::path::absolute(path));
        Ok(named.map_or(true, |named| named.to_str() != Some(owner)))
    }

    /// The config's path as the store remembers it.
    pub(super) fn canonical_config(&self) -> Result<String, Failure> {
        let path = self.config_path()?;
        let canonical = fs::canonicalize(path)
            .map_err(|e| Failure::refused(format!("the config {}: {e}", path.display())))?;
        // The store names its config by this path, and executors read it by that name.
        let text = canonical.to_str().map(str::to_owned);
        text.ok_or_else(|| Failure::refused(render::not_text("the config", &canonical)))
    }

    /// First use: takes over ops-monitor's state, then binds the store to its config, in one step.
    /// Says whose it is then: another process may have been there first.
    pub(super) fn begin_store(
        &self,
        store: &mut SqliteStore,
        compiled: &Compiled,
        world: &World,
        config: &str,
    ) -> Result<String, Failure> {
        let import = self.v1_state(world)?;
        let now = self.clock.now();
        let facts = self.facts(&now, world)?;
        let style = self.style(compiled.report().language);
        let mut taken = None;
        let mut owner = config.to_owned();
        store.transact(&mut |world| {
            if let Some(first) = &world.snapshot.config_path {
                owner.clone_from(first);
                let change = Change { world, ..Change::default() };
                return Ok(Commit { change, reports: Vec::new() });
            }
            let begun = decide::begin_store(compiled, world, import.as_ref(), config, &facts);
            let (decision, jobs) = begun.map_err(|fault| disagreement(&fault))?;
            taken = Some(jobs);
            // Requests among what was taken over wait in the outbox for the next tick.
            let reports = reports_of(&decision, &facts, &style);
            Ok(Commit { change: decision.change, reports })
        })?;
        if let (Some((path, _)), Some(taken)) = (&import, taken) {
            let taken = render::counted(taken, "job");
            io::note(&format!("took over {taken} from {path}, which is left alone"));
        }
        Ok(owner)
    }

    /// The state of ops-monitor v1 that a store without any jobs takes over.
    fn v1_state(&self, world: &World) -> Result<Option<(String, V1State)>, Failure> {
        let Some(path) = self.store_place()?.import.clone() else { return Ok(None) };
        if !world.snapshot.jobs.is_empty() || !path.exists() {
            return Ok(None);
        }
        let failed = |why: String| Failure {
            exit: Exit::StoreRefused,
            message: format!(
                "the state of ops-monitor in {} can't be taken over: {why}; nothing was started. \
                 Mend it, or move it away to begin without it",
                path.display()
            ),
        };
        let bytes = read_bounded(&path).map_err(&failed)?;
        let state = V1State::parse(&bytes).map_err(&failed)?;
        Ok(Some((path.to_string_lossy().into_owned(), state)))
    }

    pub(super) fn seed(&self) -> Result<[u8; 32], Failure> {
        self.entropy.seed().map_err(|why| Failure { exit: Exit::StoreRefused, message: why })
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    /// How reports are written.
    pub(super) fn style(&self, language: Option<Language>) -> Style {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
            .unwrap_or_default();
        let language = language.unwrap_or_else(|| render::language_of_locale(&locale));
        Style { language, invocation: self.persons_call().to_owned() }
    }

    /// The folder of the logs of start commands: beside the store.
    pub(super) fn logs_folder(&self) -> Result<PathBuf, Failure> {
        Ok(beside(&self.store_place()?.path, "logs"))
    }
}

/// Largest state file of ops-monitor that is read.
const V1_STATE_BYTES: u64 = 64 << 20;

fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let facts = fs::metadata(path).map_err(|e| e.to_string())?;
    if !facts.is_file() || facts.len() > V1_STATE_BYTES {
        return Err("it is no regular file, or too large".to_owned());
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|e| e.to_string())?;
    file.take(V1_STATE_BYTES).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}
