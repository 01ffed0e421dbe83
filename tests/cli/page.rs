//! `opsfsm report --html`: a page of what the store keeps, whole or not at all.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::support::{Sandbox, has, lacks, with};

#[test]
fn a_page_is_written_whole_for_nobody_else_and_records_nothing() {
    let sandbox = Sandbox::new();
    let hostile = "</style><script>alert(1)</script>";
    let scan = with(sandbox.watched("scan"), &json!({"name": hostile}));
    sandbox.config(&json!({}), &[scan, sandbox.check("disk")]);
    let status = json!({"running": true, "completed": false, "message": hostile,
        "progress": {"done": 3, "total": 4}});
    sandbox.status("scan", &status);
    sandbox.tick();
    let before = sandbox.ok(&["history", "--format", "json"]);
    let path = sandbox.path("page.html");
    let name = path.to_str().unwrap();
    assert_eq!(sandbox.ok(&["report", "--html", name]), "");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let page = sandbox.read("page.html");
    has(&page, &["<!DOCTYPE html>", "id=\"job-0\"", "75 %"]);
    has(&page, &["content=\"default-src 'none'; style-src 'sha256-", "&lt;script&gt;alert(1)"]);
    // The name of a format is no address that is asked.
    let elsewhere = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    lacks(&elsewhere, &["<script", "http://", "https://"]);
    assert_eq!(sandbox.ok(&["history", "--format", "json"]), before);
    has(&sandbox.ok(&["report", "--html", "-", "--since", "2h"]), &["</html>\n"]);
}

#[test]
fn how_far_a_job_came_is_plotted_from_what_ticks_saw() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan"), sandbox.watched("silent")]);
    let page = || sandbox.ok(&["report", "--html", "-"]);
    has(&page(), &["No job has told a number yet."]);
    sandbox.status("silent", &json!({"running": true, "completed": false}));
    for done in [2, 3] {
        let progress = json!({"done": done, "total": 4});
        sandbox.status("scan", &json!({"running": true, "completed": false, "progress": progress}));
        sandbox.tick();
    }
    // Figures of the same second are one, the last.
    has(&page(), &["</time> 75 % (3 of 4)</li>"]);
    assert_eq!(page().matches("class=\"trail\"").count(), 1, "one of the two tells a number");
}

#[test]
fn a_page_needs_no_store_and_makes_none() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    has(&sandbox.ok(&["report", "--html", "-"]), &["scan", "No event is kept.", "never"]);
    assert!(!sandbox.has_store());
}

#[test]
fn the_page_speaks_the_language_of_the_reports() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    let ran = sandbox.call(&["report", "--html", "-"]).env("LC_ALL", "zh_CN.UTF-8").run();
    ran.exits(0).prints("<html lang=\"zh-Hans\">").prints("未启动");
}

#[test]
fn what_cannot_be_written_is_said_and_leaves_nothing() {
    let sandbox = Sandbox::with(&[]);
    let folder = sandbox.path("jobs");
    let name = folder.to_str().unwrap();
    sandbox.run(&["report", "--html", name]).exits(2).says("it is no regular file");
    sandbox
        .run(&["report", "--html", &format!("{name}/no/page.html")])
        .exits(2)
        .says("no/page.html");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    sandbox.run(&["report", "--html", "-", "--since", "soon"]).exits(2).says("neither a time");
    sandbox.run(&["report"]).exits(2).says("--html <FILE>");
    sandbox.shell("\"$OPSFSM\" report --html - > /dev/full").run().exits(3);
}
