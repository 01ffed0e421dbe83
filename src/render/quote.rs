//! Words as a POSIX shell reads them back, and paths that are none.

use std::path::Path;

/// `text` quoted for a shell where it needs it.
#[must_use]
pub fn shell_quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What is to be said of a path that is no text, and would have to be.
#[must_use]
pub fn not_text(what: &str, path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes().escape_ascii();
    format!("the path of {what}, {bytes}, is not UTF-8; give it another name")
}

#[cfg(test)]
mod tests {
    use super::shell_quote;

    #[test]
    fn only_what_needs_it_is_quoted() {
        assert_eq!(shell_quote("disk-space"), "disk-space");
        assert_eq!(shell_quote("a b"), "'a b'");
        assert_eq!(shell_quote("it's; rm -rf"), r"'it'\''s; rm -rf'");
        assert_eq!(shell_quote(""), "''");
    }
}
