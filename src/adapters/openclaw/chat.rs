//! The chat that reports go to: where it is looked for.
//!
//! In: the command line, settings, OpenClaw's config. Out: a chat and its source.
//! Invariant: a target is never guessed: of several, `*` and names that nobody can be sure of are
//! passed over; one that is set and can't be used is an error that names it.

use serde_json::Value;

use super::file::{OpenclawFile, fill, set};
use super::{Readable, Sourced};
use crate::adapters::locate::World;
use crate::model::{Chat, TelegramSettings};

const WAY_OUT: &str = "name the chat with report.telegram.target";

/// A chat, none, or why the one that is set can't be used.
type Lookup = Result<Option<Sourced<Chat>>, String>;

/// Looks for the chat.
pub(super) fn find_chat(
    settings: &TelegramSettings,
    asked: Option<&str>,
    file: Readable<'_>,
    world: &dyn World,
) -> Lookup {
    if let Some(text) = asked {
        let chat = Chat::parse(text)
            .ok_or_else(|| format!("--target is not {}: nothing is sent to a guess", Chat::RULE))?;
        return Ok(Some(Sourced { value: chat, source: "--target".to_owned() }));
    }
    let own = settings.target.as_deref().and_then(Chat::parse);
    let source = "report.telegram.target".to_owned();
    let found = match own {
        Some(value) => Some(Sourced { value, source }),
        None => match file.map_err(str::to_owned)? {
            Some(file) => in_file(file, world)?,
            None => None,
        },
    };
    Ok(found.map(|found| Sourced { value: in_thread(found.value, settings.thread), ..found }))
}

/// The topic of our own settings, where the chat names none itself.
fn in_thread(chat: Chat, thread: Option<i64>) -> Chat {
    Chat { thread: chat.thread.or(thread), ..chat }
}

fn in_file(file: &OpenclawFile, world: &dyn World) -> Lookup {
    if let Some(found) = heartbeat(file, world)? {
        return Ok(Some(found));
    }
    if let Some(found) = owner(file, world)? {
        return Ok(Some(found));
    }
    if let Some(found) = default_to(file, world)? {
        return Ok(Some(found));
    }
    allowed(file, world)
}

/// A chat's id is written as text or as a number.
fn text_of(value: &Value, place: &str, world: &dyn World) -> Result<String, String> {
    match value {
        Value::String(text) => {
            let filled = fill(text, world);
            match filled.unset {
                Some(name) => Err(format!(
                    "{place} means the variable {name}, which is not set here: set it, or {WAY_OUT}"
                )),
                None => Ok(filled.text),
            }
        }
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(misshapen(place)),
    }
}

fn misshapen(place: &str) -> String {
    format!("{place} is not {}: {WAY_OUT}", Chat::RULE)
}

/// The one chat of a setting that is set.
fn chat_of(value: &Value, place: &str, world: &dyn World) -> Result<Chat, String> {
    Chat::parse(&text_of(value, place, world)?).ok_or_else(|| misshapen(place))
}

/// The heartbeat of agent `main`, in its new or old place, over that of all agents.
fn heartbeat(file: &OpenclawFile, world: &dyn World) -> Lookup {
    const DEFAULTS: [&str; 3] = ["agents", "defaults", "heartbeat"];
    let new = file.get(&["agents", "entries", "main", "heartbeat"]);
    let listed = file.get(&["agents", "list"]).and_then(Value::as_array);
    let is_main = |agent: &&Value| agent.get("id").and_then(Value::as_str) == Some("main");
    let old = listed.and_then(|all| all.iter().find(is_main)?.get("heartbeat"));
    let own = new.or(old);
    let setting = |key: &str| {
        let of = |value| set(Value::get(value, key)?);
        own.and_then(of).or_else(|| file.get(&DEFAULTS).and_then(of))
    };
    let source = file.place(&["the heartbeat of agent main"]);
    // A target of another kind is another channel's.
    let Some(target) = setting("target").filter(|target| target.is_string()) else {
        return Ok(None);
    };
    if text_of(target, &format!("target of {source}"), world)?.trim() != "telegram" {
        return Ok(None);
    }
    let Some(to) = setting("to") else { return Ok(None) };
    let value = chat_of(to, &format!("to of {source}"), world)?;
    Ok(Some(Sourced { value, source }))
}

/// The first owner on Telegram.
fn owner(file: &OpenclawFile, world: &dyn World) -> Lookup {
    first_of(file, &["commands", "ownerAllowFrom"], world, |text| text.starts_with("telegram:"))
}

fn default_to(file: &OpenclawFile, world: &dyn World) -> Lookup {
    let keys = ["channels", "telegram", "defaultTo"];
    let Some(value) = file.get(&keys) else { return Ok(None) };
    let source = file.place(&keys);
    Ok(Some(Sourced { value: chat_of(value, &source, world)?, source }))
}

/// The first who may write to the bot and is named by number.
fn allowed(file: &OpenclawFile, world: &dyn World) -> Lookup {
    let keys = ["channels", "telegram", "allowFrom"];
    first_of(file, &keys, world, |text| {
        let prefix = text.split_once(':').map_or("", |(prefix, _)| prefix);
        let foreign = prefix.starts_with(|c: char| c.is_ascii_alphabetic());
        !foreign || matches!(prefix, "telegram" | "tg")
    })
}

/// The first of an array that is ours and a number. `*` and people's names are passed over, and
/// what is not ours; whatever else comes before it is an error.
fn first_of(
    file: &OpenclawFile,
    keys: &[&str],
    world: &dyn World,
    is_ours: impl Fn(&str) -> bool,
) -> Lookup {
    let Some(value) = file.get(keys) else { return Ok(None) };
    let source = file.place(keys);
    let all = value.as_array().ok_or_else(|| format!("{source} is no array: {WAY_OUT}"))?;
    for (n, one) in all.iter().enumerate() {
        let place = format!("entry {} of {source}", n + 1);
        let text = text_of(one, &place, world)?;
        let text = text.trim();
        if !is_ours(text) {
            continue;
        }
        if let Some(value) = Chat::parse_number(text) {
            return Ok(Some(Sourced { value, source }));
        }
        let bare = text.strip_prefix("telegram:").or_else(|| text.strip_prefix("tg:"));
        let bare = bare.unwrap_or(text).trim();
        let a_name = bare.starts_with(|c: char| c == '@' || c.is_ascii_alphabetic());
        if bare != "*" && !a_name {
            return Err(misshapen(&place));
        }
    }
    Ok(None)
}
