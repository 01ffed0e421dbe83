//! Pictures: DOT that Graphviz takes, whatever a job is called.

use std::io::Write as _;

use expect_test::expect;
use serde_json::json;

use super::support::{Sandbox, has, with};

/// Has Graphviz draw it; says so and does nothing where it is not installed.
fn draw(sandbox: &Sandbox, dot: &str) -> Option<String> {
    if sandbox.shell("command -v dot").run().code != 0 {
        let _ = writeln!(std::io::stderr(), "skipped: Graphviz is not installed here");
        return None;
    }
    let path = sandbox.write("picture.dot", dot);
    let ran = sandbox.call_program("dot", &["-Tsvg", path.to_str().unwrap()]).run();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{dot}");
    Some(ran.out)
}

#[test]
fn the_chains_of_a_small_config() {
    let sandbox = Sandbox::new();
    let links =
        json!([{"jobId": "disk", "delaySeconds": 90}, {"jobId": "prune", "when": "failure"}]);
    let jobs = [
        with(sandbox.watched("scan"), &json!({"name": "The scan", "after": links})),
        with(sandbox.check("disk"), &json!({"enabled": false})),
        sandbox.write_job("prune", "disk"),
    ];
    sandbox.config(&json!({}), &jobs);
    let dot = sandbox.ok(&["graph"]);
    expect![[r#"
        digraph opsfsm {
          rankdir=LR;
          node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"];
          edge [fontname="sans-serif", fontsize=10];
          "disk" [label="disk\none_shot_read\nread_only\ndisabled", fillcolor=gray90];
          "prune" [label="prune\none_shot_write\nwrite_local", fillcolor=mistyrose];
          "prune approval " [label="approval", shape=diamond, style=filled, fillcolor=gold];
          "prune approval " -> "prune" [label="approved plan only"];
          "scan" [label="The scan\nlong_running_read\nread_only", fillcolor=lightblue];
          "prune" -> "disk" [label="success\nverifies", style=bold];
          "scan" -> "disk" [label="success +1m 30s", style=solid];
          "scan" -> "prune approval " [label="failure\nrequests", style=dashed];
        }
    "#]]
    .assert_eq(&dot);
    assert_eq!(dot, sandbox.ok(&["graph"]), "the same every time");
    assert!(!sandbox.has_store());
    draw(&sandbox, &dot);
}

#[test]
fn one_jobs_machine_shows_what_its_config_rules_out() {
    let sandbox = Sandbox::new();
    let auto =
        with(sandbox.watched("auto"), &json!({"policy": {"autoResume": true, "maxResumes": 3}}));
    let jobs =
        [auto, sandbox.watched("plain"), sandbox.check("disk"), sandbox.write_job("prune", "disk")];
    sandbox.config(&json!({}), &jobs);
    let machine = |id: &str| sandbox.ok(&["graph", "--job", id]);
    has(&machine("auto"), &["\"stalled\" -> \"resuming\" [label=\"resume\"];"]);
    has(
        &machine("plain"),
        &["\"stalled\" -> \"resuming\" [label=\"resume\\n(ruled out)\", style=dotted"],
    );
    for id in ["auto", "plain", "disk", "prune"] {
        draw(&sandbox, &machine(id));
    }
    sandbox.run(&["graph", "--job", "plian"]).exits(2).says("did you mean `plain`?");
}

#[test]
fn any_id_survives_graphviz() {
    let sandbox = Sandbox::new();
    let ids = [
        "quote\"d",
        "back\\slash",
        "ends in \\",
        "line\nbreak",
        "a -> b",
        "{x|y}",
        "<b>html</b>",
        "emoji 🛠️",
        "tab\there",
        "semi;colon",
        "\\N",
        "日本語",
        "&amp;",
        "node",
        "graph",
        "\u{1}ctl",
        "percent %s",
        "-",
        "1.5.2",
    ];
    let mut jobs: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(n, id)| with(sandbox.check(&format!("dir-{n}")), &json!({"id": id})))
        .collect();
    let links: Vec<_> = ids.iter().map(|id| json!({"jobId": id})).collect();
    jobs.push(with(sandbox.check("first"), &json!({"after": links})));
    sandbox.config(&json!({}), &jobs);
    let dot = sandbox.ok(&["graph"]);
    if let Some(svg) = draw(&sandbox, &dot) {
        assert_eq!(svg.matches("class=\"node\"").count(), ids.len() + 1);
        assert_eq!(svg.matches("class=\"edge\"").count(), ids.len());
        has(&svg, &["emoji 🛠️", "日本語", "&lt;b&gt;html", "quote&quot;d", "\\N"]);
    }
    for id in ids {
        draw(&sandbox, &sandbox.ok(&["graph", "--job", id]));
    }
}

#[test]
fn a_hundred_jobs_are_drawn() {
    let sandbox = Sandbox::new();
    let jobs: Vec<_> = (0..100)
        .map(|n| {
            let after: Vec<_> = [2 * n + 1, 2 * n + 2]
                .iter()
                .filter(|m| **m < 100)
                .map(|m| json!({"jobId": format!("job-{m}")}))
                .collect();
            with(sandbox.check(&format!("job-{n}")), &json!({"after": after}))
        })
        .collect();
    sandbox.config(&json!({}), &jobs);
    draw(&sandbox, &sandbox.ok(&["graph"]));
}
