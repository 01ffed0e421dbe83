//! One life from its seed to its end, and what is left of it when it is cut down to what fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::book::{Book, Verdict, wrong};
use crate::met::Met;
use crate::play::Stage;
use crate::step::{Life, Order, Step};

/// Of so many lives, one has its whole journal read back.
const READ_EVERY: u64 = 4;

/// Why a life is wrong.
pub(crate) struct Failure {
    pub(crate) seed: u64,
    pub(crate) why: String,
}

/// Lives it. How many ticks it had.
pub(crate) fn live(life: &Life, met: &mut Met) -> Result<u64, Failure> {
    let lived = catch_unwind(AssertUnwindSafe(|| run(life, met)));
    let lived = lived.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(format!("a panic: {}", text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("?")))
    });
    lived.map_err(|why| Failure { seed: life.seed, why })
}

fn run(life: &Life, met: &mut Met) -> Result<u64, String> {
    let (mut stage, mut book) = (Stage::new(life.universe), Book::default());
    stage.trace = life.trace;
    book.begin(&stage)?;
    for (n, step) in life.steps.iter().enumerate() {
        met.step(step);
        take(&mut stage, &mut book, step, met)
            .map_err(|why| format!("step {n}, {step:?}: {why}"))?;
    }
    heal(&mut stage, &mut book, met)
        .and_then(|()| book.recorded(&stage, life.seed.is_multiple_of(READ_EVERY)))
        .map_err(|why| format!("at the end: {why}"))?;
    Ok(stage.ticks)
}

fn take(stage: &mut Stage, book: &mut Book, step: &Step, met: &mut Met) -> Verdict {
    let deed = stage.play(step);
    book.judge(stage, &deed, met)?;
    book.told.arrived(stage)
}

/// Everything is well again: nothing stays open, and everything that was to be told has arrived.
fn heal(stage: &mut Stage, book: &mut Book, met: &mut Met) -> Verdict {
    if !stage.knows_the_truth() {
        return wrong("the model does not know how the jobs are");
    }
    stage.all_well();
    stage.host.store.recover();
    stage.host.deliveries.borrow_mut().clear();
    let calm = [
        Step::Unreachable(false),
        Step::DeliveryTakes(0),
        Step::Route(0),
        Step::ExecutorsDie(false),
        Step::LaunchesFail(false),
        Step::ExecutorsLate(false),
        Step::NothingOpens(false),
        Step::Config(0),
        Step::Wall(0),
        Step::Reboot,
        Step::Do(Order::Tick),
    ];
    for step in calm {
        take(stage, book, &step, met)?;
    }
    // A report that may have arrived goes by its own way only; printed, it goes in any case.
    for (seconds, way) in [(60, 2), (60, 0), (600, 2), (600, 0), (90_000, 2), (60, 0), (60, 3)] {
        take(stage, book, &Step::Pass(seconds), met)?;
        take(stage, book, &Step::Route(way), met)?;
        take(stage, book, &Step::Do(Order::Tick), met)?;
    }
    let open = stage.host.store.look(|store| store.world().runs.len());
    if open > 0 {
        return wrong("a run is never settled");
    }
    book.told.all_arrived(stage)
}

impl Failure {
    /// Two failures that begin alike are the same.
    pub(crate) fn kind(&self) -> String {
        let plain = self.why.split_once(": ").map_or(self.why.as_str(), |(_, rest)| rest);
        plain.chars().filter(|c| !c.is_numeric()).take(30).collect()
    }
}

/// The least that still fails in the same way, in words.
pub(crate) fn shorten(life: &Life, failure: &Failure) -> String {
    let wanted = failure.kind();
    let mut least = life.clone();
    let mut why = failure.why.clone();
    let mut size = least.steps.len().div_ceil(2);
    while size > 0 {
        let (mut at, mut cut) = (0, false);
        while at < least.steps.len() {
            let mut less = least.clone();
            let to = (at + size).min(less.steps.len());
            less.steps.drain(at..to);
            match live(&less, &mut Met::default()) {
                Err(failure) if failure.kind() == wanted => {
                    (least, why, cut) = (less, failure.why, true);
                }
                Ok(_) | Err(_) => at = to,
            }
        }
        size = if cut && size == 1 { 1 } else { size / 2 };
    }
    if std::env::var_os("OPSFSM_TRACE").is_some() {
        let _ = live(&Life { trace: true, ..least.clone() }, &mut Met::default());
    }
    let steps: Vec<String> =
        least.steps.iter().enumerate().map(|(n, step)| format!("{n:4}  {step:?}")).collect();
    format!(
        "{}\n\nOPSFSM_SEED={} in universe {}; cut down to\n{}\nit is\n{why}",
        failure.why,
        life.seed,
        life.universe,
        steps.join("\n")
    )
}
