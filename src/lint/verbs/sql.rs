//! Statements of SQL in the arguments of a client.

/// Clients that take SQL as an argument.
pub(super) const CLIENTS: [&str; 6] =
    ["psql", "mysql", "mariadb", "sqlite3", "duckdb", "clickhouse-client"];

/// Words that begin a statement that changes something.
const WRITES: [&str; 13] = [
    "INSERT", "UPDATE", "DELETE", "DROP", "TRUNCATE", "ALTER", "CREATE", "GRANT", "REVOKE",
    "REPLACE", "MERGE", "VACUUM", "REINDEX",
];

/// Flags that a statement follows, in the next word or in their own.
const FLAGS: [&str; 8] =
    ["-c", "-e", "-q", "-cmd", "--command", "--execute", "--query", "--init-command"];

/// What changes something, in the words of a client.
pub(super) fn sql(client: &str, args: &[String]) -> Option<String> {
    let of_file = ["sqlite3", "duckdb"].contains(&client);
    let mut named = false;
    let verb = args.iter().enumerate().find_map(|(at, word)| {
        let after_flag =
            at.checked_sub(1).is_some_and(|before| FLAGS.contains(&args[before].as_str()));
        let (text, attached) = statement_of(word);
        // A bare word is the name of a database or a table, but for where only a statement stands.
        let is_statement = attached || after_flag || (of_file && named);
        named |= !word.starts_with('-');
        changing_verb(text, is_statement)
    });
    verb.map(|verb| format!("`{verb}` in SQL"))
}

/// The text without the flag in the same word (`--command=UPDATE …`, `-eUPDATE …`), and whether
/// there was one.
fn statement_of(word: &str) -> (&str, bool) {
    if let Some((_, text)) = word.split_once('=').filter(|(flag, _)| flag.starts_with("--")) {
        return (text, true);
    }
    let short = ["-c", "-e", "-q"].iter().find_map(|flag| word.strip_prefix(flag));
    short.filter(|text| !text.is_empty()).map_or((word, false), |text| (text, true))
}

/// The verb of the first statement that changes something.
fn changing_verb(text: &str, is_statement: bool) -> Option<&'static str> {
    text.split(';').find_map(|statement| {
        let statement = without_comments(statement);
        let mut words = statement.split_whitespace();
        let first = words.next()?.to_uppercase();
        if words.next().is_none() && !(is_statement && (first == "VACUUM" || first == "REINDEX")) {
            return None;
        }
        if first == "WITH" {
            return changing_tail(statement);
        }
        WRITES.iter().copied().find(|verb| *verb == first)
    })
}

/// What a statement does that begins with `WITH`.
fn changing_tail(statement: &str) -> Option<&'static str> {
    let upper = statement.to_uppercase();
    let all: Vec<&str> = upper
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    all.windows(3).find_map(|three| match *three {
        ["DELETE", "FROM", _] => Some("DELETE"),
        ["INSERT", "INTO", _] => Some("INSERT"),
        ["MERGE", "INTO", _] => Some("MERGE"),
        ["UPDATE", _, "SET"] => Some("UPDATE"),
        _ => None,
    })
}

/// The statement behind the comments before it.
fn without_comments(statement: &str) -> &str {
    let mut text = statement.trim_start();
    loop {
        let rest = if let Some(comment) = text.strip_prefix("/*") {
            comment.split_once("*/").map(|(_, rest)| rest)
        } else if let Some(comment) = text.strip_prefix("--") {
            comment.split_once('\n').map(|(_, rest)| rest)
        } else {
            return text;
        };
        let Some(rest) = rest else { return "" };
        text = rest.trim_start();
    }
}
