//! A checker of the HTML that the page is made of: small, and stricter than a browser.

use std::collections::BTreeSet;

/// Elements without an end.
const VOID: [&str; 2] = ["meta", "br"];

/// One start tag: its name and its attributes, as they stand.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }
}

fn parse_tag(text: &str) -> Tag<'_> {
    let text = text.trim_end_matches('/');
    let (name, mut rest) = text.split_once([' ', '\n']).unwrap_or((text, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Tag { name, attributes };
        }
        let (key, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no value: <{text}>"));
        let (value, after) = after.split_once('"').expect("an end of the value");
        assert!(!key.contains(['<', '>', '"', '\'']), "<{text}>");
        attributes.push((key, value));
        rest = after;
    }
}

/// What a document holds, once its tags are known to be balanced.
#[derive(Default)]
struct Found {
    ids: BTreeSet<String>,
    wanted: Vec<String>,
    headings: Vec<u32>,
    captions: usize,
    tables: usize,
    pictures: usize,
    titles: usize,
    descriptions: usize,
    landmarks: Vec<String>,
}

impl Found {
    fn take(&mut self, tag: &Tag<'_>) {
        if let Some(id) = tag.get("id") {
            assert!(self.ids.insert(id.to_owned()), "the id {id} stands twice");
        }
        let lists = [tag.get("aria-labelledby"), tag.get("href").and_then(|h| h.strip_prefix('#'))];
        for list in lists.into_iter().flatten() {
            self.wanted.extend(list.split(' ').map(str::to_owned));
        }
        for (name, _) in &tag.attributes {
            assert!(!name.starts_with("on") && *name != "style" && *name != "src", "{name}");
        }
        assert!(tag.get("href").is_none_or(|h| h.starts_with('#')), "{:?}", tag.get("href"));
        match tag.name {
            "h1" | "h2" | "h3" => self.headings.push(tag.name[1..].parse().unwrap()),
            "caption" => self.captions += 1,
            "table" => self.tables += 1,
            "svg" if tag.get("role") == Some("img") => self.pictures += 1,
            "svg" => assert_eq!(tag.get("aria-hidden"), Some("true"), "a picture without a role"),
            "title" if tag.get("id").is_some() => self.titles += 1,
            "desc" => self.descriptions += 1,
            "th" => assert!(tag.get("scope").is_some(), "a head without a scope"),
            "header" | "nav" | "main" | "footer" => self.landmarks.push(tag.name.to_owned()),
            "script" | "img" | "iframe" | "object" | "link" | "form" | "base" => {
                panic!("<{}>", tag.name)
            }
            _ => {}
        }
    }
}

/// Panics at the first thing that is wrong.
pub(super) fn check_sound(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\""));
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    let mut open: Vec<&str> = Vec::new();
    let mut found = Found::default();
    while let Some(begin) = rest.find('<') {
        let text = &rest[..begin];
        assert!(!text.contains('>') || open.last() == Some(&"style"), "a bare > in {text:?}");
        let end = rest[begin..].find('>').expect("the end of a tag") + begin;
        let inner = &rest[begin + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed in another order");
            continue;
        }
        let tag = parse_tag(inner);
        found.take(&tag);
        if !VOID.contains(&tag.name) && !inner.ends_with('/') {
            open.push(tag.name);
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "never closed");
    for id in &found.wanted {
        assert!(found.ids.contains(id), "nothing has the id {id}");
    }
    assert_eq!(found.headings.first(), Some(&1));
    assert!(found.headings.windows(2).all(|w| w[1] <= w[0] + 1), "{:?}", found.headings);
    assert_eq!(found.headings.iter().filter(|h| **h == 1).count(), 1);
    assert_eq!(found.captions, found.tables, "every table has a caption");
    // The picture of the chains has a title only, and its text beside it.
    let chains = usize::from(page.contains("<div class=\"wide\""));
    assert_eq!(
        (found.titles, found.descriptions),
        (found.pictures - chains, found.pictures - chains)
    );
    assert_eq!(found.landmarks, ["header", "nav", "main", "footer"]);
}
