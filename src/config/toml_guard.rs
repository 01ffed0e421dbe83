//! Depth of a TOML text, measured before it is parsed.
//!
//! In: a text. Out: where it goes too deep, if it does.
//! The parser bounds brackets, not dotted keys: `a.a.a…` of a megabyte makes a tree whose drop
//! overflows the stack. And it says "too deep" once for every further bracket.
//! Invariant: this module never rejects what is written with depth a config can use.

use super::tree::DEPTH_MAX;

/// Most dots between two keys' worth of text: `a.b.c` has two. A config needs three.
const DOTS_MAX: usize = 16;

enum Mode {
    Plain,
    Comment,
    String { quote: u8, multiline: bool },
}

/// The first byte that is nested, or dotted, too deep.
pub(super) fn find_too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut mode, mut depth, mut dots, mut at) = (Mode::Plain, 0_usize, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let mut step = 1;
        match mode {
            Mode::Comment => {
                if byte == b'\n' {
                    (mode, dots) = (Mode::Plain, 0);
                }
            }
            Mode::String { quote, multiline } => {
                if byte == b'\\' && quote == b'"' {
                    step = 2;
                } else if byte == quote && multiline {
                    let run = quotes(bytes, at, quote);
                    // Up to two quotes may stand right before the three that close.
                    step = run.clamp(1, 5);
                    if run >= 3 {
                        mode = Mode::Plain;
                    }
                } else if byte == quote || (byte == b'\n' && !multiline) {
                    mode = Mode::Plain;
                }
            }
            Mode::Plain => match byte {
                b'#' => mode = Mode::Comment,
                b'"' | b'\'' => {
                    let multiline = quotes(bytes, at, byte) >= 3;
                    step = if multiline { 3 } else { 1 };
                    mode = Mode::String { quote: byte, multiline };
                }
                b'[' | b'{' => (depth, dots) = (depth + 1, 0),
                b']' | b'}' => (depth, dots) = (depth.saturating_sub(1), 0),
                b'=' | b',' | b'\n' => dots = 0,
                b'.' => dots += 1,
                _ => {}
            },
        }
        if depth > DEPTH_MAX || dots > DOTS_MAX {
            return Some(at);
        }
        at += step;
    }
    None
}

/// How many times `quote` stands at `at` in a row, counted up to five.
fn quotes(bytes: &[u8], at: usize, quote: u8) -> usize {
    bytes.iter().skip(at).take(5).take_while(|b| **b == quote).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_dots_count_only_outside_strings_and_comments() {
        let dots = ".a".repeat(200);
        let open = "[".repeat(200);
        for fine in [
            format!("a = \"{dots}{open}\""),
            format!("a = '{dots}{open}'"),
            format!("a = \"\"\"\n\"{dots}\\\"\"\"{open}\"\"\"\"\"\nb = 1"),
            format!("# {dots}{open}\na = 1"),
            "[a.b.c]\nd.e = 1.5\n".repeat(100),
        ] {
            assert_eq!(find_too_deep(&fine), None, "{fine}");
        }
        assert_eq!(find_too_deep(&format!("a{dots} = 1")), Some(33));
        assert_eq!(find_too_deep(&format!("a = {open}")), Some(68));
        assert_eq!(find_too_deep(&format!("a = '''x'''\nb = {open}")), Some(80));
    }
}
