//! A sketch as SVG, laid out by opsfsm itself.
//!
//! In: a sketch. Out: one SVG document without scripts, fonts or anything from elsewhere, light or
//! dark as the reader's system is.
//! Invariant: whatever an id holds, the document stays well-formed XML 1.0.

use std::fmt::Write as _;

use super::TooLarge;
use super::layout::{self, Placed, Point, Size, Thing, Tie, Way};
use super::sketch::{Arrow, Hue, Key, Node, Shape, Sketch, Tone};
use super::svg_style::{STYLE, cut_to, hue_word, node_class, text_width, way_class};
use super::words::visible;

/// Around everything.
const MARGIN: i64 = 16;
/// The first line of a node, and its other ones.
const ID_PX: i64 = 13;
const TEXT_PX: i64 = 11;
const LINE: i64 = 15;
/// Inside a node.
const PAD: Size = Size { w: 12, h: 8 };
/// Longer texts are cut; the whole stands in the `<title>`.
const TEXT_MAX: i64 = 300;
/// What each link adds to the height of a node with many, and the most of all.
const PORT: i64 = 8;
const PORTS_MAX: i64 = 160;
/// A diamond around a word.
const DIAMOND: Size = Size { w: 116, h: 62 };

/// Draws a sketch.
pub(super) fn svg(sketch: &Sketch) -> Result<String, TooLarge> {
    let own = self_words(sketch);
    let cards: Vec<Card> = sketch.nodes.iter().zip(&own).map(|(n, own)| card(n, own)).collect();
    // A link to itself is told in words: it leads nowhere.
    let arrows: Vec<&Arrow> = sketch.arrows.iter().filter(|a| a.from != a.to).collect();
    let things = things(sketch, &cards, &arrows);
    let ties: Vec<Tie> = arrows
        .iter()
        .map(|a| Tie { from: a.from, to: a.to, label: label_size(&a.lines) })
        .collect();
    let placed = layout::place(&things, &ties).map_err(|layout::TooMany| TooLarge)?;
    let mut body = String::new();
    for (arrow, way) in arrows.iter().zip(&placed.ties) {
        body.push_str(&way_path(arrow, way));
    }
    for (arrow, way) in arrows.iter().zip(&placed.ties) {
        body.push_str(&label(arrow, way.label));
    }
    for (((node, card), thing), at) in
        sketch.nodes.iter().zip(&cards).zip(&things).zip(&placed.things)
    {
        body.push_str(&node_group(node, card, thing.size, *at));
    }
    let (foot, foot_size) = foot(sketch, placed.size.w.max(640));
    Ok(document(sketch, &placed, &body, &foot, foot_size))
}

fn document(sketch: &Sketch, placed: &Placed, body: &str, foot: &str, foot_size: Size) -> String {
    let width = placed.size.w.max(foot_size.w) + 2 * MARGIN;
    let height = placed.size.h + foot_size.h + 3 * MARGIN;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n<defs>\n",
        xml(&sketch.title)
    );
    for hue in [Hue::Plain, Hue::Cycle, Hue::Gate, Hue::Muted] {
        let word = hue_word(hue);
        let class = if word.is_empty() { "tip".to_owned() } else { format!("tip-{word}") };
        let _ = writeln!(
            text,
            "<marker id=\"{}\" viewBox=\"0 0 10 8\" refX=\"9\" refY=\"4\" markerWidth=\"10\" \
             markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
             <path class=\"{class}\" d=\"M0 0L10 4L0 8z\"/></marker>",
            marker(hue)
        );
    }
    let _ = write!(
        text,
        "</defs>\n<rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n{body}</g>\n\
         <g transform=\"translate({MARGIN} {})\">\n{foot}</g>\n</svg>\n",
        placed.size.h + 2 * MARGIN
    );
    text
}

fn marker(hue: Hue) -> String {
    format!("tip-{}", if hue == Hue::Plain { "plain" } else { hue_word(hue) })
}

/// A node's text, cut to what fits, and its size.
struct Card {
    lines: Vec<String>,
    /// From this line on it tells of a fault.
    faults: usize,
    size: Size,
}

fn card(node: &Node, more: &[String]) -> Card {
    let cut = |(n, line): (usize, &String)| {
        if n == 0 {
            cut_to(line, TEXT_MAX, ID_PX, true)
        } else {
            cut_to(line, TEXT_MAX, TEXT_PX, false)
        }
    };
    let lines: Vec<String> = node.lines.iter().chain(more).enumerate().map(cut).collect();
    let wide = |(n, line): (usize, &String)| {
        if n == 0 { text_width(line, ID_PX, true) } else { text_width(line, TEXT_PX, false) }
    };
    let width = lines.iter().enumerate().map(wide).max().unwrap_or(0);
    let size = match node.shape {
        Shape::Gate => DIAMOND,
        Shape::Watch
        | Shape::Check
        | Shape::Write
        | Shape::Untyped
        | Shape::Missing
        | Shape::State => Size { w: width + 2 * PAD.w, h: rows(lines.len()) * LINE + 2 * PAD.h },
    };
    // Even sizes have a middle.
    let is_job = node.shape != Shape::State;
    let faults = if is_job { node.lines.len() } else { lines.len() };
    Card { lines, faults, size: Size { w: size.w + size.w % 2, h: size.h + size.h % 2 } }
}

/// Nodes with many links are higher than their text, so that arrows can be told apart.
fn things(sketch: &Sketch, cards: &[Card], arrows: &[&Arrow]) -> Vec<Thing> {
    let mut ends = vec![0_usize; cards.len()];
    for arrow in arrows {
        ends[arrow.from] += 1;
        ends[arrow.to] += 1;
    }
    let thing = |((node, card), ends): ((&Node, &Card), usize)| {
        let pointed = node.shape == Shape::Gate;
        let wanted = (rows(ends) * PORT).min(PORTS_MAX);
        let h = if pointed { card.size.h } else { card.size.h.max(wanted) };
        Thing { size: Size { w: card.size.w, h }, pointed }
    };
    sketch.nodes.iter().zip(cards).zip(ends).map(thing).collect()
}

fn rows(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What is said of the links of each node to itself.
fn self_words(sketch: &Sketch) -> Vec<Vec<String>> {
    let mut words = vec![Vec::new(); sketch.nodes.len()];
    for arrow in sketch.arrows.iter().filter(|a| a.from == a.to) {
        words[arrow.from].push(format!("↺ {}", arrow.lines.join(", ").replace(", (", " (")));
    }
    words
}

fn label_size(lines: &[String]) -> Size {
    let width = lines.iter().map(|l| text_width(l, TEXT_PX, false)).max().unwrap_or(0);
    let width = if width == 0 { 0 } else { width + 8 };
    Size { w: width + width % 2, h: rows(lines.len()) * 14 }
}

/// Straight through columns, curved between them.
fn way_path(arrow: &Arrow, way: &Way) -> String {
    let mut d = String::new();
    for (n, pair) in way.points.chunks(2).enumerate() {
        let (a, b) = (pair[0], pair[pair.len() - 1]);
        if n == 0 {
            let _ = write!(d, "M{} {}", a.x, a.y);
        } else {
            let before = way.points[n * 2 - 1];
            let middle = i64::midpoint(before.x, a.x);
            let _ = write!(d, "C{middle} {} {middle} {} {} {}", before.y, a.y, a.x, a.y);
        }
        if b.x != a.x {
            let _ = write!(d, "H{}", b.x);
        }
    }
    let class = way_class(arrow.stroke, arrow.hue);
    format!("<path class=\"{class}\" d=\"{d}\" marker-end=\"url(#{})\"/>\n", marker(arrow.hue))
}

fn label(arrow: &Arrow, at: Point) -> String {
    if arrow.lines.is_empty() {
        return String::new();
    }
    let size = label_size(&arrow.lines);
    let (x, y) = (at.x - size.w / 2, at.y - size.h / 2);
    let mut text = format!(
        "<rect class=\"halo\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\"/>\n",
        size.w, size.h
    );
    let word = hue_word(arrow.hue);
    let class = if word.is_empty() { String::new() } else { format!(" class=\"text-{word}\"") };
    let mut line_y = y + 11;
    for line in &arrow.lines {
        let _ = writeln!(
            text,
            "<text{class} x=\"{}\" y=\"{line_y}\" text-anchor=\"middle\">{}</text>",
            at.x,
            xml(line)
        );
        line_y += 14;
    }
    text
}

fn node_group(node: &Node, card: &Card, size: Size, at: Point) -> String {
    let whole: Vec<String> =
        std::iter::once(visible(&node.id)).chain(node.lines.iter().skip(1).cloned()).collect();
    let title = match node.shape {
        Shape::Gate => format!("{} before {}", node.lines.join(", "), visible(&node.id)),
        Shape::Watch
        | Shape::Check
        | Shape::Write
        | Shape::Untyped
        | Shape::Missing
        | Shape::State => whole.join("\n"),
    };
    let mut text =
        format!("<g><title>{}</title>\n{}", xml(&title), outline(node.shape, node.tone, size, at));
    let mut y = at.y - (rows(card.lines.len()) * LINE) / 2 + 11;
    for (n, line) in card.lines.iter().enumerate() {
        let class = match (n, node.shape, node.tone) {
            _ if n >= card.faults => " class=\"fault\"",
            (0, Shape::Missing, _) => " class=\"id fault\"",
            (_, Shape::Missing, _) => " class=\"fault\"",
            (0, Shape::Gate, _) => "",
            (0, _, Tone::Off) => " class=\"id off-text\"",
            (0, ..) => " class=\"id\"",
            (_, _, Tone::Off) => " class=\"off-text\"",
            (..) => "",
        };
        let _ = writeln!(
            text,
            "<text{class} x=\"{}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
            at.x,
            xml(line)
        );
        y += LINE;
    }
    text.push_str("</g>\n");
    text
}

fn outline(shape: Shape, tone: Tone, size: Size, at: Point) -> String {
    let class = node_class(shape, tone);
    let (x, y) = (at.x - size.w / 2, at.y - size.h / 2);
    let round = match shape {
        Shape::Gate => {
            let (right, low) = (x + size.w, y + size.h);
            return format!(
                "<polygon class=\"{class}\" points=\"{x},{} {},{y} {right},{} {},{low}\"/>\n",
                at.y, at.x, at.y, at.x
            );
        }
        Shape::Watch => 16,
        Shape::State => size.h / 2,
        Shape::Check | Shape::Write | Shape::Untyped | Shape::Missing => 2,
    };
    format!(
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"{round}\"/>\n",
        size.w, size.h
    )
}

/// Title, notes and legend, below the picture.
fn foot(sketch: &Sketch, width: i64) -> (String, Size) {
    let mut text = String::new();
    let mut size = Size { w: 0, h: 0 };
    let lines = std::iter::once((sketch.title.as_str(), " class=\"id\"")).chain(
        sketch
            .notes
            .iter()
            .map(|n| (n.text.as_str(), if n.fault { " class=\"fault\"" } else { "" })),
    );
    for (line, class) in lines {
        let line = cut_to(line, width, ID_PX, true);
        size.h += LINE + 2;
        size.w = size.w.max(text_width(&line, ID_PX, true));
        let _ = writeln!(text, "<text{class} y=\"{}\">{}</text>", size.h - 4, xml(&line));
    }
    let (mut x, mut y) = (0, size.h + 6);
    for key in sketch.legend() {
        let wide = 44 + text_width(key.words(), TEXT_PX, false) + 18;
        if x > 0 && x + wide > width {
            (x, y) = (0, y + 26);
        }
        text.push_str(&legend_mark(key, Point { x, y }));
        let _ =
            writeln!(text, "<text x=\"{}\" y=\"{}\">{}</text>", x + 44, y + 14, xml(key.words()));
        x += wide;
        size.w = size.w.max(x);
        size.h = y + 24;
    }
    (text, size)
}

fn legend_mark(key: Key, at: Point) -> String {
    match key {
        Key::Node(shape, tone) => {
            let middle = Point { x: at.x + 18, y: at.y + 10 };
            outline(shape, tone, Size { w: 36, h: 20 }, middle)
        }
        Key::Arrow(stroke, hue) => {
            let class = way_class(stroke, hue);
            format!(
                "<path class=\"{class}\" d=\"M{} {}H{}\" marker-end=\"url(#{})\"/>\n",
                at.x,
                at.y + 10,
                at.x + 38,
                marker(hue)
            )
        }
    }
}

/// A text inside an element. Controls, which XML 1.0 has no way to write, are signs by now.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
