//! A sketch in DOT, for Graphviz.
//!
//! The language is that of <https://graphviz.org/doc/info/lang.html>. Every name is a quoted
//! string. In one, only `\"` is an escape to the parser, so a name doubles its backslashes and
//! spells out controls: no two ids give the same name. A label goes through Graphviz once more,
//! which reads `\n`, `\l` and such, and HTML's entities.
//! Invariant: whatever an id holds, a statement ends where it is meant to.

use std::fmt::Write as _;

use super::sketch::{Arrow, Hue, Key, Node, Shape, Sketch, Stroke, Tone};
use super::words::visible;

/// Writes DOT.
pub(super) fn dot(sketch: &Sketch) -> String {
    let mut text = String::from(
        "digraph opsfsm {\n  rankdir=LR;\n  node [shape=box, style=\"filled\", \
         fillcolor=\"#ffffff\", color=\"#57606a\", fontcolor=\"#1f2328\", fontname=\"sans-serif\"];\n  \
         edge [color=\"#57606a\", fontcolor=\"#1f2328\", fontname=\"sans-serif\", fontsize=10];\n",
    );
    let notes: Vec<&str> = std::iter::once(sketch.title.as_str())
        .chain(sketch.notes.iter().map(|note| note.text.as_str()))
        .collect();
    let _ = writeln!(
        text,
        "  label={}; labelloc=b; labeljust=l; fontname=\"sans-serif\"; fontsize=11;",
        label(&notes)
    );
    for node in &sketch.nodes {
        let lines: Vec<&str> = node.lines.iter().map(String::as_str).collect();
        let (name, look) = (name(node), look(node.shape, node.tone));
        let tip = label(&[&visible(&node.id)]);
        let _ = writeln!(text, "  {name} [label={}, {look}, tooltip={tip}];", label(&lines));
    }
    for arrow in &sketch.arrows {
        text.push_str(&edge(sketch, arrow));
    }
    text.push_str(&legend(sketch));
    text.push_str("}\n");
    text
}

/// A string as the parser takes it, different for different texts.
fn name(node: &Node) -> String {
    let mut out = String::from("\"");
    for c in node.id.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // The last two are no characters of XML, which Graphviz may write.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push_str(&c.escape_unicode().to_string());
            }
            c => out.push(c),
        }
    }
    // Ids are trimmed, so none ends in a blank.
    out.push_str(if node.shape == Shape::Gate { " approval \"" } else { "\"" });
    out
}

/// A label of these lines, shown by Graphviz as they are.
fn label(lines: &[&str]) -> String {
    let mut out = String::from("\"");
    for (n, line) in lines.iter().enumerate() {
        out.push_str(if n > 0 { "\\n" } else { "" });
        for c in line.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '&' => out.push_str("&amp;"),
                c => out.push(c),
            }
        }
    }
    out.push('"');
    out
}

fn look(shape: Shape, tone: Tone) -> String {
    let (form, style, fill) = match shape {
        Shape::Watch => ("box", "rounded,filled", "#ddf4ff"),
        Shape::Check => ("box", "filled", "#dafbe1"),
        Shape::Write => ("box", "filled,bold", "#ffebe9"),
        Shape::Untyped => ("box", "filled", "#ffffff"),
        Shape::Gate => ("diamond", "filled", "#fff8c5"),
        Shape::Missing => ("box", "dashed", "#ffffff"),
        Shape::State => ("ellipse", "filled", "#ffffff"),
    };
    let more = match tone {
        Tone::Plain if shape == Shape::Missing => ", color=\"#cf222e\", fontcolor=\"#cf222e\"",
        Tone::Plain => "",
        Tone::Local => ", color=\"#bc4c00\"",
        Tone::External => ", color=\"#cf222e\"",
        Tone::Off => ", color=\"#8c959f\", fontcolor=\"#6e7781\"",
        Tone::Now => ", penwidth=3",
    };
    let fill = match tone {
        Tone::Off => "#eaeef2",
        Tone::Now => "#fff8c5",
        Tone::Plain | Tone::Local | Tone::External => fill,
    };
    format!("shape={form}, style=\"{style}\", fillcolor=\"{fill}\"{more}")
}

fn edge(sketch: &Sketch, arrow: &Arrow) -> String {
    let (from, to) = (name(&sketch.nodes[arrow.from]), name(&sketch.nodes[arrow.to]));
    let lines: Vec<&str> = arrow.lines.iter().map(String::as_str).collect();
    let label = if lines.is_empty() { String::new() } else { format!("label={}, ", label(&lines)) };
    format!("  {from} -> {to} [{label}{}];\n", pen(arrow.stroke, arrow.hue))
}

fn pen(stroke: Stroke, hue: Hue) -> String {
    let style = match stroke {
        Stroke::Solid => "solid",
        Stroke::Dashed => "dashed",
        Stroke::Bold => "bold",
        Stroke::Dotted => "dotted",
    };
    let color = match hue {
        Hue::Plain => "",
        Hue::Cycle => ", color=\"#cf222e\", fontcolor=\"#cf222e\"",
        Hue::Gate => ", color=\"#9a6700\", fontcolor=\"#7d4e00\"",
        Hue::Muted => ", color=\"#8c959f\", fontcolor=\"#6e7781\"",
    };
    format!("style={style}{color}")
}

/// What the looks mean. Its names end in a blank, as no id does.
fn legend(sketch: &Sketch) -> String {
    let keys = sketch.legend();
    if keys.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "  subgraph cluster_legend {\n    label=\"legend\"; style=dashed; color=\"#8c959f\";\n    \
         node [fontsize=10];\n",
    );
    for (n, key) in keys.iter().enumerate() {
        let words = label(&[key.words()]);
        let _ = match *key {
            Key::Node(shape, tone) => {
                let look = look(shape, tone);
                writeln!(text, "    \"legend {n} \" [label={words}, {look}];")
            }
            Key::Arrow(stroke, hue) => {
                let pen = pen(stroke, hue);
                writeln!(
                    text,
                    "    \"legend {n} \" [label=\"\", shape=point];\n    \"legend {n} to \" \
                     [label=\"\", shape=point];\n    \"legend {n} \" -> \"legend {n} to \" \
                     [label={words}, {pen}];"
                )
            }
        };
    }
    text.push_str("  }\n");
    text
}
