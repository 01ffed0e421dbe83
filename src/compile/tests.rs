//! Chains: what is refused, and with which path.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::chain::{Outlines, check_chains, cycles_of};
use super::{Compiled, compile_model};
use crate::base::JobId;
use crate::config::{Format, SourceText, Surroundings, parse_config};
use crate::diag::{Sink, Span};
use crate::machine::{Input, WatchInput};
use crate::model::{Kind, Link, LinkWhen, Outline, Risk};

/// Jobs as `id kind risk -> target, !target-on-failure`, one a line.
fn config(jobs: &str) -> String {
    let mut text = String::from("version = 1\n");
    for line in jobs.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (head, links) = line.split_once("->").unwrap_or((line, ""));
        let words: Vec<&str> = head.split_whitespace().collect();
        let [id, kind, risk] = words[..] else { panic!("{line}") };
        let links: Vec<String> = links
            .split(',')
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .map(|l| match l.strip_prefix('!') {
                Some(l) => format!("{{ jobId = \"{l}\", when = \"failure\" }}"),
                None => format!("{{ jobId = \"{l}\" }}"),
            })
            .collect();
        let (kind, commands) = match kind {
            "watch" => ("long_running_read", "start = [\"/s\"], status = [\"/t\"]"),
            "check" => ("one_shot_read", "run = [\"/r\"]"),
            _ => ("one_shot_write", "run = [\"/w\"]"),
        };
        text += &format!(
            "[[jobs]]\nid = \"{id}\"\nkind = \"{kind}\"\nrisk = \"{risk}\"\n\
             commands = {{ {commands} }}\nafter = [{}]\n",
            links.join(", ")
        );
    }
    text
}

/// For the tests of other rooms.
pub(crate) fn compile_json(text: &str) -> Compiled {
    compile_text(text, Format::Json).0.expect("sound")
}

fn compile_text(text: &str, format: Format) -> (Option<Compiled>, Sink) {
    let file = SourceText {
        name: "c".to_owned(),
        dir: PathBuf::from("/c"),
        format,
        bytes: text.as_bytes().to_vec(),
    };
    let around = Surroundings { home: None, default_cwd: None };
    let mut parsed = parse_config(vec![file], &around);
    let compiled = compile_model(parsed.model.take(), &parsed.outlines, &mut parsed.sink);
    assert_eq!(compiled.is_none(), parsed.sink.has_errors());
    (compiled, parsed.sink)
}

fn findings(jobs: &str) -> String {
    let (_, sink) = compile_text(&config(jobs), Format::Toml);
    let line = |f: &&crate::diag::Finding| {
        let also: String = f.secondary.iter().map(|l| format!("\n  also: {}", l.text)).collect();
        let help: String = f.help.iter().map(|h| format!("\n  help: {h}")).collect();
        format!("{}: {}{also}{help}\n", f.code, f.message)
    };
    sink.sorted().iter().map(line).collect()
}

fn check(jobs: &str, wanted: &Expect) {
    wanted.assert_eq(&findings(jobs));
}

#[test]
fn sound_chains_say_nothing() {
    check(
        "w write write_local -> v, !v
         v check read_only -> a
         a watch read_only -> b, !b
         b check read_only",
        &expect![""],
    );
}

#[test]
fn a_dangling_link_names_its_neighbour() {
    check(
        "scan watch read_only -> reprot\nreport check read_only",
        &expect![[r#"
        OF020: job `scan` leads to `reprot`, which does not exist
          also: the job
          help: did you mean `report`?
          help: declare that job, or remove the link
    "#]],
    );
}

#[test]
fn a_self_link_is_no_cycle_besides() {
    check(
        "a check read_only -> a",
        &expect![[r#"
        OF021: job `a` starts itself
          also: the job
          help: remove the link, or use `everySeconds` on a one_shot_read
    "#]],
    );
}

#[test]
fn a_dangling_link_is_never_taken_for_one_to_its_own_job() {
    check(
        "scan1 watch read_only -> scan2",
        &expect![[r#"
        OF020: job `scan1` leads to `scan2`, which does not exist
          also: the job
          help: declare that job, or remove the link
    "#]],
    );
}

#[test]
fn each_cycle_is_told_with_its_whole_path() {
    check(
        "a check read_only -> b
         b check read_only -> c, x
         c check read_only -> a
         x check read_only -> y
         y check read_only -> x",
        &expect![[r#"
            OF022: jobs start each other in a circle: a → b → c → a
              also: `b` leads to `c`
              also: `c` leads to `a`
              help: remove one of these links
            OF022: jobs start each other in a circle: x → y → x
              also: `y` leads to `x`
              help: remove one of these links
        "#]],
    );
}

#[test]
fn two_cycles_through_one_job_are_both_told() {
    check(
        "a check read_only -> b, c
         b check read_only -> a
         c check read_only -> a",
        &expect![[r#"
            OF022: jobs start each other in a circle: a → b → a
              also: `b` leads to `a`
              help: remove one of these links
            OF022: jobs start each other in a circle: a → c → a
              also: `c` leads to `a`
              help: remove one of these links
        "#]],
    );
}

#[test]
fn a_cycle_over_a_failure_link_is_one_too() {
    check(
        "a check read_only -> b\nb check read_only -> !a",
        &expect![[r#"
        OF022: jobs start each other in a circle: a → b → a
          also: `b` leads to `a`
          help: remove one of these links
    "#]],
    );
}

#[test]
fn a_write_without_a_fit_verification_is_refused() {
    check(
        "none write write_local
         failed-only write write_local -> !v
         by-write write write_local -> other
         other write write_local -> v
         by-risky write write_local -> risky
         risky check write_local
         by-nobody write write_local -> gone
         by-itself write write_local -> by-itself
         v check read_only",
        &expect![[r#"
            OF023: write `none` has no verification: nothing shows that it worked
              help: add to `after`: { jobId = "<a read_only job that checks the result>" }
            OF023: write `failed-only` has no verification: nothing shows that it worked
              help: add to `after`: { jobId = "<a read_only job that checks the result>" }
            OF024: write `by-write` is verified by `other`, which is no read-only read job
              also: one_shot_write, write_local
              help: verify with a job of kind one_shot_read and risk read_only
            OF024: write `by-risky` is verified by `risky`, which is no read-only read job
              also: one_shot_read, write_local
              help: verify with a job of kind one_shot_read and risk read_only
            OF020: job `by-nobody` leads to `gone`, which does not exist
              also: the job
              help: did you mean `none`?
              help: declare that job, or remove the link
            OF021: job `by-itself` starts itself
              also: the job
              help: remove the link, or use `everySeconds` on a one_shot_read
        "#]],
    );
}

#[test]
fn a_write_that_only_watched_jobs_verify_is_warned_about() {
    check(
        "only-watched write write_local -> w, w2
         also-checked write write_local -> w, v
         w watch read_only
         w2 watch read_only
         v check read_only",
        &expect![[r#"
            OF024: write `only-watched` is verified by the watched job `w` only: it has no plan that could be approved
              also: a long_running_read
              help: verify with a job of kind one_shot_read and risk read_only
        "#]],
    );
    let text = config("only-watched write write_local -> w\nw watch read_only");
    assert!(compile_text(&text, Format::Toml).0.is_some(), "it stops nothing");
}

#[test]
fn a_ring_of_ten_thousand_jobs_is_one_finding() {
    let n = 10_000;
    let ring: String =
        (0..n).map(|i| format!("j{i} check read_only -> j{}\n", (i + 1) % n)).collect();
    let found = findings(&ring);
    assert_eq!(found.matches("OF022").count(), 1);
    assert!(found.contains("j0 → j1 → j2"));
}

#[test]
fn a_machine_offers_only_what_its_config_allows() {
    let offers = |jobs: &str, more: &str, input| {
        let text = config(jobs).replace("after = []", more);
        let compiled = compile_text(&text, Format::Toml).0.expect("sound");
        compiled.jobs().next().expect("a job").offers(Input::Watch(input))
    };
    let plain = "a watch read_only";
    let resuming = "policy = { autoResume = true }";
    let capped = "policy = { autoResume = true, maxResumes = 3 }";
    for (jobs, more, input, offered) in [
        (plain, "", WatchInput::Started, true),
        (plain, "", WatchInput::Resume, false),
        (plain, resuming, WatchInput::Resume, true),
        (plain, resuming, WatchInput::GiveUp, false),
        (plain, capped, WatchInput::GiveUp, true),
        ("a watch write_local", capped, WatchInput::Started, false),
        ("a watch write_local", capped, WatchInput::Resume, false),
        ("a watch write_local", capped, WatchInput::SeenRunning, true),
        ("a check read_only", "", WatchInput::SeenRunning, false),
    ] {
        assert_eq!(offers(jobs, more, input), offered, "{jobs} {more} {input}");
    }
}

#[test]
fn chains_are_checked_also_where_the_jobs_themselves_are_broken() {
    let text = "version = 1\n\
        [[jobs]]\nid = \"a\"\nkind = \"long_runing_read\"\nrisk = \"read_only\"\n\
        commands = { start = 1 }\nafter = [{ jobId = \"bb\" }, { jobId = \"a\" }]\n\
        [[jobs]]\nid = \"b\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
        commands = {}\nafter = [{ jobId = \"a\" }]\n";
    let (_, sink) = compile_text(text, Format::Toml);
    let codes: Vec<&str> = sink.sorted().iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["OF010", "OF004", "OF020", "OF021", "OF005"], "in one pass");
}

#[test]
fn a_file_that_was_not_understood_has_no_dangling_chains() {
    let text = "version = 1\n\
        [[jobs]]\nid = \"a\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n\
        commands = { run = [\"x\"] }\nafter = [{ jobId = \"b\" }]\n[[jobs]\nid = \"b\"\n";
    let (_, sink) = compile_text(text, Format::Toml);
    assert!(sink.sorted().iter().all(|f| f.code.as_str() == "OF001"), "{sink:?}");
}

fn outlines_of(jobs: usize, links: impl IntoIterator<Item = (usize, usize)>) -> Outlines {
    let id = |n: usize| JobId::new(format!("j{n:05}"));
    let outline = || Outline {
        id_span: Span::default(),
        kind: Some(Kind::OneShotRead),
        risk: Some(Risk::ReadOnly),
        name: None,
        enabled: true,
        after: Vec::new(),
    };
    let mut all: Outlines = (0..jobs).map(|n| (id(n), outline())).collect();
    for (from, to) in links {
        let link = Link {
            target: id(to),
            target_span: Span::default(),
            when: LinkWhen::Success,
            delay: Duration::ZERO,
        };
        all.get_mut(&id(from)).expect("a job").after.push(link);
    }
    all
}

proptest! {
    /// Told cycles are cycles, share no link, and leave none behind.
    #[test]
    fn told_cycles_are_all_there_are(
        links in prop::collection::btree_set((0_usize..8, 0_usize..8), 0..28),
    ) {
        let jobs = outlines_of(8, links.iter().copied().filter(|(from, to)| from != to));
        let mut left: BTreeSet<(JobId, JobId)> = jobs
            .iter()
            .flat_map(|(id, job)| job.after.iter().map(|link| (id.clone(), link.target.clone())))
            .collect();
        for path in cycles_of(&jobs).paths {
            prop_assert!(path.len() > 1);
            for (i, from) in path.iter().enumerate() {
                let to = path[(i + 1) % path.len()];
                prop_assert!(left.remove(&((*from).clone(), to.clone())), "{path:?}");
            }
        }
        // What is left is taken away from its ends; on a cycle nothing is an end.
        while let Some(end) =
            left.iter().find(|(_, to)| !left.iter().any(|(from, _)| from == to)).cloned()
        {
            left.remove(&end);
        }
        prop_assert!(left.is_empty(), "{left:?}");
    }
}

/// Each would take a minute if a search went over all jobs for each job.
#[test]
fn large_chains_with_faults_cost_no_search_for_each_job() {
    let many = 4_000;
    let ahead = |n: usize| (1..=5).map(move |step| (n, n + step)).filter(|(_, to)| *to < 4_000);
    let mut links: Vec<(usize, usize)> = (0..many).flat_map(ahead).collect();
    links.push((many - 1, 0));
    assert_eq!(cycles_of(&outlines_of(many, links.clone())).paths.len(), 1);
    links.pop();
    let around = |n: usize| (1..=20).map(move |step| (n, (n + step) % 4_000));
    assert!(!cycles_of(&outlines_of(many, (0..many).flat_map(around))).paths.is_empty());
    let dangling = check_chains(&outlines_of(many, (0..many).map(|n| (n, n + many))));
    assert_eq!(dangling.sorted().len() + dangling.left_out(), many);
    assert!(dangling.sorted()[0].help[0].starts_with("did you mean `j"));
}
