//! OpenClaw's config: read with a bound, its includes merged, looked into by path.
//!
//! In: a path. Out: an [`OpenclawFile`], or a sentence that shows nothing of its content.
//! Invariant: only regular files are read, never through a link and never outside the folder of
//! the config; how many, how large and how deep is bounded.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde_json::{Map, Value};

use crate::adapters::locate::World;
use crate::base::limits;
use crate::config::parse_json5;

/// The account that is meant where no other is.
pub(super) const DEFAULT_ACCOUNT: &str = "default";

/// The config, merged.
#[derive(Clone, Debug)]
pub(super) struct OpenclawFile {
    pub(super) path: PathBuf,
    root: Value,
}

impl OpenclawFile {
    /// Reads the config at `path`; `None` where nothing is.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, String> {
        let Some(text) = read_regular(path, limits::OPENCLAW_BYTES)? else { return Ok(None) };
        let folder = path.parent().unwrap_or(path);
        let base = fs::canonicalize(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let mut reader = Reader { base: &base, files: 0 };
        let value = parse(&text, path)?;
        let root = reader.merge_includes(value, folder, 0, 0)?;
        Ok(Some(Self { path: path.to_owned(), root }))
    }

    /// The value at a path of keys; `null` and empty text are the same as nothing.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&Value> {
        set(keys.iter().try_fold(&self.root, |value, key| value.get(key))?)
    }

    /// How a place in it is called.
    pub(super) fn place(&self, keys: &[&str]) -> String {
        format!("{} in {}", keys.join("."), self.path.display())
    }

    /// The account whose settings count; `None` where there are no accounts.
    pub(super) fn account(&self) -> Option<&str> {
        let accounts = self.get(&["channels", "telegram", "accounts"])?.as_object()?;
        let named = self.get(&["channels", "telegram", "defaultAccount"]).and_then(Value::as_str);
        let known = named.and_then(|name| accounts.get_key_value(name.trim()));
        let found = known.or_else(|| accounts.get_key_value(DEFAULT_ACCOUNT));
        let first = || accounts.iter().min_by_key(|(name, _)| name.as_str());
        found.or_else(first).map(|(name, _)| name.as_str())
    }

    /// A text of the account, else of the channel, and its place.
    pub(super) fn account_text(&self, key: &str, world: &dyn World) -> Option<(String, String)> {
        let own = self.account().map(|id| vec!["channels", "telegram", "accounts", id, key]);
        let keys = own.into_iter().chain([vec!["channels", "telegram", key]]);
        let mut found = keys.filter_map(|keys| {
            let text = self.get(&keys)?.as_str()?;
            Some((fill(text, world).text, self.place(&keys)))
        });
        found.next()
    }
}

/// A value that says something.
pub(super) fn set(value: &Value) -> Option<&Value> {
    let blank = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
    (!blank).then_some(value)
}

/// A text with its variables filled in.
pub(super) struct Filled {
    pub(super) text: String,
    /// The variables that were set.
    pub(super) set: Vec<String>,
    /// The first that was not, and stands there still.
    pub(super) unset: Option<String>,
}

/// Fills `${VAR}` in; `$${VAR}` is a literal, and what is not set stays as it is.
pub(super) fn fill(text: &str, world: &dyn World) -> Filled {
    let mut filled = Filled { text: String::new(), set: Vec::new(), unset: None };
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, mark) = rest.split_at(at);
        filled.text.push_str(before);
        let literal = mark.starts_with("$${");
        let open = if literal { "$${" } else { "${" };
        let name = mark.strip_prefix(open).and_then(|tail| tail.split_once('}'));
        let Some((name, tail)) = name.filter(|(name, _)| is_variable(name)) else {
            filled.text.push('$');
            rest = &mark[1..];
            continue;
        };
        let value = world.var(name).and_then(|value| value.into_string().ok());
        if let Some(value) = value.filter(|value| !literal && !value.is_empty()) {
            filled.text.push_str(&value);
            filled.set.push(name.to_owned());
        } else {
            filled.text.push_str(&format!("${{{name}}}"));
            if !literal {
                filled.unset.get_or_insert_with(|| name.to_owned());
            }
        }
        rest = tail;
    }
    filled.text.push_str(rest);
    filled
}

fn is_variable(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_uppercase() || b == b'_');
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    first && name.bytes().all(fits)
}

/// The text of a regular file; `None` where nothing is.
pub(super) fn read_regular(path: &Path, most: u64) -> Result<Option<String>, String> {
    let name = path.display();
    let failed = |e: std::io::Error| format!("{name}: {e}");
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
        Ok(facts) if !facts.is_file() => {
            return Err(format!("{name} is no regular file (links are not followed)"));
        }
        Ok(_) => {}
    }
    // It can have been swapped since: what is opened is asked again.
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(format!("{name} is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(format!("{name} is larger than {most} bytes"));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| format!("{name} is not UTF-8"))
}

fn parse(text: &str, path: &Path) -> Result<Value, String> {
    parse_json5(text).map_err(|why| format!("{}: {why}", path.display()))
}

/// Merges included files into the values that include them.
struct Reader<'a> {
    base: &'a Path,
    files: usize,
}

impl Reader<'_> {
    fn merge_includes(
        &mut self,
        value: Value,
        folder: &Path,
        deep: usize,
        level: usize,
    ) -> Result<Value, String> {
        if level > limits::OPENCLAW_DEPTH {
            return Err(format!("nested deeper than {} levels", limits::OPENCLAW_DEPTH));
        }
        match value {
            Value::Object(mut map) => {
                let include = map.remove("$include");
                let mut own = Map::new();
                for (key, value) in map {
                    own.insert(key, self.merge_includes(value, folder, deep, level + 1)?);
                }
                let Some(include) = include else { return Ok(Value::Object(own)) };
                let mut all = Value::Null;
                for name in names_of(&include)? {
                    merge(&mut all, self.load_include(&name, folder, deep, level)?);
                }
                if !own.is_empty() {
                    merge(&mut all, Value::Object(own));
                }
                Ok(all)
            }
            Value::Array(items) => {
                let merged = items
                    .into_iter()
                    .map(|item| self.merge_includes(item, folder, deep, level + 1));
                merged.collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value),
        }
    }

    fn load_include(
        &mut self,
        name: &str,
        folder: &Path,
        deep: usize,
        level: usize,
    ) -> Result<Value, String> {
        self.files += 1;
        if deep >= limits::OPENCLAW_INCLUDES_DEEP || self.files > limits::OPENCLAW_INCLUDES {
            return Err("its files include each other too often".to_owned());
        }
        let path = folder.join(name);
        let real = fs::canonicalize(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        if !real.starts_with(self.base) {
            let base = self.base.display();
            return Err(format!("{} is included from outside of {base}", path.display()));
        }
        let Some(text) = read_regular(&path, limits::OPENCLAW_BYTES)? else {
            return Err(format!("{} is not there", path.display()));
        };
        let value = parse(&text, &path)?;
        let folder = path.parent().unwrap_or(folder).to_owned();
        self.merge_includes(value, &folder, deep + 1, level + 1)
    }
}

fn names_of(include: &Value) -> Result<Vec<String>, String> {
    let names = match include {
        Value::String(name) => Some(vec![name.clone()]),
        Value::Array(names) => {
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    };
    names.ok_or_else(|| "an $include is neither a file's name nor an array of them".to_owned())
}

/// Puts `over` over `under`: objects key by key, arrays one behind the other, all else replaced.
fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                match under.get_mut(&key) {
                    Some(old) => merge(old, value),
                    None => _ = under.insert(key, value),
                }
            }
        }
        (Value::Array(under), Value::Array(mut over)) => under.append(&mut over),
        (under, over) => *under = over,
    }
}
