//! Facts about processes, signals only to what is proved, and executors that outlive us.

use std::path::Path;
use std::time::Duration;

use opsfsm::adapters::process::proc::{
    self, EndSignal, Liveness, Reach, SignalRefusal, liveness, process_id, signal_if, started_for,
};
use opsfsm::adapters::process::{Deadline, spawn_detached, wait_detached};
use opsfsm::base::{BootId, RunId};
use opsfsm::model::{End, ProcessId};

use crate::support::{HANG, await_gone, await_pid, await_some, kill, run, sh_in};

fn args(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

#[test]
fn a_process_is_known_by_pid_start_and_boot() {
    let own = proc::own_process_id();
    assert_eq!((own.pid, own.boot.clone()), (std::process::id(), proc::boot_id()));
    assert_eq!(liveness(&own), Liveness::Alive);
    let other = |change: &dyn Fn(&mut ProcessId)| {
        let mut process = own.clone();
        change(&mut process);
        liveness(&process)
    };
    assert_eq!(other(&|p| p.start_ticks += 1), Liveness::Dead);
    assert_eq!(other(&|p| p.start_ticks = 0), Liveness::Unknown);
    assert_eq!(other(&|p| p.boot = BootId::new("another")), Liveness::Dead);
    assert_eq!(other(&|p| p.boot = BootId::unknown()), Liveness::Unknown);
    assert_eq!(other(&|p| p.pid = 0), Liveness::Dead);
    assert_eq!(other(&|p| p.pid = u32::MAX), Liveness::Dead);
    assert_eq!(other(&|p| p.pid = 0x3fff_fff0), Liveness::Dead);
    assert!(proc::age_seconds(own.pid).unwrap() < 1_000_000);
}

#[test]
fn a_zombie_is_dead() {
    let child = spawn_detached::<&str>(Path::new("/bin/true"), &[]).unwrap();
    // Nobody reaps it here, so that its entry stays.
    await_gone(child.pid());
    let zombie = process_id(child.pid()).unwrap();
    assert_eq!(liveness(&zombie), Liveness::Dead);
}

#[test]
fn only_a_proved_process_is_signalled() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = sh_in(folder.path(), "echo $$ > pid; while :; do sleep 1000; done");
    spec.env.push((RunId::ENV.to_owned(), "run-of-ours".to_owned()));
    let result = std::thread::scope(|scope| {
        let running = scope.spawn(|| run(spec));
        let pid = await_pid(&folder.path().join("pid"));
        let evidence = started_for(pid);
        assert_eq!(evidence.run, Some(RunId::new("run-of-ours")));
        assert_eq!(evidence.uid, Some(rustix::process::getuid().as_raw()));
        assert_eq!(evidence.missing, None);

        let process = process_id(pid).unwrap();
        assert_eq!(evidence.start_ticks, Some(process.start_ticks));
        let end = |process: &ProcessId, run: &str, reach| {
            let ours = |found: &proc::Evidence| found.run == Some(RunId::new(run));
            signal_if(process, ours, reach, EndSignal::Term)
        };
        let reused = ProcessId { start_ticks: process.start_ticks + 1, ..process.clone() };
        let rebooted = ProcessId { boot: BootId::new("another"), ..process.clone() };
        let unproved = ProcessId { start_ticks: 0, ..process.clone() };
        for reach in [Reach::Process, Reach::Group] {
            let denied = |process, run| end(process, run, reach).unwrap_err();
            assert_eq!(denied(&process, "other"), SignalRefusal::Unproved(pid));
            assert_eq!(denied(&reused, "run-of-ours"), SignalRefusal::Reused(pid));
            assert_eq!(denied(&rebooted, "run-of-ours"), SignalRefusal::Ended(pid));
            assert_eq!(denied(&unproved, "run-of-ours"), SignalRefusal::Unproved(pid));
        }
        assert_eq!(liveness(&process), Liveness::Alive, "none of these reached it");
        assert_eq!(end(&process, "run-of-ours", Reach::Group), Ok(()));
        let result = running.join().unwrap();
        let again = end(&process, "run-of-ours", Reach::Process).unwrap_err();
        assert_eq!(again, SignalRefusal::Ended(pid));
        result
    });
    assert_eq!(result.end, End::Signaled { signal: 15 });
}

#[test]
fn a_group_is_signalled_through_its_leader_only() {
    let folder = tempfile::tempdir().unwrap();
    // Which makes it a leader, as an executor makes itself one.
    let script = args(&["/bin/sh", "-c", "cd \"$0\"; sleep 1000 & echo $! > pid; wait"]);
    let script = [script, vec![folder.path().display().to_string()]].concat();
    let child = spawn_detached(Path::new("/usr/bin/setsid"), &script).unwrap();
    let member = await_pid(&folder.path().join("pid"));
    let term = |pid| signal_if(&process_id(pid).unwrap(), |_| true, Reach::Group, EndSignal::Kill);
    assert_eq!(term(member), Err(SignalRefusal::Unproved(member)));
    assert_eq!(term(child.pid()), Ok(()));
    await_gone(member);
    await_gone(child.pid());
}

#[test]
fn executors_are_awaited_for_a_while_and_then_left() {
    let start = |words: &[&str]| spawn_detached(Path::new("/bin/sh"), &args(words)).unwrap();
    let mut all = vec![start(&["-c", "exit 3"]), start(&["-c", "cat; echo lost; exit 4"])];
    wait_detached(&mut all, Deadline::after(HANG), None);
    let codes: Vec<_> = all.iter().map(|one| one.status().and_then(|s| s.code())).collect();
    assert_eq!(codes, [Some(3), Some(4)]);

    let mut all = vec![start(&["-c", "exit 5"]), start(&["-c", "exec sleep 1000"])];
    await_gone(all[0].pid());
    wait_detached(&mut all, Deadline::after(Duration::from_millis(50)), None);
    assert!(all[0].has_ended() && !all[1].has_ended());
    let pid = all[1].pid();
    drop(all);
    let left = process_id(pid).unwrap();
    assert_eq!(liveness(&left), Liveness::Alive, "left to itself");
    kill(pid);
    assert!(spawn_detached::<&str>(Path::new("/no/such"), &[]).is_err());
    await_some("its end", || (liveness(&left) == Liveness::Dead).then_some(()));
}
