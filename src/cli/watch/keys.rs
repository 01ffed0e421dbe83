//! Bytes of a terminal as keys.
//!
//! In: what was read. Out: keys; whatever is none is left out.

/// A key that the view knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Esc,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// Ctrl-L.
    Redraw,
    Char(char),
}

/// Sequences of xterm and its kin, without their Esc.
const SEQUENCES: [(&[u8], Key); 14] = [
    (b"[A", Key::Up),
    (b"OA", Key::Up),
    (b"[B", Key::Down),
    (b"OB", Key::Down),
    (b"[5~", Key::PageUp),
    (b"[6~", Key::PageDown),
    (b"[H", Key::Home),
    (b"OH", Key::Home),
    (b"[1~", Key::Home),
    (b"[7~", Key::Home),
    (b"[F", Key::End),
    (b"OF", Key::End),
    (b"[4~", Key::End),
    (b"[8~", Key::End),
];

/// The keys of some bytes.
pub(super) fn parse_keys(mut bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        bytes = rest;
        match *first {
            0x1b => {
                let len = sequence_len(rest);
                let (sequence, after) = rest.split_at(len.unwrap_or(rest.len()));
                bytes = after;
                if sequence.is_empty() {
                    keys.push(Key::Esc);
                }
                keys.extend(SEQUENCES.iter().find(|(s, _)| *s == sequence).map(|(_, key)| *key));
            }
            b'\r' | b'\n' => keys.push(Key::Enter),
            0x03 => keys.push(Key::Interrupt),
            0x1a => keys.push(Key::Suspend),
            0x0c => keys.push(Key::Redraw),
            b' '..=b'~' => keys.push(Key::Char(char::from(*first))),
            _ => {}
        }
    }
    keys
}

/// Do more bytes belong to the last key?
pub(super) fn is_partial(bytes: &[u8]) -> bool {
    let last = bytes.iter().rposition(|b| *b == 0x1b);
    last.is_some_and(|at| {
        let rest = &bytes[at + 1..];
        rest.is_empty() || sequence_len(rest).is_none()
    })
}

/// How long the sequence is that follows an Esc; none: zero. `None`: it is not over yet.
fn sequence_len(rest: &[u8]) -> Option<usize> {
    match rest.first() {
        Some(b'[') => {
            let end = rest.iter().skip(1).position(|b| (0x40..=0x7e).contains(b));
            end.map(|n| n + 2)
        }
        Some(b'O') => (rest.len() > 1).then_some(2),
        Some(_) | None => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_sequences() {
        assert_eq!(parse_keys(b"\x1b[Aj\x1bOB"), [Key::Up, Key::Char('j'), Key::Down]);
        assert_eq!(
            parse_keys(b"\x1b\x1b[5~\r\x03"),
            [Key::Esc, Key::PageUp, Key::Enter, Key::Interrupt]
        );
        // What is no key of ours is nothing, and takes nothing after it along.
        assert_eq!(parse_keys(b"\x1b[200~q\x1b[1;5Cx\xff\x01"), [Key::Char('q'), Key::Char('x')]);
        assert_eq!(parse_keys(b"\x1b[12"), []);
        let partial: [(&[u8], bool); 6] = [
            (b"", false),
            (b"q", false),
            (b"\x1b", true),
            (b"\x1b[", true),
            (b"\x1b[1;", true),
            (b"\x1b[A", false),
        ];
        for (bytes, is) in partial {
            assert_eq!(is_partial(bytes), is, "{bytes:?}");
        }
    }
}
