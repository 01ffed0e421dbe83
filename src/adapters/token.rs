//! A bot's token: the one secret that opsfsm itself holds.
//!
//! In: a text. Out: a [`Token`], if it has a token's shape.
//! Invariant: `Debug` and `Display` never show it; whoever sends asks for it by name.

use std::fmt;

use crate::base::redact::Secrets;

/// Fewest digits before the colon that are taken for a bot's id.
const ID_DIGITS: usize = 6;
/// Fewest characters after it.
const SECRET_CHARS: usize = 30;

/// A bot's token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// What a token has to be, for errors.
    pub const RULE: &str = "digits, a colon, and 30 or more letters, digits, - or _";

    /// Takes `digits:secret`, with white space around it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (id, secret) = text.split_once(':')?;
        let fits = !id.is_empty()
            && id.len() <= 20
            && id.bytes().all(|b| b.is_ascii_digit())
            && (SECRET_CHARS..=200).contains(&secret.len())
            && secret.bytes().all(is_secret_byte);
        fits.then(|| Self(text.to_owned()))
    }

    /// The token itself, for an address that only the Bot API gets.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text without the token, should it stand in it.
    #[must_use]
    pub fn redacted(&self, text: &str) -> String {
        mask_tokens(&text.replace(&self.0, &self.to_string()))
    }
}

impl fmt::Display for Token {
    /// The beginning of the bot's id, which everybody may know who writes to it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0.split(':').next().unwrap_or_default();
        write!(f, "{}…", id.get(..ID_DIGITS).unwrap_or(id))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({self})")
    }
}

const fn is_secret_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Masks everything in a text that has a token's shape.
#[must_use]
pub fn mask_tokens(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        let (before, after) = (&rest[..colon], &rest[colon + 1..]);
        let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
        let secret = after.bytes().take_while(|b| is_secret_byte(*b)).count();
        if digits >= ID_DIGITS && secret >= SECRET_CHARS {
            let kept = colon - digits + ID_DIGITS;
            shown.push_str(&rest[..kept]);
            shown.push('…');
            rest = &after[secret..];
        } else {
            shown.push_str(&rest[..=colon]);
            rest = after;
        }
    }
    shown.push_str(rest);
    shown
}

/// Words of another program or host, on one line and bounded, without anything that looks secret.
#[must_use]
pub fn quote_words(text: &str, most: usize) -> String {
    let masked = Secrets::default().redact(&mask_tokens(text), false);
    masked.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

    #[test]
    fn a_token_has_its_shape_and_is_never_shown() {
        let token = Token::parse(&format!(" 123456789:{SECRET}\n")).expect("a token");
        assert_eq!(token.expose(), format!("123456789:{SECRET}"));
        assert_eq!(
            (token.to_string(), format!("{token:?}")),
            ("123456…".into(), "Token(123456…)".into())
        );
        assert_eq!(Token::parse(&format!("42:{SECRET}")).expect("short").to_string(), "42…");
        for text in [
            "",
            ":",
            "123456789",
            "123456789:short",
            "${TOKEN}",
            &format!("bot1:{SECRET}"),
            &format!("1:{SECRET} x"),
            &format!("1:{SECRET}\n2"),
            &format!(":{SECRET}"),
            &format!("1:{}", "a".repeat(500)),
        ] {
            assert_eq!(Token::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_looks_like_a_token_is_masked_wherever_it_stands() {
        let one = format!("123456789:{SECRET}");
        let masked = |text: &str| mask_tokens(text);
        assert_eq!(
            masked(&format!("https://h/bot{one}/send: é {one}")),
            "https://h/bot123456…/send: é 123456…"
        );
        for text in ["", "12:34:56", "a: b", "::", "2026-01-01T00:00:00"] {
            assert_eq!(masked(text), text);
        }
        let words = format!(" Bearer {SECRET}\u{7}\n{one}");
        assert_eq!(quote_words(&words, 40), "Bearer [redacted]  123456…");
        assert_eq!(quote_words("ééé", 2), "éé");
        let short = Token::parse(&format!("42:{SECRET}")).expect("a token");
        assert_eq!(short.redacted(&format!("x{}y", short.expose())), "x42…y");
    }
}
