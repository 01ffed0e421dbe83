//! Small words for the tests: texts, JSON values, times.
//!
//! Invariant: this module never calls anything.

use serde_json::Value;

/// `base` with the keys of `more` laid over it.
pub(crate) fn with(mut base: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

/// The job `id` in a JSON answer.
pub(crate) fn find(answer: &Value, id: &str) -> Value {
    let jobs = answer["jobs"].as_array().unwrap();
    jobs.iter().find(|job| job["id"] == id).unwrap_or_else(|| panic!("no {id}: {answer}")).clone()
}

/// All of these stand in the text.
#[track_caller]
pub(crate) fn has(text: &str, all: &[&str]) {
    for part in all {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

/// None of these stands in the text.
#[track_caller]
pub(crate) fn lacks(text: &str, all: &[&str]) {
    for part in all {
        assert!(!text.contains(part), "{part:?} stands in:\n{text}");
    }
}

pub(crate) fn unix_now() -> i64 {
    rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec
}

/// Tells the seconds since it was made.
pub(crate) fn stopwatch() -> impl Fn() -> f64 {
    let awake = || rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let began = awake();
    #[expect(clippy::cast_precision_loss, reason = "a test takes no years")]
    move || {
        let now = awake();
        (now.tv_sec - began.tv_sec) as f64 + (now.tv_nsec - began.tv_nsec) as f64 / 1e9
    }
}

/// So many seconds from now, for `--now`.
pub(crate) fn from_now(seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_now() + seconds).unwrap().to_string()
}

/// A time zone in which it is between half an hour before and after this hour of the day.
pub(crate) fn zone_where_it_is_about(hour: i64) -> String {
    let minute_of_day = unix_now().rem_euclid(86_400) / 60;
    let ahead = (hour * 60 - minute_of_day).rem_euclid(1440);
    // What POSIX writes is what has to be added to local time for UTC.
    let ahead = if ahead > 720 { ahead - 1440 } else { ahead };
    let sign = if ahead < 0 { "" } else { "-" };
    format!("TST{sign}{}:{:02}", ahead.abs() / 60, ahead.abs() % 60)
}

/// The same config as TOML; below the top all tables are inline.
pub(crate) fn toml_of(config: &Value) -> String {
    let pairs = config.as_object().unwrap().iter();
    let lines: Vec<String> =
        pairs.map(|(key, value)| format!("{key} = {}", inline(value))).collect();
    lines.join("\n")
}

fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let pairs =
                map.iter().map(|(k, v)| format!("{} = {}", Value::from(k.as_str()), inline(v)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        // JSON's strings, numbers and booleans are TOML's too.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
