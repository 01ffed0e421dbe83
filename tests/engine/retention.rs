//! A year with pruning and the same year without: whatever is decided, told, run and known is the
//! same. And what was spent stays spent.

use std::collections::BTreeSet;
use std::time::Duration;

use opsfsm::base::limits;
use opsfsm::journal::{EventKind, Meta, World};
use opsfsm::model::Retention;
use opsfsm::sim::{Death, SimHost};
use proptest::prelude::Rng as _;

use crate::support::{Scene, check, job, seeded, setting, watch};

/// Watched jobs, a scheduled check and what it leads to, and a write with its verification.
fn config(history: &str) -> String {
    let write = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
        enabled = true\ncwd = \"/d\"\ncommands = { run = [\"/w\"] }\nafter = [{ jobId = \"v\" }]\n";
    let resume = "autoResume = true, autoResumeBackoffSeconds = 600, stallSeconds = 7200";
    format!("[history]\n{history}\n")
        + &watch("a", resume)
        + "after = [{ jobId = \"c\" }, { jobId = \"w\", when = \"failure\" }]\n"
        + &watch("b", &format!("{resume}, onStall = \"restart\", maxResumes = 4"))
        + &check("c", "everySeconds = 7200\nafter = [{ jobId = \"d\", when = \"failure\" }]")
        + &check("d", "")
        + write
        + &check("v", "")
}

/// One thing that happens, the same on both hosts.
fn happen(scene: &Scene, what: u32) {
    let (host, compiled) = (&scene.host, &scene.compiled);
    let watched = ["a", "b"][(what >> 8) as usize % 2];
    let flag = what & 1 << 16 != 0;
    match what % 40 {
        0..=7 => scene.set(watched, |j| j.running = flag),
        8 => scene.set(watched, |j| j.completed = flag),
        9 => scene.set(watched, |j| j.broken = flag),
        10 => scene.set(watched, |j| j.alert = flag),
        11 => scene.set(["c", "d", "v"][(what >> 8) as usize % 3], |j| j.exit = i32::from(flag)),
        12 => drop(host.start(compiled, &job(watched))),
        13 => drop(host.stop(compiled, &job(watched))),
        14 => drop(host.run(compiled, &job("c"))),
        15 => drop(host.request(compiled, &job("w"))),
        16..=18 => drop(host.approve(compiled, &job("w"), limits::GRANT_LIFE_MAX)),
        19..=22 => drop(host.run_write(compiled, &job("w"))),
        23 => drop(host.revoke(compiled, &job("w"))),
        24 => drop(host.acknowledge(compiled, &job("w"))),
        25 => drop(host.reverify(compiled, &job("w"))),
        26 => host.executors_die.set(flag && what & 1 << 17 != 0),
        27 => host.executors_late.set(flag && what & 1 << 17 != 0),
        28 => host.executors_arrive(),
        29 if (what >> 8).is_multiple_of(32) => host.reboot(),
        30 => host.suspend(Duration::from_mins(u64::from(what >> 8 & 255))),
        31 => host.unreachable.set(flag && what & 7 << 17 == 7 << 17),
        32 => host.dies.set(flag.then_some(Death::BeforeEnd)),
        33 => host.files.edit("/w", u64::from(what >> 8 & 3)),
        _ => scene.set(watched, |j| j.progress += 1),
    }
}

/// What the two have to agree about: all but how much is kept.
fn known(host: &SimHost) -> World {
    let mut store = host.store.clone();
    let world = opsfsm::ports::Store::read(&mut store).expect("a store");
    let meta = Meta { history: Retention::default(), ..world.meta };
    World { meta, ..world }
}

fn scene(history: &str) -> Scene {
    let scene = Scene::new(&config(history));
    scene.host.begin_store();
    scene
}

/// Five ticks a day, or more (`OPSFSM_TICKS`), and something else before each.
#[test]
fn a_year_is_the_same_with_and_without_pruning() {
    let (mut rng, number) = seeded();
    let pruning = scene("keepDays = 7\nkeepEvents = 1000");
    let keeping = scene("keepDays = 36500\nkeepEvents = 4000000000");
    let both = [&pruning, &keeping];
    let ticks = setting("OPSFSM_TICKS", 5);
    let (mut told, mut spent) = (0, BTreeSet::new());
    for tick in 0..365 * ticks {
        let (what, more) = (rng.next_u32(), rng.next_u32());
        let outcomes = both.map(|scene| {
            happen(scene, what);
            happen(scene, more);
            scene.host.pass(Duration::from_hours(24) / ticks);
            format!("{:?}", scene.host.tick(&scene.compiled))
        });
        assert_eq!(outcomes[0], outcomes[1], "tick {tick}, seed {number}");
        let texts = both.map(|scene| std::mem::take(&mut *scene.host.told.borrow_mut()));
        assert_eq!(texts[0], texts[1], "tick {tick}");
        told += texts[0].len();
        let runs = both.map(|scene| std::mem::take(&mut *scene.host.ran.borrow_mut()));
        assert_eq!(runs[0], runs[1], "tick {tick}");
        if tick % 100 == 0 {
            assert_eq!(known(&pruning.host), known(&keeping.host), "tick {tick}");
            let kept = pruning.host.store.snapshot();
            assert_eq!(kept.replay().expect("a replay"), kept.world().snapshot, "tick {tick}");
            assert!(kept.events().len() < 2500, "tick {tick}: {}", kept.events().len());
        }
    }
    assert_eq!(*pruning.host.wrote.borrow(), *keeping.host.wrote.borrow());
    let (short, long) = (pruning.host.store.snapshot(), keeping.host.store.snapshot());
    assert_eq!(long.pruned(), 0);
    assert_eq!(long.events_from(usize::try_from(short.pruned()).unwrap()), short.events());
    for event in long.events() {
        if let EventKind::GrantSpent { grant, .. } = event.kind {
            assert!(spent.insert(grant), "an approval served twice");
        }
    }
    let met = (told, spent.len(), short.pruned());
    assert!(number != 0 || met.0 > 1000 && met.1 > 30 && met.2 > 10_000, "{met:?}");
}

/// With the event that spent an approval the store forgets that it is spent. By then it serves
/// nobody, though all rows were put back to what they were when it was given, and the wall clock too.
#[test]
fn an_approval_that_was_spent_and_forgotten_never_serves_again() {
    let scene = scene("keepEvents = 1000");
    let (host, compiled) = (&scene.host, &scene.compiled);
    scene.tick();
    host.approve(compiled, &job("w"), limits::GRANT_LIFE_MAX * 9).expect("a store").expect("given");
    let then = host.store.snapshot().world().clone();
    let given = then.meta.last_tick.clone().expect("a tick").wall_ms;
    host.run_write(compiled, &job("w")).expect("a store").expect("claimed").expect("begun");
    assert_eq!(host.wrote.borrow().len(), 1);
    while host.store.snapshot().pruned() < 40 {
        assert!(host.store.snapshot().world().head.seq < 10_000, "nothing is pruned");
        host.pass(Duration::from_mins(10));
        host.run(compiled, &job("c")).expect("a store");
        scene.tick();
    }
    let forgotten = host.store.snapshot().events();
    assert!(!forgotten.iter().any(|e| matches!(e.kind, EventKind::GrantSpent { .. })));
    for reboots in [false, true] {
        for wall_ms in [given, given + 60_000, host.store.snapshot().events()[0].at.wall_ms] {
            host.store.tamper(|world| world.snapshot = then.snapshot.clone());
            host.set_wall(wall_ms);
            if reboots {
                host.reboot();
            }
            let ran = host.run_write(compiled, &job("w"));
            assert!(!matches!(ran, Ok(Ok(Ok(_)))), "{ran:?}");
            assert_eq!(host.wrote.borrow().len(), 1, "it served twice");
        }
    }
}
