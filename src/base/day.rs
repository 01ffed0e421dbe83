//! A day of the calendar, for end dates: counted in UTC, so that every machine agrees.
//!
//! In: `YYYY-MM-DD`, or a moment. Out: a [`Day`].

use std::fmt;

const MS_PER_DAY: i64 = 86_400_000;

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: i32,
    month: u8,
    of_month: u8,
}

impl Day {
    /// From `YYYY-MM-DD`; `None` where there is no such day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let shaped = year.len() == 4 && month.len() == 2 && day.len() == 2;
        if parts.next().is_some() || !shaped || ![year, month, day].into_iter().all(digits) {
            return None;
        }
        let year: i32 = year.parse().ok()?;
        let (month, day): (u8, u8) = (month.parse().ok()?, day.parse().ok()?);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => return None,
        };
        (1..=days).contains(&day).then_some(Self { year, month, of_month: day })
    }

    /// The day of a moment, in UTC.
    #[must_use]
    pub fn of_wall_ms(wall_ms: i64) -> Self {
        // Howard Hinnant's `civil_from_days`: days since 0000-03-01, in eras of 400 years.
        let shifted = wall_ms.div_euclid(MS_PER_DAY) + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096).div_euclid(365);
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year: i32::try_from(year).unwrap_or(i32::MAX),
            month: u8::try_from(month).unwrap_or(1),
            of_month: u8::try_from(day).unwrap_or(1),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.of_month)
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
        for text in ["2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31"] {
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
