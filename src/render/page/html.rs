//! Text as HTML, and the few shapes that come again and again.
//!
//! Invariant: whatever goes in as text comes out as text.

/// A text inside an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML has no way to write these.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

/// A text of a class.
pub(super) fn span(class: &str, text: &str) -> String {
    format!("<span class=\"{class}\">{}</span>", escape(text))
}

/// A table's cell, whose column stands beside it where the page is narrow. `inner` is HTML.
pub(super) fn cell(column: &str, inner: &str) -> String {
    format!("<td role=\"cell\" data-label=\"{}\">{inner}</td>\n", escape(column))
}

/// A table's cell that names its row. `inner` is HTML.
pub(super) fn row_head(column: &str, inner: &str) -> String {
    format!("<th role=\"rowheader\" scope=\"row\" data-label=\"{}\">{inner}</th>\n", escape(column))
}

/// One row of cells.
pub(super) fn row(cells: &[String]) -> String {
    format!("<tr role=\"row\">\n{}</tr>\n", cells.concat())
}

/// A table. The roles stay where a narrow page shows rows as cards, which would take them away.
pub(super) fn table(caption: &str, columns: &[&str], rows: &str) -> String {
    let head = |c: &&str| format!("<th role=\"columnheader\" scope=\"col\">{}</th>\n", escape(c));
    let heads: String = columns.iter().map(head).collect();
    format!(
        "<table role=\"table\">\n<caption>{}</caption>\n<thead role=\"rowgroup\">\n\
         <tr role=\"row\">\n{heads}</tr>\n</thead>\n<tbody role=\"rowgroup\">\n{rows}</tbody>\n</table>\n",
        escape(caption)
    )
}
