//! One config through every stage of `check`, and all that is to be said about it.
//!
//! In: a path, and what was asked for. Out: a [`Checked`].
//! Invariant: every stage looks, whatever an earlier one found.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::CheckArgs;
use super::context::Context;
use super::zone::follow_zone;
use crate::adapters::config_files::load_config_files;
use crate::adapters::host_facts::OsHostFacts;
use crate::base::Day;
use crate::compile::{Compiled, compile_model};
use crate::config::{Parsed, key_paths, parse_config};
use crate::decide::tick_period;
use crate::diag::{Code, FileId, KeyPath, Severity, Sink, Sources, Span};
use crate::journal::World;
use crate::lint::{self, Advice, Judged, Levels, Subject};
use crate::model::Kind;
use crate::ports::{Clock as _, HostFacts};
use crate::render::{CheckedConfig, counted};

/// A config, and what is to be said about it.
#[derive(Default)]
pub(super) struct Checked {
    path: PathBuf,
    /// How many jobs of each kind it has; `None` where anything in it is an error.
    jobs: Option<Vec<(Kind, usize)>>,
    disabled: usize,
    unreadable: Option<String>,
    judged: Judged,
    sources: Sources,
}

impl Checked {
    /// Checks the config at `path`.
    pub(super) fn of(
        context: &Context,
        path: PathBuf,
        options: &CheckArgs,
        levels: &Levels,
    ) -> Self {
        match load_config_files(&path) {
            Ok(files) => {
                let names = files.iter().map(|file| PathBuf::from(&file.name)).collect();
                let parsed = parse_config(files, &context.located.around);
                look(context, path, names, parsed, options, levels)
            }
            Err(e) => Self { path, unreadable: Some(e.to_string()), ..Self::default() },
        }
    }

    /// Why it could not be read at all.
    pub(super) fn unreadable(&self) -> Option<&str> {
        self.unreadable.as_deref()
    }

    /// How bad the worst finding is.
    pub(super) fn worst(&self) -> Option<Severity> {
        self.judged.sink.worst()
    }

    /// How many errors and warnings there are.
    pub(super) fn count(&self) -> (usize, usize) {
        let sink = &self.judged.sink;
        (sink.count(Severity::Error), sink.count(Severity::Warning))
    }

    /// What the first finding of a code says.
    pub(super) fn message_of(&self, code: Code) -> Option<String> {
        let found = self.judged.sink.sorted().into_iter().find(|finding| finding.code == code);
        found.map(|finding| finding.message.clone())
    }

    /// How many jobs it has, of those how many are enabled.
    pub(super) fn sizes(&self) -> String {
        let jobs: usize = self.jobs.iter().flatten().map(|(_, count)| count).sum();
        let enabled = jobs.saturating_sub(self.disabled);
        format!("{}, {enabled} enabled", counted(jobs, "job"))
    }

    /// What is told of it; `keyed`: with what each place belongs to.
    pub(super) fn told(&self, keyed: bool) -> CheckedConfig<'_> {
        let keys = if keyed { keys_of(&self.judged.sink, &self.sources) } else { BTreeMap::new() };
        CheckedConfig {
            name: self.path.display().to_string(),
            jobs: self.jobs.clone(),
            disabled: self.disabled,
            unreadable: self.unreadable(),
            suppressed: self.judged.suppressed,
            sink: &self.judged.sink,
            sources: &self.sources,
            keys,
        }
    }
}

fn look(
    context: &Context,
    path: PathBuf,
    files: Vec<PathBuf>,
    parsed: Parsed,
    options: &CheckArgs,
    levels: &Levels,
) -> Checked {
    let Parsed { model, legible, outlines, mut sources, mut sink } = parsed;
    // With --portable nothing counts but the text: neither this machine nor its store.
    let world = if options.portable { World::default() } else { own_world(context, &path) };
    let host = OsHostFacts::default();
    let advice = match model.as_ref().or(legible.as_ref()) {
        Some(read) => {
            let mut subject = Subject::new(read, &outlines, model.is_some());
            subject.period = options.period.map(Duration::from_secs).or(tick_period(&world));
            subject.host = (!options.portable).then_some(&host as &dyn HostFacts);
            subject.files = files;
            sources.conceal(&lint::secret_places(&subject));
            lint::lint_model(&subject)
        }
        None => Advice::default(),
    };
    let compiled = compile_model(model.clone(), &outlines, &mut sink);
    if let Some(compiled) = &compiled {
        if !options.portable {
            follow_zone(&context.clock, compiled, &mut sink);
        }
        for found in context.hidden_writes(compiled, &world) {
            sink.push(found);
        }
    }
    let read = model.as_ref().or(legible.as_ref()).map(|model| (model, &outlines));
    let today = Day::of_wall_ms(context.clock.now().at.wall_ms);
    let judged = lint::judge(sink, advice, read, levels, today);
    let sound = compiled.filter(|_| judged.sink.worst() < Some(Severity::Error));
    let disabled = |compiled: &Compiled| compiled.jobs().filter(|j| !j.job().enabled).count();
    Checked {
        path,
        jobs: sound.as_ref().map(jobs_of),
        disabled: sound.as_ref().map_or(0, disabled),
        unreadable: None,
        judged,
        sources,
    }
}

fn jobs_of(compiled: &Compiled) -> Vec<(Kind, usize)> {
    let count = |kind| compiled.jobs().filter(|j| j.job().kind() == kind).count();
    Kind::ALL.iter().map(|kind| (*kind, count(*kind))).collect()
}

/// What the store knows, if it is this config's, or nobody's yet.
fn own_world(context: &Context, path: &Path) -> World {
    let world = context.look_at_world(World::clone);
    let this = fs::canonicalize(path).ok();
    let foreign = world
        .snapshot
        .config_path
        .as_ref()
        .is_some_and(|owner| this.is_some_and(|this| this != Path::new(owner)));
    if foreign { World::default() } else { world }
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
