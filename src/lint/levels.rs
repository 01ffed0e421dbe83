//! How severe a finding is to whoever asked: `-A`, `-W`, `-D` and `--strict`.
//!
//! Invariant: a safety rule keeps its severity.

use std::collections::BTreeMap;

use crate::diag::{Code, Finding, Severity, did_you_mean};

/// What is made of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It is not told.
    Allow,
    /// It is a warning.
    Warn,
    /// It is an error.
    Deny,
}

/// The severities that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Levels(BTreeMap<Code, Level>);

impl Levels {
    /// As each code has it; `strict`: a key that nothing reads is an error.
    #[must_use]
    pub fn new(strict: bool) -> Self {
        Self(strict.then_some((Code::UnknownKey, Level::Deny)).into_iter().collect())
    }

    /// Asks for a level of the code of this name; of several the most severe counts.
    ///
    /// # Errors
    /// A sentence, where there is no such code, or it is about safety.
    pub fn set(&mut self, name: &str, level: Level) -> Result<(), String> {
        let code = find_code(name)?;
        if code.is_safety() {
            return Err(format!("{code} is about safety: its severity can't be changed"));
        }
        let asked = self.0.entry(code).or_insert(level);
        *asked = level.max(*asked);
        Ok(())
    }

    /// The finding with its severity; `None` where it is not told.
    #[must_use]
    pub fn apply(&self, finding: Finding) -> Option<Finding> {
        match self.0.get(&finding.code) {
            None => Some(finding),
            Some(Level::Allow) => None,
            Some(Level::Warn) => Some(finding.severity(Severity::Warning)),
            Some(Level::Deny) => Some(finding.severity(Severity::Error)),
        }
    }
}

/// The code of this name.
///
/// # Errors
/// A sentence with the nearest one.
pub fn find_code(name: &str) -> Result<Code, String> {
    Code::parse(name).ok_or_else(|| {
        let all = || Code::ALL.iter().map(|code| code.as_str());
        let numbered = numbered(name).and_then(|meant| all().find(|code| **code == meant));
        match numbered.or_else(|| did_you_mean(name, all())) {
            Some(near) => format!("there is no code `{name}`; did you mean {near}?"),
            None => format!("there is no code `{name}`; codes look like OF035"),
        }
    })
}

/// The code of the number that a name ends with: of `OF4`, `4` and `of-004` it is `OF004`.
fn numbered(name: &str) -> Option<String> {
    let head = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number: u16 = name.get(head.len()..)?.parse().ok()?;
    Some(format!("OF{number:03}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_severe_level_counts_and_safety_is_kept() {
        let told = |levels: &Levels, code| {
            levels.apply(Finding::nowhere(code, "x")).map(|finding| finding.severity)
        };
        let mut levels = Levels::new(false);
        levels.set("of002", Level::Allow).expect("a code");
        assert_eq!(told(&levels, Code::UnknownKey), None);
        levels.set("OF002", Level::Warn).expect("a code");
        assert_eq!(told(&levels, Code::UnknownKey), Some(Severity::Warning));
        levels.set("OF002", Level::Allow).expect("a code");
        assert_eq!(told(&levels, Code::UnknownKey), Some(Severity::Warning));
        let mut levels = Levels::new(true);
        levels.set("OF002", Level::Allow).expect("a code");
        assert_eq!(told(&levels, Code::UnknownKey), Some(Severity::Error));
        for (name, said) in [
            ("OF023", "about safety"),
            ("OF999", "no code"),
            ("0F035", "OF035?"),
            ("of35", "mean OF035?"),
            ("OF0035", "mean OF035?"),
            ("35", "mean OF035?"),
            ("OF0O35", "mean OF035?"),
            ("99999", "look like OF035"),
            ("日", "look like OF035"),
        ] {
            let why = levels.set(name, Level::Allow).expect_err(name);
            assert!(why.contains(said), "{why}");
        }
    }
}
