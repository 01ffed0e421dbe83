//! Source texts and places in them.

use std::ops::Range;
use std::sync::Arc;

/// Which of the loaded files a place is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A place as editors count: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineCol {
    /// Line.
    pub line: usize,
    /// Column, in Unicode characters.
    pub column: usize,
}

/// What a place belongs to, in the config's own terms: it stays when lines move.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPath {
    /// The id of the job, if it has one.
    pub job: Option<String>,
    /// The way of keys, within the job if there is one: `commands.run[0]`.
    pub path: String,
}

/// One loaded file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The name to print: the path as it was given.
    pub name: String,
    /// The text, without a byte order mark.
    pub text: Arc<str>,
    line_starts: Vec<usize>,
    /// How many characters begin before each block: a line can be as long as its file.
    begun: Vec<usize>,
    /// What is never shown, in order.
    concealed: Vec<Range<usize>>,
}

/// Bytes of a block.
const BLOCK: usize = 1 << 10;

/// All files of one config.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file and says how spans in it are to name it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let line_starts = std::iter::once(0).chain(breaks).collect();
        let mut all = 0;
        let count = |block: &[u8]| {
            let before = all;
            all += begun_in(block);
            before
        };
        let mut begun: Vec<usize> = text.as_bytes().chunks(BLOCK).map(count).collect();
        // An end on a block's border begins one more.
        begun.push(all);
        self.files.push(SourceFile {
            name: name.into(),
            text,
            line_starts,
            begun,
            concealed: Vec::new(),
        });
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// The file behind an id.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(usize::try_from(id.0).ok()?)
    }

    /// All files, in the order they were added.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// From now on nothing of these places is to be shown.
    pub fn conceal(&mut self, places: &[Span]) {
        let offset = |byte: u32| usize::try_from(byte).unwrap_or(usize::MAX);
        for (file, id) in self.files.iter_mut().zip(0..) {
            let own = places.iter().filter(|place| place.file == FileId(id));
            file.concealed.extend(own.map(|place| offset(place.start)..offset(place.end)));
            file.concealed.sort_by_key(|range| range.start);
        }
    }

    /// `file:line:column` of where `span` begins.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        match self.file(span.file) {
            Some(file) => {
                let at = file.line_col(span.start);
                format!("{}:{}:{}", file.name, at.line, at.column)
            }
            None => "(no file)".to_owned(),
        }
    }
}

impl SourceFile {
    /// Line and column of byte `offset`; an offset past the end is the end, one inside a
    /// character is that character.
    #[must_use]
    pub fn line_col(&self, offset: u32) -> LineCol {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        // An offset inside a character has counted its first byte already.
        let begun = self.begun_before(offset) - self.begun_before(start);
        let inside = self.text.as_bytes().get(offset).copied().is_some_and(is_continuation);
        let column = begun + 1 - usize::from(inside && begun > 0);
        LineCol { line, column }
    }

    /// Is what stands at this byte never to be shown?
    #[must_use]
    pub fn is_concealed(&self, offset: usize) -> bool {
        let after = self.concealed.partition_point(|range| range.start <= offset);
        let before = after.checked_sub(1).and_then(|last| self.concealed.get(last));
        before.is_some_and(|range| range.contains(&offset))
    }

    /// How many characters begin before byte `offset`.
    fn begun_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default();
        self.begun.get(block).copied().unwrap_or_default() + begun_in(rest)
    }

    /// The bytes of a line, counted from 1, without its line break.
    #[must_use]
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let start = line.checked_sub(1).and_then(|index| self.line_starts.get(index));
        let Some(&start) = start else { return self.text.len()..self.text.len() };
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end).unwrap_or_default();
        start..end - usize::from(text.ends_with('\r'))
    }
}

/// Each character has one byte that continues no other.
fn begun_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !is_continuation(**byte)).count()
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_right_across_blocks() {
        let mut sources = Sources::default();
        // It ends on a block's border.
        let text = format!("é\n{}", "日é".repeat(BLOCK) + &"x".repeat(BLOCK - 3));
        assert_eq!(text.len() % BLOCK, 0);
        let file = sources.add("a.toml", text.as_str());
        let file = sources.file(file).expect("a file");
        for at in 3..=text.len() {
            let begun = text.bytes().skip(3).take(at - 3 + 1).filter(|b| !is_continuation(*b));
            let past = usize::from(at == text.len());
            let column = file.line_col(u32::try_from(at).expect("small")).column;
            assert_eq!(column, begun.count() + past, "{at}");
        }
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let id = sources.add("a.toml", "ab\nüx\r\n\n");
        let at = |start| sources.place(Span { file: id, start, end: start });
        assert_eq!(at(0), "a.toml:1:1");
        assert_eq!(at(2), "a.toml:1:3");
        assert_eq!(at(3), "a.toml:2:1");
        assert_eq!(at(4), "a.toml:2:1", "inside a character");
        assert_eq!(at(5), "a.toml:2:2");
        assert_eq!(at(8), "a.toml:3:1");
        assert_eq!(at(99), "a.toml:4:1", "past the end");
        let file = sources.file(id).expect("a file");
        let lines: Vec<&str> = (0..7).map(|line| &file.text[file.line_range(line)]).collect();
        assert_eq!(lines, ["", "ab", "üx", "", "", "", ""], "without line breaks");
    }
}
