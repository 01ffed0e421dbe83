//! The status contract: what a watched job says of itself, and how it may fail to.
//!
//! In: the bytes that a status command printed, or a status file holds. Out: a [`Status`], or a
//! [`Malformed`] that names what is wrong. Nothing is guessed: a text that is not exactly one JSON
//! object of the contract is no observation.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::base::redact::Secrets;
use crate::base::{JobId, Stamp, id::hex, limits};

/// How a job is, in its own words. The default is a job that does not run and says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// It runs.
    pub running: bool,
    /// It is done; beats `running`.
    pub completed: bool,
    /// Its process.
    pub pid: Option<u32>,
    /// Why it stopped.
    pub stop_reason: Option<String>,
    /// What to show of its progress.
    pub progress: Map<String, Value>,
    /// The text that moves when the job does: `progressKey`, else the canonical JSON of a
    /// non-empty `progress`. `None`: it can't be seen to stall.
    pub progress_key: Option<String>,
    /// How it feels.
    pub level: Level,
    /// What it has to say.
    pub message: Option<String>,
}

impl Status {
    /// The same without what looks secret in the job's words: they are told and kept.
    #[must_use]
    pub fn redacted(self, secrets: &Secrets) -> Self {
        let plain = |text: Option<String>| text.map(|text| secrets.redact(&text, false));
        let progress = self.progress.into_iter().map(|(k, v)| (k, redacted_value(v, secrets)));
        Self {
            stop_reason: plain(self.stop_reason),
            progress: progress.collect(),
            progress_key: plain(self.progress_key),
            message: plain(self.message),
            ..self
        }
    }
}

fn redacted_value(value: Value, secrets: &Secrets) -> Value {
    match value {
        Value::String(text) => Value::String(secrets.redact(&text, false)),
        Value::Array(all) => all.into_iter().map(|v| redacted_value(v, secrets)).collect(),
        Value::Object(all) => {
            all.into_iter().map(|(k, v)| (k, redacted_value(v, secrets))).collect()
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

/// `level` of a status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing to say.
    #[default]
    Ok,
    /// A routine report even if nothing moved.
    Warn,
    /// An anomaly at once.
    Alert,
}

/// What came of asking one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Which job.
    pub job: JobId,
    /// When it was asked.
    pub at: Stamp,
    /// What came.
    pub observed: Observed,
}

/// A status, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// A good one.
    Status(Status),
    /// None: no observation of the job, only of its status source.
    Broken(BrokenStatus),
}

/// Why there is no status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenStatus {
    /// Which fault.
    pub cause: BrokenCause,
    /// A sentence for people, naming the program or file.
    pub detail: String,
}

/// The faults of a status source. The name is stable: it tells a new fault from an old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BrokenCause {
    /// Over its time limit.
    TimedOut,
    /// Not started: see the detail.
    NotStarted,
    /// Exited with an error.
    ExitedWithError,
    /// Killed by a signal.
    Signaled,
    /// Its output is not the contract.
    Malformed,
    /// Its status file is not there.
    FileMissing,
    /// Its status file can't be read.
    FileUnreadable,
    /// It can't even be killed.
    Unkillable,
    /// The tick ended before it was asked.
    NotAsked,
}

impl BrokenCause {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TimedOut => "timed out",
            Self::NotStarted => "not started",
            Self::ExitedWithError => "exited with an error",
            Self::Signaled => "killed by a signal",
            Self::Malformed => "malformed",
            Self::FileMissing => "file missing",
            Self::FileUnreadable => "file unreadable",
            Self::Unkillable => "unkillable",
            Self::NotAsked => "not asked",
        }
    }
}

/// Why a text is not a status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

impl Malformed {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Reads one status.
///
/// # Errors
/// [`Malformed`] naming the fault: not UTF-8, not one JSON object, a key twice, nested too deeply,
/// a missing or wrongly typed key of the contract.
pub fn parse_status(bytes: &[u8]) -> Result<Status, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        Malformed::new(format!("not UTF-8 (byte {} of {})", e.valid_up_to() + 1, bytes.len()))
    })?;
    if text.trim().is_empty() {
        return Err(Malformed::new("nothing was printed; one JSON object is expected"));
    }
    let Strict(value) = serde_json::from_str(text)
        .map_err(|e| Malformed::new(format!("not one JSON object: {e}")))?;
    let Value::Object(mut object) = value else {
        return Err(Malformed::new(format!("{}, where an object is expected", name_of(&value))));
    };
    let progress = match object.remove("progress") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map,
        Some(other) => return Err(wrong("progress", "an object", &other)),
    };
    let given_key = text_of(&mut object, "progressKey")?;
    if given_key.as_deref().is_some_and(|k| k.trim().is_empty()) {
        return Err(Malformed::new("`progressKey` is empty; leave it out, or say what moves"));
    }
    let canonical = || (!progress.is_empty()).then(|| Value::Object(progress.clone()).to_string());
    let progress_key = given_key.or_else(canonical).map(bounded_key);
    Ok(Status {
        running: required_bool(&object, "running")?,
        completed: required_bool(&object, "completed")?,
        pid: pid_of(&object)?,
        stop_reason: text_of(&mut object, "stopReason")?,
        progress_key,
        progress,
        level: level_of(&mut object)?,
        message: text_of(&mut object, "message")?,
    })
}

/// Keys of any length compare alike, but only a bounded one is kept.
fn bounded_key(key: String) -> String {
    if key.len() <= limits::PROGRESS_KEY_BYTES {
        return key;
    }
    format!("sha256:{}", hex(&Sha256::digest(key.as_bytes())))
}

fn required_bool(object: &Map<String, Value>, key: &str) -> Result<bool, Malformed> {
    match object.get(key) {
        Some(Value::Bool(b)) => Ok(*b),
        Some(other) => Err(wrong(key, "true or false", other)),
        None => Err(Malformed::new(format!("`{key}` is missing; it must be true or false"))),
    }
}

fn pid_of(object: &Map<String, Value>) -> Result<Option<u32>, Malformed> {
    match object.get("pid") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
            .filter(|n| *n > 0 && i32::try_from(*n).is_ok())
            .map(Some)
            .ok_or_else(|| wrong("pid", "a process id (a positive whole number)", value)),
    }
}

fn text_of(object: &mut Map<String, Value>, key: &str) -> Result<Option<String>, Malformed> {
    match object.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong(key, "a text", &other)),
    }
}

fn level_of(object: &mut Map<String, Value>) -> Result<Level, Malformed> {
    match text_of(object, "level")?.as_deref() {
        None | Some("ok") => Ok(Level::Ok),
        Some("warn") => Ok(Level::Warn),
        Some("alert") => Ok(Level::Alert),
        Some(other) => Err(Malformed::new(format!(
            "`level` is {:?}; it must be ok, warn or alert",
            other.chars().take(40).collect::<String>()
        ))),
    }
}

fn wrong(key: &str, wanted: &str, got: &Value) -> Malformed {
    Malformed::new(format!("`{key}` is {}; it must be {wanted}", name_of(got)))
}

fn name_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => format!("the number {n}"),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// A JSON value that refuses a key given twice, where serde_json would keep the last.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if object.contains_key(&key) {
                let key: String = key.chars().take(40).collect();
                return Err(de::Error::custom(format_args!("the key {key:?} stands twice")));
            }
            let Strict(value) = map.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse_status(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn the_whole_contract_is_read() {
        let status = parse_status(
            br#"{"running":true,"completed":false,"pid":7,"stopReason":null,"progress":{"n":5,"a":1},
                "progressKey":"n=5","level":"warn","message":"m","more":[1]}"#,
        )
        .expect("good");
        assert_eq!(status.pid, Some(7));
        assert_eq!(status.progress_key.as_deref(), Some("n=5"));
        assert_eq!(status.level, Level::Warn);
        assert_eq!(status.progress.keys().collect::<Vec<_>>(), ["a", "n"]);
    }

    #[test]
    fn without_a_key_the_sorted_progress_serves_and_an_empty_one_does_not() {
        let key = |t: &str| parse_status(t.as_bytes()).expect("good").progress_key;
        let a = key(r#"{"running":true,"completed":false,"progress":{"b":1,"a":2}}"#);
        let b = key(r#"{"running":true,"completed":false,"progress":{"a":2,  "b":1}}"#);
        assert_eq!(a, b);
        assert_eq!(a.as_deref(), Some(r#"{"a":2,"b":1}"#));
        assert_eq!(key(r#"{"running":true,"completed":false,"progress":{}}"#), None);
    }

    #[test]
    fn a_huge_key_is_kept_as_its_hash() {
        let text = |n: usize| {
            format!(r#"{{"running":true,"completed":false,"progressKey":"{}"}}"#, "k".repeat(n))
        };
        let key = |n| parse_status(text(n).as_bytes()).expect("good").progress_key.expect("key");
        assert!(key(100_000).len() < 80);
        assert_ne!(key(100_000), key(100_001));
        assert_eq!(key(256).len(), 256);
    }

    #[test]
    fn each_fault_is_named() {
        assert!(fault("").contains("nothing was printed"));
        assert!(fault(r#"{"completed":false}"#).contains("`running` is missing"));
        assert!(fault(r#"{"running":"yes","completed":false}"#).contains("`running` is a text"));
        assert!(fault(r#"{"running":true,"running":false,"completed":false}"#).contains("twice"));
        assert!(fault(r#"{"running":true,"completed":false} trailing"#).contains("trailing"));
        assert!(fault(r#"{"running":NaN,"completed":false}"#).contains("not one JSON object"));
        assert!(
            fault(r#"{"running":true,"completed":false,"progress":{"n":1e999}}"#)
                .contains("out of range")
        );
        assert!(
            fault(r#"{"running":true,"completed":false,"pid":9223372036854775808}"#)
                .contains("`pid` is the number")
        );
        assert!(fault(r#"{"running":true,"completed":false,"pid":0}"#).contains("`pid`"));
        assert!(fault(r#"{"running":true,"completed":false,"level":"bad"}"#).contains("`level`"));
        assert!(fault("[]").contains("an array, where an object"));
        assert!(fault(&format!("{}{}", "[".repeat(5000), "]".repeat(5000))).contains("recursion"));
        let not_utf8 = parse_status(b"{\"running\":\xff}").expect_err("not UTF-8").to_string();
        assert!(not_utf8.contains("not UTF-8 (byte 12"), "{not_utf8}");
    }
}
