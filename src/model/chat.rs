//! A chat of Telegram's that reports go to.
//!
//! In: the forms in which configs name one. Out: a [`Chat`], never a guess: `*` is nobody's.

use std::fmt;

/// A chat, and a topic in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Its id, or its public name with an `@`.
    pub id: String,
    /// The topic.
    pub thread: Option<i64>,
}

impl Chat {
    /// What a chat has to be, for findings and errors.
    pub const RULE: &str = "a chat's id, @name, or CHAT:topic:ID";

    /// Takes `-100123`, `@name`, either followed by `:topic:ID`, and a prefix `telegram:` or `tg:`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = text.strip_prefix("telegram:").or_else(|| text.strip_prefix("tg:"));
        let bare = bare.unwrap_or(text).trim();
        let (id, thread) = match bare.split_once(":topic:") {
            Some((id, thread)) => (id, Some(thread.parse::<i64>().ok().filter(|id| *id > 0)?)),
            None => (bare, None),
        };
        let known = is_number(id) || id.strip_prefix('@').is_some_and(is_name);
        known.then(|| Self { id: id.to_owned(), thread })
    }

    /// The same, if it is named by its number.
    #[must_use]
    pub fn parse_number(text: &str) -> Option<Self> {
        Self::parse(text).filter(|chat| is_number(&chat.id))
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        match self.thread {
            Some(thread) => write!(f, ":topic:{thread}"),
            None => Ok(()),
        }
    }
}

/// No `+1`, no `007`, no zero: the ids that Telegram gives.
fn is_number(id: &str) -> bool {
    let digits = id.strip_prefix('-').unwrap_or(id);
    id.parse::<i64>().is_ok()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
}

fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (3..=64).contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_is_a_number_or_a_name_and_never_a_guess() {
        for (text, shown) in [
            ("12345", "12345"),
            (" -1001234567890 ", "-1001234567890"),
            ("telegram:7", "7"),
            ("tg:-7", "-7"),
            ("@ops_room", "@ops_room"),
            ("-100:topic:42", "-100:topic:42"),
            ("telegram:@ops_room:topic:3", "@ops_room:topic:3"),
        ] {
            let chat = Chat::parse(text).expect(text);
            assert_eq!(chat.to_string(), shown);
            assert_eq!(Chat::parse_number(text).is_some(), !shown.starts_with('@'));
        }
        for text in [
            "",
            "*",
            "telegram:*",
            "tg:",
            "0",
            "007",
            "+1",
            "--1",
            "1.5",
            "99999999999999999999",
            "@",
            "@a b",
            "ops",
            "1:2",
            "1:topic:",
            "1:topic:x",
            "1:topic:0",
            "1:topic:-3",
            "${CHAT}",
        ] {
            assert_eq!(Chat::parse(text), None, "{text:?}");
        }
    }
}
