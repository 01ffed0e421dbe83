//! Bounded capture of one output stream, and the search for attention words in all of it.
//!
//! In: chunks as they were read. Out: the kept bytes, the total, and whether a word stood there.
//! Invariant: this module never holds more than its bound, however much a child writes.

use memchr::memmem;

use super::Stream;

/// The words that ask for a person, wherever they stand in a child's output.
pub const ATTENTION_WORDS: [&str; 2] = ["ACTION REQUIRED", "ALERT"];

/// Bytes that may belong to a word begun in an earlier chunk: the longest word less one.
const CARRY: usize = ATTENTION_WORDS[0].len() - 1;

/// Which part of a stream is kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keep {
    /// Its first bytes.
    Head(usize),
    /// Its last bytes.
    Tail(usize),
}

/// Takes a stream in and keeps a bounded part of it.
#[derive(Debug)]
pub(super) struct Sink {
    keep: Keep,
    bytes: Vec<u8>,
    total: u64,
    scan: Scan,
}

impl Sink {
    pub(super) fn new(keep: Keep) -> Self {
        Self { keep, bytes: Vec::new(), total: 0, scan: Scan::default() }
    }

    /// Takes the next chunk.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.total = self.total.saturating_add(chunk.len() as u64);
        self.scan.push(chunk);
        match self.keep {
            Keep::Head(most) => {
                let room = most.saturating_sub(self.bytes.len());
                self.bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            }
            Keep::Tail(most) => {
                // Twice the bound is let in before the front goes, so that a drip of single bytes
                // does not move the whole tail each time.
                let new = &chunk[chunk.len().saturating_sub(most)..];
                if self.bytes.len() + new.len() > most.saturating_mul(2) {
                    self.trim(most.saturating_sub(new.len()));
                }
                self.bytes.extend_from_slice(new);
            }
        }
    }

    /// Counts bytes that were never read.
    pub(super) fn skip(&mut self, count: u64) {
        self.total = self.total.saturating_add(count);
    }

    /// What was kept, and whether an attention word was seen.
    pub(super) fn finish(mut self) -> (Stream, bool) {
        match self.keep {
            Keep::Head(_) => {}
            Keep::Tail(most) => self.trim(most),
        }
        let cut = self.total > self.bytes.len() as u64;
        (Stream { bytes: self.bytes, total: self.total, cut }, self.scan.found)
    }

    fn trim(&mut self, most: usize) {
        let surplus = self.bytes.len().saturating_sub(most);
        self.bytes.drain(..surplus);
    }
}

/// The search, across the borders of chunks, without keeping them.
#[derive(Debug, Default)]
struct Scan {
    found: bool,
    carry: [u8; CARRY],
    carried: usize,
}

impl Scan {
    fn push(&mut self, chunk: &[u8]) {
        if self.found {
            return;
        }
        // A word across the border lies within the carry and as many bytes of the chunk.
        let mut border = [0; 2 * CARRY];
        let ahead = chunk.len().min(CARRY);
        let length = self.carried + ahead;
        border[..self.carried].copy_from_slice(&self.carry[..self.carried]);
        border[self.carried..length].copy_from_slice(&chunk[..ahead]);
        self.found = has_word(&border[..length]) || has_word(chunk);

        let from = if chunk.len() >= CARRY { chunk } else { &border[..length] };
        self.carried = from.len().min(CARRY);
        self.carry[..self.carried].copy_from_slice(&from[from.len() - self.carried..]);
    }
}

fn has_word(text: &[u8]) -> bool {
    ATTENTION_WORDS.iter().any(|word| memmem::find(text, word.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(keep: Keep, text: &[u8], chunk: usize) -> (Stream, bool) {
        let mut sink = Sink::new(keep);
        for part in text.chunks(chunk) {
            sink.push(part);
        }
        sink.finish()
    }

    #[test]
    fn head_and_tail_are_the_same_however_the_stream_is_cut() {
        let text: Vec<u8> = (0..1000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
        for chunk in [1, 2, 3, 7, 16, 17, 99, 100, 101, 500, text.len()] {
            for most in [0, 1, 16, 100, text.len(), text.len() + 1] {
                let (head, _) = fed(Keep::Head(most), &text, chunk);
                assert_eq!(head.bytes, text[..most.min(text.len())]);
                let (tail, _) = fed(Keep::Tail(most), &text, chunk);
                assert_eq!(tail.bytes, text[text.len().saturating_sub(most)..]);
                for stream in [head, tail] {
                    assert_eq!(stream.total, text.len() as u64);
                    assert_eq!(stream.cut, most < text.len());
                }
            }
        }
    }

    #[test]
    fn a_word_is_found_across_every_border_and_in_bytes_that_are_not_kept() {
        for word in ATTENTION_WORDS {
            for before in 0..40 {
                let text = [&vec![b'A'; before][..], word.as_bytes(), b"tail"].concat();
                for chunk in 1..text.len() {
                    assert!(fed(Keep::Head(0), &text, chunk).1, "{word} {before} {chunk}");
                }
                let broken = [&vec![b'.'; before][..], &word.as_bytes()[1..]].concat();
                assert!((1..broken.len()).all(|chunk| !fed(Keep::Tail(9), &broken, chunk).1));
            }
        }
        assert!(!fed(Keep::Head(9), b"alert, Action required, ALER T", 4).1);
    }

    #[test]
    fn the_longest_word_comes_first() {
        assert!(ATTENTION_WORDS.iter().all(|word| word.len() <= CARRY + 1));
    }
}
