//! What can happen: every step of a random life, and how a life is drawn from its seed.

use opsfsm::approval::Level;
use opsfsm::sim::Death;

use crate::rng::Rng;
use crate::world::{ALPHA, CHECKS, UNIVERSES, VARIANTS, VERIFY, Variant, WATCHES, WRITES};

/// What a person, a timer or an executor does with opsfsm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Order {
    Tick,
    Start(usize),
    Stop(usize),
    Run(usize),
    Request(usize),
    /// For so many seconds.
    Approve(usize, u64, Level),
    Deny(usize),
    Revoke(usize),
    Claim(usize),
    /// The executor of the n-th last claim; it may die on its way.
    Execute(usize, Option<Death>),
    Acknowledge(usize),
    Verify(usize),
    ExecutorsArrive,
}

/// What a job does, or becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Turn {
    Runs,
    Dies,
    /// Dead and begun again by somebody else.
    Respawns,
    Completes(bool),
    Moves,
    GoesBack,
    /// No status, for this reason.
    Breaks(u8),
    Mended,
    Alerts(bool),
    Warns(bool),
    Says(u8),
    Exits(i32),
    StartsIdle(bool),
    Keyless(bool),
    CalledOff(bool),
    Attention(bool),
    Killed(bool),
    NotStarted(bool),
    LeavesRunning(bool),
    ShedsLock(bool),
    /// For people: not, so many, so many of so many, or in percent.
    Counts(u8),
    Leaps(u64),
}

/// What becomes of the clocks between two steps of one process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lapse {
    /// So many seconds pass.
    Passes(u64),
    /// So many, in suspend.
    Sleeps(u64),
    /// The wall clock is set, so many seconds from what is right.
    Jumps(i64),
}

/// One step of a life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    Do(Order),
    /// In the middle of the first, after so many calls of the store and so many milliseconds,
    /// another process does the second.
    Amid(Order, u32, u64, Order),
    /// In the middle of it, after so many steps each, this becomes of the clocks.
    Slow(Order, [(u32, Lapse); 2]),
    /// While the executed write runs, another process does this.
    WhileWriting(Order),
    /// Its process is killed after so many calls of the store.
    Killed(Order, u32),
    Pass(u64),
    Suspend(u64),
    /// The wall clock is set, so many seconds from what is right.
    Wall(i64),
    Zone(u8),
    Reboot,
    NextProcess,
    ReusePid,
    Beside,
    Job(usize, Turn),
    WritesEnd,
    Config(usize),
    File(usize, u64),
    FileGone(usize, bool),
    CommitFails {
        after: u32,
        recorded: bool,
        kind: u8,
    },
    Unreachable(bool),
    Delivery(u8),
    DeliveryTakes(u64),
    NoteFails(u32),
    Route(u8),
    ExecutorsDie(bool),
    LaunchesFail(bool),
    ExecutorsLate(bool),
    NothingOpens(bool),
}

/// A life as it is drawn.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) seed: u64,
    pub(crate) universe: usize,
    pub(crate) steps: Vec<Step>,
    /// What each step brings is shown.
    pub(crate) trace: bool,
}

/// What this life is given to: not every life has every trouble, or all would look alike.
struct Taste {
    jobs: &'static [usize],
    clocks: bool,
    store: bool,
    network: bool,
    executors: bool,
    edits: bool,
    others: bool,
    kills: bool,
    /// Ticks among ten steps.
    ticks: usize,
}

pub(crate) fn draw(seed: u64) -> Life {
    let mut rng = Rng::new(seed);
    let universe = rng.below(UNIVERSES.len());
    let calm = rng.chance(1, 6);
    let mut bent = || !calm && rng.flip();
    let taste = Taste {
        jobs: UNIVERSES[universe],
        clocks: bent(),
        store: bent(),
        network: bent(),
        executors: bent(),
        edits: bent(),
        others: bent(),
        kills: bent(),
        ticks: 3,
    };
    let ticks = 3 + rng.below(4);
    let taste = Taste { ticks, ..taste };
    let length = 20 + rng.below(180);
    let mut steps = Vec::with_capacity(length + 8);
    if taste.clocks && rng.chance(1, 8) {
        // A host whose clock was never set.
        steps.push(Step::Wall(-1_790_000_000));
    }
    while steps.len() < length {
        taste.draw(&mut rng, &mut steps);
    }
    lay_over(seed, taste.jobs, calm, &mut steps);
    Life { seed, universe, steps, trace: false }
}

/// What came to lives later: clocks that go on within a tick, and figures. It is drawn apart, so that a
/// life without it stays what it was.
fn lay_over(seed: u64, jobs: &[usize], calm: bool, steps: &mut Vec<Step>) {
    let mut rng = Rng::new(seed ^ 0x51_0e_52_7f_ad_e6_82_d1);
    let (slow, counts) = (!calm && rng.flip(), rng.flip());
    if slow {
        for step in steps.iter_mut() {
            if let Step::Do(order) = *step
                && rng.chance(1, 5)
            {
                *step = Step::Slow(order, [lapse(6, &mut rng), lapse(8, &mut rng)]);
            }
        }
    }
    let watches: Vec<usize> = jobs.iter().copied().filter(|job| WATCHES.contains(job)).collect();
    if watches.is_empty() || !counts {
        return;
    }
    for _ in 0..=rng.below(4) {
        let job = rng.pick(&watches);
        let at = rng.below(steps.len());
        let turn =
            if rng.chance(2, 3) { Turn::Counts(1 + small(&mut rng, 3)) } else { Turn::Leaps(7) };
        steps.insert(at, Step::Job(job, turn));
    }
    if rng.chance(1, 10) {
        let (job, at) = (rng.pick(&watches), rng.below(steps.len()));
        steps.splice(at..at, far(job, &mut rng));
    }
}

fn small(rng: &mut Rng, n: usize) -> u8 {
    u8::try_from(rng.below(n)).expect("small")
}

fn lapse(steps: usize, rng: &mut Rng) -> (u32, Lapse) {
    let lapse = match rng.below(5) {
        0 => Lapse::Sleeps(rng.pick(&[30, 600, 20_000])),
        1 => Lapse::Jumps(rng.pick(&[0, 600, -600, 86_400, -86_400, 31_000_000, -1_790_000_000])),
        _ => Lapse::Passes(rng.pick(&[1, 20, 45, 70, 400, 700])),
    };
    (u32::from(small(rng, steps)), lapse)
}

/// A job that comes far, one figure a tick.
fn far(job: usize, rng: &mut Rng) -> Vec<Step> {
    let way = [Turn::Mended, Turn::Runs, Turn::Counts(1 + small(rng, 2))];
    let mut steps: Vec<Step> = way.into_iter().map(|turn| Step::Job(job, turn)).collect();
    for _ in 0..45 + rng.below(40) {
        steps.push(Step::Job(job, Turn::Leaps(1 + rng.below(3) as u64)));
        steps.push(Step::Pass(rng.pick(&[60, 60, 60, 61, 1, 4000])));
        steps.push(Step::Do(Order::Tick));
    }
    steps
}

impl Taste {
    fn of(&self, kind: &[usize]) -> Vec<usize> {
        self.jobs.iter().copied().filter(|job| kind.contains(job)).collect()
    }

    fn draw(&self, rng: &mut Rng, steps: &mut Vec<Step>) {
        if rng.chance(self.ticks, 10) {
            if rng.chance(3, 4) {
                steps.push(Step::Pass(rng.pick(&[60, 60, 60, 61, 120, 300, 600, 1, 4000])));
            }
            steps.push(self.perhaps_disturbed(Order::Tick, rng));
            return;
        }
        match rng.below(12) {
            0..=4 => {
                let job = rng.pick(self.jobs);
                steps.push(Step::Job(job, turn(job, rng)));
            }
            5..=7 => self.order(rng, steps),
            8 => steps.push(Step::Pass(rng.pick(&[1, 30, 60, 300, 600, 1800, 7200, 90_000]))),
            9 => steps.extend(self.clock(rng)),
            10 => steps.extend(self.fault(rng)),
            _ => steps.extend(self.edit(rng)),
        }
    }

    /// An order, alone, or with another process in the middle of it, or killed there.
    fn perhaps_disturbed(&self, order: Order, rng: &mut Rng) -> Step {
        if self.others && rng.chance(1, 6) {
            let other = if rng.flip() { Order::Tick } else { self.any_order(rng) };
            let pass = rng.pick(&[1, 1, 1, 5_000, 70_000]);
            return Step::Amid(order, u32::try_from(rng.below(5)).expect("small"), pass, other);
        }
        if self.kills && rng.chance(1, 8) {
            return Step::Killed(order, u32::try_from(rng.below(6)).expect("small"));
        }
        Step::Do(order)
    }

    fn any_order(&self, rng: &mut Rng) -> Order {
        let job = rng.pick(self.jobs);
        if WATCHES.contains(&job) {
            return if rng.flip() { Order::Start(job) } else { Order::Stop(job) };
        }
        if CHECKS.contains(&job) {
            return Order::Run(job);
        }
        self.gate_order(job, rng)
    }

    fn gate_order(&self, write: usize, rng: &mut Rng) -> Order {
        let death = rng.pick(&[
            None,
            Some(Death::BeforeStart),
            Some(Death::AfterStart),
            Some(Death::BeforeEnd),
        ]);
        let death = death.filter(|_| self.executors);
        match rng.below(12) {
            0 => Order::Request(write),
            1 | 2 => {
                let life = rng.pick(&[1800, 1800, 600, 90_000]);
                let level = rng.pick(&[
                    Level::Asserted,
                    Level::Asserted,
                    Level::Confirmed,
                    Level::Unattended,
                ]);
                Order::Approve(write, life, level)
            }
            3 => Order::Deny(write),
            4 => Order::Revoke(write),
            5 | 6 => Order::Claim(write),
            7 | 8 => Order::Execute(rng.below(3) / 2, death),
            9 | 10 => Order::Acknowledge(write),
            _ => Order::Verify(write),
        }
    }

    /// A job that is given up, and what may come after that.
    fn given_up(rng: &mut Rng) -> Vec<Step> {
        let tick = Step::Do(Order::Tick);
        let alpha = |turn| Step::Job(ALPHA, turn);
        let mut steps = vec![alpha(Turn::Completes(false)), alpha(Turn::Mended), alpha(Turn::Dies)];
        steps.push(alpha(Turn::StartsIdle(true)));
        for _ in 0..4 {
            steps.extend([Step::Pass(4000), tick, tick]);
        }
        steps.push(rng.pick(&[
            alpha(Turn::Respawns),
            alpha(Turn::Completes(true)),
            Step::Do(Order::Start(ALPHA)),
            Step::Do(Order::Stop(ALPHA)),
        ]));
        steps.extend([tick, alpha(Turn::StartsIdle(false))]);
        steps
    }

    fn order(&self, rng: &mut Rng, steps: &mut Vec<Step>) {
        if self.jobs.contains(&ALPHA) && rng.chance(1, 20) {
            steps.extend(Self::given_up(rng));
            return;
        }
        let writes = self.of(&WRITES);
        if !writes.is_empty() && rng.flip() {
            let write = rng.pick(&writes);
            if rng.chance(1, 3) {
                self.proper_write(write, rng, steps);
            } else if rng.chance(1, 4) {
                steps.extend(self.chapter(write, rng));
            } else {
                let order = self.gate_order(write, rng);
                steps.push(self.perhaps_disturbed(order, rng));
            }
            return;
        }
        if self.executors && rng.chance(1, 6) {
            steps.push(Step::Do(Order::ExecutorsArrive));
            return;
        }
        let order = self.any_order(rng);
        steps.push(self.perhaps_disturbed(order, rng));
    }

    /// A write as it should be, with a few things in between: chance alone seldom gets so far.
    fn proper_write(&self, write: usize, rng: &mut Rng, steps: &mut Vec<Step>) {
        let parts = [
            Order::Acknowledge(write),
            Order::Approve(write, 1800, Level::Asserted),
            Order::Claim(write),
            Order::Execute(0, None),
            Order::Tick,
            Order::Tick,
        ];
        for part in parts {
            if rng.chance(1, 6) {
                self.draw(rng, steps);
            }
            if rng.chance(1, 8) {
                steps.extend(self.edit(rng));
            }
            if self.others && rng.chance(1, 8) && matches!(part, Order::Execute(..)) {
                steps.push(Step::WhileWriting(self.any_order(rng)));
            } else {
                steps.push(self.perhaps_disturbed(part, rng));
            }
        }
    }

    /// What takes several steps that chance seldom brings together.
    fn chapter(&self, write: usize, rng: &mut Rng) -> Vec<Step> {
        let approve = Step::Do(Order::Approve(write, 1800, Level::Asserted));
        let (claim, tick) = (Step::Do(Order::Claim(write)), Step::Do(Order::Tick));
        let verifier = |code| Step::Job(VERIFY, Turn::Exits(code));
        if self.edits && rng.chance(1, 3) {
            let confirmed = VARIANTS.iter().position(|v| *v == Variant::Least(Level::Confirmed));
            return vec![approve, Step::Config(confirmed.unwrap_or(0)), claim, Step::Config(0)];
        }
        if rng.chance(1, 6) {
            return vec![approve, Step::Do(Order::Revoke(write))];
        }
        if rng.flip() {
            let dies = Step::Do(Order::Execute(0, Some(Death::BeforeEnd)));
            let note = if rng.chance(3, 4) { Order::Acknowledge(write) } else { Order::Tick };
            let (end, late) = (Step::WritesEnd, Step::Pass(4000));
            return vec![
                approve,
                claim,
                dies,
                end,
                Step::NextProcess,
                tick,
                Step::Do(note),
                late,
                tick,
            ];
        }
        let execute = Step::Do(Order::Execute(0, None));
        let again = Step::Do(Order::Verify(write));
        vec![verifier(1), approve, claim, execute, tick, tick, verifier(0), again, tick, tick]
    }

    fn clock(&self, rng: &mut Rng) -> Option<Step> {
        let step = match rng.below(9) {
            0 => Step::Suspend(rng.pick(&[30, 600, 20_000])),
            1 | 2 => Step::Wall(rng.pick(&[
                0,
                0,
                600,
                -600,
                86_400,
                -86_400,
                31_000_000,
                -1_790_000_000,
            ])),
            3 => Step::Zone(u8::try_from(rng.below(3)).expect("small")),
            4 | 5 => Step::Reboot,
            6 => Step::NextProcess,
            7 => Step::ReusePid,
            _ => Step::Beside,
        };
        self.clocks.then_some(step)
    }

    fn fault(&self, rng: &mut Rng) -> Option<Step> {
        let small = |rng: &mut Rng, n| u32::try_from(rng.below(n)).expect("small");
        let (on, fault) = match rng.below(14) {
            0..=2 => {
                let (after, recorded) = (small(rng, 4), rng.chance(1, 3));
                let kind = u8::try_from(rng.below(4)).expect("small");
                (self.store, Step::CommitFails { after, recorded, kind })
            }
            3 => (self.store, Step::NoteFails(small(rng, 4))),
            4 => (self.network, Step::Unreachable(rng.flip())),
            5 | 6 => (self.network, Step::Delivery(u8::try_from(rng.below(6)).expect("small"))),
            7 => (self.network, Step::DeliveryTakes(rng.pick(&[0, 0, 4, 12]))),
            8 => (self.network, Step::Route(u8::try_from(rng.below(4)).expect("small"))),
            9 => (self.executors, Step::ExecutorsDie(rng.flip())),
            10 => (self.executors, Step::LaunchesFail(rng.flip())),
            11 => (self.executors, Step::ExecutorsLate(rng.flip())),
            12 => (self.executors, Step::NothingOpens(rng.flip())),
            _ => (true, Step::WritesEnd),
        };
        on.then_some(fault)
    }

    fn edit(&self, rng: &mut Rng) -> Option<Step> {
        let step = match rng.below(5) {
            0 => Step::Config(0),
            1 | 2 => {
                let matters = |n: &usize| VARIANTS[*n].matters(self.jobs);
                let all: Vec<usize> = (0..VARIANTS.len()).filter(matters).collect();
                Step::Config(rng.pick(&all))
            }
            3 => Step::File(rng.pick(self.jobs), rng.below(2) as u64),
            _ => Step::FileGone(rng.pick(self.jobs), rng.chance(1, 3)),
        };
        self.edits.then_some(step)
    }
}

fn turn(job: usize, rng: &mut Rng) -> Turn {
    if WATCHES.contains(&job) {
        return match rng.below(20) {
            0..=4 => Turn::Runs,
            5 | 6 => Turn::Dies,
            7 => Turn::Respawns,
            8 => Turn::Completes(true),
            9 => Turn::Completes(false),
            10..=12 => Turn::Moves,
            13 => Turn::GoesBack,
            14 => rng.pick(&[Turn::Breaks(0), Turn::Breaks(1), Turn::Breaks(2), Turn::Breaks(3)]),
            15 => Turn::Mended,
            16 => Turn::Alerts(rng.flip()),
            17 => Turn::Warns(rng.flip()),
            18 => {
                rng.pick(&[Turn::Keyless(true), Turn::Keyless(false), Turn::Says(0), Turn::Says(1)])
            }
            _ => rng.pick(&[
                Turn::Exits(1),
                Turn::Exits(0),
                Turn::StartsIdle(true),
                Turn::StartsIdle(false),
            ]),
        };
    }
    if CHECKS.contains(&job) {
        return match rng.below(7) {
            0 | 1 => Turn::Exits(0),
            2 | 3 => Turn::Exits(1),
            4 => Turn::CalledOff(rng.chance(1, 3)),
            _ => Turn::Attention(rng.chance(1, 3)),
        };
    }
    match rng.below(8) {
        0 | 1 => Turn::Exits(0),
        2 => Turn::Exits(1),
        3 => Turn::Killed(rng.chance(1, 3)),
        4 => Turn::NotStarted(rng.chance(1, 3)),
        5 | 6 => Turn::LeavesRunning(rng.chance(1, 3)),
        _ => Turn::ShedsLock(rng.chance(1, 3)),
    }
}
