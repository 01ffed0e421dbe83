//! Orders of which nothing comes but a line in the journal: that it stands there, durably. Each was
//! found by changing the program and seeing no test go red (docs/mutants.md).

use opsfsm::approval::{Level, TypedCode};
use opsfsm::base::limits;
use opsfsm::journal::{EventKind, Origin};
use opsfsm::ports::StoreError;
use opsfsm::writes::{
    issue_write_code, note_refused, plan_now, refuse_claimed, request_write, withdraw_write_code,
};

use crate::support::{Scene, check, job};

fn scene(level: Level) -> Scene {
    let write = format!(
        "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\nenabled = true\n\
         cwd = \"/d\"\ncommands = {{ run = [\"/w\"] }}\napproval = {{ level = \"{}\" }}\n\
         after = [{{ jobId = \"v\" }}]\n",
        level.as_str()
    );
    let scene = Scene::new(&(write + &check("v", "")));
    scene.host.begin_store();
    scene.tick();
    scene
}

/// What the journal says of refusals, with whether each was a claimed run's.
fn refusals(scene: &Scene) -> Vec<(String, bool)> {
    let events = scene.host.store.snapshot().events();
    let mut found = Vec::new();
    for event in events {
        if let EventKind::WriteRefused { why, run } = event.kind {
            found.push((why, run.is_some()));
        }
    }
    found
}

#[test]
fn a_code_that_could_not_be_sent_is_taken_back() -> Result<(), StoreError> {
    let scene = scene(Level::Confirmed);
    let (host, compiled, id) = (&scene.host, &scene.compiled, job("w"));
    let write = compiled.job(&id).expect("a job");
    let planned = plan_now(compiled, write, &host.files).expect("a plan");
    let made = TypedCode { salt: "salt".to_owned(), hash: "hash".to_owned() };
    scene
        .with_ports(|p| request_write(compiled, write, (&planned, None, &Origin::Person), p))?
        .expect("asked");
    let sent = |scene: &Scene| scene.world().snapshot.requests[&job("w")].code.is_some();
    scene
        .with_ports(|p| issue_write_code(compiled, write, (&planned.digest, &made, "chat"), p))?
        .expect("issued");
    assert!(sent(&scene));
    scene.with_ports(|p| withdraw_write_code(compiled, &id, &made, p))?.expect("taken back");
    assert!(!sent(&scene));
    Ok(())
}

#[test]
fn a_refusal_before_the_gate_is_recorded() -> Result<(), StoreError> {
    let scene = scene(Level::Asserted);
    let why = "nobody sits at a terminal";
    scene.with_ports(|p| note_refused(&scene.compiled, &job("w"), why, p))?;
    assert_eq!(refusals(&scene), [(why.to_owned(), false)]);
    assert_eq!(scene.state("w"), "blocked");
    Ok(())
}

#[test]
fn a_claim_whose_executor_can_not_read_the_config_is_dropped_and_the_approval_lives() {
    let scene = scene(Level::Asserted);
    let (host, compiled, id) = (&scene.host, &scene.compiled, job("w"));
    host.approve(compiled, &id, limits::GRANT_LIFE).expect("a store").expect("approved");
    let spec = host.claim(compiled, &id).expect("a store").expect("claimed");
    assert_eq!(scene.world().runs.len(), 1);
    let why = "jobs.toml can't be read";
    scene.with_ports(|p| refuse_claimed(&spec.run, why, p)).expect("a store");
    assert_eq!(scene.world().runs.len(), 0);
    assert_eq!(refusals(&scene), [(why.to_owned(), true)]);
    assert_eq!(scene.state("w"), "approved");
    host.run_write(compiled, &id).expect("a store").expect("claimed").expect("begun");
}
