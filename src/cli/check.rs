//! `opsfsm check`: is the config sound? Findings on stdout; exit 0 without errors, 1 with, 2 where
//! it could not be checked.

use super::args::CheckArgs;
use super::context::{BrokenConfig, Context, Failure};
use super::io;
use crate::base::Exit;
use crate::model::Kind;
use crate::render;

/// Checks a config.
pub(super) fn check(context: &Context, options: &CheckArgs) -> Result<Exit, Failure> {
    let path = match &options.path {
        Some(path) => path.as_path(),
        None => context.config_path()?,
    };
    match context.load_config(path).and_then(|c| context.refuse_hidden_writes(c)) {
        Ok(config) => {
            let count = |kind| config.compiled.jobs().filter(|j| j.job().kind() == kind).count();
            let kinds: Vec<String> =
                Kind::ALL.iter().map(|k| format!("{} {}", count(*k), k.as_str())).collect();
            let findings = render::render_findings(&config.sink, &config.sources);
            let all = config.compiled.len();
            let text =
                format!("{findings}{}: ok, {all} jobs ({})\n", path.display(), kinds.join(", "));
            io::answer(&text)?;
            Ok(Exit::Done)
        }
        Err(BrokenConfig { unreadable: Some(why), .. }) => Err(Failure::refused(why)),
        Err(BrokenConfig { sink, sources, unreadable: None }) => {
            io::answer(&render::render_findings(&sink, &sources))?;
            Ok(Exit::JobFailed)
        }
    }
}
