//! Many children at once: none lost, all in order, whatever is short.

use std::fs::File;
use std::time::Duration;

use opsfsm::adapters::process::{Control, Deadline, run_children, run_children_with};
use opsfsm::model::{End, SpawnFault};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::support::{code, command, impatient, is_inner, limited, run_all, run_inner, sh, text};

/// This process has no children left at all, zombies included.
fn assert_childless() {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    assert_eq!(waitid(WaitId::All, options).err(), Some(Errno::CHILD));
}

#[test]
fn two_thousand_are_all_there() {
    let specs = vec![command(&["/bin/true"]); 2000];
    assert!(run_all(&specs).iter().all(|result| result.end == code(0)));
}

/// `OPSFSM_ROUNDS` says how often: the promise is for twenty rounds, and more find more.
#[test]
fn a_thousand_at_once_are_all_there_in_every_round() {
    let rounds = std::env::var("OPSFSM_ROUNDS").ok().and_then(|text| text.parse().ok());
    let specs: Vec<_> = (0..1000).map(|n| command(&["/bin/echo", &n.to_string()])).collect();
    for round in 0..rounds.unwrap_or(2) {
        for (n, result) in run_all(&specs).into_iter().enumerate() {
            assert_eq!(result.end, code(0), "round {round}, child {n}");
            assert_eq!(text(&result.stdout.bytes), format!("{n}\n"), "round {round}");
        }
    }
}

#[test]
fn nothing_in_nothing_out() {
    assert!(run_all(&[]).is_empty());
}

#[test]
fn results_come_in_the_order_of_the_specs() {
    let one = |n: i32| if n % 5 == 4 { command(&["/no/such"]) } else { sh(&format!("echo {n}")) };
    let specs: Vec<_> = (0..200).map(one).collect();
    for (n, result) in run_all(&specs).into_iter().enumerate() {
        if n % 5 == 4 {
            assert!(matches!(result.end, End::NotStarted { fault: SpawnFault::NotFound, .. }));
        } else {
            assert_eq!(text(&result.stdout.bytes), format!("{n}\n"));
        }
    }
}

#[test]
fn results_can_be_taken_one_by_one() {
    let specs: Vec<_> = (0..20).map(|n| sh(&format!("exit {n}"))).collect();
    let codes = run_children_with(&specs, &impatient(), |place, result| (place, result.end));
    assert_eq!(codes, (0..).zip((0..20).map(code)).collect::<Vec<_>>());
}

#[test]
fn sleepers_overlap() {
    // 250 of them one after the other would take 250 s.
    let specs = vec![command(&["sleep", "1"]); 250];
    let deadline = Some(Deadline::after(Duration::from_mins(1)));
    let control = Control { deadline, ..impatient() };
    let results = run_children(&specs, &control);
    assert!(results.iter().all(|result| result.end == code(0)));
}

#[test]
fn few_open_files_slow_children_down_and_lose_none() {
    let name = "many::few_open_files_slow_children_down_and_lose_none";
    if !is_inner(name) {
        return run_inner(name, "ulimit -n 64; exec");
    }
    let specs = vec![sh("echo x; sleep 0.002"); 300];
    for result in run_all(&specs) {
        assert_eq!((result.end, result.stdout.total), (code(0), 2));
    }
    assert_childless();
}

#[test]
fn a_full_file_table_is_waited_out() {
    let name = "many::a_full_file_table_is_waited_out";
    if !is_inner(name) {
        return run_inner(name, "ulimit -n 200; exec");
    }
    // The cap allows 45 in flight, but only eleven descriptors are free.
    let mut hogs: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    hogs.truncate(hogs.len() - 11);
    let specs = vec![sh("echo x; sleep 0.02"); 60];
    for result in run_all(&specs) {
        assert_eq!((result.end, result.stdout.total), (code(0), 2));
    }
    assert_childless();
    drop(hogs);
}

#[test]
fn a_file_table_that_stays_full_is_told_at_the_limit() {
    let name = "many::a_file_table_that_stays_full_is_told_at_the_limit";
    if !is_inner(name) {
        return run_inner(name, "ulimit -n 64; exec");
    }
    let specs = vec![limited(sh("exit 0"), 100); 3];
    let hogs: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let results = run_all(&specs);
    drop(hogs);
    for result in results {
        let End::NotStarted { fault, detail } = result.end else { panic!("{:?}", result.end) };
        assert_eq!(fault, SpawnFault::Resources);
        assert!(detail.contains("/bin/sh") && detail.contains("open files"), "{detail}");
    }
}

#[test]
fn no_zombie_is_left_behind() {
    let name = "many::no_zombie_is_left_behind";
    if !is_inner(name) {
        return run_inner(name, "exec");
    }
    let mut specs = vec![sh("exit 1"); 50];
    specs.extend(vec![limited(sh("exec sleep 1000"), 100); 20]);
    specs.extend(vec![limited(sh("trap '' TERM; while :; do sleep 1; done"), 100); 20]);
    specs.extend(vec![command(&["/no/such"]); 5]);
    let results = run_all(&specs);
    assert!(results[50..90].iter().all(|one| one.end == End::TimedOut { limit_ms: 100 }));
    assert_childless();
}
