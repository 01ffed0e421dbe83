//! Reports by a webhook, and the sign of life.
//!
//! In: reports; an address. Out: what became of them.
//! Invariant: of an address nothing but its host is ever shown.

use std::time::Duration;

use serde_json::json;

use super::http::{self, Answer, Lost, Send};
use crate::base::limits;
use crate::base::time::rfc3339;
use crate::journal::Report;
use crate::model::{Endpoint, Route, Undelivered, UndeliveredKind};
use crate::ports::Notifier;

/// The version of the body (docs/json.md).
const VERSION: u32 = 1;

/// Posts reports to one address.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where to.
    pub url: Endpoint,
    /// The limit of one delivery.
    pub limit: Duration,
}

impl Notifier for Webhook {
    fn route(&self) -> Route {
        Route::Webhook
    }

    fn patience(&self) -> Duration {
        self.limit
    }

    fn deliver(&mut self, report: &Report) -> Result<(), Undelivered> {
        let body = json!({
            "version": VERSION,
            "id": report.id,
            "at": rfc3339(report.at_ms),
            "text": report.text,
            "summary": report.summary,
        });
        let send = Send::Post { json: &body.to_string(), key: report.id.as_str() };
        let answered = http::request(self.url.expose(), send, self.limit);
        judge(answered).map_err(|(kind, what)| Undelivered {
            kind,
            detail: format!("the webhook at {} did not take it: {what}", self.url),
        })
    }
}

fn judge(sent: Result<Answer, Lost>) -> Result<(), (UndeliveredKind, String)> {
    let answer = match sent {
        Ok(answer) => answer,
        Err(Lost::NotSent(why)) => return Err((UndeliveredKind::Passing { after: None }, why)),
        Err(Lost::Unknown(why)) => return Err((UndeliveredKind::Ambiguous, why)),
    };
    let status = answer.status;
    match status {
        200..=299 => Ok(()),
        408 | 429 | 500..=599 => {
            let passing = UndeliveredKind::Passing { after: answer.retry_after };
            Err((passing, format!("it answered {status}")))
        }
        300..=399 => {
            let what =
                format!("it redirects ({status}); set report.webhook.url to where that leads");
            Err((UndeliveredKind::Refused, what))
        }
        400 | 413 | 415 | 422 => {
            let what = format!("it answered {status}: it will never take this report");
            Err((UndeliveredKind::Impossible, what))
        }
        _ => {
            let what =
                format!("it answered {status}; correct report.webhook.url, or what listens there");
            Err((UndeliveredKind::Refused, what))
        }
    }
}

/// Fetches the address that is told that opsfsm lives.
///
/// # Errors
/// A sentence.
pub fn send_sign_of_life(url: &Endpoint) -> Result<(), String> {
    let why = match http::request(url.expose(), Send::Get, limits::DEADMAN_TIMEOUT) {
        Ok(answer) if (200..300).contains(&answer.status) => return Ok(()),
        Ok(answer) => format!("it answered {}", answer.status),
        Err(Lost::NotSent(why) | Lost::Unknown(why)) => why,
    };
    Err(format!("the dead-man's address {url} was not reached: {why}"))
}
