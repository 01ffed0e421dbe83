//! What OpenClaw's config and this machine offer for reports: a token, a chat, a program.
//!
//! In: opsfsm's own settings, which come first, and a [`World`]. Out: [`Found`].
//! Invariant: what is configured and can't be used is an error in its place; it is never passed
//! over for the next.

mod chat;
mod file;
mod program;
mod secret;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::model::{Chat, Endpoint, TelegramSettings};

use super::locate::{World, openclaw_config};
use super::process::SECRET_VARIABLE;
use super::token::Token;
use file::OpenclawFile;
pub use program::{OpenclawProgram, find_program};

/// Telegram's own root of the Bot API.
pub const TELEGRAM_ROOT: &str = "https://api.telegram.org";

/// A thing, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The thing.
    pub value: T,
    /// Where it was found, for people.
    pub source: String,
}

/// A token, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundToken {
    /// The token.
    pub token: Token,
    /// Where it was found, for people.
    pub source: String,
    /// The environment's variables that hold it, or a part of it.
    pub variables: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// OpenClaw's config, if there is one; why it can't be read.
    pub config: Result<Option<PathBuf>, String>,
    /// The bot's token.
    pub token: Result<Option<FoundToken>, String>,
    /// The chat.
    pub chat: Result<Option<Sourced<Chat>>, String>,
    /// The root of the Bot API.
    pub api_root: Result<Sourced<Endpoint>, String>,
    /// The program `openclaw`.
    pub program: Option<PathBuf>,
}

/// Looks for everything.
#[must_use]
pub fn discover(settings: &TelegramSettings, asked: Option<&str>, world: &dyn World) -> Found {
    let file = load(world);
    let readable = file.as_ref().map(Option::as_ref).map_err(String::as_str);
    let config = readable.map(|file| file.map(|file| file.path.clone()));
    Found {
        config: config.map_err(str::to_owned),
        token: secret::find_token(settings, readable, world),
        chat: chat::find_chat(settings, asked, readable, world),
        api_root: find_root(settings, readable, world),
        program: find_program(world),
    }
}

/// The variables that OpenClaw's config takes the token from: they are kept from children.
#[must_use]
pub fn token_variable(world: &dyn World) -> Option<Vec<String>> {
    let file = load(world).ok()?;
    let found = secret::find_token(&TelegramSettings::default(), Ok(file.as_ref()), world);
    found.ok()?.map(|found| found.variables)
}

fn load(world: &dyn World) -> Result<Option<OpenclawFile>, String> {
    let Some(path) = openclaw_config(world) else { return Ok(None) };
    OpenclawFile::load(&path).map_err(|why| {
        format!("OpenClaw's config can't be read: {why}; mend it, or set report.telegram.tokenFile and report.telegram.target")
    })
}

type Readable<'a> = Result<Option<&'a OpenclawFile>, &'a str>;

fn find_root(
    settings: &TelegramSettings,
    file: Readable<'_>,
    world: &dyn World,
) -> Result<Sourced<Endpoint>, String> {
    if let Some(root) = &settings.api_root {
        let source = "report.telegram.apiRoot".to_owned();
        return Ok(Sourced { value: root.clone(), source });
    }
    // A file that can't be read has been told of where it was needed.
    if let Ok(Some(file)) = file
        && let Some((text, place)) = file.account_text("apiRoot", world)
    {
        let value = Endpoint::parse(text.trim_end_matches('/')).ok_or_else(|| {
            format!("{place} is not {}; set report.telegram.apiRoot", Endpoint::RULE)
        })?;
        return Ok(Sourced { value, source: place });
    }
    let value = Endpoint::parse(TELEGRAM_ROOT).ok_or_else(|| "no root is known".to_owned())?;
    Ok(Sourced { value, source: "Telegram's own".to_owned() })
}

/// A path in OpenClaw's config: `~` at home, a relative one beside the config.
fn expand_path(text: &str, config: &Path, world: &dyn World) -> PathBuf {
    let text = text.trim();
    match (Path::new(text).strip_prefix("~"), world.home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        (Ok(_) | Err(_), _) => config.parent().unwrap_or(config).join(text),
    }
}
