//! A line of cron, and how it gets into a crontab and out of it again, between two lines of its own.
//! How words stand in it: crontab(5), where `%` ends a command, and sh(1).

use super::{MARK, Schedule};
use crate::render::shell_quote;

const BEGIN: &str = "# >>> ";
const END: &str = "# <<< ";
/// The longest command that cron takes (Vixie's, and those after it).
const COMMAND_MAX: usize = 990;

/// A crontab, and what of it is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crontab {
    /// The lines of everybody else, as they were.
    others: String,
    /// What stood between our two lines.
    ours: Option<String>,
}

/// What can't be done about a crontab.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrontabFault {
    /// Of our two lines one is missing, or there are more.
    #[error(
        "of the two lines that opsfsm puts around its own in the crontab one is missing, or there are more: \
         mend it with `crontab -e`"
    )]
    Torn,
    /// Shorter than a minute.
    #[error("cron knows no seconds: name whole minutes, or another --with")]
    Seconds,
    /// A word that no line can hold.
    #[error(
        "cron can't call {0}: a path with a line break, or with both a backslash and a percent sign"
    )]
    Word(String),
    /// Too long a line.
    #[error(
        "cron takes no command longer than {COMMAND_MAX} bytes: shorter paths, or another --with"
    )]
    TooLong,
}

impl Crontab {
    /// Reads one.
    ///
    /// # Errors
    /// It is torn.
    pub fn parse(text: &str) -> Result<Self, CrontabFault> {
        let begun = text.matches(&*begin()).count();
        if (begun, text.matches(&*end()).count()) == (0, 0) {
            return Ok(Self { others: text.to_owned(), ours: None });
        }
        let split = text.split_once(&*begin()).and_then(|(before, rest)| {
            let (ours, after) = rest.split_once(&*end())?;
            let whole = |part: &str| part.is_empty() || part.ends_with('\n');
            (whole(before) && !after.contains(&*end()) && begun == 1)
                .then(|| Self { others: format!("{before}{after}"), ours: Some(ours.to_owned()) })
        });
        split.ok_or(CrontabFault::Torn)
    }

    /// What stood between our two lines.
    #[must_use]
    pub fn ours(&self) -> Option<&str> {
        self.ours.as_deref().map(str::trim_end)
    }

    /// Everything else.
    #[must_use]
    pub fn others(&self) -> &str {
        &self.others
    }

    /// A line of somebody else's that calls a tick as well.
    #[must_use]
    pub fn by_hand(&self) -> Option<&str> {
        let lines = self.others.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let calls = |line: &&str| {
            let mut words = line.split_whitespace();
            line.contains("opsfsm") && words.any(|word| word.trim_matches(['"', '\'']) == "tick")
        };
        lines.into_iter().find(calls)
    }

    /// The crontab with our line, once.
    ///
    /// # Errors
    /// Cron can't call it, or not so often.
    pub fn with(&self, schedule: &Schedule) -> Result<String, CrontabFault> {
        let mut text = self.others.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text + &Self::block(schedule)?)
    }

    /// Our lines.
    ///
    /// # Errors
    /// Cron can't call it, or not so often.
    pub fn block(schedule: &Schedule) -> Result<String, CrontabFault> {
        Ok(format!("{}{}\n{}", begin(), Self::line(schedule)?, end()))
    }

    /// The one of them that counts.
    ///
    /// # Errors
    /// Cron can't call it, or not so often.
    pub fn line(schedule: &Schedule) -> Result<String, CrontabFault> {
        cron_line(schedule)
    }
}

fn begin() -> String {
    format!("{BEGIN}{MARK}\n")
}

fn end() -> String {
    format!("{END}opsfsm\n")
}

fn cron_line(schedule: &Schedule) -> Result<String, CrontabFault> {
    let minutes = schedule.every.minutes().ok_or(CrontabFault::Seconds)?;
    let words: Result<Vec<String>, CrontabFault> =
        schedule.argv.iter().map(|word| cron_word(word)).collect();
    let command = words?.join(" ");
    if command.len() > COMMAND_MAX {
        return Err(CrontabFault::TooLong);
    }
    let minute = match minutes {
        1 => "*".to_owned(),
        60 => "0".to_owned(),
        minutes => format!("*/{minutes}"),
    };
    Ok(format!("{minute} * * * * {command}"))
}

/// A word as cron hands it to a shell: a percent sign stands behind a backslash, which cron removes,
/// whatever quotes are around it. Cron takes a second backslash before it for an escaped one.
fn cron_word(word: &str) -> Result<String, CrontabFault> {
    if word.contains(char::is_control) || (word.contains('\\') && word.contains('%')) {
        return Err(CrontabFault::Word(word.escape_debug().to_string()));
    }
    Ok(shell_quote(word).replace('%', "\\%"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::schedule::Every;

    fn schedule(words: &[&str], seconds: i64) -> Schedule {
        let argv = words.iter().map(|word| (*word).to_owned()).collect();
        Schedule { argv, every: Every::of_seconds(seconds).expect("a span") }
    }

    #[test]
    fn the_line_says_what_is_called_and_how_often() {
        let line = |seconds| cron_line(&schedule(&["/o", "a b", "50%", "it's"], seconds));
        let rest = r"* * * * /o 'a b' 50\% 'it'\''s'";
        assert_eq!(line(60), Ok(format!("* {rest}")));
        assert_eq!(line(300), Ok(format!("*/5 {rest}")));
        assert_eq!(line(3600), Ok(format!("0 {rest}")));
        assert_eq!(line(30), Err(CrontabFault::Seconds));
        for odd in ["a\nb", "a\\%b"] {
            assert!(matches!(cron_word(odd), Err(CrontabFault::Word(_))), "{odd}");
        }
        let long = "x".repeat(COMMAND_MAX);
        assert_eq!(cron_line(&schedule(&["/o", &long], 60)), Err(CrontabFault::TooLong));
    }

    #[test]
    fn what_others_wrote_is_as_it_was_after_coming_and_going() {
        let ours = schedule(&["/o", "tick"], 60);
        for others in ["", "# mine\n\n0 1 * * * x\n", "MAILTO=a\n", "no end of line"] {
            let read = Crontab::parse(others).expect("whole");
            assert_eq!((read.ours(), read.others()), (None, others));
            let with = read.with(&ours).expect("a crontab");
            let again = Crontab::parse(&with).expect("whole");
            assert_eq!(again.ours(), Some("* * * * * /o tick"));
            assert_eq!(again.with(&ours).as_deref(), Ok(&*with), "once, however often");
            assert_eq!(again.others().trim_end_matches('\n'), others.trim_end_matches('\n'));
            let later = with + "5 * * * * later\n";
            let read = Crontab::parse(&later).expect("whole");
            assert!(read.others().ends_with("5 * * * * later\n") && !read.others().contains(MARK));
        }
    }

    #[test]
    fn a_torn_one_is_left_to_a_person() {
        let whole = Crontab::block(&schedule(&["/o"], 60)).expect("lines");
        let no_end = whole.replace(&*end(), "");
        let no_begin = whole.replace(&*begin(), "");
        let twice = whole.clone() + &whole;
        let backwards = format!("{}{}", end(), begin());
        for torn in [no_end, no_begin, twice, backwards] {
            assert_eq!(Crontab::parse(&torn), Err(CrontabFault::Torn), "{torn}");
        }
    }

    #[test]
    fn a_line_by_hand_is_seen() {
        let by_hand =
            |text: &str| Crontab::parse(text).expect("whole").by_hand().map(str::to_owned);
        assert!(by_hand("* * * * * opsfsm tick\n").is_some());
        assert!(by_hand("* * * * * /o/opsfsm --config-file x 'tick' >/dev/null\n").is_some());
        for other in ["# * * * * * opsfsm tick", "* * * * * opsfsm run x", "* * * * * tick"] {
            assert_eq!(by_hand(other), None, "{other}");
        }
    }
}
