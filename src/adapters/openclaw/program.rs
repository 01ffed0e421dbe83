//! Reports by the program `openclaw`.
//!
//! In: reports. Out: whether they arrived, may have, or what stands in their way.
//! Invariant: only a report's summary is in its arguments, which everybody on this machine can
//! read; the bot's token is neither there nor in its environment. Without a summary nothing is sent.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::Sourced;
use crate::adapters::locate::World;
use crate::adapters::process::{
    Capture, ChildResult, ChildSpec, Control, resolve_program, run_children,
};
use crate::adapters::signals::Interrupt;
use crate::adapters::token::{mask_tokens, quote_words};
use crate::base::limits;
use crate::journal::Report;
use crate::model::{Chat, End, Route, STANDARD_PATH, Undelivered, UndeliveredKind};
use crate::ports::Notifier;

const NAME: &str = "openclaw";
/// Where else it is looked for: cron's PATH is short.
const ELSEWHERE: &str = "/opt/homebrew/bin:/usr/local/bin";
/// Most characters of its own words that are repeated.
const QUOTED_CHARS: usize = 200;

/// Looks for the program along PATH, then where installers put it.
#[must_use]
pub fn find_program(world: &dyn World) -> Option<PathBuf> {
    let path = world.var("PATH").unwrap_or_else(|| STANDARD_PATH.into());
    let along = |path: &OsStr| resolve_program(NAME, Path::new("/"), path).ok();
    along(&path).or_else(|| along(OsStr::new(ELSEWHERE)))
}

/// Sends reports to one chat by the program.
#[derive(Debug)]
pub struct OpenclawProgram<'a> {
    /// The program.
    pub program: PathBuf,
    /// The chat.
    pub chat: Sourced<Chat>,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// The limit of one delivery.
    pub limit: Duration,
    /// Ends a delivery early.
    pub cancel: Option<&'a Interrupt>,
}

impl Notifier for OpenclawProgram<'_> {
    fn route(&self) -> Route {
        Route::Openclaw
    }

    fn patience(&self) -> Duration {
        self.limit
    }

    fn deliver(&mut self, report: &Report) -> Result<(), Undelivered> {
        // The rest of a report whose first piece has said in short what this way says of it.
        if report.summary.trim().is_empty() {
            return Ok(());
        }
        let control = Control { cancel: self.cancel, ..Control::default() };
        let ended = run_children(&[self.child(report)], &control).pop();
        let lost = || ChildResult::without_output(End::Lost);
        judge(&ended.unwrap_or_else(lost)).map_err(|(kind, what)| {
            let program = self.program.display();
            let (chat, source) = (&self.chat.value, &self.chat.source);
            let detail =
                format!("{program} did not send it to chat {chat}: {what} [chat: {source}]");
            Undelivered { kind, detail: mask_tokens(&detail) }
        })
    }
}

impl OpenclawProgram<'_> {
    fn child(&self, report: &Report) -> ChildSpec {
        let summary = report.summary.trim().to_owned();
        let program = self.program.to_string_lossy().into_owned();
        let words = [&program, "message", "send", "--channel", "telegram", "--target"];
        let mut argv: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        argv.extend([self.chat.value.id.clone(), "--message".to_owned(), summary]);
        if let Some(thread) = self.chat.value.thread {
            argv.extend(["--thread-id".to_owned(), thread.to_string()]);
        }
        argv.push("--json".to_owned());
        ChildSpec {
            argv,
            cwd: self.cwd.clone(),
            env: self.path().into_iter().collect(),
            clear_env: false,
            limit: Some(self.limit),
            capture: Capture::Head(usize::try_from(limits::ANSWER_BYTES).unwrap_or(usize::MAX)),
        }
    }

    /// PATH with the program's own folder behind it: the `node` that runs it is there as a rule.
    fn path(&self) -> Option<(String, String)> {
        let own = self.program.parent()?.to_str()?;
        let inherited = crate::adapters::process::inherited_path();
        let path = inherited.to_str().unwrap_or(STANDARD_PATH);
        Some(("PATH".to_owned(), format!("{path}:{own}")))
    }
}

fn judge(ended: &ChildResult) -> Result<(), (UndeliveredKind, String)> {
    let passing = UndeliveredKind::Passing { after: None };
    let unknown = |why: String| {
        let what =
            format!("{why}; it may have arrived all the same, and is sent again under the same id");
        Err((UndeliveredKind::Ambiguous, what))
    };
    let code = match &ended.end {
        End::Exited { code } => *code,
        End::NotStarted { detail, .. } => return Err((passing, detail.clone())),
        End::TimedOut { limit_ms } => {
            return unknown(format!("it took longer than {} s", limit_ms / 1000));
        }
        End::Signaled { signal } => return unknown(format!("it was ended by signal {signal}")),
        End::Unkillable { .. } | End::Cancelled | End::Lost => {
            return unknown("it did not end by itself".to_owned());
        }
    };
    let said = said(ended);
    // What `env` and a shell answer when there is no interpreter: nothing of it has run.
    if matches!(code, 126 | 127) && ended.stdout.bytes.is_empty() {
        return Err((
            passing,
            format!("it can't be run (exit {code}{said}); is its node on PATH?"),
        ));
    }
    let answer = answer_in(&ended.stdout.bytes);
    let Some(answer) = answer else {
        return unknown(format!("exit {code} without an answer in JSON{said}"));
    };
    if code == 0 && has_message_id(&answer) {
        return Ok(());
    }
    let (kind, what) = failure(&answer, code);
    if kind == UndeliveredKind::Ambiguous { unknown(what) } else { Err((kind, what)) }
}

/// What a failure that it told of means. It says `sentBeforeError` only where that is true; a
/// failure of the gateway comes as words alone.
fn failure(answer: &Value, code: i32) -> (UndeliveredKind, String) {
    const NOT_SENT: [&str; 3] =
        ["ECONNREFUSED", "Gateway not reachable", "requires credentials before opening"];
    const REFUSED: [&str; 3] = ["chat not found", "bot was blocked", "Unauthorized"];
    let passing = UndeliveredKind::Passing { after: None };
    let reason = reason(answer);
    let sent = field(answer, "sentBeforeError").and_then(Value::as_bool);
    let status = field(answer, "deliveryStatus").and_then(Value::as_str).unwrap_or_default();
    let says = |all: &[&str]| all.iter().any(|words| reason.contains(words));
    if sent == Some(true) {
        return (UndeliveredKind::Ambiguous, format!("it failed after sending{reason}"));
    }
    if status == "suppressed" {
        let what = format!("it holds such messages back{reason}; see what suppresses them there");
        return (UndeliveredKind::Refused, what);
    }
    if code != 0 && says(&REFUSED) {
        return (UndeliveredKind::Refused, format!("it was refused{reason}"));
    }
    if status == "failed" || sent == Some(false) || (code != 0 && says(&NOT_SENT)) {
        return (passing, format!("it failed before anything was sent{reason}"));
    }
    (UndeliveredKind::Ambiguous, format!("exit {code}, and no messageId{reason}"))
}

/// The last object in its output that is an answer: other lines, and other objects, may come first.
fn answer_in(stdout: &[u8]) -> Option<Value> {
    const KEYS: [&str; 6] =
        ["action", "messageId", "payload", "error", "deliveryStatus", "sentBeforeError"];
    let text = String::from_utf8_lossy(stdout);
    let mut found = None;
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('{') {
        let tail = &rest[at..];
        let mut values = serde_json::Deserializer::from_str(tail).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                rest = &tail[values.byte_offset()..];
                if KEYS.iter().any(|key| value.get(key).is_some()) {
                    found = Some(value);
                }
            }
            Some(Err(_)) | None => rest = &tail[1..],
        }
    }
    found
}

fn has_message_id(answer: &Value) -> bool {
    let places = ["/messageId", "/payload/messageId", "/payload/result/messageId"];
    let named = |place: &&str| match answer.pointer(place) {
        Some(Value::String(id)) => !id.trim().is_empty(),
        Some(Value::Number(_)) => true,
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => false,
    };
    answer.get("dryRun") != Some(&Value::Bool(true)) && places.iter().any(named)
}

/// A field of the answer, or of its error.
fn field<'a>(answer: &'a Value, key: &str) -> Option<&'a Value> {
    answer.get(key).or_else(|| answer.get("error")?.get(key))
}

fn reason(answer: &Value) -> String {
    let error = answer.get("error");
    let words = error.and_then(|e| e.as_str().or_else(|| e.get("message")?.as_str()));
    words.map(|words| format!(": {}", quote_words(words, QUOTED_CHARS))).unwrap_or_default()
}

/// The last line of its standard error.
fn said(ended: &ChildResult) -> String {
    let text = String::from_utf8_lossy(&ended.stderr.bytes);
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    last.map(|line| format!(": {}", quote_words(line, QUOTED_CHARS))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_found_among_other_lines_and_objects() {
        let of = |text: &str| answer_in(text.as_bytes());
        let sent = r#"{"action":"send","messageId":"7"}"#;
        for before in ["", "[plugins] {loaded} {\"a\": 1}\n", "{{{", "{\"level\": \"info\"}\n"] {
            let answer = of(&format!("{before}{sent}\nbye")).expect(before);
            assert!(has_message_id(&answer), "{before}");
        }
        for none in ["", "{", "{\"a\": 1}", "messageId: 7"] {
            assert_eq!(of(none), None, "{none}");
        }
        for (answer, arrived) in [
            (r#"{"action":"send","messageId":7}"#, true),
            (r#"{"action":"send","payload":{"messageId":"7"}}"#, true),
            (r#"{"action":"send","payload":{"result":{"messageId":"7"}}}"#, true),
            (r#"{"action":"send","messageId":""}"#, false),
            (r#"{"action":"send","messageId":"7","dryRun":true}"#, false),
            (r#"{"action":"send","payload":{}}"#, false),
        ] {
            assert_eq!(has_message_id(&of(answer).expect(answer)), arrived, "{answer}");
        }
    }
}
