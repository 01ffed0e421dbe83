//! `opsfsm doctor`: what was found, how it is, and the way to mend it.
//!
//! In: checks. Out: a line or two each, or JSON as `docs/json.md` says.

use serde_json::{Value, json};

use super::json::{VERSION, pretty};
use super::printable;
use crate::base::time::rfc3339;

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, but somebody should know.
    Warn,
    /// It does not work.
    Fail,
}

impl Health {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// Its stable name.
    pub id: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub text: String,
    /// What to do about it.
    pub mend: Option<String>,
}

impl Checkup {
    /// It is as it should be.
    #[must_use]
    pub fn ok(id: &'static str, text: impl Into<String>) -> Self {
        Self { id, health: Health::Ok, text: text.into(), mend: None }
    }

    /// Somebody should know.
    #[must_use]
    pub fn warn(id: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { id, health: Health::Warn, text: text.into(), mend: Some(mend.into()) }
    }

    /// It does not work.
    #[must_use]
    pub fn fail(id: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { id, health: Health::Fail, text: text.into(), mend: Some(mend.into()) }
    }
}

fn count(checks: &[Checkup], health: Health) -> usize {
    checks.iter().filter(|check| check.health == health).count()
}

/// For people.
#[must_use]
pub fn render_doctor(checks: &[Checkup]) -> String {
    let mut text = String::new();
    let wide = checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
    for Checkup { id, health, text: found, mend } in checks {
        let indent = " ".repeat(wide + 8);
        let found = printable::lines(found.trim_end()).replace('\n', &format!("\n{indent}"));
        text.push_str(&format!("{:<4}  {id:<wide$}  {found}\n", health.as_str()));
        if let Some(mend) = mend {
            text.push_str(&format!("{indent}→ {}\n", printable::line(mend)));
        }
    }
    let [fine, warned, failed] =
        [Health::Ok, Health::Warn, Health::Fail].map(|health| count(checks, health));
    text.push_str(&format!("\n{fine} ok, {warned} to look at, {failed} failed\n"));
    text
}

/// For programs.
#[must_use]
pub fn render_doctor_json(checks: &[Checkup], at_ms: i64) -> String {
    let all: Vec<Value> = checks
        .iter()
        .map(|check| {
            json!({
                "id": check.id,
                "health": check.health.as_str(),
                "text": check.text,
                "mend": check.mend,
            })
        })
        .collect();
    pretty(&json!({
        "version": VERSION,
        "command": "doctor",
        "at": rfc3339(at_ms),
        "warnings": count(checks, Health::Warn),
        "failed": count(checks, Health::Fail),
        "checks": all,
    }))
}
