//! The journal's promises: what was written stays readable under the same names, and what was
//! changed, dropped, moved or added afterwards is found.

use expect_test::expect;

use super::*;
use crate::approval::{CodeRecord, Evidence, Grant, Level, PlanDigest, Unfit};
use crate::base::{BootId, GrantId, ItemId, JobId, RunId, Stamp, limits};
use crate::machine::{CheckInput, CheckState, Input, State, WatchInput, WatchState, WriteState};
use crate::model::{
    Account, End, Plan, PlanStep, PlanVerification, ProcessId, Purpose, SandboxFate, SealedFile,
    SpawnFault,
};

fn at(ms: i64) -> Stamp {
    Stamp { wall_ms: ms, awake_ms: ms + 1, up_ms: ms + 2, boot: BootId::new("b") }
}

fn of_job(kind: EventKind) -> Event {
    Event { at: at(7), job: Some(JobId::new("scan")), kind }
}

fn of_store(kind: EventKind) -> Event {
    Event { at: at(7), job: None, kind }
}

/// A number for each kind. One that is missing here does not compile, and one that no sample has
/// fails `every_kind_has_a_sample`.
fn place(kind: &EventKind) -> usize {
    match kind {
        EventKind::StoreCreated { .. } => 0,
        EventKind::ConfigAdopted { .. } => 1,
        EventKind::Imported { .. } => 2,
        EventKind::Declared { .. } => 3,
        EventKind::Moved { .. } => 4,
        EventKind::CauseChanged { .. } => 5,
        EventKind::ImportedState { .. } => 6,
        EventKind::RunClaimed { .. } => 7,
        EventKind::RunEnded { .. } => 8,
        EventKind::RunDropped { .. } => 9,
        EventKind::AttemptsReset => 10,
        EventKind::Enqueued { .. } => 11,
        EventKind::ItemStarted { .. } => 12,
        EventKind::ItemReturned { .. } => 13,
        EventKind::ItemSettled { .. } => 14,
        EventKind::Requested { .. } => 15,
        EventKind::Denied { .. } => 16,
        EventKind::Approved { .. } => 17,
        EventKind::GrantVoided { .. } => 18,
        EventKind::GrantSpent { .. } => 19,
        EventKind::WriteRefused { .. } => 20,
        EventKind::WriteStarted { .. } => 21,
        EventKind::VerificationQueued { .. } => 22,
        EventKind::VerificationEnded { .. } => 23,
        EventKind::Acknowledged { .. } => 24,
        EventKind::WriteMarked { .. } => 25,
        EventKind::Reclassified { .. } => 26,
        EventKind::CodeIssued { .. } => 27,
        EventKind::CodeMissed => 28,
        EventKind::CodeWithdrawn => 29,
        EventKind::StoreRestored { .. } => 30,
    }
}

const KINDS: usize = 31;

fn evidence() -> Evidence {
    let user = "u".to_owned();
    Evidence { user, uid: 1, login_uid: None, tty: None, by: None, through: None }
}

fn code() -> CodeRecord {
    let digest = PlanDigest::of(b"x");
    CodeRecord {
        digest,
        salt: "s".to_owned(),
        hash: "h".to_owned(),
        sent_to: "c".to_owned(),
        at: at(7),
        misses: 1,
    }
}

/// An approval and its plan, with everything that a plan can have.
fn approved() -> EventKind {
    let file = SealedFile { path: "/p".to_owned(), sha256: "00".to_owned(), bytes: 1 };
    let step = PlanStep {
        argv: vec!["/p".to_owned()],
        exec: "/p".to_owned(),
        program: file.clone(),
        interpreters: Vec::new(),
        cwd: "/".to_owned(),
        env: std::collections::BTreeMap::from([("A".to_owned(), "1".to_owned())]),
        files: vec![file],
        links: std::collections::BTreeMap::from([("/l".to_owned(), "/p".to_owned())]),
        limit_ms: None,
        not_covered: vec!["x".to_owned()],
    };
    let account =
        Account { uid: 1, name: "u".to_owned(), home: "/h".to_owned(), shell: "/s".to_owned() };
    let check =
        PlanVerification { job: JobId::new("v"), delay_ms: 1, step: step.clone(), sandboxed: true };
    let job = JobId::new("scan");
    let plan =
        Plan { job: job.clone(), account, step, verifications: vec![check], verify_within_ms: 9 };
    let evidence = Evidence {
        login_uid: Some(2),
        tty: Some("/dev/pts/0".to_owned()),
        by: Some("Ann".to_owned()),
        through: Some("ops".to_owned()),
        ..evidence()
    };
    let grant = Grant {
        id: GrantId::new("g1"),
        job,
        digest: PlanDigest::of(b"x"),
        epoch: "e".to_owned(),
        at: at(7),
        life_ms: 5,
        evidence,
        level: Level::Asserted,
    };
    EventKind::Approved { grant: Box::new(grant), plan: Box::new(plan) }
}

/// The events of the gate, each optional field once there and once not.
fn gate_samples() -> Vec<Event> {
    let (run, grant) = (RunId::new("r1"), GrantId::new("g1"));
    let text = || Some("because".to_owned());
    let voided = |why| EventKind::GrantVoided { grant: grant.clone(), why, detail: None };
    let ended = |passed, detail| EventKind::VerificationEnded {
        run: run.clone(),
        index: 0,
        check: JobId::new("v"),
        passed,
        detail,
        sandbox: passed.then_some(SandboxFate::Unavailable),
    };
    let process = ProcessId { pid: 4, start_ticks: 5, boot: BootId::new("b") };
    let digest = Some(PlanDigest::of(b"x"));
    let kinds = vec![
        EventKind::Requested { origin: Origin::Person, digest, reason: text() },
        EventKind::Denied { evidence: evidence(), reason: None },
        EventKind::Denied { evidence: evidence(), reason: text() },
        EventKind::CodeIssued { code: Box::new(code()) },
        EventKind::CodeMissed,
        EventKind::CodeWithdrawn,
        approved(),
        voided(Voided::Revoked),
        voided(Voided::Replaced),
        voided(Voided::Unfit(Unfit::Expired)),
        EventKind::GrantSpent { grant: grant.clone(), run: run.clone() },
        EventKind::WriteRefused { why: "no".to_owned(), run: None },
        EventKind::WriteRefused { why: "no".to_owned(), run: Some(run.clone()) },
        EventKind::WriteStarted { run: run.clone(), process },
        EventKind::VerificationQueued { run: run.clone(), round: 1 },
        ended(true, None),
        ended(false, text()),
        EventKind::Acknowledged { evidence: evidence(), note: None },
        EventKind::Acknowledged { evidence: evidence(), note: text() },
        EventKind::WriteMarked { mark: "m".to_owned() },
        EventKind::Reclassified { evidence: evidence() },
    ];
    kinds.into_iter().map(of_job).collect()
}

fn origins() -> Vec<Origin> {
    vec![
        Origin::Chain { job: JobId::new("scan"), run: RunId::new("r1") },
        Origin::Verification { job: JobId::new("w"), run: RunId::new("r1"), index: 0, round: 1 },
        Origin::Schedule,
        Origin::Person,
        Origin::Account { user: "u".to_owned(), uid: 1 },
        Origin::Config,
        Origin::Import { id: "7".to_owned(), reason: "by hand".to_owned() },
    ]
}

fn ends() -> Vec<End> {
    vec![
        End::Exited { code: 3 },
        End::Signaled { signal: 9 },
        End::TimedOut { limit_ms: 1000 },
        End::Cancelled,
        End::Unkillable { pid: 4 },
        End::NotStarted { fault: SpawnFault::NotFound, detail: "no such program".to_owned() },
        End::Lost,
    ]
}

/// Every kind of event, with every optional field once there and once not.
fn samples() -> Vec<Event> {
    let (run, item) = (RunId::new("r1"), ItemId::new("i1"));
    let purpose = Purpose::Check;
    let cause = Cause { kind: CauseKind::Stopped, detail: Some("out of disk".to_owned()) };
    let running = State::Watch(WatchState::Running);
    let stalled = State::Watch(WatchState::Stalled);
    let moved = |input, to, cause| of_job(EventKind::Moved { input, to, cause });
    let mut all = vec![
        of_store(EventKind::StoreCreated { epoch: "e".to_owned() }),
        of_store(EventKind::StoreRestored { epoch: "f".to_owned() }),
        of_store(EventKind::ConfigAdopted { path: "/c.toml".to_owned() }),
        of_store(EventKind::Imported { path: "/v1.json".to_owned(), jobs: 2 }),
        of_job(EventKind::Declared { state: State::Check(CheckState::Idle) }),
        of_job(EventKind::Declared { state: State::Write(WriteState::Blocked) }),
        moved(Input::Watch(WatchInput::SeenStopped), stalled, Some(cause.clone())),
        moved(
            Input::Check(CheckInput::ExitedErr),
            State::Check(CheckState::Failed),
            Some(Cause::plain(CauseKind::RunFailed)),
        ),
        moved(Input::Watch(WatchInput::SeenRunning), running, None),
        of_job(EventKind::CauseChanged { cause: cause.clone() }),
        of_job(EventKind::ImportedState {
            state: stalled,
            cause: Some(cause),
            last_start: Some(at(1)),
            last_run: Some((at(2), End::Exited { code: 0 })),
        }),
        of_job(EventKind::ImportedState {
            state: running,
            cause: None,
            last_start: None,
            last_run: None,
        }),
        of_job(EventKind::RunClaimed { run: run.clone(), purpose: Purpose::Resume }),
        of_job(EventKind::RunDropped { run: run.clone(), purpose: Purpose::RestartStop }),
        of_job(EventKind::AttemptsReset),
        of_job(EventKind::ItemStarted { item: item.clone(), run: run.clone() }),
        of_job(EventKind::ItemReturned { item: item.clone() }),
        of_job(EventKind::Requested { origin: Origin::Person, digest: None, reason: None }),
    ];
    let ended = |end| EventKind::RunEnded { run: run.clone(), purpose, end, attention: true };
    all.extend(ends().into_iter().map(|end| of_job(ended(end))));
    let queued = |origin| QueueItem { id: item.clone(), delay_ms: 5, origin };
    let queued = origins().into_iter().map(queued);
    all.extend(queued.map(|item| of_job(EventKind::Enqueued { item })));
    let hows = [ItemEnd::Done, ItemEnd::Failed, ItemEnd::Blocked, ItemEnd::Dropped];
    let settled = hows.map(|how| of_job(EventKind::ItemSettled { item: item.clone(), how }));
    all.extend(settled);
    all.extend(gate_samples());
    all
}

#[test]
fn every_kind_has_a_sample() {
    let mut seen = [false; KINDS];
    for event in samples() {
        seen[place(&event.kind)] = true;
    }
    assert!(seen.iter().all(|s| *s), "{seen:?}");
}

#[test]
fn every_event_reads_back_as_it_was_written() {
    for event in samples() {
        let text = encode_event(&event).unwrap();
        assert_eq!(decode_event(&text).unwrap(), event, "{text}");
        assert_eq!(encode_event(&decode_event(&text).unwrap()).unwrap(), text);
    }
}

/// What stands here stands in people's stores: a line may be added, none may change.
#[test]
fn stored_names_do_not_drift() {
    let lines: Vec<String> = samples().iter().map(|e| encode_event(e).unwrap()).collect();
    expect![[r#"
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"event":"store_created","epoch":"e"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"event":"store_restored","epoch":"f"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"event":"config_adopted","path":"/c.toml"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"event":"imported","path":"/v1.json","jobs":2}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"declared","state":{"check":"idle"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"declared","state":{"write":"blocked"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"moved","input":{"watch":"seen_stopped"},"to":{"watch":"stalled"},"cause":{"kind":"stopped","detail":"out of disk"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"moved","input":{"check":"exited_err"},"to":{"check":"failed"},"cause":{"kind":"run_failed"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"moved","input":{"watch":"seen_running"},"to":{"watch":"running"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"cause_changed","cause":{"kind":"stopped","detail":"out of disk"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"imported_state","state":{"watch":"stalled"},"cause":{"kind":"stopped","detail":"out of disk"},"last_start":{"wall":1,"awake":2,"up":3,"boot":"b"},"last_run":[{"wall":2,"awake":3,"up":4,"boot":"b"},{"how":"exited","code":0}]}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"imported_state","state":{"watch":"running"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"run_claimed","run":"r1","purpose":"resume"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"run_dropped","run":"r1","purpose":"restart_stop"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"attempts_reset"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"item_started","item":"i1","run":"r1"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"item_returned","item":"i1"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"requested","origin":{"by":"person"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"run_ended","run":"r1","purpose":"check","end":{"how":"exited","code":3},"attention":true}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"run_ended","run":"r1","purpose":"check","end":{"how":"signaled","signal":9},"attention":true}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"run_ended","run":"r1","purpose":"check","end":{"how":"timed_out","limit_ms":1000},"attention":true}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"run_ended","run":"r1","purpose":"check","end":{"how":"cancelled"},"attention":true}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"run_ended","run":"r1","purpose":"check","end":{"how":"unkillable","pid":4},"attention":true}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"run_ended","run":"r1","purpose":"check","end":{"how":"not_started","fault":"not_found","detail":"no such program"},"attention":true}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"run_ended","run":"r1","purpose":"check","end":{"how":"lost"},"attention":true}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"enqueued","item":{"id":"i1","delay_ms":5,"origin":{"by":"chain","job":"scan","run":"r1"}}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"enqueued","item":{"id":"i1","delay_ms":5,"origin":{"by":"verification","job":"w","run":"r1","index":0,"round":1}}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"enqueued","item":{"id":"i1","delay_ms":5,"origin":{"by":"schedule"}}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"enqueued","item":{"id":"i1","delay_ms":5,"origin":{"by":"person"}}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"enqueued","item":{"id":"i1","delay_ms":5,"origin":{"by":"account","user":"u","uid":1}}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"enqueued","item":{"id":"i1","delay_ms":5,"origin":{"by":"config"}}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"enqueued","item":{"id":"i1","delay_ms":5,"origin":{"by":"import","id":"7","reason":"by hand"}}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"item_settled","item":"i1","how":"done"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"item_settled","item":"i1","how":"failed"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"item_settled","item":"i1","how":"blocked"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"item_settled","item":"i1","how":"dropped"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"requested","origin":{"by":"person"},"digest":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","reason":"because"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"denied","evidence":{"user":"u","uid":1}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"denied","evidence":{"user":"u","uid":1},"reason":"because"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"code_issued","code":{"digest":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","salt":"s","hash":"h","sentTo":"c","at":{"wall":7,"awake":8,"up":9,"boot":"b"},"misses":1}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"code_missed"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"code_withdrawn"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"approved","grant":{"id":"g1","job":"scan","digest":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","epoch":"e","at":{"wall":7,"awake":8,"up":9,"boot":"b"},"lifeMs":5,"evidence":{"user":"u","uid":1,"loginUid":2,"tty":"/dev/pts/0","by":"Ann","through":"ops"},"level":"asserted"},"plan":{"job":"scan","account":{"uid":1,"name":"u","home":"/h","shell":"/s"},"step":{"argv":["/p"],"exec":"/p","program":{"path":"/p","sha256":"00","bytes":1},"interpreters":[],"cwd":"/","env":{"A":"1"},"files":[{"path":"/p","sha256":"00","bytes":1}],"links":{"/l":"/p"},"limitMs":null,"notCovered":["x"]},"verifications":[{"job":"v","delayMs":1,"step":{"argv":["/p"],"exec":"/p","program":{"path":"/p","sha256":"00","bytes":1},"interpreters":[],"cwd":"/","env":{"A":"1"},"files":[{"path":"/p","sha256":"00","bytes":1}],"links":{"/l":"/p"},"limitMs":null,"notCovered":["x"]},"sandboxed":true}],"verifyWithinMs":9}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"grant_voided","grant":"g1","why":"revoked"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"grant_voided","grant":"g1","why":"replaced"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"grant_voided","grant":"g1","why":{"unfit":"expired"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"grant_spent","grant":"g1","run":"r1"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"write_refused","why":"no"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"write_refused","why":"no","run":"r1"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"write_started","run":"r1","process":{"pid":4,"start_ticks":5,"boot":"b"}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"verification_queued","run":"r1","round":1}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"verification_ended","run":"r1","index":0,"check":"v","passed":true,"sandbox":"unavailable"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"verification_ended","run":"r1","index":0,"check":"v","passed":false,"detail":"because"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"acknowledged","evidence":{"user":"u","uid":1}}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"acknowledged","evidence":{"user":"u","uid":1},"note":"because"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"write_marked","mark":"m"}
        {"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"job":"scan","event":"reclassified","evidence":{"user":"u","uid":1}}"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn every_word_inside_an_event_is_known_by_name() {
    let states: Vec<String> = [
        WatchState::ALL.iter().map(|s| State::Watch(*s)).collect::<Vec<_>>(),
        CheckState::ALL.iter().map(|s| State::Check(*s)).collect(),
        WriteState::ALL.iter().map(|s| State::Write(*s)).collect(),
    ]
    .concat()
    .iter()
    .map(|s| serde_json::to_string(s).unwrap())
    .collect();
    expect![[r#"{"watch":"idle"} {"watch":"running"} {"watch":"stalled"} {"watch":"resuming"} {"watch":"paused"} {"watch":"completed"} {"watch":"failed"} {"check":"idle"} {"check":"queued"} {"check":"running"} {"check":"completed"} {"check":"failed"} {"write":"blocked"} {"write":"approved"} {"write":"running"} {"write":"verifying"} {"write":"verified"} {"write":"failed"} {"write":"unverified"} {"write":"unknown"}"#]].assert_eq(&states.join(" "));
    let causes = [
        CauseKind::NoProgress,
        CauseKind::Stopped,
        CauseKind::ResumeFailed,
        CauseKind::GaveUp,
        CauseKind::ByPerson,
        CauseKind::RunFailed,
        CauseKind::Lost,
    ];
    for cause in causes {
        let stored = serde_json::to_string(&cause).unwrap();
        assert_eq!(stored, format!("\"{}\"", cause.as_str()));
    }
    let purposes =
        [Purpose::Start, Purpose::Resume, Purpose::Stop, Purpose::RestartStop, Purpose::Check];
    for purpose in purposes {
        let stored = serde_json::to_string(&purpose).unwrap();
        assert_eq!(stored, format!("\"{}\"", purpose.as_str()));
    }
}

#[test]
fn what_is_no_event_of_this_build_is_refused() {
    for text in [
        "",
        "{}",
        "null",
        r#"{"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"event":"exploded"}"#,
        r#"{"at":{"wall":7,"awake":8,"up":9,"boot":"b"},"event":"moved","input":{"watch":"fly"},"to":{"watch":"running"}}"#,
        r#"{"at":{"wall":7},"event":"attempts_reset"}"#,
    ] {
        assert!(decode_event(text).is_err(), "{text}");
    }
}

/// The hashes of a journal: each record's own, in order.
fn chain(records: &[String]) -> Vec<Head> {
    let mut head = Head::default();
    let next = |record: &String| {
        head = next_head(&head, record);
        head.clone()
    };
    records.iter().map(next).collect()
}

#[test]
fn a_record_changed_dropped_swapped_or_added_breaks_the_chain() {
    let records: Vec<String> = samples().iter().map(|e| encode_event(e).unwrap()).collect();
    let honest = chain(&records);
    let last = honest.last().unwrap().clone();
    for i in 0..records.len() {
        let mut changed = records.clone();
        let byte = changed[i].pop().unwrap();
        changed[i].extend([' ', byte]);
        let broken = chain(&changed);
        assert_eq!(broken[..i], honest[..i]);
        assert!(broken[i..].iter().zip(&honest[i..]).all(|(b, h)| b.hash != h.hash), "{i}");

        let mut dropped = records.clone();
        dropped.remove(i);
        assert_ne!(chain(&dropped).last(), Some(&last), "dropped {i}");

        let mut added = records.clone();
        added.insert(i, records[0].clone());
        assert_ne!(chain(&added).last(), Some(&last), "added {i}");

        for j in i + 1..records.len() {
            let mut swapped = records.clone();
            swapped.swap(i, j);
            assert_ne!(chain(&swapped).last(), Some(&last), "swapped {i} and {j}");
        }
    }
}

#[test]
fn records_can_not_be_glued_together_or_split() {
    let whole = chain(&["ab".to_owned(), "c".to_owned()]);
    for other in [vec!["a", "bc"], vec!["abc"], vec!["ab", "c", ""], vec!["", "ab", "c"]] {
        let other: Vec<String> = other.into_iter().map(str::to_owned).collect();
        assert_ne!(chain(&other).last(), whole.last(), "{other:?}");
    }
    assert_eq!(chain(&[]), []);
    assert_eq!(Head::default().short(), "00000000");
}

fn fold(events: &[Event]) -> Result<Snapshot, ReplayFault> {
    let mut snapshot = Snapshot::default();
    events.iter().try_for_each(|e| apply(&mut snapshot, e)).map(|()| snapshot)
}

#[test]
fn an_event_about_what_nobody_named_is_refused() {
    let unnamed: Vec<Event> = samples()
        .into_iter()
        .filter(|e| {
            let founding = matches!(
                e.kind,
                EventKind::StoreCreated { .. }
                    | EventKind::StoreRestored { .. }
                    | EventKind::ConfigAdopted { .. }
                    | EventKind::Imported { .. }
                    | EventKind::Declared { .. }
                    | EventKind::ImportedState { .. }
                    | EventKind::Enqueued { .. }
                    | EventKind::Requested { .. }
                    | EventKind::WriteMarked { .. }
                    | EventKind::Reclassified { .. }
            );
            !founding
        })
        .collect();
    assert!(unnamed.len() > 10);
    for event in unnamed {
        let fault = fold(std::slice::from_ref(&event)).unwrap_err();
        let refused = matches!(fault, ReplayFault::Unnamed(_) | ReplayFault::Ungated { .. });
        assert!(refused, "{event:?} gives {fault}");
    }
    for event in samples().into_iter().filter(|e| e.job.is_some()) {
        let item = matches!(
            event.kind,
            EventKind::ItemStarted { .. }
                | EventKind::ItemReturned { .. }
                | EventKind::ItemSettled { .. }
        );
        let homeless = Event { job: None, ..event };
        assert!(item || fold(&[homeless]).is_err());
    }
}

#[test]
fn an_event_that_the_table_does_not_know_is_refused() {
    let declared = of_job(EventKind::Declared { state: State::Watch(WatchState::Idle) });
    let moved = |input, to| {
        let event = of_job(EventKind::Moved { input: Input::Watch(input), to, cause: None });
        fold(&[declared.clone(), event])
    };
    let running = State::Watch(WatchState::Running);
    assert!(moved(WatchInput::SeenRunning, running).is_ok());
    let wrong = moved(WatchInput::SeenRunning, State::Watch(WatchState::Completed)).unwrap_err();
    expect![
        "job `scan`: the event says `seen_running` leads to `completed`, the table says `running`"
    ]
    .assert_eq(&wrong.to_string());
    let none = moved(WatchInput::GiveUp, State::Watch(WatchState::Failed)).unwrap_err();
    assert!(matches!(none, ReplayFault::NoEdge { .. }), "{none}");
    let other = of_job(EventKind::Moved {
        input: Input::Check(CheckInput::Begin),
        to: State::Check(CheckState::Running),
        cause: None,
    });
    assert!(matches!(fold(&[declared, other]), Err(ReplayFault::NoEdge { .. })));
}

#[test]
fn of_settled_items_only_the_newest_are_kept_and_no_waiting_one_goes() {
    let item = |n: usize| ItemId::new(format!("i{n:05}"));
    let mut events = vec![of_job(EventKind::Declared { state: State::Check(CheckState::Idle) })];
    let many = limits::QUEUE_KEPT + 50;
    for n in 0..many {
        let queued = QueueItem { id: item(n), delay_ms: 0, origin: Origin::Person };
        let moment = at(i64::try_from(n).unwrap());
        events.push(Event { at: moment, ..of_job(EventKind::Enqueued { item: queued }) });
    }
    for n in (0..many).rev().filter(|n| n % 25 != 0) {
        events.push(of_job(EventKind::ItemSettled { item: item(n), how: ItemEnd::Done }));
    }
    let snapshot = fold(&events).unwrap();
    let settled = |q: &&Queued| matches!(q.state, ItemState::Settled(_));
    assert_eq!(snapshot.queue.values().filter(settled).count(), limits::QUEUE_KEPT);
    let waiting = (0..many).filter(|n| n % 25 == 0).collect::<Vec<_>>();
    assert!(waiting.iter().all(|n| snapshot.queue[&item(*n)].state == ItemState::Pending));
}

#[test]
fn a_resume_that_never_began_is_no_attempt() {
    let (run, purpose) = (RunId::new("r1"), Purpose::Resume);
    let begun = [
        of_job(EventKind::Declared { state: State::Watch(WatchState::Idle) }),
        of_job(EventKind::RunClaimed { run: run.clone(), purpose }),
    ];
    let attempts = |events: &[Event]| fold(events).unwrap().jobs["scan"].attempts;
    assert_eq!(attempts(&begun), 1);
    let dropped = of_job(EventKind::RunDropped { run, purpose });
    assert_eq!(attempts(&[begun.as_slice(), std::slice::from_ref(&dropped)].concat()), 0);
    assert_eq!(attempts(&[begun[0].clone(), dropped]), 0);
}

#[test]
fn every_kind_of_event_is_named() {
    let unknown = serde_json::from_value::<EventKind>(serde_json::json!({"event": "nosuch"}));
    let names = EventKind::NAMES.join("`, `");
    assert!(unknown.unwrap_err().to_string().ends_with(&format!("expected one of `{names}`")));
}

#[test]
fn at_stake_is_a_live_approval_of_this_store_or_a_code() {
    let EventKind::Approved { grant, .. } = approved() else { panic!("it is an approval") };
    let holds = |epoch: &str, fate: GrantFate, code: Option<CodeRecord>| {
        let mut snapshot = Snapshot { epoch: Some(epoch.to_owned()), ..Snapshot::default() };
        let record = GrantRecord { grant: (*grant).clone(), fate };
        snapshot.grants.insert(grant.id.clone(), record);
        let answer = Answer::Pending;
        let (origin, digest, reason) = (Origin::Person, None, None);
        let request = Request { at: at(1), origin, digest, reason, answer, code };
        snapshot.requests.insert(JobId::new("scan"), request);
        is_at_stake(&snapshot)
    };
    let spent = || GrantFate::Spent { run: RunId::new("r1") };
    assert!(holds("e", GrantFate::Live, None));
    assert!(!holds("e", spent(), None) && !holds("f", GrantFate::Live, None));
    assert!(holds("f", spent(), Some(code())));
}

#[test]
fn an_epoch_is_of_its_head_and_its_seed() {
    let heads = [Head::default(), next_head(&Head::default(), "a")];
    let epochs: std::collections::BTreeSet<String> =
        heads.iter().flat_map(|head| [b"1", b"2"].map(|seed| next_epoch(head, seed))).collect();
    assert_eq!(epochs.len(), 4);
    let hex = |epoch: &String| epoch.len() == 32 && epoch.chars().all(|c| c.is_ascii_hexdigit());
    assert!(epochs.iter().all(hex), "{epochs:?}");
}

#[test]
fn why_an_approval_is_void_is_said_in_words() {
    let words = |why: Voided| why.words();
    assert_eq!(words(Voided::Revoked), "the approval was taken back");
    assert_eq!(words(Voided::Replaced), "a newer approval took its place");
    assert_eq!(words(Voided::Unfit(Unfit::Expired)), "the approval has expired");
    let changed = Voided::Unfit(Unfit::OtherPlan).words_with(Some("/w has other content"));
    assert_eq!(changed, "the plan is not the approved one any more: /w has other content");
    assert_eq!(Voided::Revoked.words_with(None), "the approval was taken back");
}

#[test]
fn an_end_is_shown_by_the_name_that_is_stored() {
    for end in [ItemEnd::Done, ItemEnd::Failed, ItemEnd::Blocked, ItemEnd::Dropped] {
        assert_eq!(serde_json::to_value(end).unwrap(), end.as_str());
    }
}

#[test]
fn notes_that_say_nothing_are_not_written_and_others_are() {
    assert_eq!(serde_json::to_string(&Notes::default()).unwrap(), "{}");
    let seen = Notes { stopped_since_stop: true, ..Notes::default() };
    let text = serde_json::to_string(&seen).unwrap();
    assert_eq!(serde_json::from_str::<Notes>(&text).unwrap(), seen);
}

#[test]
fn what_is_held_back_is_counted_with_what_was_dropped() {
    let clock = "03:00".to_owned();
    let item = HeldItem { what: HeldNews::Recovered, clock };
    for (items, dropped) in [(0, 0), (1, 0), (0, 2), (3, 2)] {
        let held = Held { state: None, items: vec![item.clone(); items], dropped };
        let all = items + usize::try_from(dropped).unwrap();
        assert_eq!((held.len(), held.is_empty()), (all, all == 0));
    }
}
