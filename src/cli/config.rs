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
            .map_err(|broken| Failure::refused(Self::broken_text(path, &broken)))
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
        let finding = |HiddenWrite { job, write }| {
            let message = format!(
                "read job `{job}` has the id or a command of `{write}`, which was declared a write"
            );
            let finding = match compiled.job(&job) {
                Some(job) => Finding::new(Code::HiddenWrite, job.job().id_span, message),
                None => Finding::nowhere(Code::HiddenWrite, message),
            };
            let (call, id) = (&self.invocation, render::shell_quote(write.as_str()));
            let declared =
                compiled.job(&write).is_some_and(|j| j.job().kind() == Kind::OneShotWrite);
            let finding = finding.of(&job).help("declare it one_shot_write");
            if declared {
                return finding;
            }
            finding.help(format!(
                "if it writes nothing, a person says so: {call} approve --reclassify {id}"
            ))
        };
        let hidden = decide::hidden_writes(compiled, &world.snapshot);
        hidden.into_iter().map(finding).collect()
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
