//! `opsfsm init`: a config to begin with, or an old one in today's shape.
//!
//! In: where to, and from what. Out: one new file, or a text.
//! Invariant: nothing that is there is changed, and no job of an old config is lost: what is written
//! is read again and compared before it stands anywhere.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::args::InitArgs;
use super::context::{Context, Failure};
use super::io;
use crate::adapters::config_files::load_config_files;
use crate::adapters::locate::{Via, place_for_config};
use crate::adapters::os_world::OsWorld;
use crate::adapters::whole_file::create_whole;
use crate::base::Exit;
use crate::config::{
    Format, Parsed, SourceText, move_config, parse_config_to_run, print_config, read_config_value,
};
use crate::model::Model;
use crate::render::{self, shell_quote};

pub(super) const STARTER: &str = include_str!("starter.toml");

/// Writes a config.
pub(super) fn init(context: &Context, options: &InitArgs) -> Result<Exit, Failure> {
    let target = target_of(context, options)?;
    let format = format_of(&target, options)?;
    if !options.print {
        refuse_if_there(context, &target)?;
    }
    let text = match &options.from {
        Some(old) => converted(context, old, &target, format)?,
        None => starter(format).map_err(Failure::refused)?,
    };
    if options.print {
        io::answer(&text)?;
        return Ok(Exit::Done);
    }
    create_whole(&target, text.as_bytes()).map_err(|e| {
        if e.kind() == ErrorKind::AlreadyExists {
            return stands_there(context, &target);
        }
        Failure::refused(format!("{} can't be written: {e}", target.display()))
    })?;
    io::say(&next_steps(context, options, &target));
    Ok(Exit::Done)
}

fn target_of(context: &Context, options: &InitArgs) -> Result<PathBuf, Failure> {
    if let Some(path) = &options.path {
        return Ok(path.clone());
    }
    let kind = (options.json, options.from.is_some());
    let place = place_for_config(&context.located, &OsWorld, kind);
    place.map_err(|e| Failure::refused(e.to_string()))
}

fn format_of(target: &Path, options: &InitArgs) -> Result<Format, Failure> {
    let ending = target.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    let is = |word: &str| ending.as_deref().is_some_and(|ending| ending == word);
    let named = options.path.is_some();
    if options.json && is("toml") && named {
        let what =
            "would be read as TOML because of its ending; leave --json out, or name a *.json";
        return Err(Failure::refused(format!("{} {what}", target.display())));
    }
    let json = options.json || (is("json") && !options.print);
    Ok(if json { Format::Json } else { Format::Toml })
}

fn refuse_if_there(context: &Context, target: &Path) -> Result<(), Failure> {
    // A link that leads nowhere stands there too.
    let there = std::fs::symlink_metadata(target).is_ok();
    if there { Err(stands_there(context, target)) } else { Ok(()) }
}

fn stands_there(context: &Context, target: &Path) -> Failure {
    let call = &context.called;
    let shown = shell_quote(&target.to_string_lossy());
    let what = if target.is_dir() { "a folder" } else { "a file" };
    Failure::refused(format!(
        "{} is there already ({what}); it was left as it is. Look at it with `{call} check \
         {shown}`, or name another place: `{call} init PATH`",
        target.display()
    ))
}

/// The starter, whose JSON is the same without the comments.
fn starter(format: Format) -> Result<String, String> {
    match format {
        Format::Toml => Ok(STARTER.to_owned()),
        Format::Json => {
            let bytes = STARTER.as_bytes().to_vec();
            let (name, dir) = (String::new(), PathBuf::new());
            let file = SourceText { name, dir, format: Format::Toml, bytes };
            print_config(&read_config_value(&file)?, format)
        }
    }
}

/// An old config's text for its new place.
fn converted(
    context: &Context,
    old: &Path,
    target: &Path,
    format: Format,
) -> Result<String, Failure> {
    let of_old = |why: String| {
        let what = "can't be written in today's shape";
        Failure::refused(format!("{} {what}: {why}; nothing was written", old.display()))
    };
    let mut files = load_config_files(old).map_err(|e| Failure::refused(e.to_string()))?;
    let (Some(file), true) = (files.pop(), files.is_empty()) else {
        return Err(of_old("it is a folder of several; give one file".to_owned()));
    };
    let before = model_of(context, file.clone()).map_err(&of_old)?;
    let mut value = read_config_value(&file).map_err(&of_old)?;
    let dir = folder_of(target);
    if dir != file.dir {
        move_config(&mut value, &file.dir, &context.located.around).map_err(&of_old)?;
    }
    let text = print_config(&value, format).map_err(&of_old)?;
    let name = target.display().to_string();
    let written = SourceText { name, dir, format, bytes: text.clone().into_bytes() };
    let after = model_of(context, written).map_err(&of_old)?;
    if before != after {
        return Err(of_old("it would not mean the same there; move it by hand".to_owned()));
    }
    Ok(text)
}

/// What a text means, wherever in it that stands.
fn model_of(context: &Context, file: SourceText) -> Result<Model, String> {
    let Parsed { model, sources, sink, .. } =
        parse_config_to_run(vec![file], &context.located.around);
    let broken = || format!("it is broken\n{}", render::render_findings(&sink, &sources));
    model.map(Model::without_places).ok_or_else(broken)
}

/// The folder that a file will be in, by the name that it will have where links lead there.
fn folder_of(target: &Path) -> PathBuf {
    let path = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    let folder = path.parent().unwrap_or(&path);
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

fn next_steps(context: &Context, options: &InitArgs, target: &Path) -> String {
    let found = context.located.config.as_ref().ok();
    let by_default = options.path.is_none() && found.is_none_or(|place| place.via != Via::Flag);
    let call = if by_default {
        context.invocation.clone()
    } else {
        let place = shell_quote(&target.to_string_lossy());
        format!("{} --config-file {place}", context.called)
    };
    let mut steps = vec![("check", "is it sound?")];
    if options.from.is_none() {
        steps.push(("tick", "one cycle by hand; then change a job, and set enabled = true"));
    } else if context.look_at_world(|world| world.snapshot.config_path.is_some()) {
        steps.push(("adopt", "the store belongs to the old config: hand it over"));
    }
    steps.push(("start JOB", "starts a long job, which ticks watch from then on"));
    steps.push(("install", "how a timer would call it every minute; --write does it"));
    let width = steps.iter().map(|(words, _)| words.len()).max().unwrap_or_default();
    let mut text = format!("wrote {}\n\nnext:\n", target.display());
    for (words, what) in steps {
        text.push_str(&format!("  {call} {words:<width$}  {what}\n"));
    }
    if let Some(old) = &options.from {
        let same =
            |place: &Path| std::fs::canonicalize(place).ok() == std::fs::canonicalize(old).ok();
        let first = by_default && found.is_some_and(|place| same(&place.path));
        let also = if first { "; from now on the new one is found first" } else { "" };
        text.push_str(&format!("\n{} was left as it is{also}.\n", old.display()));
    }
    text
}
