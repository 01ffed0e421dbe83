//! `opsfsm config explain`: what was found where, and which way reports go.
//!
//! In: what was looked for, as plain texts with every secret already masked. Out: text or JSON.
//! Invariant: the JSON is as `docs/json.md` says.

use serde_json::{Value, json};

use super::json::{VERSION, pretty};
use crate::decide::route::Choice;
use crate::model::{Route, TOKEN_VARIABLE, Via};

const KEPT_BACK: &str = "the token stands in the environment, which the program openclaw is not given: \
                         it needs a token in its own config (or in its gateway's environment), or set \
                         report.via = telegram";

/// A place and how it was found.
#[derive(Clone, Debug)]
pub struct Place {
    /// The path.
    pub path: String,
    /// How it was found, for people.
    pub found: String,
}

/// A thing that was looked for.
#[derive(Clone, Debug)]
pub enum Looked {
    /// It was found.
    Found {
        /// What, masked where it is a secret.
        value: String,
        /// Where.
        source: String,
    },
    /// It is nowhere.
    Nowhere,
    /// It is configured, and can't be used.
    Unusable {
        /// Why, and what to do.
        why: String,
    },
}

/// Everything that is explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The config.
    pub config: Place,
    /// Its files.
    pub files: Vec<String>,
    /// The store.
    pub store: Place,
    /// The language of reports and what decided it.
    pub language: (String, String),
    /// The name of the local time zone.
    pub time_zone: String,
    /// What the config says.
    pub via: Via,
    /// What was chosen.
    pub choice: Choice,
    /// OpenClaw's config.
    pub openclaw_config: Looked,
    /// The bot's token.
    pub token: Looked,
    /// The chat.
    pub chat: Looked,
    /// The root of the Bot API.
    pub api_root: Looked,
    /// The program `openclaw`.
    pub program: Looked,
    /// The webhook's address.
    pub webhook: Looked,
    /// The dead-man's address.
    pub deadman: Looked,
}

impl Explained {
    fn looked(&self) -> [(&'static str, &'static str, &Looked); 7] {
        [
            ("token", "token", &self.token),
            ("chat", "chat", &self.chat),
            ("apiRoot", "api root", &self.api_root),
            ("openclawConfig", "openclaw.json", &self.openclaw_config),
            ("program", "openclaw", &self.program),
            ("webhook", "webhook", &self.webhook),
            ("deadman", "dead-man", &self.deadman),
        ]
    }

    /// What will surprise: the program `openclaw` is not given a token that the environment holds.
    fn warning(&self) -> Option<&'static str> {
        let of_variable = match &self.token {
            Looked::Found { source, .. } => source.contains(TOKEN_VARIABLE),
            Looked::Nowhere | Looked::Unusable { .. } => false,
        };
        (of_variable && self.choice.route == Route::Openclaw).then_some(KEPT_BACK)
    }
}

/// As text.
#[must_use]
pub fn render_explained(all: &Explained) -> String {
    let mut text = String::new();
    let mut line = |name: &str, what: String| text.push_str(&format!("{name:<14} {what}\n"));
    let place = |place: &Place| format!("{} ({})", place.path, place.found);
    line("config", place(&all.config));
    for file in all.files.iter().filter(|file| **file != all.config.path) {
        line("", file.clone());
    }
    line("store", place(&all.store));
    line("language", format!("{} ({})", all.language.0, all.language.1));
    line("time zone", all.time_zone.clone());
    let Choice { route, why, missing } = &all.choice;
    let (route, via) = (route.as_str(), all.via.as_str());
    match missing {
        None => line("reports", format!("go by {route} ({why}; report.via is {via})")),
        Some(missing) => line("reports", format!("wait ({why}; report.via is {via}): {missing}")),
    }
    for (_, name, looked) in all.looked() {
        line(name, looked_text(looked));
    }
    if let Some(warning) = all.warning() {
        line("warning", warning.to_owned());
    }
    text
}

fn looked_text(looked: &Looked) -> String {
    match looked {
        Looked::Found { value, source } if source.is_empty() => value.clone(),
        Looked::Found { value, source } => format!("{value} ({source})"),
        Looked::Nowhere => "none".to_owned(),
        Looked::Unusable { why } => format!("unusable: {why}"),
    }
}

/// As JSON.
#[must_use]
pub fn render_explained_json(all: &Explained) -> String {
    let place = |place: &Place| json!({"path": place.path, "found": place.found});
    let Choice { route, why, missing } = &all.choice;
    let mut report = json!({
        "via": all.via.as_str(),
        "route": route.as_str(),
        "why": why,
        "missing": missing,
        "warning": all.warning(),
    });
    for (key, _, looked) in all.looked() {
        report[key] = looked_json(looked);
    }
    pretty(&json!({
        "version": VERSION,
        "command": "config explain",
        "config": place(&all.config),
        "files": all.files,
        "store": place(&all.store),
        "language": {"value": all.language.0, "source": all.language.1},
        "timeZone": all.time_zone,
        "report": report,
    }))
}

fn looked_json(looked: &Looked) -> Value {
    match looked {
        Looked::Found { value, source } => json!({"value": value, "source": source, "error": null}),
        Looked::Nowhere => Value::Null,
        Looked::Unusable { why } => json!({"value": null, "source": null, "error": why}),
    }
}
