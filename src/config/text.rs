//! From a file's bytes to its tree: size, encoding, then the format's parser.
//!
//! In: one [`SourceText`]. Out: a [`Loaded`] file: its context, and its tree if one could be made.
//! Invariant: this module never looks at what keys mean.

use super::context::Context;
use super::tree::Node;
use super::{Format, SourceText, Surroundings, json, toml};
use crate::base::limits;
use crate::diag::{Code, Finding, Sources};

/// A file that went through its parser.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) ctx: Context,
    /// `None` if nothing could be made of it; why has been said.
    pub(super) root: Option<Node>,
}

/// Decodes and parses one file, and adds it to the sources in any case.
pub(super) fn parse_text(file: SourceText, around: &Surroundings, sources: &mut Sources) -> Loaded {
    let SourceText { name, dir, format, bytes } = file;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > limits::CONFIG_BYTES {
        let id = sources.add(name.clone(), "");
        let mut ctx = Context::new(id, format, dir, around);
        let mib = limits::CONFIG_BYTES >> 20;
        let message = format!("{name} is larger than {mib} MiB");
        ctx.push(
            Finding::nowhere(Code::SyntaxError, message)
                .help("split the jobs over several files of one folder"),
        );
        return Loaded { ctx, root: None };
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return not_utf8(name, dir, format, &error, around, sources),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let id = sources.add(name, text);
    let mut ctx = Context::new(id, format, dir, around);
    let root = match format {
        Format::Toml => toml::parse_toml(text, &mut ctx),
        Format::Json => json::parse_json(text, &mut ctx),
    };
    Loaded { ctx, root }
}

fn not_utf8(
    name: String,
    dir: std::path::PathBuf,
    format: Format,
    error: &std::string::FromUtf8Error,
    around: &Surroundings,
    sources: &mut Sources,
) -> Loaded {
    let at = error.utf8_error().valid_up_to();
    let byte = error.as_bytes().get(at).copied().unwrap_or(0);
    // What can't be decoded shows as replacement characters; all before it keeps its place.
    let text = String::from_utf8_lossy(error.as_bytes());
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let cut = if error.as_bytes().starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let id = sources.add(name, text);
    let mut ctx = Context::new(id, format, dir, around);
    let start = at.saturating_sub(cut);
    let span = ctx.span(&(start..start + char::REPLACEMENT_CHARACTER.len_utf8()));
    let message = format!("not UTF-8: byte 0x{byte:02x} at offset {at}");
    let help = match error.as_bytes().get(..2) {
        Some(b"\xff\xfe" | b"\xfe\xff") => "the file looks like UTF-16: save it as UTF-8",
        Some(_) | None => "save the file as UTF-8",
    };
    ctx.push(Finding::new(Code::SyntaxError, span, message).help(help));
    Loaded { ctx, root: None }
}
