//! The bot's token: where it is looked for, in OpenClaw's own order.
//!
//! In: settings, OpenClaw's config, the environment. Out: a token and its source, or why what is
//! configured is none.
//! Invariant: the first place that is configured decides; no error shows what stands there.

use std::path::Path;

use serde_json::Value;

use super::file::{DEFAULT_ACCOUNT, OpenclawFile, fill, read_regular};
use super::{FoundToken, Readable, SECRET_VARIABLE, expand_path};
use crate::adapters::locate::World;
use crate::adapters::token::Token;
use crate::base::limits;
use crate::model::{TOKEN_VARIABLE, TelegramSettings};

const WAY_OUT: &str = "put the bot's token from @BotFather into a file of its own, and name it with \
                       report.telegram.tokenFile";

/// Looks for the token.
pub(super) fn find_token(
    settings: &TelegramSettings,
    file: Readable<'_>,
    world: &dyn World,
) -> Result<Option<FoundToken>, String> {
    if let Some(path) = &settings.token_file {
        return token_of_file(path, "report.telegram.tokenFile").map(Some);
    }
    let file = file.map_err(str::to_owned)?;
    if let Some(file) = file {
        let account = file.account();
        let own = account.map(|id| vec!["channels", "telegram", "accounts", id]);
        for keys in own.into_iter().chain([vec!["channels", "telegram"]]) {
            if let Some(found) = token_below(file, &keys, world)? {
                return Ok(Some(found));
            }
        }
        if account.is_some_and(|id| id != DEFAULT_ACCOUNT) {
            return Ok(None);
        }
    }
    token_of_variable(world, SECRET_VARIABLE, &format!("{TOKEN_VARIABLE} {SECRET_VARIABLE}"))
}

/// `tokenFile`, then `botToken`, of an account or of the channel.
fn token_below(
    file: &OpenclawFile,
    keys: &[&str],
    world: &dyn World,
) -> Result<Option<FoundToken>, String> {
    let keyed = |key: &'static str| [keys, &[key]].concat();
    let at = keyed("tokenFile");
    if let Some(value) = file.get(&at) {
        let place = file.place(&at);
        let Some(text) = value.as_str() else {
            return Err(format!("{place} is no path: {WAY_OUT}"));
        };
        let filled = fill(text, world);
        refuse_unset(filled.unset.as_deref(), &place)?;
        return token_of_file(&expand_path(&filled.text, &file.path, world), &place).map(Some);
    }
    let at = keyed("botToken");
    let Some(value) = file.get(&at) else { return Ok(None) };
    let place = file.place(&at);
    match value {
        Value::String(text) => {
            let filled = fill(text, world);
            refuse_unset(filled.unset.as_deref(), &place)?;
            let token = Token::parse(&filled.text).ok_or_else(|| misshapen(&place))?;
            let named = |name: &String| format!("{TOKEN_VARIABLE} {name}");
            let source = match filled.set.iter().map(named).collect::<Vec<_>>().join(" and ") {
                none if none.is_empty() => place,
                all => format!("{place}, from {all}"),
            };
            Ok(Some(FoundToken { token, source, variables: filled.set }))
        }
        Value::Object(_) => token_of_reference(value, &place, world).map(Some),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(misshapen(&place)),
    }
}

/// `{source: "env", id: "NAME"}`; other sources are OpenClaw's alone.
fn token_of_reference(value: &Value, place: &str, world: &dyn World) -> Result<FoundToken, String> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("source") != "env" {
        return Err(format!(
            "{place} refers to a secret that only OpenClaw can look up: {WAY_OUT}"
        ));
    }
    let name = text("id");
    let source = format!("{place}, from {TOKEN_VARIABLE} {name}");
    token_of_variable(world, name, &source)?.ok_or_else(|| {
        format!("{place} means the variable {name}, which is not set: set it, or {WAY_OUT}")
    })
}

fn token_of_variable(
    world: &dyn World,
    name: &str,
    source: &str,
) -> Result<Option<FoundToken>, String> {
    let Some(value) = world.var(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let token = value.to_str().and_then(Token::parse).ok_or_else(|| misshapen(source))?;
    Ok(Some(FoundToken { token, source: source.to_owned(), variables: vec![name.to_owned()] }))
}

fn token_of_file(path: &Path, place: &str) -> Result<FoundToken, String> {
    let shown = path.display();
    let text = read_regular(path, limits::TOKEN_BYTES)
        .map_err(|why| format!("{place}: {why}; {WAY_OUT}"))?
        .ok_or_else(|| format!("{place}: {shown} is not there; {WAY_OUT}"))?;
    let source = format!("{place} ({shown})");
    let token = Token::parse(&text).ok_or_else(|| misshapen(&source))?;
    Ok(FoundToken { token, source, variables: Vec::new() })
}

fn refuse_unset(unset: Option<&str>, place: &str) -> Result<(), String> {
    match unset {
        Some(name) => Err(format!(
            "{place} means the variable {name}, which is not set here: set it, or {WAY_OUT}"
        )),
        None => Ok(()),
    }
}

fn misshapen(place: &str) -> String {
    format!("{place} holds no bot's token ({}): {WAY_OUT}", Token::RULE)
}
