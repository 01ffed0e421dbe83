//! What an answer of the Bot API means for the report.
//!
//! In: an answer, or none. Out: a [`Fate`].
//! Invariant: only a message id proves that a message arrived; what is neither a yes nor a no may
//! have arrived.

use std::time::Duration;

use serde_json::Value;

use crate::adapters::http::{Answer, Lost};
use crate::adapters::token::quote_words;
use crate::model::UndeliveredKind;

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It arrived.
    Arrived,
    /// It is too long.
    TooLong,
    /// The group has become a supergroup, with this id.
    Migrated(i64),
    /// It did not arrive, or nobody knows; what to say of it.
    Undelivered(UndeliveredKind, String),
}

/// Most characters of the other side's own words that are repeated.
const QUOTED_CHARS: usize = 200;

/// Words in a description that are about the chat and not about this message.
const OF_THE_CHAT: [&str; 8] =
    ["chat", "peer", "group", "thread", "topic", "rights", "kicked", "user"];

/// Judges what came back.
pub(super) fn judge(sent: Result<Answer, Lost>) -> Fate {
    let answer = match sent {
        Ok(answer) => answer,
        Err(Lost::NotSent(why)) => {
            return Fate::Undelivered(UndeliveredKind::Passing { after: None }, why);
        }
        Err(Lost::Unknown(why)) => return ambiguous(&why),
    };
    let body = match &answer.body {
        Ok(bytes) => {
            serde_json::from_slice::<Value>(bytes).map_err(|_| "it is not JSON".to_owned())
        }
        Err(why) => Err(why.clone()),
    };
    if (200..300).contains(&answer.status) {
        return judge_yes(body);
    }
    let body = body.unwrap_or_default();
    refusal(answer.status, &body, answer.retry_after)
}

fn ambiguous(why: &str) -> Fate {
    let what =
        format!("{why}; it may have arrived all the same, and is sent again under the same id");
    Fate::Undelivered(UndeliveredKind::Ambiguous, what)
}

fn judge_yes(body: Result<Value, String>) -> Fate {
    let body = match body {
        Ok(body) => body,
        Err(why) => return ambiguous(&format!("its answer is no answer of the Bot API: {why}")),
    };
    let arrived = body["ok"] == Value::Bool(true) && body["result"]["message_id"].is_i64();
    if arrived {
        return Fate::Arrived;
    }
    let code = body["error_code"].as_u64().and_then(|code| u16::try_from(code).ok());
    match code.filter(|_| body["ok"] == Value::Bool(false)) {
        Some(code) => refusal(code, &body, None),
        None => ambiguous("its answer has no message id"),
    }
}

/// A no, by its code.
fn refusal(code: u16, body: &Value, header: Option<Duration>) -> Fate {
    let said = said(code, body);
    let parameters = &body["parameters"];
    // What is not of the Bot API, such as a proxy's page, says nothing of this message.
    let is_of_the_api = body["ok"] == Value::Bool(false);
    match code {
        429 => {
            let seconds = parameters["retry_after"].as_u64().map(Duration::from_secs);
            Fate::Undelivered(UndeliveredKind::Passing { after: seconds.or(header) }, said)
        }
        400 if is_of_the_api => match parameters["migrate_to_chat_id"].as_i64() {
            Some(id) => Fate::Migrated(id),
            None => bad_request(said),
        },
        413 if is_of_the_api => Fate::TooLong,
        408 | 500..=599 => Fate::Undelivered(UndeliveredKind::Passing { after: header }, said),
        401 | 404 => refused(
            &said,
            "the token is not (or no longer) a bot's: get it from @BotFather, and look at apiRoot",
        ),
        403 => {
            refused(&said, "in Telegram, write to the bot (or add it to the group) and unblock it")
        }
        300..=399 => refused(&said, "apiRoot redirects: set it to where that leads"),
        _ => refused(&said, "look at apiRoot, and at what listens there"),
    }
}

fn bad_request(said: String) -> Fate {
    let lower = said.to_ascii_lowercase();
    if lower.contains("too long") || lower.contains("too_long") {
        return Fate::TooLong;
    }
    if OF_THE_CHAT.iter().any(|word| lower.contains(word)) {
        let remedy = "give the right chat as report.telegram.target, and let the bot into it: write to \
                      it, or add it to the group";
        return refused(&said, remedy);
    }
    Fate::Undelivered(UndeliveredKind::Impossible, said)
}

fn refused(said: &str, remedy: &str) -> Fate {
    Fate::Undelivered(UndeliveredKind::Refused, format!("{said}; {remedy}"))
}

/// The other side's own words, on one line, bounded and without what looks like a token.
fn said(code: u16, body: &Value) -> String {
    let words = body["description"].as_str().unwrap_or("no description");
    format!("{code} ({})", quote_words(words, QUOTED_CHARS))
}
