//! Any bytes as a TOML and as a JSON config, told in every format: `cargo +nightly fuzz run check`.
#![no_main]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use opsfsm::compile::compile_model;
use opsfsm::config::{Format, Parsed, SourceText, Surroundings, key_paths, parse_config};
use opsfsm::render::{self, CheckedConfig, Look};

fuzz_target!(|bytes: &[u8]| {
    for format in [Format::Toml, Format::Json] {
        let name = "a".to_owned();
        let file = SourceText { name, dir: PathBuf::from("/etc"), format, bytes: bytes.to_vec() };
        let Parsed { model, outlines, sources, mut sink } =
            parse_config(vec![file], &Surroundings::default());
        compile_model(model, &outlines, &mut sink);
        let mut keys = BTreeMap::new();
        for label in sink.sorted().iter().filter_map(|finding| finding.primary.as_ref()) {
            let text = sources.file(label.span.file).map_or("", |file| &file.text);
            keys.extend(key_paths(text, &[label.span]));
        }
        let name = "a".to_owned();
        let (sink, sources) = (&sink, &sources);
        let configs = [CheckedConfig { name, jobs: None, unreadable: None, sink, sources, keys }];
        for text in [
            render::render_check_human(&configs, Look::default()),
            render::render_check_short(&configs),
            render::render_check_json(&configs),
            render::render_check_github(&configs, Path::new("/")),
            render::render_check_sarif(&configs, Path::new("/")),
        ] {
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
});
