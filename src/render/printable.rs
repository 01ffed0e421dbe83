//! Text that may be printed: what could steer a terminal, or show nothing, is shown as what it is.

/// A text on one line.
pub(super) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { visible(c) }).collect()
}

/// A text whose lines stay.
#[must_use]
pub fn lines(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { visible(c) }).collect()
}

/// The character that stands for `c`; a tab stays.
pub(super) fn visible(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(u32::from(c) + 0x2400).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        // Controls of ISO 6429, bidirectional controls, what has no width, and line separators. The
        // joiner of emoji and scripts stays.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        c => c,
    }
}

/// JSON without a character that a terminal could take for a command: they all stand in strings,
/// where an escape means the same.
pub(super) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || visible(c) == c {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// A number of things: "1 job", "2 jobs".
#[must_use]
pub fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        assert_eq!(line("a\u{1b}[31mb\u{9b}c\u{202e}d\r\ne\tf"), "a␛[31mb\u{fffd}c\u{fffd}d  e f");
        assert_eq!(line("日本 é e\u{301} 👩\u{200d}🚒"), "日本 é e\u{301} 👩\u{200d}🚒");
        let text = serde_json::json!({"a": "\u{9b}\u{7f}\u{e0001}\n"}).to_string();
        assert_eq!(json(&text), r#"{"a":"\u009b\u007f\udb40\udc01\n"}"#);
    }
}
