//! The chat that reports go to: where it is looked for.
//!
//! In: the command line, settings, OpenClaw's config. Out: a chat and its source.
//! Invariant: `*` and names that nobody can be sure of are passed over: a target is never guessed.

use serde_json::Value;

use super::file::{OpenclawFile, fill};
use super::{Readable, Sourced};
use crate::adapters::locate::World;
use crate::model::{Chat, TelegramSettings};

/// Looks for the chat.
pub(super) fn find_chat(
    settings: &TelegramSettings,
    asked: Option<&str>,
    file: Readable<'_>,
    world: &dyn World,
) -> Result<Option<Sourced<Chat>>, String> {
    if let Some(text) = asked {
        let chat = Chat::parse(text)
            .ok_or_else(|| format!("--target is not {}: nothing is sent to a guess", Chat::RULE))?;
        return Ok(Some(Sourced { value: chat, source: "--target".to_owned() }));
    }
    let own = settings.target.as_deref().and_then(Chat::parse);
    let source = "report.telegram.target".to_owned();
    let found = match own {
        Some(value) => Some(Sourced { value, source }),
        None => file.map_err(str::to_owned)?.and_then(|file| in_file(file, world)),
    };
    Ok(found.map(|found| Sourced { value: in_thread(found.value, settings.thread), ..found }))
}

/// The topic of our own settings, where the chat names none itself.
fn in_thread(chat: Chat, thread: Option<i64>) -> Chat {
    Chat { thread: chat.thread.or(thread), ..chat }
}

fn in_file(file: &OpenclawFile, world: &dyn World) -> Option<Sourced<Chat>> {
    heartbeat(file, world)
        .or_else(|| owner(file, world))
        .or_else(|| default_to(file, world))
        .or_else(|| allowed(file, world))
}

/// A chat's id is written as text or as a number.
fn text_of(value: &Value, world: &dyn World) -> Option<String> {
    match value {
        Value::String(text) => Some(fill(text, world).text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The heartbeat of agent `main`, in its new or old place, over that of all agents.
fn heartbeat(file: &OpenclawFile, world: &dyn World) -> Option<Sourced<Chat>> {
    const DEFAULTS: [&str; 3] = ["agents", "defaults", "heartbeat"];
    let new = file.get(&["agents", "entries", "main", "heartbeat"]);
    let listed = file.get(&["agents", "list"]).and_then(Value::as_array);
    let is_main = |agent: &&Value| agent.get("id").and_then(Value::as_str) == Some("main");
    let old = listed.and_then(|all| all.iter().find(is_main)?.get("heartbeat"));
    let own = new.or(old);
    let setting = |key: &str| {
        let of = |value: &Value| value.get(key).and_then(|found| text_of(found, world));
        own.and_then(of).or_else(|| file.get(&DEFAULTS).and_then(of))
    };
    if setting("target").as_deref() != Some("telegram") {
        return None;
    }
    let value = Chat::parse(&setting("to")?)?;
    Some(Sourced { value, source: file.place(&["the heartbeat of agent main"]) })
}

/// The first owner on Telegram.
fn owner(file: &OpenclawFile, world: &dyn World) -> Option<Sourced<Chat>> {
    let keys = ["commands", "ownerAllowFrom"];
    let owners = file.get(&keys)?.as_array()?.iter().filter_map(|owner| text_of(owner, world));
    let mut chats = owners
        .filter(|text| text.trim().starts_with("telegram:"))
        .filter_map(|text| Chat::parse_number(&text));
    Some(Sourced { value: chats.next()?, source: file.place(&keys) })
}

fn default_to(file: &OpenclawFile, world: &dyn World) -> Option<Sourced<Chat>> {
    let keys = ["channels", "telegram", "defaultTo"];
    let value = Chat::parse(&text_of(file.get(&keys)?, world)?)?;
    Some(Sourced { value, source: file.place(&keys) })
}

/// The first who may write to the bot and is named by number.
fn allowed(file: &OpenclawFile, world: &dyn World) -> Option<Sourced<Chat>> {
    let keys = ["channels", "telegram", "allowFrom"];
    let all = file.get(&keys)?.as_array()?.iter().filter_map(|one| text_of(one, world));
    let mut chats = all.filter_map(|text| Chat::parse_number(&text));
    Some(Sourced { value: chats.next()?, source: file.place(&keys) })
}
