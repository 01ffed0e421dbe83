//! One-time codes at the gate: which request gets one, which one serves, and what a wrong one costs.
//! The decisions are asked alone, as no simulated person types codes.

use std::time::Duration;

use opsfsm::approval::{CodeRecord, CodeUnfit, PlanDigest, TypedCode};
use opsfsm::base::limits;
use opsfsm::decide::{
    Attest, CodeIssued, Decision, Facts, GateRefused, Proof, approve, deny, issue_code, request,
    withdraw_code,
};
use opsfsm::journal::{Origin, ReplayFault, World};
use opsfsm::model::Planned;
use opsfsm::ports::Clock as _;
use opsfsm::sim::somebody;
use opsfsm::writes::plan_now;

use crate::support::{Scene, check, job};

/// A store with one write, whose config asks for a code.
struct Desk {
    scene: Scene,
    world: World,
}

type Answered<T> = Result<(Decision, Result<T, GateRefused>), ReplayFault>;

impl Desk {
    fn new() -> Self {
        let write = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
             enabled = true\ncwd = \"/d\"\ncommands = { run = [\"/w\"] }\n\
             approval = { level = \"confirmed\" }\nafter = [{ jobId = \"v\" }]\n";
        let scene = Scene::new(&(write.to_owned() + &check("v", "")));
        scene.host.begin_store();
        scene.tick();
        let world = scene.world();
        Self { scene, world }
    }

    fn planned(&self) -> Planned {
        let compiled = &self.scene.compiled;
        let write = compiled.job(&job("w")).expect("a job");
        plan_now(compiled, write, &self.scene.host.files).expect("a plan")
    }

    /// Decides, and goes on from there.
    fn order<T>(
        &mut self,
        order: impl FnOnce(&Self, World, &Facts<'_>) -> Answered<T>,
    ) -> Result<T, GateRefused> {
        let now = self.scene.host.now();
        let seed = [u8::try_from(self.world.snapshot.grants.len()).expect("few"); 32];
        let facts = Facts { seed, ..self.scene.facts(&now) };
        let (decision, answer) = order(self, self.world.clone(), &facts).expect("a decision");
        self.world = decision.change.world;
        answer
    }

    fn ask(&mut self, digest: &PlanDigest) {
        let asked = self.order(|desk, world, facts| {
            let compiled = &desk.scene.compiled;
            let write = compiled.job(&job("w")).expect("a job");
            request(compiled, world, write, (digest, None, &Origin::Person), facts)
        });
        asked.expect("asked");
    }

    fn issue(&mut self, digest: &PlanDigest, salt: &str) -> Result<CodeIssued, GateRefused> {
        let made = typed(salt, "right");
        self.order(|desk, world, facts| {
            let compiled = &desk.scene.compiled;
            let write = compiled.job(&job("w")).expect("a job");
            issue_code(compiled, world, write, (digest, &made, "a chat"), facts)
        })
    }

    fn withdraw(&mut self, salt: &str) {
        let made = typed(salt, "right");
        let done = self.order(|desk, world, facts| {
            withdraw_code(&desk.scene.compiled, world, &job("w"), &made, facts)
        });
        done.expect("an order that is never refused");
    }

    fn approve(&mut self, typed: TypedCode) -> Result<(), GateRefused> {
        let planned = self.planned();
        let proof = Proof::Code(typed);
        let attest = Attest { evidence: somebody(), proof, life: limits::GRANT_LIFE };
        let given = self.order(|desk, world, facts| {
            let compiled = &desk.scene.compiled;
            let write = compiled.job(&job("w")).expect("a job");
            approve(compiled, world, write, &planned, &attest, facts)
        });
        given.map(drop)
    }

    fn code(&self) -> Option<CodeRecord> {
        self.world.snapshot.requests.get(&job("w")).and_then(|request| request.code.clone())
    }
}

fn typed(salt: &str, hash: &str) -> TypedCode {
    TypedCode { salt: salt.to_owned(), hash: hash.to_owned() }
}

/// A desk where a code was sent for the plan of this moment.
fn issued() -> Desk {
    let mut desk = Desk::new();
    let digest = desk.planned().digest;
    desk.ask(&digest);
    assert_eq!(desk.issue(&digest, "salt"), Ok(CodeIssued::Now));
    desk
}

fn refused(why: CodeUnfit) -> Result<(), GateRefused> {
    Err(GateRefused::Code(Some(why)))
}

#[test]
fn a_code_is_made_for_the_very_plan_that_is_asked_for_and_once() {
    let mut desk = Desk::new();
    let digest = desk.planned().digest;
    assert_eq!(desk.issue(&digest, "salt"), Err(GateRefused::NoRequest));
    desk.ask(&PlanDigest::of(b"another"));
    assert_eq!(desk.issue(&digest, "salt"), Err(GateRefused::NoRequest));
    desk.ask(&digest);
    assert_eq!(desk.issue(&digest, "salt"), Ok(CodeIssued::Now));
    assert_eq!(desk.issue(&digest, "other"), Ok(CodeIssued::Before));
    desk.scene.host.pass(limits::CODE_LIFE);
    assert_eq!(desk.issue(&digest, "other"), Ok(CodeIssued::Now), "the first one is over");
    let denied = desk.order(|desk, world, facts| {
        deny(&desk.scene.compiled, world, &job("w"), (&somebody(), None), facts)
    });
    assert!(denied.is_ok());
    assert_eq!((desk.issue(&digest, "salt"), desk.code()), (Err(GateRefused::NoRequest), None));
}

#[test]
fn what_is_approved_gets_no_code_and_another_plan_does() {
    let mut desk = issued();
    let digest = desk.planned().digest;
    assert_eq!(desk.approve(typed("salt", "right")), Ok(()));
    assert_eq!(desk.code(), None, "a code serves once");
    // Its request is made open again, as if it had been asked for before the approval.
    let request = desk.world.snapshot.requests.get_mut(&job("w")).expect("a request");
    request.answer = opsfsm::journal::Answer::Pending;
    assert_eq!(desk.issue(&digest, "next"), Err(GateRefused::NoRequest));
    let other = PlanDigest::of(b"another");
    desk.ask(&other);
    assert_eq!(desk.issue(&other, "next"), Ok(CodeIssued::Now));
}

#[test]
fn only_the_code_that_was_sent_approves_and_a_wrong_one_is_counted() {
    for wrong in [typed("salt", "wrong"), typed("tlas", "right"), typed("", "")] {
        let mut desk = issued();
        assert_eq!(desk.approve(wrong), refused(CodeUnfit::Wrong));
        assert_eq!(desk.code().expect("it still serves").misses, 1);
        assert_eq!(desk.approve(typed("salt", "right")), Ok(()));
    }
    let mut desk = issued();
    for _ in 0..limits::CODE_TRIES {
        assert_eq!(desk.approve(typed("salt", "wrong")), refused(CodeUnfit::Wrong));
    }
    assert_eq!(desk.approve(typed("salt", "right")), refused(CodeUnfit::UsedUp));
    assert_eq!(desk.code().expect("a code").misses, limits::CODE_TRIES, "the right one is no miss");
}

#[test]
fn a_code_that_is_over_or_was_never_sent_approves_nothing() {
    let mut desk = Desk::new();
    assert_eq!(desk.approve(typed("salt", "right")), Err(GateRefused::Code(None)));
    let mut desk = issued();
    desk.scene.host.pass(limits::CODE_LIFE);
    assert_eq!(desk.approve(typed("salt", "right")), refused(CodeUnfit::Expired));
    let mut desk = issued();
    desk.scene.host.pass(limits::CODE_LIFE.saturating_sub(Duration::from_millis(1)));
    assert_eq!(desk.approve(typed("salt", "right")), Ok(()));
    let mut desk = issued();
    desk.scene.host.files.edit("/w", 1);
    assert_eq!(desk.approve(typed("salt", "right")), refused(CodeUnfit::OtherPlan));
}

#[test]
fn only_the_code_that_could_not_be_sent_is_taken_back() {
    let mut desk = issued();
    desk.withdraw("other");
    assert!(desk.code().is_some());
    desk.withdraw("salt");
    assert_eq!(desk.code(), None);
}
