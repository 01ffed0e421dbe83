//! `opsfsm check --explain CODE`: the code's section of `docs/codes.md`, for a terminal.

use super::context::Failure;
use super::io;
use crate::base::Exit;
use crate::lint::find_code;

const PAGE: &str = include_str!("../../docs/codes.md");

/// Prints why, a bad example and a good one.
pub(super) fn explain_code(name: &str) -> Result<Exit, Failure> {
    let code = find_code(name.trim()).map_err(Failure::refused)?;
    let head = format!("\n## {code} ");
    let section = PAGE.split_once(&head).map(|(_, rest)| {
        let end = rest.find("\n## ").unwrap_or(rest.len());
        format!("{code} {}\n", for_terminal(rest[..end].trim_end()))
    });
    // A test looks for the section of every code.
    let text = section.unwrap_or_else(|| format!("{code}: see docs/codes.md\n"));
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// Markdown as it is read without a renderer: examples are indented instead of fenced.
fn for_terminal(section: &str) -> String {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in section.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced && !line.is_empty() {
            lines.push(format!("    {line}"));
        } else {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}
