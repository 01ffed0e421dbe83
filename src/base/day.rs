//! A day of the calendar, for end dates: counted in UTC, so that every machine agrees.
//!
//! In: `YYYY-MM-DD`, or a moment. Out: a [`Day`].

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// From `YYYY-MM-DD`; `None` where there is no such day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let day = Self(text.parse().ok()?);
        // The parser takes other forms of ISO 8601 too, those with a time among them.
        (day.to_string() == text).then_some(day)
    }

    /// The day of a moment, in UTC.
    #[must_use]
    pub fn of_wall_ms(wall_ms: i64) -> Self {
        let moment = Timestamp::from_millisecond(wall_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        Self(moment.to_zoned(TimeZone::UTC).date())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_exist_are_read_and_shown_again() {
        for text in ["1970-01-01", "2024-02-29", "2000-02-29", "9999-12-31"] {
            assert_eq!(Day::parse(text).map(|day| day.to_string()).as_deref(), Some(text));
        }
        for text in
            ["2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "-000001-01-01"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        for text in
            ["", "2024-1-1", "2024-01-01T00:00", "2024-01-01-", "+024-01-01", "２０24-01-01"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_has_the_day_that_rfc3339_shows() {
        let mut wall_ms = -86_400_000_i64 * 800;
        while wall_ms < 86_400_000 * 40_000 {
            let shown = super::super::time::rfc3339(wall_ms);
            assert_eq!(Day::of_wall_ms(wall_ms).to_string(), shown[..10], "{wall_ms}");
            wall_ms += 86_400_000 * 7 + 3_599_999;
        }
    }
}
