//! Reports by Telegram's Bot API, directly.
//!
//! In: reports. Out: whether they arrived, may have, or what stands in their way.
//! Invariant: the token is in the address of the request and nowhere else; text is sent plain, so
//! that nothing in it can be malformed. Nothing here ever asks for updates.

mod answer;
mod split;

use std::time::Duration;

use serde_json::{Value, json};

use super::http::{self, Send};
use super::process::Deadline;
use super::token::Token;
use crate::base::limits;
use crate::journal::Report;
use crate::model::{Chat, Endpoint, Route, Undelivered, UndeliveredKind};
use crate::ports::Notifier;
use answer::{Fate, judge};
use split::{in_two, units};

/// Sends reports to one chat.
#[derive(Debug)]
pub struct Telegram {
    token: Token,
    token_source: String,
    chat: Chat,
    chat_source: String,
    root: Endpoint,
    limit: Duration,
    notes: Vec<String>,
}

/// How one report is sent.
struct Sending<'a> {
    report: &'a Report,
    /// Pieces that have arrived.
    arrived: usize,
    /// Requests that were made.
    requests: usize,
    /// All of them end by then.
    until: Deadline,
}

impl Telegram {
    /// A way to one chat; both sources are for messages.
    #[must_use]
    pub fn new(token: (Token, String), chat: (Chat, String), root: Endpoint) -> Self {
        let ((token, token_source), (chat, chat_source)) = (token, chat);
        let limit = limits::DELIVER_TIMEOUT;
        Self { token, token_source, chat, chat_source, root, limit, notes: Vec::new() }
    }

    /// The same with another limit of one delivery.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Sends a text; one that is too long goes in two halves, each with the report's id.
    fn send_text(&mut self, text: &str, sending: &mut Sending<'_>) -> Result<(), Undelivered> {
        let fate = if units(text) > limits::MESSAGE_UNITS {
            Fate::TooLong
        } else {
            self.send_message(text, sending)
        };
        let (kind, what) = match fate {
            Fate::Arrived => {
                sending.arrived += 1;
                return Ok(());
            }
            Fate::TooLong => return self.send_halves(text, sending),
            Fate::Undelivered(kind, what) => (kind, what),
            Fate::Migrated(_) => {
                (UndeliveredKind::Refused, "the chat has moved more than once".to_owned())
            }
        };
        Err(self.undelivered(kind, &what, sending))
    }

    fn send_halves(&mut self, text: &str, sending: &mut Sending<'_>) -> Result<(), Undelivered> {
        let foot = format!("#{}", sending.report.id);
        let halves = in_two(text, &foot).filter(|_| sending.requests < limits::MESSAGE_PIECES);
        let Some([first, second]) = halves else {
            let what = "it is too long, and can't be cut any further";
            return Err(self.undelivered(UndeliveredKind::Impossible, what, sending));
        };
        self.send_text(&first, sending)?;
        self.send_text(&second, sending)
    }

    /// One message. A group that became a supergroup is followed, once.
    fn send_message(&mut self, text: &str, sending: &mut Sending<'_>) -> Fate {
        let fate = self.request(text, sending);
        let Fate::Migrated(id) = fate else { return fate };
        let Some(chat) = Chat::parse_number(&id.to_string()) else { return fate };
        self.notes.push(format!(
            "the chat {} has become {chat}; reports go there now, but set its new id ({})",
            self.chat, self.chat_source
        ));
        self.chat = chat;
        self.request(text, sending)
    }

    fn request(&self, text: &str, sending: &mut Sending<'_>) -> Fate {
        let left = sending.until.remaining().unwrap_or(self.limit);
        if left.is_zero() {
            let passing = UndeliveredKind::Passing { after: None };
            return Fate::Undelivered(
                passing,
                "there was no time left to send all of it".to_owned(),
            );
        }
        sending.requests += 1;
        let mut body = json!({
            "chat_id": chat_id(&self.chat),
            "text": text,
            "link_preview_options": {"is_disabled": true},
        });
        if let Some(thread) = self.chat.thread {
            body["message_thread_id"] = json!(thread);
        }
        let root = self.root.expose().trim_end_matches('/');
        let url = format!("{root}/bot{}/sendMessage", self.token.expose());
        let send = Send::Post { json: &body.to_string(), key: sending.report.id.as_str() };
        judge(http::request(&url, send, left))
    }

    /// What is to be said of a failure. Once a piece has arrived, the rest has to follow it there.
    fn undelivered(&self, kind: UndeliveredKind, what: &str, sending: &Sending<'_>) -> Undelivered {
        let kind = match kind {
            UndeliveredKind::Passing { .. } if sending.arrived > 0 => UndeliveredKind::Ambiguous,
            UndeliveredKind::Passing { .. }
            | UndeliveredKind::NoRoute
            | UndeliveredKind::Ambiguous
            | UndeliveredKind::Refused
            | UndeliveredKind::Impossible => kind,
        };
        let detail = format!(
            "Telegram ({}) did not take it for chat {}: {what} [token: {}; chat: {}]",
            self.root, self.chat, self.token_source, self.chat_source
        );
        Undelivered { kind, detail: self.token.redacted(&detail) }
    }
}

fn chat_id(chat: &Chat) -> Value {
    chat.id.parse::<i64>().map_or_else(|_| json!(chat.id), |id| json!(id))
}

impl Notifier for Telegram {
    fn route(&self) -> Route {
        Route::Telegram
    }

    fn deliver(&mut self, report: &Report) -> Result<(), Undelivered> {
        let until = Deadline::after(self.limit);
        self.send_text(&report.text, &mut Sending { report, arrived: 0, requests: 0, until })
    }

    fn patience(&self) -> Duration {
        self.limit
    }

    fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}
