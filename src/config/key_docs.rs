//! What `docs/config.md` says of each key.
//!
//! In: a table of the config, and a key of it. Out: what stands about it in the page's table.

const PAGE: &str = include_str!("../../docs/config.md");

/// What the page says of a key: what it does, and what holds without it.
pub(super) fn description(place: &str, key: &str) -> Option<String> {
    let ticked = format!("`{key}`");
    let row = PAGE.lines().filter_map(cells).find(|cells| {
        let named = |cell: &str, word: &str| cell.split(',').any(|one| one.trim() == word);
        matches!(cells.as_slice(), [keys, places, ..] if named(keys, &ticked) && named(places, place))
    })?;
    let [_, _, _, default, what] = row.as_slice() else { return None };
    let what = without_links(what).replace('`', "");
    let default = default.replace('`', "");
    Some(if default.is_empty() { what } else { format!("{what} (default: {default})") })
}

/// The five cells of a row of the table of keys.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix("| ")?.strip_suffix('|')?;
    let cells: Vec<String> = inner.split('|').map(|cell| cell.trim().to_owned()).collect();
    (cells.len() == 5).then_some(cells)
}

/// `[text](target)` as text.
fn without_links(text: &str) -> String {
    let mut pieces = text.split("](");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(piece.split_once(')').map_or(piece, |(_, rest)| rest));
    }
    out.replace('[', "")
}
