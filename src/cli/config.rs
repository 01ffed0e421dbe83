//! The config of a command: read, compiled, and refused where it can't be run.
//!
//! In: a path. Out: a [`LoadedConfig`], or a [`BrokenConfig`] with its findings.

use std::path::Path;

use super::context::{Context, Failure};
use super::zone::follow_zone;
use crate::adapters::config_files::load_config_files;
use crate::compile::{Compiled, compile_model};
use crate::config::{Parsed, parse_config_to_run};
use crate::decide::{self, HiddenWrite};
use crate::diag::{Code, Finding, Sink, Sources};
use crate::journal::World;
use crate::model::Kind;
use crate::render;

/// A config that can't be run.
pub(super) struct BrokenConfig {
    pub(super) sink: Sink,
    pub(super) sources: Sources,
    /// It could not even be read.
    pub(super) unreadable: Option<String>,
}

/// A loaded config.
pub(super) struct LoadedConfig {
    pub(super) compiled: Compiled,
    pub(super) sink: Sink,
    pub(super) sources: Sources,
}

impl Context {
    /// Loads and compiles the config at `path`.
    pub(super) fn load_config(&self, path: &Path) -> Result<LoadedConfig, BrokenConfig> {
        let files = load_config_files(path).map_err(|e| BrokenConfig {
            sink: Sink::new(),
            sources: Sources::default(),
            unreadable: Some(e.to_string()),
        })?;
        let Parsed { model, outlines, sources, mut sink, .. } =
            parse_config_to_run(files, &self.located.around);
        match compile_model(model, &outlines, &mut sink) {
            Some(compiled) => {
                follow_zone(&self.clock, &compiled, &mut sink);
                Ok(LoadedConfig { compiled, sink, sources })
            }
            None => Err(BrokenConfig { sink, sources, unreadable: None }),
        }
    }

    /// Loads the config, or fails with all its findings.
    pub(super) fn config(&self) -> Result<LoadedConfig, Failure> {
        let path = self.config_path()?;
        self.load_config(path)
            .and_then(|config| self.refuse_hidden_writes(config))
            .map_err(|broken| match self.caller() {
                // Its lines are not for everybody: a secret may stand on them.
                Some(_) => Failure::refused(format!(
                    "the config {} is broken; nothing was run. Whoever looks after it sees why with \
                     `opsfsm check`",
                    path.display()
                )),
                None => Failure::refused(Self::broken_text(path, &broken)),
            })
    }

    /// Refuses a config whose read jobs bear what it, or the store, knows as a write.
    pub(super) fn refuse_hidden_writes(
        &self,
        config: LoadedConfig,
    ) -> Result<LoadedConfig, BrokenConfig> {
        let LoadedConfig { compiled, mut sink, sources } = config;
        let hidden = self.look_at_world(|world| self.hidden_writes(&compiled, world));
        if hidden.is_empty() {
            return Ok(LoadedConfig { compiled, sink, sources });
        }
        for finding in hidden {
            sink.push(finding);
        }
        Err(BrokenConfig { sink, sources, unreadable: None })
    }

    /// The read jobs that bear what the config, or the store, knows as a write.
    pub(super) fn hidden_writes(&self, compiled: &Compiled, world: &World) -> Vec<Finding> {
        let hidden = decide::hidden_writes(compiled, &world.snapshot);
        hidden.iter().map(|hidden| self.hidden_write(compiled, hidden)).collect()
    }

    fn hidden_write(&self, compiled: &Compiled, hidden: &HiddenWrite) -> Finding {
        let HiddenWrite { job, write, role } = hidden;
        let declared = compiled.job(write).is_some_and(|j| j.job().kind() == Kind::OneShotWrite);
        let is = if declared { "is" } else { "was once" };
        let (key, message) = match role {
            Some(role) => (
                format!("commands.{role}"),
                format!(
                    "`commands.{role}` of read job `{job}` is the command of `{write}`, which {is} \
                     declared a write"
                ),
            ),
            None => (
                "id".to_owned(),
                format!("read job `{job}` has the id of what {is} declared a write"),
            ),
        };
        let finding = match compiled.place(job, &key) {
            Some(place) => Finding::new(Code::HiddenWrite, place, message),
            None => Finding::nowhere(Code::HiddenWrite, message),
        };
        let finding = finding.of(job).help("declare it one_shot_write");
        if declared {
            return match compiled.place(write, "commands.run") {
                Some(place) => finding.also(place, "the write"),
                None => finding,
            };
        }
        let (call, id) = (&self.invocation, render::shell_quote(write.as_str()));
        finding.help(format!(
            "if it writes nothing, a person says so: {call} approve --reclassify {id}"
        ))
    }

    /// What is to be said on stderr of a config that can't be run.
    pub(super) fn broken_text(path: &Path, broken: &BrokenConfig) -> String {
        match &broken.unreadable {
            Some(why) => why.clone(),
            None => format!(
                "the config {} is broken; nothing was run\n{}",
                path.display(),
                render::render_findings(&broken.sink, &broken.sources)
            ),
        }
    }
}
