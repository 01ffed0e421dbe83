//! Corners of what is told: the fields of a section, and whose output is shown. Each was found by
//! changing the program and seeing no test go red (docs/mutants.md).

use std::time::Duration;

use opsfsm::base::limits;
use opsfsm::decide::{Decision, Section, Why, decide_observed, decide_settled};
use opsfsm::journal::RunPhase;
use opsfsm::model::{End, Level, Observation, Observed, Outcome, SpawnFault, Status, StreamTail};
use opsfsm::ports::Clock as _;

use crate::support::{Scene, check, job, watch};

fn stopped(scene: &Scene, id: &str) -> Observation {
    let mut progress = serde_json::Map::new();
    progress.insert("pages".to_owned(), 7.into());
    let status = Status {
        progress,
        progress_key: Some("7".to_owned()),
        level: Level::Ok,
        message: Some("disk\nfull".to_owned()),
        ..Status::default()
    };
    Observation { job: job(id), at: scene.host.now().at, observed: Observed::Status(status) }
}

fn observed(scene: &Scene, observations: &[Observation]) -> Decision {
    let now = scene.host.now();
    let facts = scene.facts(&now);
    decide_observed(&scene.compiled, scene.world(), observations, &facts).expect("a decision")
}

fn section<'a>(decision: &'a Decision, id: &str) -> &'a Section {
    decision.news.sections.iter().find(|s| s.job == job(id)).expect("it is told")
}

#[test]
fn a_section_has_the_jobs_name_its_words_and_its_next_resume() {
    let policy = "autoResume = true, autoResumeBackoffSeconds = 900, startGraceSeconds = 0";
    let config = watch("a", policy).replace("id = \"a\"", "id = \"a\"\nname = \"Long crawl\"");
    let scene = Scene::new(&config);
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| (j.running, j.start_is_idle) = (false, true));
    scene.tick_after(60);
    assert_eq!(scene.state("a"), "resuming");
    scene.host.pass(Duration::from_mins(1));
    let decision = observed(&scene, &[stopped(&scene, "a")]);
    let told = section(&decision, "a");
    assert_eq!((told.name.as_str(), told.message.as_deref()), ("Long crawl", Some("disk full")));
    assert_eq!(told.progress, [("pages".to_owned(), "7".to_owned())]);
    let next = told.next_resume.expect("one will come");
    assert_eq!(next.as_secs(), 840);
}

/// A run that is under way ends like this.
fn end_run(scene: &Scene, end: End, (out, err): (&str, &str)) {
    let tail = |text: &str| StreamTail { text: text.to_owned(), ..StreamTail::default() };
    let (stdout, stderr) = (tail(out), tail(err));
    let outcome = Outcome { stdout, stderr, ..Outcome::without_output(end) };
    scene.host.store.tamper(|world| {
        world.runs.values_mut().next().expect("a run").phase = RunPhase::Done { outcome };
    });
}

const SAID: (&str, &str) = ("begun\n", "line\nlast words\n\n");

fn check_ended(end: End, said: (&str, &str)) -> (String, Option<String>) {
    let scene = Scene::new(&check("c", "everySeconds = 60"));
    scene.host.executors_late.set(true);
    scene.tick();
    scene.host.store.tamper(|world| {
        let state = opsfsm::machine::CheckState::Running;
        let record = world.snapshot.jobs.get_mut(&job("c")).expect("a record");
        record.state = opsfsm::machine::State::Check(state);
    });
    end_run(&scene, end, said);
    let decision = observed(&scene, &[]);
    let told = section(&decision, "c");
    let detail = told.cause.clone().and_then(|cause| cause.detail);
    (told.run.clone().expect("its run").output, detail)
}

#[test]
fn what_a_check_said_is_shown_and_its_last_words_are_the_cause() {
    let failed = || End::Exited { code: 3 };
    let (output, cause) = check_ended(failed(), SAID);
    assert_eq!(output, "begun\nline\nlast words");
    assert_eq!(cause.as_deref(), Some("exit 3: last words"));
    assert_eq!(check_ended(failed(), ("", "x\n")).0, "x");
    assert_eq!(check_ended(failed(), ("x\n", "\n")).0, "x");
    assert_eq!(check_ended(failed(), ("", "")), (String::new(), Some("exit 3".to_owned())));
    let detail = "no such program".to_owned();
    let not_started = End::NotStarted { fault: SpawnFault::NotFound, detail };
    assert_eq!(check_ended(not_started, SAID).1.as_deref(), Some("no such program"));
}

#[test]
fn what_a_write_said_is_shown_only_if_its_config_says_so() {
    let write = |more: &str| {
        format!(
            "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
             enabled = true\ncwd = \"/d\"\ncommands = {{ run = [\"/w\"] }}\n{more}\n\
             after = [{{ jobId = \"v\" }}]\n"
        ) + &check("v", "")
    };
    let shown = "policy = { reportOutput = true }";
    for (more, gone, wanted) in
        [("", false, ""), (shown, false, "begun\nline\nlast words"), (shown, true, "")]
    {
        let mut scene = Scene::new(&write(more));
        scene.host.begin_store();
        let life = limits::GRANT_LIFE;
        scene.host.approve(&scene.compiled, &job("w"), life).expect("a store").expect("approved");
        scene.host.executors_die.set(true);
        scene.host.run_write(&scene.compiled, &job("w")).expect_err("killed");
        end_run(&scene, End::Exited { code: 3 }, SAID);
        if gone {
            scene.edit(&check("v", ""));
        }
        let decision = observed(&scene, &[]);
        let run = section(&decision, "w").run.clone().expect("its run");
        assert_eq!(run.output, wanted, "{more} {gone}");
        assert_eq!(section(&decision, "w").why, Why::Anomaly, "that it is gone is not the news");
    }
}

#[test]
fn what_settles_a_run_tells_nothing_of_jobs_that_it_has_not_touched() {
    let scene = Scene::new(&watch("a", "reportEverySeconds = 900, stallSeconds = 86400"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| j.progress += 1);
    scene.tick_after(60);
    scene.host.pass(Duration::from_mins(20));
    let now = scene.host.now();
    let settled = decide_settled(&scene.compiled, scene.world(), &scene.facts(&now));
    assert_eq!(settled.expect("a decision").news.sections.len(), 0);
    scene.told();
    scene.tick();
    assert_eq!(scene.told().len(), 1, "its routine report was due all the while");
}

#[test]
fn what_warns_has_its_routine_report_though_it_does_not_move() {
    let policy = |only: bool| {
        format!("reportEverySeconds = 900, stallSeconds = 86400, onlyOnChange = {only}")
    };
    for (only, warn, told) in
        [(true, false, 0), (true, true, 1), (false, false, 1), (false, true, 1)]
    {
        let scene = Scene::new(&watch("a", &policy(only)));
        scene.set("a", |j| j.running = true);
        scene.tick();
        scene.told();
        scene.set("a", |j| j.warn = warn);
        scene.tick_after(899);
        assert_eq!(scene.told().len(), 0, "{only} {warn}");
        scene.tick_after(1);
        assert_eq!(scene.told().len(), told, "{only} {warn}");
    }
}

#[test]
fn a_queued_run_of_a_job_that_is_gone_is_told_with_what_asked_for_it() {
    let link = "after = [{ jobId = \"late\", delaySeconds = 600 }]\neverySeconds = 86400";
    let mut scene = Scene::new(&(check("first", link) + &check("late", "")));
    scene.tick();
    scene.tick_after(60);
    assert!(scene.queue().iter().any(|item| item.job == job("late")));
    scene.edit(&check("first", "everySeconds = 86400"));
    scene.told();
    scene.tick_after(1200);
    let told = scene.told().concat();
    assert!(told.contains("late [—]"), "{told}");
    assert!(told.contains("(first)") && told.contains("ACTION REQUIRED"), "{told}");
}

/// A write whose two checks come one after the other.
fn written() -> Scene {
    let write = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
         enabled = true\ncwd = \"/d\"\ncommands = { run = [\"/w\"] }\n\
         after = [{ jobId = \"v\", delaySeconds = 120 }, { jobId = \"u\" }]\n";
    let scene = Scene::new(&[write.to_owned(), check("v", ""), check("u", "")].concat());
    scene.host.begin_store();
    scene.tick();
    let (host, id) = (&scene.host, job("w"));
    host.approve(&scene.compiled, &id, limits::GRANT_LIFE).expect("a store").expect("approved");
    host.run_write(&scene.compiled, &id).expect("a store").expect("claimed").expect("begun");
    scene.tick_after(1);
    scene.told();
    scene
}

fn plan_of(scene: &Scene) -> String {
    let cycle = scene.record("w").write.expect("its cycle");
    cycle.plan.digest().expect("a digest").short().to_owned()
}

#[test]
fn what_is_told_again_of_a_write_names_the_plan_that_it_was() {
    let scene = written();
    scene.set("v", |v| v.exit = 1);
    scene.tick_after(120);
    let plan = format!("plan: {}", plan_of(&scene));
    let told = scene.told().concat();
    assert!(told.contains("not verified") && told.contains(&plan), "{told}");
    scene.tick_after(limits::REMIND_EVERY.as_secs());
    let told = scene.told().concat();
    assert!(told.contains("not verified") && told.contains(&plan), "{told}");
}

#[test]
fn a_proof_by_a_check_that_was_able_to_write_says_so_of_whichever_it_was() {
    for lacks in [false, true] {
        let scene = written();
        scene.host.store.tamper(|world| {
            let record = world.snapshot.jobs.get_mut(&job("w")).expect("a record");
            let cycle = record.write.as_mut().expect("its cycle");
            let verification = cycle.verification.as_mut().expect("its verification");
            assert_eq!(verification.passed.len(), 1, "the other check is still to come");
            verification.unsandboxed = lacks;
        });
        // The journal knows nothing of that, so nothing is replayed here.
        scene.host.pass(Duration::from_mins(2));
        scene.host.tick(&scene.compiled).expect("a tick");
        let told = scene.told().concat();
        assert!(told.contains("verified"), "{told}");
        assert_eq!(told.contains("its check ran able to write"), lacks, "{told}");
    }
}
