//! Starts and checks of one tick run at the same time: each waits here until all have begun.

use std::fs;

use crate::support::{Site, code, said};

const STARTS: usize = 8;
const CHECKS: usize = 8;

/// Says that it has begun, and ends only once all others have begun too.
const MEET: &str = "touch begun-$0; until [ $(ls | grep -c ^begun-) = 16 ]; do sleep 0.02; done; \
                    touch done-$0";

fn config(site: &Site) -> String {
    let cwd = site.folder().display();
    let common = |id: &str, kind: &str| {
        format!(
            "[[jobs]]\nid = \"{id}\"\nkind = \"{kind}\"\nrisk = \"read_only\"\nenabled = true\n\
             cwd = \"{cwd}\"\n"
        )
    };
    let mut text = "version = 1\n".to_owned();
    for i in 0..STARTS {
        text += &common(&format!("watch-{i}"), "long_running_read");
        text += &format!("commands.start = [\"/bin/sh\", \"-c\", '{MEET}', \"watch-{i}\"]\n");
        text += "commands.status = [\"/bin/echo\", '{\"running\":false,\"completed\":false}']\n";
        text += "policy = { autoResume = true }\n";
    }
    for i in 0..CHECKS {
        text += &common(&format!("check-{i}"), "one_shot_read");
        text += &format!("commands.run = [\"/bin/sh\", \"-c\", '{MEET}', \"check-{i}\"]\n");
        text += "everySeconds = 3600\n";
    }
    text
}

#[test]
fn resuming_starts_and_queued_checks_do_not_wait_for_each_other() {
    let site = Site::new();
    fs::write(site.folder().join("opsfsm.toml"), config(&site)).unwrap();
    let output = site.run(&["tick"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let entries = fs::read_dir(site.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let ended = entries.filter(|name| name.to_string_lossy().starts_with("done-")).count();
    assert_eq!(ended, STARTS + CHECKS, "{}", String::from_utf8_lossy(&output.stdout));
    assert!(site.assert_sound().runs.is_empty(), "the same tick settles them");
}
