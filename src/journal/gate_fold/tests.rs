//! The fold's own door, without the engine before it: what an honest engine never writes is refused
//! all the same, and what a fold keeps is bounded.

use super::*;
use crate::approval::Evidence;
use crate::base::BootId;
use crate::journal::{Origin, Voided, apply};
use crate::machine::{WatchInput, WatchState};
use crate::model::{Account, PlanStep, SandboxFate, SealedFile};

fn at(ms: i64) -> Stamp {
    let ms = 1_790_000_000_000 + ms;
    Stamp { wall_ms: ms, awake_ms: ms, up_ms: ms, boot: BootId::new("b") }
}

fn event(job: &str, kind: EventKind) -> Event {
    Event { at: at(5), job: Some(JobId::new(job)), kind }
}

fn plan(job: &str) -> Plan {
    let program = SealedFile { path: "/p".to_owned(), sha256: "00".to_owned(), bytes: 1 };
    let step = PlanStep {
        argv: vec!["/p".to_owned()],
        exec: "/p".to_owned(),
        program,
        interpreters: Vec::new(),
        cwd: "/".to_owned(),
        env: std::collections::BTreeMap::new(),
        files: Vec::new(),
        links: std::collections::BTreeMap::new(),
        limit_ms: None,
        not_covered: Vec::new(),
    };
    let account =
        Account { uid: 1, name: "u".to_owned(), home: "/h".to_owned(), shell: "/s".to_owned() };
    Plan { job: JobId::new(job), account, step, verifications: Vec::new(), verify_within_ms: 9 }
}

fn evidence() -> Evidence {
    let user = "u".to_owned();
    Evidence { user, uid: 1, login_uid: None, tty: None, by: None, through: None }
}

/// An approval of the job's plan.
fn grant(id: &str, job: &str, ms: i64) -> Grant {
    Grant {
        id: GrantId::new(id),
        job: JobId::new(job),
        digest: plan(job).digest().unwrap(),
        epoch: "e".to_owned(),
        at: at(ms),
        life_ms: 60_000,
        evidence: evidence(),
        level: Level::Asserted,
    }
}

fn approved(grant: Grant) -> EventKind {
    let plan = Box::new(plan(grant.job.as_str()));
    EventKind::Approved { grant: Box::new(grant), plan }
}

fn voided(id: &str) -> EventKind {
    EventKind::GrantVoided { grant: GrantId::new(id), why: Voided::Revoked, detail: None }
}

fn spent(id: &str, run: &str) -> EventKind {
    EventKind::GrantSpent { grant: GrantId::new(id), run: RunId::new(run) }
}

fn moved(input: WriteInput, to: WriteState) -> EventKind {
    EventKind::Moved { input: Input::Write(input), to: State::Write(to), cause: None }
}

fn requested(digest: Option<PlanDigest>) -> EventKind {
    EventKind::Requested { origin: Origin::Person, digest, reason: None }
}

fn code_for(digest: PlanDigest) -> EventKind {
    let (salt, hash, sent_to) = ("s".to_owned(), "h".to_owned(), "c".to_owned());
    EventKind::CodeIssued {
        code: Box::new(CodeRecord { digest, salt, hash, sent_to, at: at(0), misses: 0 }),
    }
}

/// A store with two writes, and these events of the first.
fn fold(kinds: Vec<EventKind>) -> Result<Snapshot, ReplayFault> {
    let mut snapshot = Snapshot::default();
    for job in ["w", "x"] {
        let state = State::Write(WriteState::Blocked);
        apply(&mut snapshot, &event(job, EventKind::Declared { state }))?;
    }
    for kind in kinds {
        apply(&mut snapshot, &event("w", kind))?;
    }
    Ok(snapshot)
}

fn why(kinds: Vec<EventKind>) -> &'static str {
    match fold(kinds) {
        Err(ReplayFault::Ungated { what, .. }) => what,
        Err(ReplayFault::Unnamed(_)) => "unnamed",
        Err(ReplayFault::NoEdge { .. } | ReplayFault::WrongTarget { .. }) => "no edge",
        Ok(_) => "taken",
    }
}

/// The whole way to a write that runs.
fn begun() -> Vec<EventKind> {
    vec![
        approved(grant("g", "w", 1)),
        moved(WriteInput::Approve, WriteState::Approved),
        spent("g", "r"),
        moved(WriteInput::Begin, WriteState::Running),
    ]
}

/// The way to a write whose outcome is to be verified.
fn ended(input: WriteInput, state: WriteState) -> Vec<EventKind> {
    [begun(), vec![moved(input, state)]].concat()
}

#[test]
fn a_write_begins_only_on_an_approval_spent_for_its_own_run() {
    let begin = || moved(WriteInput::Begin, WriteState::Running);
    let live =
        || vec![approved(grant("g", "w", 1)), moved(WriteInput::Approve, WriteState::Approved)];
    assert_eq!(why(begun()), "taken");
    assert_eq!(why([live(), vec![begin()]].concat()), "begins without a spent approval");
    let void = [live(), vec![voided("g"), begin()]].concat();
    assert_eq!(why(void), "begins without a spent approval");
    let mut other_run = fold([live(), vec![spent("g", "r")]].concat()).unwrap();
    let cycle = other_run.jobs.get_mut("w").unwrap().write.as_mut().unwrap();
    cycle.run = Some(RunId::new("another"));
    let fault = apply(&mut other_run, &event("w", begin())).unwrap_err();
    assert!(matches!(fault, ReplayFault::Ungated { .. }), "{fault}");
    // Any other input is for the table to judge.
    let seen = Input::Watch(WatchInput::SeenRunning);
    let to = State::Watch(WatchState::Running);
    assert_eq!(why(vec![EventKind::Moved { input: seen, to, cause: None }]), "no edge");
}

#[test]
fn a_write_is_approved_only_by_a_live_approval() {
    let approve = || moved(WriteInput::Approve, WriteState::Approved);
    assert_eq!(why(vec![approve()]), "approved without a live approval");
    let grants = || vec![approved(grant("g", "w", 1))];
    assert_eq!(why([grants(), vec![approve()]].concat()), "taken");
    for end in [voided("g"), spent("g", "r")] {
        let kinds = [grants(), vec![end, approve()]].concat();
        assert_eq!(why(kinds), "approved without a live approval");
    }
}

#[test]
fn an_approval_is_given_once_for_its_own_job_and_plan() {
    let twice = vec![approved(grant("g", "w", 1)), approved(grant("g", "w", 1))];
    assert_eq!(why(twice), "an approval is given twice, or to another");
    let others = vec![approved(grant("g", "x", 1))];
    assert_eq!(why(others), "an approval is given twice, or to another");
    let other_plan = Grant { digest: PlanDigest::of(b"x"), ..grant("g", "w", 1) };
    assert_eq!(why(vec![approved(other_plan)]), "an approval is for another plan");
}

#[test]
fn a_confirmed_approval_needs_the_code_of_its_plan() {
    let confirmed = || approved(Grant { level: Level::Confirmed, ..grant("g", "w", 1) });
    let digest = || plan("w").digest().unwrap();
    let issued = |digest| vec![requested(None), code_for(digest)];
    assert_eq!(why(vec![confirmed()]), "confirmed without a code");
    assert_eq!(why(vec![requested(None), confirmed()]), "confirmed without a code");
    assert_eq!(why([issued(digest()), vec![confirmed()]].concat()), "taken");
    let other = [issued(PlanDigest::of(b"x")), vec![confirmed()]].concat();
    assert_eq!(why(other), "confirmed without a code");
    let withdrawn = [issued(digest()), vec![EventKind::CodeWithdrawn, confirmed()]].concat();
    assert_eq!(why(withdrawn), "confirmed without a code");
    let misses = (0..limits::CODE_TRIES).map(|_| EventKind::CodeMissed).collect();
    let used_up = [issued(digest()), misses, vec![confirmed()]].concat();
    assert_eq!(why(used_up), "confirmed without a code");
    // An approval of a lower level never needs one.
    assert_eq!(why(vec![approved(grant("g", "w", 1))]), "taken");
}

#[test]
fn an_approval_ends_once_and_only_for_its_own_job() {
    let mut snapshot = fold(vec![approved(grant("g", "w", 1))]).unwrap();
    for kind in [voided("g"), spent("g", "r")] {
        let fault = apply(&mut snapshot.clone(), &event("x", kind)).unwrap_err();
        let what = "its approval is not live";
        assert_eq!(fault, ReplayFault::Ungated { job: JobId::new("x"), what });
    }
    apply(&mut snapshot, &event("w", voided("g"))).unwrap();
    for again in [voided("g"), spent("g", "r"), voided("nosuch")] {
        assert!(apply(&mut snapshot.clone(), &event("w", again)).is_err());
    }
}

#[test]
fn only_the_approval_that_a_write_stands_on_is_spent_and_once() {
    let older = vec![approved(grant("g", "w", 1)), approved(grant("h", "w", 2))];
    assert_eq!(why([older.clone(), vec![spent("h", "r")]].concat()), "taken");
    assert_eq!(why([older, vec![spent("g", "r")]].concat()), "another approval is spent");
    let mut snapshot = fold(vec![approved(grant("g", "w", 1))]).unwrap();
    let cycle = snapshot.jobs.get_mut("w").unwrap().write.as_mut().unwrap();
    cycle.run = Some(RunId::new("before"));
    assert!(apply(&mut snapshot, &event("w", spent("g", "r"))).is_err());
}

#[test]
fn a_spent_approval_answers_what_was_asked_for_its_plan_and_nothing_else() {
    let answer = |digest: Option<PlanDigest>, denied: bool| {
        let mut kinds = vec![approved(grant("g", "w", 1)), requested(digest)];
        if denied {
            kinds.push(EventKind::Denied { evidence: evidence(), reason: None });
        }
        kinds.push(spent("g", "r"));
        fold(kinds).unwrap().requests["w"].answer.clone()
    };
    let yes = Answer::Approved { grant: GrantId::new("g") };
    assert_eq!(answer(None, false), yes);
    assert_eq!(answer(Some(plan("w").digest().unwrap()), false), yes);
    assert_eq!(answer(Some(PlanDigest::of(b"x")), false), Answer::Pending);
    assert!(matches!(answer(None, true), Answer::Denied { .. }));
}

#[test]
fn a_code_outlives_a_request_for_the_same_plan_only() {
    let digest = || plan("w").digest().unwrap();
    let code = |then: Option<PlanDigest>| {
        let kinds = vec![requested(Some(digest())), code_for(digest()), requested(then)];
        fold(kinds).unwrap().requests["w"].code.is_some()
    };
    assert!(code(Some(digest())));
    assert!(!code(Some(PlanDigest::of(b"x"))) && !code(None));
}

#[test]
fn the_plan_is_kept_until_nothing_can_be_done_with_it() {
    let kept = |kinds| fold(kinds).unwrap().jobs["w"].write.is_some();
    assert!(kept(begun()));
    assert!(kept(ended(WriteInput::ExitedOk, WriteState::Verifying)));
    assert!(kept(ended(WriteInput::Lost, WriteState::Unknown)));
    assert!(!kept(ended(WriteInput::ExitedErr, WriteState::Failed)));
    assert!(!kept(ended(WriteInput::NotStarted, WriteState::Blocked)));
}

#[test]
fn a_new_round_keeps_the_deadline_of_one_that_is_waited_for() {
    let round = |round| EventKind::VerificationQueued { run: RunId::new("r"), round };
    let timed_from = |end: Vec<EventKind>, between: Vec<EventKind>| {
        let mut snapshot = fold(end).unwrap();
        let mut ms = 10;
        for kind in [vec![round(1)], between, vec![round(2)]].concat() {
            apply(&mut snapshot, &Event { at: at(ms), ..event("w", kind) }).unwrap();
            ms += 10;
        }
        let cycle = snapshot.jobs["w"].write.clone().unwrap();
        cycle.verification.unwrap().timed_from
    };
    let verifying = || ended(WriteInput::ExitedOk, WriteState::Verifying);
    let unknown = || ended(WriteInput::Lost, WriteState::Unknown);
    assert_eq!(timed_from(verifying(), vec![]), Some(at(10)));
    assert_eq!(timed_from(unknown(), vec![]), Some(at(10)));
    assert_eq!(timed_from(verifying(), vec![round(2)]), Some(at(10)));
    let failed = moved(WriteInput::VerifyFailed, WriteState::Unverified);
    assert_eq!(timed_from(verifying(), vec![failed]), None);
}

#[test]
fn a_verification_is_noted_for_its_own_run_and_check() {
    let ending = |run: &str, index, passed, sandbox| EventKind::VerificationEnded {
        run: RunId::new(run),
        index,
        check: JobId::new("v"),
        passed,
        detail: None,
        sandbox,
    };
    let queued = EventKind::VerificationQueued { run: RunId::new("r"), round: 1 };
    let open =
        || [ended(WriteInput::ExitedOk, WriteState::Verifying), vec![queued.clone()]].concat();
    let noted = |kinds| {
        let snapshot = fold([open(), kinds].concat()).unwrap();
        let verification = snapshot.jobs["w"].write.clone().unwrap().verification.unwrap();
        (Vec::from_iter(verification.passed), verification.unsandboxed)
    };
    assert_eq!(noted(vec![ending("r", 3, true, None)]), (vec![3], false));
    assert_eq!(noted(vec![ending("r", 3, false, None)]), (vec![], false));
    let none = Some(SandboxFate::Unavailable);
    let kinds = vec![ending("r", 3, true, none), ending("r", 4, true, None)];
    assert_eq!(noted(kinds), (vec![3, 4], true));
    assert_eq!(why([open(), vec![ending("s", 3, true, None)]].concat()), "unnamed");
}

#[test]
fn of_approvals_that_are_over_the_oldest_goes_and_none_that_is_needed() {
    // The oldest of all is live, and the next one stands behind a write that runs.
    let mut snapshot = fold(begun()).unwrap();
    apply(&mut snapshot, &event("x", approved(grant("live", "x", 0)))).unwrap();
    for n in 0..limits::GRANTS_KEPT - 1 {
        // Their names fall as their times rise, so that neither is taken for the other.
        let spent = grant(&format!("g{:04}", 9999 - n), "w", 10 + i64::try_from(n).unwrap());
        let fate = GrantFate::Spent { run: RunId::new("r") };
        snapshot.grants.insert(spent.id.clone(), GrantRecord { grant: spent, fate });
    }
    let full = snapshot.clone();
    drop_oldest_grant(&mut snapshot);
    assert_eq!(snapshot, full, "as many as are kept");
    // One more is over, and the next approval drops the oldest.
    apply(&mut snapshot, &event("x", voided("live"))).unwrap();
    apply(&mut snapshot, &event("x", approved(grant("next", "x", 9000)))).unwrap();
    let gone = |now: &Snapshot| -> Vec<GrantId> {
        full.grants.keys().filter(|id| !now.grants.contains_key(*id)).cloned().collect()
    };
    assert_eq!(gone(&snapshot), [GrantId::new("live")]);
    apply(&mut snapshot, &event("x", voided("next"))).unwrap();
    apply(&mut snapshot, &event("x", approved(grant("last", "x", 9001)))).unwrap();
    assert_eq!(gone(&snapshot), [GrantId::new("g9999"), GrantId::new("live")]);
}
