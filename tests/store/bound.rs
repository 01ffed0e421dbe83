//! A store belongs to one config.

use std::fs;

use crate::support::{Site, code, output_of, said};

fn with_config(site: &Site, config: &str, words: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(crate::support::PROGRAM);
    command.args(words).arg("--config-file").arg(site.folder().join(config));
    command.arg("--state-file").arg(&site.store);
    site.surround(&mut command);
    output_of(&mut command)
}

#[test]
fn another_config_is_refused_until_it_adopts_the_store() {
    let site = Site::used();
    site.write_config("other.toml");
    let bytes = fs::read(&site.store).unwrap();
    for words in [
        &["tick"][..],
        &["tick", "--dry-run"],
        &["start", "scan"],
        &["stop", "scan"],
        &["run", "probe"],
        &["status"],
    ] {
        let output = with_config(&site, "other.toml", words);
        let text = said(&output);
        assert_eq!(code(&output), 2, "{words:?}: {text}");
        assert!(text.contains("opsfsm.toml") && text.contains("adopt"), "{words:?}: {text}");
        assert_eq!(site.effects(), [], "{words:?}");
    }
    assert!(fs::read(&site.store).unwrap() == bytes);
    assert_eq!(code(&with_config(&site, "other.toml", &["adopt"])), 0);
    assert_eq!(code(&with_config(&site, "other.toml", &["tick"])), 0);
    assert_eq!(code(&with_config(&site, "opsfsm.toml", &["tick"])), 2);
    let world = site.assert_sound();
    assert!(world.snapshot.config_path.unwrap().ends_with("other.toml"));
}

#[test]
fn a_config_that_moved_is_another_one_but_a_link_to_it_is_not() {
    let site = Site::used();
    std::os::unix::fs::symlink("opsfsm.toml", site.folder().join("link.toml")).unwrap();
    let output = with_config(&site, "link.toml", &["tick"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    fs::rename(site.folder().join("opsfsm.toml"), site.folder().join("moved.toml")).unwrap();
    assert_eq!(code(&with_config(&site, "moved.toml", &["tick"])), 2);
    assert_eq!(code(&with_config(&site, "moved.toml", &["adopt"])), 0);
    assert_eq!(code(&with_config(&site, "moved.toml", &["tick"])), 0);
}

/// The alert about a broken config goes to the store of that very config, and to no other.
#[test]
fn a_broken_config_tells_its_own_store_only() {
    let site = Site::used();
    let bytes = fs::read(&site.store).unwrap();
    fs::write(site.folder().join("other.toml"), "version = ").unwrap();
    for config in ["other.toml", "none.toml"] {
        let output = with_config(&site, config, &["tick"]);
        assert_eq!(code(&output), 2, "{}", said(&output));
        assert!(said(&output).contains(config), "{}", said(&output));
        assert!(fs::read(&site.store).unwrap() == bytes, "{config} is not this store's");
        assert!(output.stdout.is_empty());
    }
    fs::write(site.folder().join("opsfsm.toml"), "version = ").unwrap();
    let output = with_config(&site, "opsfsm.toml", &["tick"]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(!output.stdout.is_empty());
    let output = with_config(&site, "opsfsm.toml", &["tick"]);
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "told at most once an hour");
    site.assert_sound();
    fs::remove_file(site.folder().join("opsfsm.toml")).unwrap();
    let output = with_config(&site, "opsfsm.toml", &["tick"]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert_eq!(site.effects(), []);
}
