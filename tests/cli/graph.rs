//! Pictures: what real Graphviz and the real Mermaid take, whatever a job is called; what is drawn of
//! a broken config; where jobs stand with `--live`.

use std::fmt::Write as _;
use std::io::Write as _;

use expect_test::expect;
use serde_json::{Value, json};

use super::support::{Sandbox, has, lacks, with};

const FORMATS: [&str; 5] = ["dot", "mermaid", "svg", "json", "text"];

/// Whatever a config can hold in an id.
const IDS: [&str; 34] = [
    "quote\"d",
    "back\\slash",
    "ends in \\",
    "line\nbreak",
    "a -> b",
    "a --> b",
    "{x|y}",
    "<b>html</b>",
    "emoji 🛠️",
    "👩‍🔧",
    "tab\there",
    "semi;colon",
    "\\N",
    "日本語",
    "&amp;",
    "#35;",
    "node",
    "graph",
    "end",
    "]",
    "\"]",
    "]]",
    "\u{1}ctl",
    "\u{2}ctl",
    "percent %s",
    "%% no comment",
    "-",
    "1.5.2",
    "1. list",
    "fa:fa-user",
    "`code` **bold** _it_",
    "click n0",
    "ﬂ°°35¶ß",
    "subgraph x",
];

/// A config of jobs with these ids, all of which follow a first one.
fn hostile() -> Sandbox {
    let sandbox = Sandbox::new();
    let numbered = IDS.iter().enumerate();
    let mut jobs: Vec<_> = numbered
        .map(|(n, id)| with(sandbox.check(&format!("dir-{n}")), &json!({"id": id})))
        .collect();
    let links: Vec<_> = IDS.iter().map(|id| json!({"jobId": id})).collect();
    jobs.push(with(sandbox.check("first"), &json!({"after": links})));
    sandbox.config(&json!({}), &jobs);
    sandbox
}

fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}

/// Has Graphviz draw it; says so and does nothing where it is not installed.
fn draw(sandbox: &Sandbox, dot: &str) -> Option<String> {
    if sandbox.shell("command -v dot").run().code != 0 {
        skipped("Graphviz is not installed here");
        return None;
    }
    let path = sandbox.write("picture.dot", dot);
    let ran = sandbox.call_program("dot", &["-Tsvg", path.to_str().unwrap()]).run();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{dot}");
    Some(ran.out)
}

/// Has Mermaid read pictures; says so and does nothing where `OPSFSM_MERMAID` names no folder with
/// the npm packages mermaid and jsdom.
fn read_by_mermaid(sandbox: &Sandbox, pictures: &[String]) -> Option<Value> {
    let Some(folder) = std::env::var_os("OPSFSM_MERMAID") else {
        skipped("OPSFSM_MERMAID names no folder with the npm packages mermaid and jsdom");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/mermaid.mjs");
    let mut args = vec![script.to_owned(), folder.into_string().unwrap()];
    for (n, picture) in pictures.iter().enumerate() {
        let path = sandbox.write(&format!("picture-{n}.mmd"), picture);
        args.push(path.into_os_string().into_string().unwrap());
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = sandbox.call_program("node", &args).run();
    assert_eq!(ran.code, 0, "{ran:?}");
    Some(serde_json::from_str(&ran.out).unwrap())
}

/// A text as pictures show it: on one line, controls as signs.
fn shown(id: &str) -> String {
    let sign = |c: char| match c {
        '\n' => '⏎',
        '\t' => '⇥',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    id.chars().map(sign).collect()
}

#[test]
fn the_chains_of_a_small_config() {
    let sandbox = Sandbox::new();
    let links =
        json!([{"jobId": "disk", "delaySeconds": 60}, {"jobId": "prune", "when": "failure"}]);
    let jobs = [
        with(sandbox.watched("scan"), &json!({"name": "The scan", "after": links})),
        with(sandbox.check("disk"), &json!({"enabled": false})),
        sandbox.write_job("prune", "disk"),
    ];
    sandbox.config(&json!({}), &jobs);
    expect![[r#"
        scan “The scan”  [long_running_read · read_only]
        ├── success +60s: disk  [one_shot_read · read_only · disabled]
        └── failure, asks for approval: ◇ approval → prune  [one_shot_write · write_local · behind approval]
            └── success, verifies: disk  [one_shot_read · read_only · disabled]
    "#]].assert_eq(&sandbox.ok(&["graph", "--format", "text"]));
    let dot = sandbox.ok(&["graph"]);
    assert_eq!(dot, sandbox.ok(&["graph", "--format", "dot"]), "the form that was there first");
    has(&dot, &["\"scan\" -> \"disk\" [label=\"success +60s\", style=solid]"]);
    if let Some(svg) = draw(&sandbox, &dot) {
        has(&svg, &["success +60s", "legend"]);
    }
    for format in FORMATS {
        let once = sandbox.ok(&["graph", "--format", format]);
        assert_eq!(once, sandbox.ok(&["graph", "--format", format]), "the same every time");
    }
    assert!(!sandbox.has_store());
}

#[test]
fn one_jobs_machine_shows_what_its_config_rules_out() {
    let sandbox = Sandbox::new();
    let auto =
        with(sandbox.watched("auto"), &json!({"policy": {"autoResume": true, "maxResumes": 3}}));
    let jobs =
        [auto, sandbox.watched("plain"), sandbox.check("disk"), sandbox.write_job("prune", "disk")];
    sandbox.config(&json!({}), &jobs);
    let machine = |id: &str| sandbox.ok(&["graph", id]);
    has(&machine("auto"), &["\"stalled\" -> \"resuming\" [label=\"resume\", style=solid];"]);
    has(
        &machine("plain"),
        &["\"stalled\" -> \"resuming\" [label=\"resume\\n(ruled out)\", style=dotted"],
    );
    has(&machine("prune"), &["proved: dominance, freshness, sole predecessor, balance"]);
    for id in ["auto", "plain", "disk", "prune"] {
        draw(&sandbox, &machine(id));
        assert_eq!(machine(id), sandbox.ok(&["graph", "--job", id]), "as a flag too");
    }
    let pictures: Vec<String> = ["auto", "plain", "disk", "prune"]
        .iter()
        .map(|id| sandbox.ok(&["graph", id, "--format", "mermaid"]))
        .collect();
    read_by_mermaid(&sandbox, &pictures);
    sandbox.run(&["graph", "plian"]).exits(2).says("did you mean `plain`?");
    sandbox.run(&["graph", "plain", "--job", "auto"]).exits(2);
}

#[test]
fn any_id_survives_graphviz() {
    let sandbox = hostile();
    let dot = sandbox.ok(&["graph"]);
    if let Some(svg) = draw(&sandbox, &dot) {
        let plain = svg.replace("&#45;", "-").replace("&#160;", " ").replace("&quot;", "\"");
        let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        for id in IDS {
            assert!(plain.contains(&format!(">{}</text>", shown(id))), "{id:?} is not in {plain}");
        }
        let legend = dot.matches("\"legend ").count();
        let (nodes, edges) = (svg.matches("class=\"node\""), svg.matches("class=\"edge\""));
        let legend_edges = dot.matches("\" -> \"legend ").count();
        assert_eq!(nodes.count(), IDS.len() + 1 + legend - 2 * legend_edges);
        assert_eq!(edges.count(), IDS.len() + legend_edges);
    }
    for id in IDS {
        draw(&sandbox, &sandbox.ok(&["graph", "--job", id]));
    }
}

#[test]
fn any_id_survives_mermaid() {
    let sandbox = hostile();
    let mut pictures = vec![sandbox.ok(&["graph", "--format", "mermaid"])];
    pictures
        .extend(IDS.iter().map(|id| sandbox.ok(&["graph", "--format", "mermaid", "--job", id])));
    let Some(read) = read_by_mermaid(&sandbox, &pictures) else { return };
    assert_eq!(read.as_array().unwrap().len(), IDS.len() + 1);
    let texts: Vec<&str> =
        read[0]["nodes"].as_array().unwrap().iter().filter_map(|n| n["text"].as_str()).collect();
    for id in IDS {
        let text = format!("<b>{}</b><br>one_shot_read · read_only", shown(id));
        assert!(texts.iter().any(|t| t.starts_with(&text)), "{id:?} is not in {texts:#?}");
    }
    let links = read[0]["links"].as_array().unwrap();
    let from_jobs = links.iter().filter(|l| l["text"] == "success").count();
    assert_eq!(from_jobs, IDS.len());
}

#[test]
fn a_config_that_only_the_gate_refuses_is_drawn_and_told() {
    let sandbox = Sandbox::new();
    let write = sandbox.write_job("prune", "look");
    let command = write["commands"]["run"].clone();
    let read = with(sandbox.check("look"), &json!({"commands": {"run": command}}));
    sandbox.config(&json!({}), &[write, read]);
    let ran = sandbox.run(&["graph", "--format", "text"]);
    ran.exits(0).says("its chains are drawn as they are written").says("OF038").prints("prune");
    sandbox.run(&["graph", "--live"]).exits(2).says("nothing is drawn").says("OF038");
}

#[test]
fn a_broken_chain_is_drawn_and_told() {
    let sandbox = Sandbox::new();
    let link = |id: &str| json!({"after": [{"jobId": id}]});
    let jobs = [
        with(sandbox.check("a"), &link("b")),
        with(sandbox.check("b"), &link("a")),
        with(sandbox.check("c"), &link("gone -> \"")),
        json!({"id": "odd", "kind": "one_shot_reed", "after": [{"jobId": "c"}]}),
    ];
    sandbox.config(&json!({}), &jobs);
    let mut pictures = String::new();
    for format in FORMATS {
        let ran = sandbox.run(&["graph", "--format", format]);
        ran.exits(0).says("its chains are drawn as they are written").says("OF020").says("OF022");
        ran.prints("gone").prints("odd");
        let _ = writeln!(pictures, "{}", ran.out);
    }
    has(&pictures, &["cycle: a → b → a", "missing: no such job", "\"cycles\""]);
    draw(&sandbox, &sandbox.run(&["graph"]).out);
    read_by_mermaid(&sandbox, &[sandbox.run(&["graph", "--format", "mermaid"]).out]);
    sandbox.run(&["graph", "--live"]).exits(2).says("OF020");
    sandbox.run(&["graph", "a"]).exits(2).says("OF020");
    sandbox.write("config/opsfsm/ops-jobs.json", "{\"version\": 1, \"jobs\": [{\"id\": \"a\"");
    let ran = sandbox.run(&["graph"]);
    ran.exits(2).says("OF001");
    assert_eq!(ran.out, "");
}

#[test]
fn live_says_where_jobs_stand_and_records_nothing() {
    let sandbox = Sandbox::new();
    let links = json!({"after": [{"jobId": "disk", "delaySeconds": 3600}, {"jobId": "prune"}]});
    let jobs = [
        with(sandbox.watched("scan"), &links),
        with(sandbox.check("disk"), &json!({"everySeconds": 7200})),
        sandbox.write_job("prune", "disk"),
    ];
    sandbox.config(&json!({}), &jobs);
    let text = sandbox.ok(&["graph", "--live", "--format", "text"]);
    has(&text, &["now: idle", "due now: its schedule", "as of 2"]);
    assert!(!sandbox.has_store(), "looking makes no store");
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.status("scan", &json!({"running": false, "completed": true}));
    sandbox.tick();
    sandbox.ok(&["request", "prune", "--reason", "full"]);
    let events = sandbox.ok(&["history", "--format", "json"]);
    let text = sandbox.ok(&["graph", "--live", "--format", "text"]);
    has(&text, &["now: completed for", ": follows scan", "now: blocked", "approval is asked for"]);
    for format in FORMATS {
        has(&sandbox.ok(&["graph", "--live", "--format", format]), &["completed"]);
        let one = sandbox.ok(&["graph", "prune", "--live", "--format", format]);
        has(&one, &["blocked", if format == "json" { "\"live\"" } else { "now" }]);
        lacks(&sandbox.ok(&["graph", "prune", "--format", format]), &["as of"]);
    }
    draw(&sandbox, &sandbox.ok(&["graph", "--live"]));
    read_by_mermaid(&sandbox, &[sandbox.ok(&["graph", "--live", "--format", "mermaid"])]);
    assert_eq!(events, sandbox.ok(&["history", "--format", "json"]), "nothing was recorded");
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
