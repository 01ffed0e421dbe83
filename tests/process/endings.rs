//! How children end: by themselves, at their limit, by force, and what they leave behind.

use std::time::Duration;

use opsfsm::adapters::process::{Control, Deadline, Graces, run_children};
use opsfsm::model::End;

use crate::support::{
    HANG, await_gone, await_pid, await_some, code, impatient, kill, limited, run, run_all, sh,
    sh_in, text,
};

#[test]
fn exit_codes_and_signals_are_told() {
    assert_eq!(run(sh("exit 0")).end, code(0));
    assert_eq!(run(sh("exit 3")).end, code(3));
    assert_eq!(run(sh("exit 255")).end, code(255));
    assert_eq!(run(sh("kill -KILL $$")).end, End::Signaled { signal: 9 });
    assert_eq!(run(sh("kill -TERM $$")).end, End::Signaled { signal: 15 });
}

#[test]
fn a_hanging_child_ends_at_its_limit_with_its_whole_group() {
    let folder = tempfile::tempdir().unwrap();
    let script = "sleep 1000 & echo $! > pid; echo said; exec sleep 1000";
    let result = run(limited(sh_in(folder.path(), script), 1500));
    assert_eq!(result.end, End::TimedOut { limit_ms: 1500 });
    assert!(result.took >= Duration::from_millis(1500) && result.took < HANG);
    assert_eq!(text(&result.stdout.bytes), "said\n");
    await_gone(await_pid(&folder.path().join("pid")));
}

#[test]
fn one_that_ignores_term_is_killed() {
    let script = "trap '' TERM; echo deaf; while :; do sleep 1000; done";
    let result = run(limited(sh(script), 300));
    assert_eq!(result.end, End::TimedOut { limit_ms: 300 });
    if result.stdout.total > 0 {
        assert!(result.took >= Duration::from_millis(400), "TERM, the grace, then KILL");
    }
}

#[test]
fn a_descendant_that_ignores_term_dies_with_its_leader() {
    let folder = tempfile::tempdir().unwrap();
    let deaf = "trap '' TERM; echo $$ > pid; while :; do sleep 1000; done";
    std::fs::write(folder.path().join("deaf"), deaf).unwrap();
    let script = "sh deaf & while [ ! -s pid ]; do sleep 0.01; done; exec sleep 1000";
    let result = run(limited(sh_in(folder.path(), script), 2000));
    assert_eq!(result.end, End::TimedOut { limit_ms: 2000 });
    await_gone(await_pid(&folder.path().join("pid")));
}

#[test]
fn one_that_cleans_up_on_term_still_timed_out() {
    let script = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    let result = run(limited(sh(script), 2000));
    assert_eq!(result.end, End::TimedOut { limit_ms: 2000 });
    assert_eq!(text(&result.stdout.bytes), "ready\nbye\n");
}

#[test]
fn a_stopped_child_is_no_trouble() {
    let result = run(limited(sh("kill -STOP $$"), 100));
    assert_eq!(result.end, End::TimedOut { limit_ms: 100 });
}

#[test]
fn a_limit_is_on_the_wall_not_on_silence() {
    let result = run(limited(sh("while :; do echo drip; sleep 0.01; done"), 300));
    assert_eq!(result.end, End::TimedOut { limit_ms: 300 });
}

#[test]
fn a_child_that_would_not_go_is_given_up() {
    // No patience at all stands in for uninterruptible sleep: KILL may or may not have struck.
    let graces = Graces { kill: Duration::ZERO, reap: Duration::ZERO, leak: Duration::ZERO };
    let control = Control { graces, ..Control::default() };
    let end = run_children(&[limited(sh("trap '' TERM; sleep 1000"), 50)], &control).remove(0).end;
    assert!(
        matches!(end, End::Unkillable { pid: 2.. } | End::TimedOut { limit_ms: 50 }),
        "{end:?}"
    );
}

#[test]
fn a_descendant_that_holds_the_pipe_is_not_awaited() {
    let folder = tempfile::tempdir().unwrap();
    let result = run(sh_in(folder.path(), "sleep 1000 & echo $! > pid; echo said; exit 4"));
    assert_eq!((result.end, result.leaked), (code(4), true));
    assert_eq!(text(&result.stdout.bytes), "said\n");
    kill(await_pid(&folder.path().join("pid")));
}

#[test]
fn a_descendant_that_floods_the_pipe_is_not_awaited_either() {
    let folder = tempfile::tempdir().unwrap();
    let result = run(sh_in(folder.path(), "yes & echo $! > pid; exit 0"));
    assert_eq!((result.end, result.leaked), (code(0), true));
    // Closing the pipe ends it by SIGPIPE.
    await_gone(await_pid(&folder.path().join("pid")));
}

#[test]
fn one_that_escapes_by_setsid_shows_as_leaked() {
    let folder = tempfile::tempdir().unwrap();
    let escape = "setsid sh -c 'echo $$ > pid; exec sleep 1000' & \
        while [ ! -s pid ]; do sleep 0.01; done";
    let result = run(sh_in(folder.path(), escape));
    assert_eq!((result.end, result.leaked), (code(0), true));
    kill(await_pid(&folder.path().join("pid")));

    std::fs::remove_file(folder.path().join("pid")).unwrap();
    let result = run(limited(sh_in(folder.path(), &format!("{escape}; exec sleep 1000")), 2000));
    assert_eq!((result.end, result.leaked), (End::TimedOut { limit_ms: 2000 }, true));
    kill(await_pid(&folder.path().join("pid")));
}

/// Two hundred descendants, each the child of another: all are of the group, and go with it.
#[test]
fn a_bounded_fork_bomb_ends_with_its_group() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("end"), "").unwrap();
    let end = folder.path().join("end").display().to_string();
    let bomb = format!(
        "f() {{ [ $1 -gt 0 ] && {{ f $(($1 - 1)) & f $(($1 - 1)) & }}; exec tail -f '{end}'; }}; f 6"
    );
    let result = run(limited(sh_in(folder.path(), &bomb), 3000));
    assert_eq!(result.end, End::TimedOut { limit_ms: 3000 });
    let left = || {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = entries.filter_map(|e| std::fs::read(e.path().join("cmdline")).ok());
        lines.filter(|line| String::from_utf8_lossy(line).contains(&end)).count()
    };
    await_some("the end of all of them", || (left() == 0).then_some(()));
}

#[test]
fn one_that_closes_its_output_is_awaited_all_the_same() {
    let result = run(sh("exec >&- 2>&-; sleep 0.05; exit 6"));
    assert_eq!((result.end, result.leaked), (code(6), false));
}

#[test]
fn a_deadline_cancels_the_running_and_the_waiting() {
    let mut specs = vec![sh("exit 5")];
    specs.extend((0..300).map(|_| sh("exec sleep 1000")));
    let deadline = Some(Deadline::after(Duration::from_secs(3)));
    let results = run_children(&specs, &Control { deadline, ..impatient() });
    assert_eq!(results[0].end, code(5));
    assert!(results[1..].iter().all(|result| result.end == End::Cancelled));
    let passed = Some(Deadline::after(Duration::ZERO));
    let results = run_children(&specs[..1], &Control { deadline: passed, ..impatient() });
    assert_eq!(results[0].end, End::Cancelled, "nothing starts behind a deadline");
}

#[test]
fn bad_children_do_no_harm_to_their_neighbours() {
    let mut specs = Vec::new();
    for _ in 0..10 {
        specs.push(limited(sh("exec yes"), 500));
        specs.push(limited(sh("exec sleep 1000"), 500));
        specs.push(sh("echo fine"));
    }
    for (index, result) in run_all(&specs).into_iter().enumerate() {
        if index % 3 == 2 {
            assert_eq!((result.end, text(&result.stdout.bytes)), (code(0), "fine\n".to_owned()));
        } else {
            assert_eq!(result.end, End::TimedOut { limit_ms: 500 });
        }
    }
}
