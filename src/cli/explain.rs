//! `opsfsm config explain`: what is found where, and which way reports would go from here.
//! Records, sends and starts nothing.

use std::path::Path;

use super::args::{ConfigCommand, Format};
use super::context::{Context, Failure};
use super::io;
use super::routes::{Ways, look_for_ways};
use crate::adapters::config_files::load_config_files;
use crate::adapters::locate::Via;
use crate::adapters::openclaw::Found;
use crate::base::Exit;
use crate::model::Endpoint;
use crate::render::{self, Explained, Looked, Place};

/// Explains.
pub(super) fn config(context: &Context, command: &ConfigCommand) -> Result<Exit, Failure> {
    let ConfigCommand::Explain(options) = command;
    let config = context.config()?;
    let settings = config.compiled.report();
    let Ways { found, choice } = look_for_ways(settings, options.target.as_deref());
    let style = context.style(settings.language);
    let from = if settings.language.is_some() { "report.language" } else { "the locale" };
    let config_place = context.located.config.as_ref();
    let store = context.store_place()?;
    let path = context.config_path()?;
    let explained = Explained {
        config: place(path, config_place.map_or(Via::Flag, |place| place.via), "--config-file"),
        files: files_of(path),
        store: place(&store.path, store.via, "--state-file"),
        language: (style.language.as_str().to_owned(), from.to_owned()),
        time_zone: context.clock.zone_name(),
        via: settings.via,
        choice,
        openclaw_config: looked(&found.config, |path| (path.display().to_string(), String::new())),
        token: looked(&found.token, |token| (token.token.to_string(), token.source.clone())),
        chat: looked(&found.chat, |chat| (chat.value.to_string(), chat.source.clone())),
        api_root: root_of(&found),
        program: looked_at(found.program.as_ref().map(|path| path.display().to_string()), ""),
        webhook: address(settings.webhook.as_ref(), "report.webhook.url"),
        deadman: address(settings.deadman.as_ref(), "report.deadman.url"),
    };
    let text = match options.format {
        Format::Text => render::render_explained(&explained),
        Format::Json => render::render_explained_json(&explained),
    };
    // Nobody reads on: no harm.
    let _ = io::out(&text);
    Ok(Exit::Done)
}

fn place(path: &Path, via: Via, flag: &str) -> Place {
    let found = match via {
        Via::Flag => flag,
        Via::Env => "the environment",
        Via::OpenClaw => "OpenClaw's folder",
        Via::Xdg => "the user's own folder",
    };
    Place { path: path.display().to_string(), found: found.to_owned() }
}

/// The files that the config was read from, a moment ago.
fn files_of(path: &Path) -> Vec<String> {
    let files = load_config_files(path).unwrap_or_default();
    files.into_iter().map(|file| file.name).collect()
}

/// What was looked for, as it is told.
pub(super) fn looked<T>(
    found: &Result<Option<T>, String>,
    shown: impl Fn(&T) -> (String, String),
) -> Looked {
    match found {
        Ok(Some(thing)) => {
            let (value, source) = shown(thing);
            Looked::Found { value, source }
        }
        Ok(None) => Looked::Nowhere,
        Err(why) => Looked::Unusable { why: why.clone() },
    }
}

fn looked_at(value: Option<String>, source: &str) -> Looked {
    let source = source.to_owned();
    value.map_or(Looked::Nowhere, |value| Looked::Found { value, source })
}

fn address(url: Option<&Endpoint>, source: &str) -> Looked {
    looked_at(url.map(Endpoint::to_string), source)
}

fn root_of(found: &Found) -> Looked {
    match &found.api_root {
        Ok(root) => looked_at(Some(root.value.to_string()), &root.source),
        Err(why) => Looked::Unusable { why: why.clone() },
    }
}
