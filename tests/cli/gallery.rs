//! The findings and pictures of `docs/gallery.md` are what opsfsm draws today.
//!
//! `UPDATE_EXPECT=1 cargo test --test cli gallery` draws them anew.

use std::path::Path;

use expect_test::{ExpectFile, expect_file};

use super::support::Sandbox;

const PAGE: &str = include_str!("../../docs/gallery.md");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/gallery");

/// Draws with a config of the gallery; the page names the very command.
fn is_drawn(config: &str, args: &[&str], picture: &ExpectFile) {
    let sandbox = Sandbox::new();
    let path = format!("{FOLDER}/{config}");
    let call = [&["graph"], args, &["--config-file", &path]].concat();
    let ran = sandbox.run(&call);
    ran.exits(0);
    picture.assert_eq(&ran.out);
    let named = format!("opsfsm graph {} --config-file docs/gallery/{config}", args.join(" "));
    assert!(PAGE.contains(&named), "docs/gallery.md lacks: {named}");
}

#[test]
fn the_pictures_of_the_gallery_are_true() {
    let svg = &["--format", "svg"];
    is_drawn("jobs.toml", svg, &expect_file!["../../docs/gallery/chains.svg"]);
    is_drawn("broken.toml", svg, &expect_file!["../../docs/gallery/broken.svg"]);
    let write = &["prune", "--format", "svg"];
    is_drawn("jobs.toml", write, &expect_file!["../../docs/gallery/write.svg"]);
    let watch = &["mirror", "--format", "svg"];
    is_drawn("jobs.toml", watch, &expect_file!["../../docs/gallery/watch.svg"]);
}

#[test]
fn the_texts_of_the_gallery_are_true() {
    let sandbox = Sandbox::new();
    let config = format!("{FOLDER}/jobs.toml");
    for (format, fence) in [("mermaid", "mermaid"), ("text", "text")] {
        let text = sandbox.ok(&["graph", "--format", format, "--config-file", &config]);
        let block = format!("```{fence}\n{text}```");
        assert!(PAGE.contains(&block), "docs/gallery.md should hold:\n{block}");
    }
}

#[test]
fn the_findings_of_the_gallery_are_true() {
    let sandbox = Sandbox::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for config in ["findings", "syntax"] {
        let command = format!("check --portable docs/gallery/{config}.toml");
        let args: Vec<&str> = command.split(' ').collect();
        let ran = sandbox.call(&args).cwd(root).run();
        ran.exits(1);
        let block = format!("opsfsm {command}\n```\n\n```text\n{}```", ran.out);
        assert!(PAGE.contains(&block), "docs/gallery.md should hold:\n{block}");
    }
}
