//! `opsfsm logs JOB`: what it printed, as far as it is kept. Reads only.

use super::args::LogsArgs;
use super::context::{Context, Failure};
use super::io;
use crate::adapters::kept_log::read_log_end;
use crate::adapters::process::secrets_beside;
use crate::adapters::runner::log_path;
use crate::adapters::sqlite::EventFilter;
use crate::base::{Exit, JobId, RunId, limits};
use crate::journal::{EventKind, RunRow};
use crate::model::Kind;
use crate::render::{self, KeptRun, StartLog};

/// Shows the log of its starts, and the ends of its last runs.
pub(super) fn logs(context: &Context, options: &LogsArgs) -> Result<Exit, Failure> {
    let id = JobId::new(options.job.trim());
    let path = log_path(&context.logs_folder()?, &id);
    let end = read_log_end(&path, limits::LOG_SHOWN)
        .map_err(|e| Failure::refused(format!("the log {} can't be read: {e}", path.display())))?;
    let runs = runs_of(context, &id, options.runs)?;
    // What a broken config says is no help, and no hindrance: the output is there.
    let config = context.config();
    let known = config.as_ref().ok().and_then(|config| config.compiled.job(&id));
    if known.is_none() && end.is_none() && runs.is_empty() {
        context.job(&config.as_ref().map_err(Clone::clone)?.compiled, &options.job)?;
    }
    let own = known.map(|job| job.job().env.clone()).unwrap_or_default();
    let past = runs.iter().flat_map(|run| run.row.spec.env.iter());
    let secrets = secrets_beside(own.iter().chain(past));
    let shown = end.as_ref().map(|end| {
        let cut = (end.bytes.len() as u64) < end.total;
        (secrets.redact(&String::from_utf8_lossy(&end.bytes), cut), end.total)
    });
    let watched = known.is_some_and(|job| job.job().kind() == Kind::LongRunningRead);
    let log = (watched || shown.is_some()).then(|| StartLog {
        path: &path,
        end: shown.as_ref().map(|(text, total)| (text.as_str(), *total)),
    });
    let lines = usize::try_from(options.lines).unwrap_or(usize::MAX);
    let text = render::render_logs(&id, log, &runs, lines, context.now().local);
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// The last runs, with their ends as the journal has them: of what a person ran, nothing else is kept.
fn runs_of(context: &Context, id: &JobId, most: u32) -> Result<Vec<KeptRun>, Failure> {
    if !context.store_place()?.path.exists() {
        return Ok(Vec::new());
    }
    let store = context.open_any_store()?;
    let filter = EventFilter { job: Some(id), event: Some("run_ended"), since_ms: None };
    let ended = store.last_events(&filter, limits::ENDS_LOOKED_AT)?;
    let end_of = |of: &RunId| {
        ended.iter().rev().find_map(|(_, event)| {
            let EventKind::RunEnded { run, end, .. } = &event.kind else { return None };
            (run == of).then(|| end.clone())
        })
    };
    let kept = |(row, over): (RunRow, bool)| KeptRun { end: end_of(&row.spec.run), row, over };
    Ok(store.runs_of(id, most)?.into_iter().map(kept).collect())
}
