//! `report`: the language of reports, and the ways that they go.
//!
//! In: its table. Out: [`ReportSettings`], findings for what can't be sent to.
//! Invariant: this module never repeats an address: it may be a secret.

use std::path::PathBuf;

use super::Format;
use super::context::Context;
use super::cursor::Cursor;
use super::paths;
use super::tree::Value;
use crate::diag::{Code, Finding};
use crate::model::{Chat, Endpoint, Language, ReportSettings, TelegramSettings, Via};

/// Reads `report`.
pub(super) fn read_report(ctx: &mut Context, mut table: Cursor<'_>) -> ReportSettings {
    let language = table.word(ctx, "language", &Language::ALL, Language::as_str);
    let via = table.word(ctx, "via", &Via::ALL, Via::as_str);
    let telegram = table.table(ctx, "telegram").map(|table| read_telegram(ctx, table));
    let webhook_key = table.take("webhook").map(|(key, _)| key.span);
    let webhook = table.table(ctx, "webhook").and_then(|table| read_address(ctx, table));
    let deadman = table.table(ctx, "deadman").and_then(|table| read_address(ctx, table));
    match (via, webhook_key) {
        (Some(Via::Webhook), None) => {
            let message = "`report.via` is webhook, but there is no `report.webhook.url`";
            let head = table.head;
            let table = match ctx.format {
                Format::Toml => "{ url = \"https://…\" }",
                Format::Json => "{\"url\": \"https://…\"}",
            };
            ctx.missing(head, message.to_owned(), &[("webhook", table)]);
        }
        (Some(Via::Webhook), Some(_)) | (_, None) => {}
        (Some(Via::Auto | Via::Telegram | Via::Openclaw | Via::Stdout) | None, Some(place)) => {
            let message = "`report.webhook` has no effect: reports go another way";
            let help =
                format!("to send them there, add {}", ctx.example(&[("via", "\"webhook\"")]));
            ctx.push(Finding::new(Code::UselessKey, place, message).help(help));
        }
    }
    table.finish(ctx);
    let (via, telegram) = (via.unwrap_or_default(), telegram.unwrap_or_default());
    ReportSettings { language, via, telegram, webhook, deadman }
}

fn read_telegram(ctx: &mut Context, mut table: Cursor<'_>) -> TelegramSettings {
    let token_file = read_path(ctx, &mut table, "tokenFile");
    let target = read_target(ctx, &mut table);
    let api_root = read_endpoint(ctx, &mut table, "apiRoot");
    let thread = read_thread(ctx, &mut table);
    table.finish(ctx);
    TelegramSettings { token_file, target, api_root, thread }
}

fn read_path(ctx: &mut Context, table: &mut Cursor<'_>, key: &'static str) -> Option<PathBuf> {
    let (text, node) = table.text(ctx, key)?;
    let base = ctx.dir.clone();
    paths::expand(ctx, node, &table.path(key), text, &base)
}

/// A chat, as text or as a number: both are written.
fn read_target(ctx: &mut Context, table: &mut Cursor<'_>) -> Option<String> {
    let (_, node) = table.take("target")?;
    let path = table.path("target");
    let text = match &node.value {
        Value::Str(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Null
        | Value::Bool(_)
        | Value::Float(_)
        | Value::Array(_)
        | Value::Table(_)
        | Value::Other(_)
        | Value::Broken => {
            ctx.wrong(node, &path, Chat::RULE);
            return None;
        }
    };
    let chat = Chat::parse(&text);
    if chat.is_none() {
        ctx.out_of_range(node, &path, Chat::RULE);
    }
    chat.map(|chat| chat.to_string())
}

fn read_thread(ctx: &mut Context, table: &mut Cursor<'_>) -> Option<i64> {
    let (_, node) = table.take("thread")?;
    let must = "the number of a topic, 1 or more";
    match node.value {
        Value::Int(number) if number > 0 => return Some(number),
        Value::Int(_) | Value::Float(_) => ctx.out_of_range(node, &table.path("thread"), must),
        Value::Null
        | Value::Bool(_)
        | Value::Str(_)
        | Value::Array(_)
        | Value::Table(_)
        | Value::Other(_)
        | Value::Broken => ctx.wrong(node, &table.path("thread"), must),
    }
    None
}

/// `webhook` and `deadman`: a table with one `url`.
fn read_address(ctx: &mut Context, mut table: Cursor<'_>) -> Option<Endpoint> {
    if table.take("url").is_none() {
        let (head, path) = (table.head, table.path("url"));
        ctx.missing(head, format!("there is no `{path}`"), &[("url", "\"https://…\"")]);
    }
    let url = read_endpoint(ctx, &mut table, "url");
    table.finish(ctx);
    url
}

fn read_endpoint(ctx: &mut Context, table: &mut Cursor<'_>, key: &'static str) -> Option<Endpoint> {
    let (text, node) = table.text(ctx, key)?;
    let endpoint = Endpoint::parse(text);
    if endpoint.is_none() {
        ctx.out_of_range(node, &table.path(key), Endpoint::RULE);
    }
    endpoint
}
