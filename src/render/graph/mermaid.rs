//! A sketch in Mermaid's flowchart language.
//!
//! Mermaid has no way to quote a node's name, so nodes are numbered in the order of the ids; what
//! is shown stands in quoted labels. There its own `#NN;` stands for a character by number, and
//! everything that Mermaid, its Markdown or a browser could take for more than a letter is written
//! that way (<https://mermaid.js.org/syntax/flowchart.html>).
//! Invariant: no text of a config stands outside a quoted label, and none ends one.

use std::fmt::Write as _;

use super::sketch::{Arrow, Hue, Key, Node, Shape, Sketch, Stroke, Tone};

/// Writes Mermaid.
pub(super) fn mermaid(sketch: &Sketch) -> String {
    let mut text = format!("flowchart LR\n  accTitle: {}\n", plain(&sketch.title));
    for (n, node) in sketch.nodes.iter().enumerate() {
        let _ =
            writeln!(text, "  {}", boxed(&format!("n{n}"), node.shape, node.tone, &lines(node)));
    }
    let mut pens: Vec<(usize, &'static str)> = Vec::new();
    let mut links = 0;
    for arrow in &sketch.arrows {
        let _ = writeln!(text, "  {}", link(arrow));
        pens.extend(pen(arrow.hue).map(|pen| (links, pen)));
        links += 1;
    }
    let keys = sketch.legend();
    if !keys.is_empty() || !sketch.notes.is_empty() {
        text.push_str("  subgraph legend [\"legend\"]\n");
        for (n, note) in sketch.notes.iter().enumerate() {
            let _ = writeln!(text, "    note{n}[\"{}\"]:::note", escaped(&note.text));
        }
        for (n, key) in keys.iter().enumerate() {
            let words = escaped(key.words());
            match *key {
                Key::Node(shape, tone) => {
                    let node = boxed(&format!("key{n}"), shape, tone, &words);
                    let _ = writeln!(text, "    {node}");
                }
                Key::Arrow(stroke, hue) => {
                    let shaft = shaft(stroke);
                    let _ = writeln!(
                        text,
                        "    key{n}[\" \"]:::note {shaft}|\"{words}\"| key{n}b[\" \"]:::note"
                    );
                    pens.extend(pen(hue).map(|pen| (links, pen)));
                    links += 1;
                }
            }
        }
        text.push_str("  end\n");
    }
    text.push_str(&classes(sketch, &keys));
    text.push_str(&link_styles(&pens));
    text
}

fn lines(node: &Node) -> String {
    let mut lines: Vec<String> = node.lines.iter().map(|line| escaped(line)).collect();
    if let Some(first) = lines.first_mut().filter(|_| node.lines.len() > 1) {
        *first = format!("<b>{first}</b>");
    }
    lines.join("<br/>")
}

/// A title takes no entities and ends with its line: only plain letters get through.
fn plain(text: &str) -> String {
    let fine = |c: char| c.is_alphanumeric() || " ,:_-.".contains(c);
    text.chars().map(|c| if fine(c) { c } else { '_' }).collect()
}

/// A text inside a quoted label.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        let inside = before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric();
        let letter = match c {
            // Between letters these are no Markdown.
            '-' | '_' | '.' => inside,
            ' ' | ',' => true,
            // What Mermaid itself puts in the place of `#` and `;` while it reads.
            'ﬂ' | '°' | '¶' => false,
            c => c.is_ascii_alphanumeric() || !c.is_ascii(),
        };
        if letter {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
        before = c;
    }
    out
}

/// A node with an already escaped text.
fn boxed(name: &str, shape: Shape, tone: Tone, text: &str) -> String {
    let (open, close) = match shape {
        Shape::Watch | Shape::State => ("([", "])"),
        Shape::Check | Shape::Untyped | Shape::Missing => ("[", "]"),
        Shape::Write => ("[[", "]]"),
        Shape::Gate => ("{", "}"),
    };
    format!("{name}{open}\"{text}\"{close}:::{}", class(shape, tone).0)
}

fn link(arrow: &Arrow) -> String {
    let label = arrow.lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>");
    let label = if label.is_empty() { label } else { format!("|\"{label}\"|") };
    format!("n{} {}{label} n{}", arrow.from, shaft(arrow.stroke), arrow.to)
}

const fn shaft(stroke: Stroke) -> &'static str {
    match stroke {
        Stroke::Solid => "-->",
        Stroke::Dashed | Stroke::Dotted => "-.->",
        Stroke::Bold => "==>",
    }
}

const fn pen(hue: Hue) -> Option<&'static str> {
    match hue {
        Hue::Plain => None,
        Hue::Cycle => Some("stroke:#cf222e"),
        Hue::Gate => Some("stroke:#9a6700"),
        Hue::Muted => Some("stroke:#8c959f"),
    }
}

/// The class of a node, and its looks: readable on a light page and on a dark one.
const fn class(shape: Shape, tone: Tone) -> (&'static str, &'static str) {
    match (shape, tone) {
        (_, Tone::Off) => ("off", "fill:#eaeef2,stroke:#8c959f,color:#57606a"),
        (_, Tone::Now) => ("now", "fill:#fff8c5,stroke:#9a6700,stroke-width:3px,color:#1f2328"),
        (Shape::Watch, Tone::Plain) => ("watch", "fill:#ddf4ff,stroke:#0969da,color:#1f2328"),
        (Shape::Watch, Tone::Local) => ("watchLocal", "fill:#ddf4ff,stroke:#bc4c00,color:#1f2328"),
        (Shape::Watch, Tone::External) => {
            ("watchExternal", "fill:#ddf4ff,stroke:#cf222e,color:#1f2328")
        }
        (Shape::Check, Tone::Plain) => ("check", "fill:#dafbe1,stroke:#1a7f37,color:#1f2328"),
        (Shape::Check, Tone::Local) => ("checkLocal", "fill:#dafbe1,stroke:#bc4c00,color:#1f2328"),
        (Shape::Check, Tone::External) => {
            ("checkExternal", "fill:#dafbe1,stroke:#cf222e,color:#1f2328")
        }
        (Shape::Write, Tone::Plain) => ("write", "fill:#ffebe9,stroke:#57606a,color:#1f2328"),
        (Shape::Write, Tone::Local) => ("writeLocal", "fill:#ffebe9,stroke:#bc4c00,color:#1f2328"),
        (Shape::Write, Tone::External) => {
            ("writeExternal", "fill:#ffebe9,stroke:#cf222e,color:#1f2328")
        }
        (Shape::Gate, Tone::Plain | Tone::Local | Tone::External) => {
            ("gate", "fill:#fff8c5,stroke:#9a6700,color:#1f2328")
        }
        (Shape::Missing, Tone::Plain | Tone::Local | Tone::External) => {
            ("missing", "fill:#ffffff,stroke:#cf222e,stroke-dasharray:5 4,color:#cf222e")
        }
        (Shape::Untyped | Shape::State, Tone::Plain | Tone::Local | Tone::External) => {
            ("plain", "fill:#ffffff,stroke:#57606a,color:#1f2328")
        }
    }
}

fn classes(sketch: &Sketch, keys: &[Key]) -> String {
    let mut used: Vec<(&str, &str)> =
        sketch.nodes.iter().map(|node| class(node.shape, node.tone)).collect();
    used.extend(keys.iter().filter_map(|key| match *key {
        Key::Node(shape, tone) => Some(class(shape, tone)),
        Key::Arrow(..) => None,
    }));
    used.push(("note", "fill:none,stroke:none"));
    used.sort_unstable();
    used.dedup();
    used.iter().map(|(name, look)| format!("  classDef {name} {look}\n")).collect()
}

/// One statement for all links of a colour.
fn link_styles(pens: &[(usize, &'static str)]) -> String {
    let mut colours: Vec<&str> = pens.iter().map(|(_, pen)| *pen).collect();
    colours.sort_unstable();
    colours.dedup();
    let mut text = String::new();
    for colour in colours {
        let links: Vec<String> =
            pens.iter().filter(|(_, pen)| *pen == colour).map(|(n, _)| n.to_string()).collect();
        let _ = writeln!(text, "  linkStyle {} {colour}", links.join(","));
    }
    text
}
