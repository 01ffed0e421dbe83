//! The chat: what has arrived at the Bot API, and what people know by it.
//!
//! In: requests. Out: which reports were answered for, and the last that was told of each job.
//! Invariant: a report that was answered for comes no second time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::listener::{Listener, Reply, Request};

/// How a delivery goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The API has no time.
    Later,
    /// The API is out of order.
    Broken,
    /// The message arrives, and its sender never hears of it.
    Unheard,
}

/// What people have on their phone.
pub(crate) struct Chat {
    pub(crate) listener: Listener,
    /// Requests that were looked at.
    read: usize,
    /// What the first of the next requests meets.
    fault: Option<Fault>,
    /// Reports that were answered for.
    pub(crate) arrived: BTreeSet<String>,
    /// Reports whose sender never heard.
    pub(crate) unheard: BTreeSet<String>,
    /// The state that was told last, by watched job.
    pub(crate) states: BTreeMap<String, String>,
    /// How often each run's alert was told.
    pub(crate) alerts: BTreeMap<String, usize>,
}

impl Chat {
    pub(crate) fn new() -> Self {
        Self {
            listener: Listener::start([]),
            read: 0,
            fault: None,
            arrived: BTreeSet::new(),
            unheard: BTreeSet::new(),
            states: BTreeMap::new(),
            alerts: BTreeMap::new(),
        }
    }

    /// The next delivery fails in this way.
    pub(crate) fn fails(&mut self, fault: Fault) {
        let no = |code: u16, more| json!({"ok": false, "error_code": code, "description": "no", "parameters": more});
        self.listener.script([match fault {
            Fault::Later => Reply::Json(429, no(429, json!({"retry_after": 1}))),
            Fault::Broken => Reply::Json(502, no(502, json!({}))),
            Fault::Unheard => Reply::CutAfterRequest,
        }]);
        self.fault = Some(fault);
    }

    /// Looks at what has come since.
    pub(crate) fn look(&mut self) {
        let new = self.listener.requests_from(self.read);
        self.read += new.len();
        for request in &new {
            let (id, text) = (key_of(request), request.body["text"].as_str().unwrap());
            match self.fault.take() {
                None => {
                    assert!(self.arrived.insert(id.clone()), "report {id} was sent again: {text}");
                }
                Some(Fault::Later | Fault::Broken) => continue,
                Some(Fault::Unheard) => {
                    self.unheard.insert(id);
                }
            }
            self.learn(text);
        }
    }

    /// What a message says.
    fn learn(&mut self, text: &str) {
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            for (_, run) in
                line.match_indices("ALERT from ").map(|(at, word)| line.split_at(at + word.len()))
            {
                *self.alerts.entry(run.chars().take(32).collect()).or_default() += 1;
            }
            let Some((head, _)) = line.split_once(" [long_running_read]") else { continue };
            let (_, id) = head.split_once(' ').unwrap();
            let state = lines.peek().and_then(|line| line.trim().strip_prefix("state: ")).unwrap();
            let state = if state.starts_with("not started") { "idle" } else { state };
            let state = state.split([' ', ',']).next().unwrap();
            self.states.insert(id.to_owned(), state.to_owned());
        }
    }
}

/// The id of the report that a request brings: of each copy the same.
fn key_of(request: &Request) -> String {
    let mut lines = request.head.lines();
    let key = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("idempotency-key").then(|| value.trim().to_owned())
    });
    key.unwrap()
}
