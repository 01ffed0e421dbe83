//! What a report is sent in: messages that are short enough, each with the report's id.
//!
//! In: a head line and blocks. Out: one [`Report`], or several where one message can't hold all.
//! Invariant: a message is measured after everything, and is cut between blocks where it can be,
//! else between lines, never inside a character.

use crate::base::{ReportId, limits};
use crate::journal::Report;

/// A section or a notice.
pub(super) struct Block {
    /// Its lines.
    pub(super) text: String,
    /// The same in one line, without anything that a job said.
    pub(super) summary: String,
}

/// Most lines of a summary.
const SUMMARY_LINES: usize = 8;
/// Most characters of one of them.
const SUMMARY_CHARS: usize = 160;
/// Room for `#id 999/999` and the lines between.
const FOOT_UNITS: usize = 40;

/// Puts blocks into as few messages as hold them, in their order.
pub(super) fn pack(head: &str, blocks: Vec<Block>, id: &ReportId, at_ms: i64) -> Vec<Report> {
    let room = limits::MESSAGE_UNITS.saturating_sub(units(head) + FOOT_UNITS);
    let mut messages: Vec<Vec<Block>> = vec![Vec::new()];
    let mut used = 0;
    for block in blocks.into_iter().flat_map(|block| fit(block, room)) {
        let size = units(&block.text) + 2;
        if used + size > room && used > 0 {
            messages.push(Vec::new());
            used = 0;
        }
        used += size;
        if let Some(last) = messages.last_mut() {
            last.push(block);
        }
    }
    let count = messages.len();
    // Whoever gets summaries alone gets no empty ones, and is to miss none by their numbers.
    let tells = |n: usize, blocks: &[Block]| n == 0 || blocks.iter().any(|b| !b.summary.is_empty());
    let summaries = messages.iter().enumerate().filter(|(n, blocks)| tells(*n, blocks)).count();
    let mut told = 0;
    let seal = |(n, blocks): (usize, Vec<Block>)| {
        let foot = foot_of(id, n + 1, count);
        let texts = blocks.iter().map(|block| block.text.as_str());
        let summary = if tells(n, &blocks) {
            told += 1;
            summary_of(head, &blocks, &foot_of(id, told, summaries))
        } else {
            String::new()
        };
        Report {
            id: if n == 0 { id.clone() } else { ReportId::new(format!("{id}.{}", n + 1)) },
            at_ms,
            text: lines(head, texts, &foot, "\n\n"),
            summary,
        }
    };
    messages.into_iter().enumerate().map(seal).collect()
}

fn foot_of(id: &ReportId, nth: usize, count: usize) -> String {
    if count == 1 { format!("#{id}") } else { format!("#{id} {nth}/{count}") }
}

fn lines<'a>(
    head: &'a str,
    middle: impl Iterator<Item = &'a str>,
    foot: &'a str,
    between: &str,
) -> String {
    let all: Vec<&str> = std::iter::once(head).chain(middle).chain([foot]).collect();
    all.join(between)
}

fn summary_of(head: &str, blocks: &[Block], foot: &str) -> String {
    let told = blocks.iter().map(|block| block.summary.as_str()).filter(|line| !line.is_empty());
    let mut shown: Vec<String> =
        told.clone().take(SUMMARY_LINES).map(|l| cut(l, SUMMARY_CHARS)).collect();
    let more = told.count().saturating_sub(SUMMARY_LINES);
    if more > 0 {
        shown.push(format!("+{more}"));
    }
    lines(head, shown.iter().map(String::as_str), foot, "\n")
}

/// A block in pieces that fit: whole if it can be, else some lines each, else some characters.
fn fit(block: Block, room: usize) -> Vec<Block> {
    if units(&block.text) + 2 <= room {
        return vec![block];
    }
    let mut pieces = vec![String::new()];
    for line in block.text.lines().flat_map(|line| chop(line, room.saturating_sub(2))) {
        let full = pieces.last().is_some_and(|piece| units(piece) + units(line) + 3 > room);
        if full {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            if !piece.is_empty() {
                piece.push('\n');
            }
            piece.push_str(line);
        }
    }
    let mut summary = Some(block.summary);
    let piece = |text| Block { text, summary: summary.take().unwrap_or_default() };
    pieces.into_iter().map(piece).collect()
}

/// A line in pieces of at most `room` units.
fn chop(mut line: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    while units(line) > room {
        let mut used = 0;
        let over = |(at, c): (usize, char)| {
            used += c.len_utf16();
            (used > room && at > 0).then_some(at)
        };
        let Some(at) = line.char_indices().find_map(over) else { break };
        let (piece, rest) = line.split_at(at);
        pieces.push(piece);
        line = rest;
    }
    pieces.push(line);
    pieces
}

/// The first characters of a line.
fn cut(line: &str, chars: usize) -> String {
    match line.char_indices().nth(chars) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

/// UTF-16 code units, in which the Bot API counts.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(text: &str) -> Block {
        Block { text: text.to_owned(), summary: format!("in short: {}", cut(text, 3)) }
    }

    fn packed(blocks: Vec<Block>) -> Vec<Report> {
        pack("head", blocks, &ReportId::new("0123456789abcdef"), 7)
    }

    #[test]
    fn what_fits_is_one_message_with_its_id() {
        let reports = packed(vec![block("one"), block("two\n  more")]);
        assert_eq!(reports.len(), 1);
        assert_eq!(reports[0].text, "head\n\none\n\ntwo\n  more\n\n#0123456789abcdef");
        assert_eq!(reports[0].summary, "head\nin short: one\nin short: two…\n#0123456789abcdef");
    }

    #[test]
    fn what_does_not_fit_is_cut_between_blocks_and_numbered() {
        let blocks = (0..5).map(|n| block(&n.to_string().repeat(1500))).collect();
        let reports = packed(blocks);
        let ids: Vec<_> = reports.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids, ["0123456789abcdef", "0123456789abcdef.2", "0123456789abcdef.3"]);
        assert!(reports[1].text.ends_with("\n\n#0123456789abcdef 2/3"));
        assert!(reports.iter().all(|r| r.text.starts_with("head\n\n")));
        assert!(reports[1].text.contains(&"2".repeat(1500)));
    }

    #[test]
    fn a_piece_that_has_nothing_to_sum_up_has_no_summary() {
        let reports = packed(vec![block(&"line\n".repeat(2000)), block("last")]);
        let told: Vec<_> = reports.iter().map(|r| r.summary.as_str()).collect();
        let id = "0123456789abcdef";
        let first = format!("head\nin short: lin…\n#{id} 1/2");
        assert_eq!(told, [&first, "", &format!("head\nin short: las…\n#{id} 2/2")]);
        assert!(reports[1].text.ends_with("\n\n#0123456789abcdef 2/3"), "its text is whole");
        let long = packed(vec![block(&"line\n".repeat(2000))]);
        assert!(long[0].summary.ends_with("\n#0123456789abcdef"), "it is the only one");
    }

    #[test]
    fn a_summary_has_few_lines() {
        let blocks = (0..20).map(|n| block(&format!("{n:03}"))).collect();
        let report = packed(blocks).remove(0);
        assert_eq!(report.summary.lines().count(), SUMMARY_LINES + 3);
        assert!(report.summary.contains("\n+12\n"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_message_is_short_enough_and_nothing_is_lost(
            texts in proptest::collection::vec("[a-z\u{4e00}\u{1f6e0}\n]{0,5000}", 0..6)
        ) {
            let reports = packed(texts.iter().map(|t| block(t)).collect());
            for report in &reports {
                prop_assert!(units(&report.text) <= limits::MESSAGE_UNITS);
                prop_assert!(units(&report.summary) <= limits::MESSAGE_UNITS);
            }
            let body = |text: &str| -> String {
                let inner = text.strip_prefix("head\n\n").unwrap_or("");
                let inner = inner.rsplit_once("#0123").map_or("", |(inner, _)| inner);
                inner.chars().filter(|c| !c.is_whitespace()).collect()
            };
            let told: String = reports.iter().map(|r| body(&r.text)).collect();
            let meant: String =
                texts.concat().chars().filter(|c| !c.is_whitespace()).collect();
            prop_assert_eq!(told, meant);
        }
    }
}
