//! `opsfsm check`: is the config sound? Findings on stdout; exit 0 without errors, 1 with, 2 where
//! it could not be checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::CheckArgs;
use super::codes::explain_code;
use super::context::{Context, Failure};
use super::io;
use super::zone::follow_zone;
use crate::adapters::config_files::load_config_files;
use crate::adapters::host_facts::OsHostFacts;
use crate::base::{Day, Exit};
use crate::compile::{Compiled, compile_model};
use crate::config::{Parsed, parse_config};
use crate::decide::tick_period;
use crate::diag::{Severity, Sources};
use crate::lint::{self, Advice, Judged, Level, Levels, Subject};
use crate::model::Kind;
use crate::ports::{Clock as _, HostFacts};
use crate::render;

/// A config, and all that is to be said about it.
struct Checked {
    /// `None`: it can't be run.
    compiled: Option<Compiled>,
    judged: Judged,
    sources: Sources,
}

/// Checks a config.
pub(super) fn check(context: &Context, options: &CheckArgs) -> Result<Exit, Failure> {
    if let Some(code) = &options.explain {
        return explain_code(code);
    }
    let levels = levels_of(options).map_err(Failure::refused)?;
    let path = match &options.path {
        Some(path) => path.as_path(),
        None => context.config_path()?,
    };
    let Checked { compiled, judged, sources } = look(context, path, options, &levels)?;
    let mut text = render::render_findings(&judged.sink, &sources);
    match judged.suppressed {
        0 => {}
        1 => text.push_str("1 finding is suppressed\n"),
        some => text.push_str(&format!("{some} findings are suppressed\n")),
    }
    let sound = compiled.filter(|_| judged.sink.count(Severity::Error) == 0);
    if let Some(compiled) = &sound {
        let count = |kind| compiled.jobs().filter(|j| j.job().kind() == kind).count();
        let kinds: Vec<String> =
            Kind::ALL.iter().map(|k| format!("{} {}", count(*k), k.as_str())).collect();
        let (all, kinds) = (compiled.len(), kinds.join(", "));
        text.push_str(&format!("{}: ok, {all} jobs ({kinds})\n", path.display()));
    }
    io::answer(&text)?;
    Ok(if sound.is_some() { Exit::Done } else { Exit::JobFailed })
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

/// Every stage looks, whatever an earlier one found.
fn look(
    context: &Context,
    path: &Path,
    options: &CheckArgs,
    levels: &Levels,
) -> Result<Checked, Failure> {
    let files = load_config_files(path).map_err(|e| Failure::refused(e.to_string()))?;
    let names = files.iter().map(|file| PathBuf::from(&file.name)).collect();
    let Parsed { model, legible, outlines, sources, mut sink } =
        parse_config(files, &context.located.around);
    // With --portable nothing counts but the text: neither this machine nor its store.
    let world = if options.portable { None } else { context.world_if_any() }.unwrap_or_default();
    let host = OsHostFacts::default();
    let advice = match model.as_ref().or(legible.as_ref()) {
        Some(read) => {
            let mut subject = Subject::new(read, &outlines, model.is_some());
            subject.period = options.period.map(Duration::from_secs).or(tick_period(&world));
            subject.host = (!options.portable).then_some(&host as &dyn HostFacts);
            subject.files = names;
            lint::lint_model(&subject)
        }
        None => Advice::default(),
    };
    let compiled = compile_model(model.clone(), &outlines, &mut sink);
    let hidden = compiled.as_ref().map(|compiled| {
        if !options.portable {
            follow_zone(&context.clock, compiled, &mut sink);
        }
        context.hidden_writes(compiled, &world)
    });
    let hidden = hidden.unwrap_or_default();
    let compiled = compiled.filter(|_| hidden.is_empty());
    for finding in hidden {
        sink.push(finding);
    }
    let read = model.as_ref().or(legible.as_ref()).map(|model| (model, &outlines));
    let today = Day::of_wall_ms(context.clock.now().at.wall_ms);
    Ok(Checked { compiled, judged: lint::judge(sink, advice, read, levels, today), sources })
}
