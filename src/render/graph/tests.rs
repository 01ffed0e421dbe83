//! Pictures as snapshots, and what no id may do to them.

use std::path::PathBuf;
use std::time::Duration;

use expect_test::expect;

use super::*;
use crate::compile::tests::compile_json;
use crate::config::{Format, SourceText, Surroundings, parse_config};
use crate::decide::{Due, DueKind};
use crate::journal::Origin;
use crate::machine::{State, WatchState, WriteState};

/// Whatever a config can hold in an id.
const IDS: [&str; 26] = [
    "quote\"d",
    "back\\slash",
    "ends in \\",
    "line\nbreak",
    "a -> b",
    "a --> b",
    "{x|y}",
    "<b>html</b>",
    "emoji 🛠️ 👩‍🔧",
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
    "\u{1}ctl",
    "\u{2}ctl",
    "1. list",
    "fa:fa-user",
    "`code` **bold** _it_",
    "]]>",
];

fn graph_of(jobs: &str) -> ChainGraph {
    let text = format!("{{\"version\":1,\"jobs\":[{jobs}]}}");
    let file = SourceText {
        name: "c".to_owned(),
        dir: PathBuf::from("/c"),
        format: Format::Json,
        bytes: text.into_bytes(),
    };
    let parsed = parse_config(vec![file], &Surroundings { home: None, default_cwd: None });
    assert!(!parsed.outlines.is_empty(), "{:?}", parsed.sink);
    ChainGraph::from_outlines(&parsed.outlines)
}

/// A check with these links.
fn check(id: &str, after: &str) -> String {
    let id = serde_json::Value::from(id);
    format!(
        r#"{{"id":{id},"kind":"one_shot_read","risk":"read_only","enabled":true,
        "commands":{{"run":["x"]}},"after":[{after}]}}"#
    )
}

fn rich() -> ChainGraph {
    let watch = r#"{"id":"scan","name":"The scan","kind":"long_running_read","risk":"read_only",
        "enabled":true,"commands":{"start":["s"],"status":["t"]},
        "after":[{"jobId":"disk","delaySeconds":60},{"jobId":"prune","when":"failure"}]}"#;
    let write = r#"{"id":"prune","kind":"one_shot_write","risk":"write_local","enabled":false,
        "commands":{"run":["w"]},"after":[{"jobId":"disk"}]}"#;
    let push = r#"{"id":"push","kind":"one_shot_write","risk":"write_external","enabled":true,
        "commands":{"run":["w"]},"after":[{"jobId":"nobody"}]}"#;
    let around = [
        check("disk", r#"{"jobId":"push"}"#),
        check("a", r#"{"jobId":"b","delaySeconds":3600}"#),
        check("b", r#"{"jobId":"c"},{"jobId":"disk"}"#),
        check("c", r#"{"jobId":"a","when":"failure"},{"jobId":"c"}"#),
        r#"{"id":"odd","kind":"what"}"#.to_owned(),
    ];
    graph_of(&format!("{watch},{write},{push},{}", around.join(",")))
}

fn drawn(graph: &ChainGraph, drawing: Drawing) -> String {
    render_chains(graph, None, drawing).expect("small")
}

#[test]
fn the_chains_as_dot() {
    expect![[r##"
        digraph opsfsm {
          rankdir=LR;
          node [shape=box, style="filled", fillcolor="#ffffff", color="#57606a", fontcolor="#1f2328", fontname="sans-serif"];
          edge [color="#57606a", fontcolor="#1f2328", fontname="sans-serif", fontsize=10];
          label="8 jobs, 10 links\ncycle: a → b → c → a\ncycle: c → c"; labelloc=b; labeljust=l; fontname="sans-serif"; fontsize=11;
          "a" [label="a\none_shot_read · read_only", shape=box, style="filled", fillcolor="#dafbe1", tooltip="a"];
          "b" [label="b\none_shot_read · read_only", shape=box, style="filled", fillcolor="#dafbe1", tooltip="b"];
          "c" [label="c\none_shot_read · read_only", shape=box, style="filled", fillcolor="#dafbe1", tooltip="c"];
          "disk" [label="disk\none_shot_read · read_only", shape=box, style="filled", fillcolor="#dafbe1", tooltip="disk"];
          "nobody" [label="nobody\nmissing: no such job", shape=box, style="dashed", fillcolor="#ffffff", color="#cf222e", fontcolor="#cf222e", tooltip="nobody"];
          "odd" [label="odd\nkind unknown · risk unknown\ndisabled", shape=box, style="filled", fillcolor="#eaeef2", color="#8c959f", fontcolor="#6e7781", tooltip="odd"];
          "prune approval " [label="approval", shape=diamond, style="filled", fillcolor="#fff8c5", tooltip="prune"];
          "prune" [label="prune\none_shot_write · write_local\ndisabled", shape=box, style="filled,bold", fillcolor="#eaeef2", color="#8c959f", fontcolor="#6e7781", tooltip="prune"];
          "push approval " [label="approval", shape=diamond, style="filled", fillcolor="#fff8c5", tooltip="push"];
          "push" [label="push\none_shot_write · write_external", shape=box, style="filled,bold", fillcolor="#ffebe9", color="#cf222e", tooltip="push"];
          "scan" [label="scan\nThe scan\nlong_running_read · read_only", shape=box, style="rounded,filled", fillcolor="#ddf4ff", tooltip="scan"];
          "prune approval " -> "prune" [style=bold, color="#9a6700", fontcolor="#7d4e00"];
          "push approval " -> "push" [style=bold, color="#9a6700", fontcolor="#7d4e00"];
          "a" -> "b" [label="success +1h\nin a cycle", style=solid, color="#cf222e", fontcolor="#cf222e"];
          "b" -> "c" [label="success\nin a cycle", style=solid, color="#cf222e", fontcolor="#cf222e"];
          "b" -> "disk" [label="success", style=solid];
          "c" -> "a" [label="failure\nin a cycle", style=dashed, color="#cf222e", fontcolor="#cf222e"];
          "c" -> "c" [label="success\nin a cycle", style=solid, color="#cf222e", fontcolor="#cf222e"];
          "disk" -> "push approval " [label="success\nasks for approval", style=solid];
          "prune" -> "disk" [label="success\nverifies", style=bold];
          "push" -> "nobody" [label="success", style=solid];
          "scan" -> "disk" [label="success +60s", style=solid];
          "scan" -> "prune approval " [label="failure\nasks for approval", style=dashed];
          subgraph cluster_legend {
            label="legend"; style=dashed; color="#8c959f";
            node [fontsize=10];
            "legend 0 " [label="long_running_read", shape=box, style="rounded,filled", fillcolor="#ddf4ff"];
            "legend 1 " [label="one_shot_read", shape=box, style="filled", fillcolor="#dafbe1"];
            "legend 2 " [label="disabled", shape=box, style="filled", fillcolor="#eaeef2", color="#8c959f", fontcolor="#6e7781"];
            "legend 3 " [label="one_shot_write", shape=box, style="filled,bold", fillcolor="#ffebe9"];
            "legend 4 " [label="write_external: changes others", shape=box, style="filled,bold", fillcolor="#ffebe9", color="#cf222e"];
            "legend 5 " [label="job without a kind", shape=box, style="filled", fillcolor="#ffffff"];
            "legend 6 " [label="a person approves the exact plan", shape=diamond, style="filled", fillcolor="#fff8c5"];
            "legend 7 " [label="missing: no such job", shape=box, style="dashed", fillcolor="#ffffff", color="#cf222e", fontcolor="#cf222e"];
            "legend 8 " [label="", shape=point];
            "legend 8 to " [label="", shape=point];
            "legend 8 " -> "legend 8 to " [label="on success", style=solid];
            "legend 9 " [label="", shape=point];
            "legend 9 to " [label="", shape=point];
            "legend 9 " -> "legend 9 to " [label="part of a cycle", style=solid, color="#cf222e", fontcolor="#cf222e"];
            "legend 10 " [label="", shape=point];
            "legend 10 to " [label="", shape=point];
            "legend 10 " -> "legend 10 to " [label="on failure", style=dashed];
            "legend 11 " [label="", shape=point];
            "legend 11 to " [label="", shape=point];
            "legend 11 " -> "legend 11 to " [label="verifies the write", style=bold];
            "legend 12 " [label="", shape=point];
            "legend 12 to " [label="", shape=point];
            "legend 12 " -> "legend 12 to " [label="a write's way through its gate", style=bold, color="#9a6700", fontcolor="#7d4e00"];
          }
        }
    "##]].assert_eq(&drawn(&rich(), Drawing::Dot));
}

#[test]
fn the_chains_as_mermaid() {
    expect![[r#"
        flowchart LR
          accTitle: 8 jobs, 10 links
          n0["<b>a</b><br/>one_shot_read · read_only"]:::check
          n1["<b>b</b><br/>one_shot_read · read_only"]:::check
          n2["<b>c</b><br/>one_shot_read · read_only"]:::check
          n3["<b>disk</b><br/>one_shot_read · read_only"]:::check
          n4["<b>nobody</b><br/>missing#58; no such job"]:::missing
          n5["<b>odd</b><br/>kind unknown · risk unknown<br/>disabled"]:::off
          n6{"approval"}:::gate
          n7[["<b>prune</b><br/>one_shot_write · write_local<br/>disabled"]]:::off
          n8{"approval"}:::gate
          n9[["<b>push</b><br/>one_shot_write · write_external"]]:::writeExternal
          n10(["<b>scan</b><br/>The scan<br/>long_running_read · read_only"]):::watch
          n6 ==> n7
          n8 ==> n9
          n0 -->|"success #43;1h<br/>in a cycle"| n1
          n1 -->|"success<br/>in a cycle"| n2
          n1 -->|"success"| n3
          n2 -.->|"failure<br/>in a cycle"| n0
          n2 -->|"success<br/>in a cycle"| n2
          n3 -->|"success<br/>asks for approval"| n8
          n7 ==>|"success<br/>verifies"| n3
          n9 -->|"success"| n4
          n10 -->|"success #43;60s"| n3
          n10 -.->|"failure<br/>asks for approval"| n6
          subgraph legend ["legend"]
            note0["cycle#58; a → b → c → a"]:::note
            note1["cycle#58; c → c"]:::note
            key0(["long_running_read"]):::watch
            key1["one_shot_read"]:::check
            key2["disabled"]:::off
            key3[["one_shot_write"]]:::write
            key4[["write_external#58; changes others"]]:::writeExternal
            key5["job without a kind"]:::plain
            key6{"a person approves the exact plan"}:::gate
            key7["missing#58; no such job"]:::missing
            key8[" "]:::note -->|"on success"| key8b[" "]:::note
            key9[" "]:::note -->|"part of a cycle"| key9b[" "]:::note
            key10[" "]:::note -.->|"on failure"| key10b[" "]:::note
            key11[" "]:::note ==>|"verifies the write"| key11b[" "]:::note
            key12[" "]:::note ==>|"a write#39;s way through its gate"| key12b[" "]:::note
          end
          classDef check fill:#dafbe1,stroke:#1a7f37,color:#1f2328
          classDef gate fill:#fff8c5,stroke:#9a6700,color:#1f2328
          classDef missing fill:#ffffff,stroke:#cf222e,stroke-dasharray:5 4,color:#cf222e
          classDef note fill:none,stroke:none
          classDef off fill:#eaeef2,stroke:#8c959f,color:#57606a
          classDef plain fill:#ffffff,stroke:#57606a,color:#1f2328
          classDef watch fill:#ddf4ff,stroke:#0969da,color:#1f2328
          classDef write fill:#ffebe9,stroke:#57606a,color:#1f2328
          classDef writeExternal fill:#ffebe9,stroke:#cf222e,color:#1f2328
          linkStyle 0,1,16 stroke:#9a6700
          linkStyle 2,3,5,6,13 stroke:#cf222e
    "#]]
    .assert_eq(&drawn(&rich(), Drawing::Mermaid));
}

#[test]
fn the_chains_as_a_tree() {
    expect![[r#"
        odd  [kind unknown · risk unknown · disabled]
        scan “The scan”  [long_running_read · read_only]
        ├── success +60s: disk  [one_shot_read · read_only]
        │   └── success, asks for approval: ◇ approval → push  [one_shot_write · write_external · behind approval]
        │       └── success: nobody  [missing: no such job]
        └── failure, asks for approval: ◇ approval → prune  [one_shot_write · write_local · disabled · behind approval]
            └── success, verifies: disk  [one_shot_read · read_only] (*)
        a  [one_shot_read · read_only]
        └── success +1h: b  [one_shot_read · read_only]
            ├── success: c  [one_shot_read · read_only]
            │   ├── failure: a  [one_shot_read · read_only] (cycle)
            │   └── success: c  [one_shot_read · read_only] (cycle)
            └── success: disk  [one_shot_read · read_only] (*)
        (*) its links are written out elsewhere
        cycle: a → b → c → a
        cycle: c → c
    "#]].assert_eq(&drawn(&rich(), Drawing::Text));
}

#[test]
fn a_config_without_jobs_is_an_empty_picture() {
    let empty = ChainGraph::default();
    assert_eq!(drawn(&empty, Drawing::Text), "no jobs\n");
    assert!(drawn(&empty, Drawing::Svg).ends_with("</svg>\n"));
    expect![[r#"
        flowchart LR
          accTitle: 0 jobs, 0 links
          classDef note fill:none,stroke:none
    "#]]
    .assert_eq(&drawn(&empty, Drawing::Mermaid));
}

fn standing(state: State, due: Vec<Due>) -> Standing {
    let since_ms = Some(1_790_000_000_000);
    Standing { state, cause: None, since_ms, age: Duration::from_hours(2), due }
}

fn live() -> Live {
    let due = |seconds, what| Due { within: Some(Duration::from_secs(seconds)), what };
    let asked = Due { within: None, what: DueKind::Answer };
    let jobs = [
        ("scan", standing(State::Watch(WatchState::Stalled), vec![due(90, DueKind::Resume)])),
        ("prune", standing(State::Write(WriteState::Blocked), vec![asked])),
        (
            "push",
            standing(State::Write(WriteState::Approved), vec![due(60, DueKind::ApprovalEnds)]),
        ),
        (
            "disk",
            standing(
                State::Check(crate::machine::CheckState::Queued),
                vec![due(0, DueKind::Queued(Origin::Schedule)), due(5, DueKind::Scheduled)],
            ),
        ),
    ];
    let jobs = jobs.into_iter().map(|(id, standing)| (JobId::new(id), standing)).collect();
    Live { jobs, at_ms: 1_790_000_000_000 }
}

#[test]
fn the_live_tree_says_where_each_job_stands_and_what_is_due() {
    let text = render_chains(&rich(), Some(&live()), Drawing::Text).expect("small");
    expect![[r#"
        odd  [kind unknown · risk unknown · disabled]
        scan “The scan”  [long_running_read · read_only]
        │   now: stalled for 2h
        │   due in 1m 30s: a resume
        ├── success +60s: disk  [one_shot_read · read_only]
        │   │   now: queued for 2h
        │   │   due now: its schedule
        │   │   due in 5s: its schedule
        │   └── success, asks for approval: ◇ approval → push  [one_shot_write · write_external · behind approval]
        │       │   now: approved for 2h
        │       │   its approval ends in 1m
        │       └── success: nobody  [missing: no such job]
        └── failure, asks for approval: ◇ approval → prune  [one_shot_write · write_local · disabled · behind approval]
            │   now: blocked for 2h
            │   a person's approval is asked for
            └── success, verifies: disk  [one_shot_read · read_only] (*)
        a  [one_shot_read · read_only]
        └── success +1h: b  [one_shot_read · read_only]
            ├── success: c  [one_shot_read · read_only]
            │   ├── failure: a  [one_shot_read · read_only] (cycle)
            │   └── success: c  [one_shot_read · read_only] (cycle)
            └── success: disk  [one_shot_read · read_only] (*)
        (*) its links are written out elsewhere
        cycle: a → b → c → a
        cycle: c → c
        as of 2026-09-21T14:13:20.000Z
    "#]].assert_eq(&text);
    let svg = render_chains(&rich(), Some(&live()), Drawing::Svg).expect("small");
    expect_test::expect_file!["../../../docs/gallery/live.svg"].assert_eq(&svg);
    for drawing in [Drawing::Dot, Drawing::Mermaid, Drawing::Svg] {
        let text = render_chains(&rich(), Some(&live()), drawing).expect("small");
        for part in ["stalled for 2h", "a resume", "asked for", "given", "as of"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}

const MACHINES: &str = r#"{"version":1,"jobs":[
    {"id":"scan","kind":"long_running_read","risk":"read_only",
     "commands":{"start":["s"],"status":["t"]}},
    {"id":"prune","kind":"one_shot_write","risk":"write_local","enabled":true,
     "commands":{"run":["w"]},"after":[{"jobId":"v"}]},
    {"id":"v","kind":"one_shot_read","risk":"read_only","commands":{"run":["x"]}}]}"#;

#[test]
fn a_writes_machine_shows_its_gate_and_its_proofs() {
    let compiled = compile_json(MACHINES);
    let job = compiled.job(&JobId::new("prune")).expect("the job");
    expect![[r#"
        prune: one_shot_write, write_local
        ▶ blocked  (first)
            now: blocked for 2h
            a person's approval is asked for
            approve         → approved  (gate)
          approved
            approve         stays
            begin           → running  (gate)
            revoke          → blocked
            expire          → blocked
            plan_changed    → blocked
          running
            exited_ok       → verifying
            exited_err      → failed
            not_started     → blocked
            lost            → unknown
          verifying
            verify_passed   → verified
            verify_failed   → unverified
            verify_overdue  → unverified
          verified
            approve         → approved
          failed
            approve         → approved
          unverified
            verify_passed   → verified
            acknowledge     → blocked
          unknown
            verify_passed   → verified
            verify_failed   → unverified
            verify_overdue  → unverified
            acknowledge     → blocked
        gate: blocked --approve--> approved --begin--> running
        proved: dominance, freshness, sole predecessor, balance
        as of 2026-09-21T14:13:20.000Z
    "#]]
    .assert_eq(&render_machine(job, Some(&live()), Drawing::Text).expect("small"));
}

#[test]
fn a_writes_machine_in_mermaid() {
    let compiled = compile_json(MACHINES);
    let job = compiled.job(&JobId::new("prune")).expect("the job");
    expect![[r#"
        flowchart LR
          accTitle: prune: one_shot_write, write_local
          n0(["<b>blocked</b><br/>#40;first#41;"]):::plain
          n1(["approved"]):::plain
          n2(["running"]):::plain
          n3(["verifying"]):::plain
          n4(["verified"]):::plain
          n5(["failed"]):::plain
          n6(["unverified"]):::plain
          n7(["unknown"]):::plain
          n0 ==>|"approve<br/>#40;gate#41;"| n1
          n1 -->|"revoke<br/>expire<br/>plan_changed"| n0
          n1 ==>|"approve<br/>#40;gate#41;"| n1
          n1 ==>|"begin<br/>#40;gate#41;"| n2
          n2 -->|"not_started"| n0
          n2 -->|"exited_ok"| n3
          n2 -->|"exited_err"| n5
          n2 -->|"lost"| n7
          n3 -->|"verify_passed"| n4
          n3 -->|"verify_failed<br/>verify_overdue"| n6
          n4 ==>|"approve<br/>#40;gate#41;"| n1
          n5 ==>|"approve<br/>#40;gate#41;"| n1
          n6 -->|"acknowledge"| n0
          n6 -->|"verify_passed"| n4
          n7 -->|"acknowledge"| n0
          n7 -->|"verify_passed"| n4
          n7 -->|"verify_failed<br/>verify_overdue"| n6
          subgraph legend ["legend"]
            note0["gate#58; blocked #45;#45;approve#45;#45;#62; approved #45;#45;begin#45;#45;#62; running"]:::note
            note1["proved#58; dominance, freshness, sole predecessor, balance"]:::note
            key0[" "]:::note ==>|"a write#39;s way through its gate"| key0b[" "]:::note
          end
          classDef note fill:none,stroke:none
          classDef plain fill:#ffffff,stroke:#57606a,color:#1f2328
          linkStyle 0,2,3,10,11,17 stroke:#9a6700
    "#]].assert_eq(&render_machine(job, None, Drawing::Mermaid).expect("small"));
}

#[test]
fn a_watched_jobs_machine_shows_what_its_config_rules_out() {
    let compiled = compile_json(MACHINES);
    let job = compiled.job(&JobId::new("scan")).expect("the job");
    expect![[r##"
        digraph opsfsm {
          rankdir=LR;
          node [shape=box, style="filled", fillcolor="#ffffff", color="#57606a", fontcolor="#1f2328", fontname="sans-serif"];
          edge [color="#57606a", fontcolor="#1f2328", fontname="sans-serif", fontsize=10];
          label="scan: long_running_read, read_only, disabled\nas of 2026-09-21T14:13:20.000Z"; labelloc=b; labeljust=l; fontname="sans-serif"; fontsize=11;
          "idle" [label="idle\n(first)", shape=ellipse, style="filled", fillcolor="#ffffff", tooltip="idle"];
          "running" [label="running", shape=ellipse, style="filled", fillcolor="#ffffff", tooltip="running"];
          "stalled" [label="stalled\nnow: stalled for 2h\ndue in 1m 30s: a resume", shape=ellipse, style="filled", fillcolor="#fff8c5", penwidth=3, tooltip="stalled"];
          "resuming" [label="resuming\n(never reached)", shape=ellipse, style="filled", fillcolor="#eaeef2", color="#8c959f", fontcolor="#6e7781", tooltip="resuming"];
          "paused" [label="paused", shape=ellipse, style="filled", fillcolor="#ffffff", tooltip="paused"];
          "completed" [label="completed", shape=ellipse, style="filled", fillcolor="#ffffff", tooltip="completed"];
          "failed" [label="failed\n(never reached)", shape=ellipse, style="filled", fillcolor="#eaeef2", color="#8c959f", fontcolor="#6e7781", tooltip="failed"];
          "idle" -> "idle" [label="seen_stopped", style=solid];
          "idle" -> "running" [label="started\nseen_running", style=solid];
          "idle" -> "resuming" [label="resume\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "idle" -> "paused" [label="stop", style=solid];
          "idle" -> "completed" [label="seen_completed", style=solid];
          "running" -> "running" [label="progressed", style=solid];
          "running" -> "stalled" [label="no_progress\nseen_stopped", style=solid];
          "running" -> "paused" [label="stop", style=solid];
          "running" -> "completed" [label="seen_completed", style=solid];
          "stalled" -> "running" [label="started\nseen_running\nprogressed", style=solid];
          "stalled" -> "stalled" [label="seen_stopped", style=solid];
          "stalled" -> "resuming" [label="resume\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "stalled" -> "paused" [label="stop", style=solid];
          "stalled" -> "completed" [label="seen_completed", style=solid];
          "stalled" -> "failed" [label="give_up\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "resuming" -> "running" [label="seen_running\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "resuming" -> "stalled" [label="seen_stopped\nresume_failed\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "resuming" -> "paused" [label="stop\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "resuming" -> "completed" [label="seen_completed\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "paused" -> "running" [label="started\nseen_running", style=solid];
          "paused" -> "completed" [label="seen_completed", style=solid];
          "completed" -> "running" [label="started\nseen_running", style=solid];
          "completed" -> "completed" [label="seen_stopped", style=solid];
          "failed" -> "running" [label="started\nseen_running\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "failed" -> "paused" [label="stop\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "failed" -> "completed" [label="seen_completed\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          "failed" -> "failed" [label="seen_stopped\n(ruled out)", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          subgraph cluster_legend {
            label="legend"; style=dashed; color="#8c959f";
            node [fontsize=10];
            "legend 0 " [label="never reached", shape=ellipse, style="filled", fillcolor="#eaeef2", color="#8c959f", fontcolor="#6e7781"];
            "legend 1 " [label="where it is now", shape=ellipse, style="filled", fillcolor="#fff8c5", penwidth=3];
            "legend 2 " [label="", shape=point];
            "legend 2 to " [label="", shape=point];
            "legend 2 " -> "legend 2 to " [label="ruled out by its config", style=dotted, color="#8c959f", fontcolor="#6e7781"];
          }
        }
    "##]].assert_eq(&render_machine(job, Some(&live()), Drawing::Dot).expect("small"));
}

#[test]
fn a_long_chain_is_not_indented_without_end() {
    let jobs: Vec<String> = (0..2000)
        .map(|n| check(&format!("j{n:04}"), &format!(r#"{{"jobId":"j{:04}"}}"#, n + 1)))
        .collect();
    let text = drawn(&graph_of(&jobs.join(",")), Drawing::Text);
    assert!(text.len() < 800_000, "{} bytes", text.len());
    assert!(text.contains("j2000") && text.contains("(*)"));
}

/// Every tag that opens is closed, and between tags nothing is left that is none.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(!text.contains('>') && tag.matches('"').count() % 2 == 0, "{tag}");
        let entity =
            |rest: &str| ["amp;", "lt;", "gt;", "quot;"].iter().any(|e| rest.starts_with(e));
        assert!(text.split('&').skip(1).all(entity), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{svg}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or_default());
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn no_id_breaks_out_of_any_form() {
    let links: Vec<String> =
        IDS.iter().map(|id| format!("{{\"jobId\":{}}}", serde_json::Value::from(*id))).collect();
    let mut jobs: Vec<String> = IDS.iter().map(|id| check(id, "")).collect();
    jobs.push(check("first", &links.join(",")));
    let graph = graph_of(&jobs.join(","));
    let svg = drawn(&graph, Drawing::Svg);
    assert_well_formed(&svg);
    assert_eq!(svg.matches("<g><title>").count(), IDS.len() + 1);
    let dot = drawn(&graph, Drawing::Dot);
    assert_eq!(dot.lines().filter(|l| l.starts_with("  \"first\" -> ")).count(), IDS.len());
    let mut names: Vec<&str> =
        dot.lines().filter_map(|l| l.strip_prefix("  \"")?.split("\" [").next()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 2 * IDS.len() + 1, "every node and every edge has a name of its own");
    let mermaid = drawn(&graph, Drawing::Mermaid);
    expect![[r#"
        flowchart LR
          accTitle: 27 jobs, 26 links
          n0["<b>�ctl</b><br/>one_shot_read · read_only"]:::check
          n1["<b>�ctl</b><br/>one_shot_read · read_only"]:::check
          n2["<b>#34;#93;</b><br/>one_shot_read · read_only"]:::check
          n3["<b>#35;35#59;</b><br/>one_shot_read · read_only"]:::check
          n4["<b>#38;amp#59;</b><br/>one_shot_read · read_only"]:::check
          n5["<b>1#46; list</b><br/>one_shot_read · read_only"]:::check
          n6["<b>#60;b#62;html#60;#47;b#62;</b><br/>one_shot_read · read_only"]:::check
          n7["<b>#92;N</b><br/>one_shot_read · read_only"]:::check
          n8["<b>#93;</b><br/>one_shot_read · read_only"]:::check
          n9["<b>#93;#93;#62;</b><br/>one_shot_read · read_only"]:::check
          n10["<b>#96;code#96; #42;#42;bold#42;#42; #95;it#95;</b><br/>one_shot_read · read_only"]:::check
          n11["<b>a #45;#45;#62; b</b><br/>one_shot_read · read_only"]:::check
          n12["<b>a #45;#62; b</b><br/>one_shot_read · read_only"]:::check
          n13["<b>back#92;slash</b><br/>one_shot_read · read_only"]:::check
          n14["<b>emoji 🛠️ 👩‍🔧</b><br/>one_shot_read · read_only"]:::check
          n15["<b>end</b><br/>one_shot_read · read_only"]:::check
          n16["<b>ends in #92;</b><br/>one_shot_read · read_only"]:::check
          n17["<b>fa#58;fa-user</b><br/>one_shot_read · read_only"]:::check
          n18["<b>first</b><br/>one_shot_read · read_only"]:::check
          n19["<b>graph</b><br/>one_shot_read · read_only"]:::check
          n20["<b>line⏎break</b><br/>one_shot_read · read_only"]:::check
          n21["<b>node</b><br/>one_shot_read · read_only"]:::check
          n22["<b>quote#34;d</b><br/>one_shot_read · read_only"]:::check
          n23["<b>semi#59;colon</b><br/>one_shot_read · read_only"]:::check
          n24["<b>tab⇥here</b><br/>one_shot_read · read_only"]:::check
          n25["<b>#123;x#124;y#125;</b><br/>one_shot_read · read_only"]:::check"#]].assert_eq(&mermaid.lines().take(IDS.len() + 2).collect::<Vec<_>>().join("\n"));
    for line in drawn(&graph, Drawing::Text).lines() {
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&drawn(&graph, Drawing::Json)).expect("JSON");
    let ids: Vec<&str> =
        json["jobs"].as_array().expect("jobs").iter().filter_map(|j| j["id"].as_str()).collect();
    assert!(IDS.iter().all(|id| ids.contains(id)));
}
