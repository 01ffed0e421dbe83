//! The looks of an SVG picture: classes, and how wide its letters are.
//!
//! Plain rules and one media query, no variables: renderers outside browsers know no others.
//! Invariant: the widths are those of a wide font (DejaVu Sans), so that text in any other fits.

use super::sketch::{Hue, Shape, Stroke, Tone};

/// The style sheet.
pub(in crate::render) const STYLE: &str = "\
text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;font-size:11px;fill:#1f2328}
.id{font-size:13px;font-weight:600}
.page{fill:#ffffff}
.node{stroke-width:1.2;stroke:#57606a;fill:#ffffff}
.watch{fill:#ddf4ff}.check{fill:#dafbe1}.write{fill:#ffebe9;stroke-width:2.4}.gate{fill:#fff8c5;stroke:#9a6700}
.local{stroke:#bc4c00}.external{stroke:#cf222e}
.missing{fill:none;stroke:#cf222e;stroke-dasharray:5 4}
.off{fill:#eaeef2;stroke:#8c959f}
.now{fill:#fff8c5;stroke:#9a6700;stroke-width:3}
.off-text{fill:#57606a}.fault{fill:#cf222e}
.way{fill:none;stroke:#57606a;stroke-width:1.2}
.tip{fill:#57606a}
.dashed{stroke-dasharray:6 4}.dotted{stroke-dasharray:1.5 3}.bold{stroke-width:2.6}
.cycle{stroke:#cf222e}.tip-cycle{fill:#cf222e}.text-cycle{fill:#cf222e}
.gateway{stroke:#9a6700}.tip-gateway{fill:#9a6700}.text-gateway{fill:#7d4e00}
.muted{stroke:#8c959f}.tip-muted{fill:#8c959f}.text-muted{fill:#6e7781}
.halo{fill:#ffffff}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}
.page,.halo{fill:#0d1117}
.node{stroke:#8b949e;fill:#161b22}
.watch{fill:#0c2d48}.check{fill:#0f3320}.write{fill:#49141a}.gate{fill:#3b2e04;stroke:#d29922}
.local{stroke:#f0883e}.external{stroke:#ff7b72}
.missing{fill:none;stroke:#ff7b72}
.off{fill:#21262d;stroke:#6e7681}
.now{fill:#3b2e04;stroke:#d29922}
.off-text{fill:#9198a1}.fault{fill:#ff7b72}
.way{stroke:#8b949e}.tip{fill:#8b949e}
.cycle{stroke:#ff7b72}.tip-cycle,.text-cycle{fill:#ff7b72}
.gateway{stroke:#d29922}.tip-gateway,.text-gateway{fill:#d29922}
.muted{stroke:#6e7681}.tip-muted{fill:#6e7681}.text-muted{fill:#9198a1}
}";

/// The classes of a node's outline.
pub(super) fn node_class(shape: Shape, tone: Tone) -> String {
    let shape = match shape {
        Shape::Watch => " watch",
        Shape::Check => " check",
        Shape::Write => " write",
        Shape::Gate => " gate",
        Shape::Missing => " missing",
        Shape::Untyped | Shape::State => "",
    };
    let tone = match tone {
        Tone::Plain => "",
        Tone::Local => " local",
        Tone::External => " external",
        Tone::Off => " off",
        Tone::Now => " now",
    };
    format!("node{shape}{tone}")
}

/// The classes of an arrow.
pub(super) fn way_class(stroke: Stroke, hue: Hue) -> String {
    let stroke = match stroke {
        Stroke::Solid => "",
        Stroke::Dashed => " dashed",
        Stroke::Bold => " bold",
        Stroke::Dotted => " dotted",
    };
    let hue = hue_word(hue);
    if hue.is_empty() { format!("way{stroke}") } else { format!("way{stroke} {hue}") }
}

/// The word of a colour in class names and markers; empty for the plain one.
pub(super) const fn hue_word(hue: Hue) -> &'static str {
    match hue {
        Hue::Plain => "",
        Hue::Cycle => "cycle",
        Hue::Gate => "gateway",
        Hue::Muted => "muted",
    }
}

/// The width of a text in pixels, never less than it takes.
pub(super) fn text_width(text: &str, font_px: i64, bold: bool) -> i64 {
    let hundredths: i64 = text.chars().map(char_width).sum();
    let wide = if bold { hundredths * 110 / 100 } else { hundredths };
    (wide * font_px + 99) / 100
}

/// In hundredths of the font's size.
fn char_width(c: char) -> i64 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' | 'I' | '·' => 34,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '[' | ']' | '-' | '/' | '\\' | '"' => 42,
        'm' | 'M' | 'W' | '@' | '%' => 100,
        'w' | '+' | '=' | '<' | '>' | '~' | '#' | '^' | '→' => 86,
        'A'..='Z' => 76,
        ' '..='~' => 65,
        // Combining marks, joiners and variants add to what stands before them.
        '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{80}'..='\u{24f}' => 78,
        '\u{250}'..='\u{10ff}' => 90,
        _ => 130,
    }
}

/// A text cut to a width in its middle, with `…` in the place of what is gone: names that begin alike
/// are told apart by their ends.
pub(super) fn cut_to(text: &str, width: i64, font_px: i64, bold: bool) -> String {
    if text_width(text, font_px, bold) <= width {
        return text.to_owned();
    }
    let room = (width - 2 * font_px) / 2;
    let fits = |kept: &String| text_width(kept, font_px, bold) <= room;
    let mut head = String::new();
    let mut tail = String::new();
    for c in text.chars() {
        head.push(c);
        if !fits(&head) {
            head.pop();
            break;
        }
    }
    for c in text.chars().rev() {
        tail.push(c);
        if !fits(&tail) {
            tail.pop();
            break;
        }
    }
    // Marks that belong to a character that is gone go with it.
    let tail: String =
        tail.chars().rev().skip_while(|c| text_width(&c.to_string(), font_px, bold) == 0).collect();
    format!("{head}…{tail}")
}
