//! The reference model of trails: how far each watched job said that it was, as it is kept for a plot.

use std::collections::BTreeMap;

use opsfsm::base::limits::TRAIL_POINTS;
use opsfsm::sim::SimJob;

use crate::book::{Verdict, wrong};
use crate::met::Met;
use crate::play::{Deed, Stage};
use crate::world::{UNIVERSES, WATCHES, id};

/// What was done, and of how many.
type Figure = (u64, Option<u64>);
/// Second and figure.
type Point = (i64, u64);

#[derive(Default)]
pub(crate) struct TrailBook {
    /// As they were after the last step, with the whole of their last figure.
    trails: BTreeMap<usize, (Vec<Point>, Option<u64>)>,
}

/// What a job says; more than the whole is no part of it.
fn figure(job: &SimJob) -> Option<Figure> {
    if !job.counted || job.broken {
        return None;
    }
    match job.whole {
        Some(whole) if job.percent => {
            let share = job.progress * 1000 / whole;
            (share <= 1000).then_some((share, Some(1000)))
        }
        whole => Some((job.progress, whole.filter(|whole| job.progress <= *whole))),
    }
}

impl TrailBook {
    pub(crate) fn judge(&mut self, stage: &Stage, deed: &Deed, met: &mut Met) -> Verdict {
        let jobs = UNIVERSES[stage.universe].iter().filter(|job| WATCHES.contains(job));
        for &job in jobs {
            let told = [figure(&deed.before[job]), figure(&deed.after[job])];
            if told == [None, None] && !self.trails.contains_key(&job) {
                continue;
            }
            let now = kept(stage, job);
            let (before, whole) = self.trails.entry(job).or_default();
            let seen = deed.good_tick && deed.decls.enabled(job);
            if let (true, Some((done, of))) = (seen, told[0]) {
                let last = now.0.last().map(|(_, done)| *done);
                if (last, now.1) != (Some(done), of) {
                    return wrong(format!(
                        "job {job} is at {done} of {of:?}, its trail at {now:?}"
                    ));
                }
            }
            well_formed(&now.0).map_err(|why| format!("job {job}: {why}: {now:?}"))?;
            if now.0 != *before {
                let change = Change { before, whole: *whole, now: &now, told: &told };
                change.judge(deed, met).map_err(|why| format!("job {job}: {why}: {change:?}"))?;
            }
            self.trails.insert(job, now);
        }
        Ok(())
    }
}

/// The trail on record, and the whole that it was last of.
fn kept(stage: &Stage, job: usize) -> (Vec<Point>, Option<u64>) {
    stage.host.store.look(|store| {
        let Some(notes) = store.world().notes.get(&id(job)) else { return Default::default() };
        let points = notes.trail.figures().map(|(at, figure)| (at, figure.done)).collect();
        (points, notes.trail.figures().last().and_then(|(_, figure)| figure.whole))
    })
}

fn well_formed(points: &[Point]) -> Verdict {
    if points.len() > TRAIL_POINTS {
        return wrong("a trail without bound");
    }
    if points.windows(2).any(|two| two[0].0 >= two[1].0) {
        return wrong("a trail that is not in the order of time");
    }
    if points.windows(2).any(|two| two[0].1 == two[1].1) {
        return wrong("a figure is there twice, and has not moved");
    }
    Ok(())
}

/// A trail that is another one than before.
#[derive(Debug)]
struct Change<'a> {
    before: &'a [Point],
    whole: Option<u64>,
    now: &'a (Vec<Point>, Option<u64>),
    told: &'a [Option<Figure>; 2],
}

impl Change<'_> {
    /// Whatever is new was told just then; whatever is gone had to go.
    fn judge(&self, deed: &Deed, met: &mut Met) -> Verdict {
        let shown =
            |second: i64| deed.moments.iter().any(|at| at.wall_ms.div_euclid(1000) == second);
        let told = |done: u64| self.told.iter().flatten().any(|(told, _)| *told == done);
        let (points, whole) = self.now;
        for point in points.iter().filter(|point| !self.before.contains(point)) {
            met.thing("a figure is noted");
            if !shown(point.0) || !told(point.1) {
                return wrong(format!("{point:?} was never told"));
            }
        }
        let (Some(last), Some(new)) = (self.before.last(), points.last()) else {
            return if points.is_empty() { wrong("a trail is gone") } else { Ok(()) };
        };
        let fell = |from: u64| self.told.iter().flatten().any(|(told, _)| *told < from.div_ceil(2));
        if fell(last.1) || whole.is_some() != self.whole.is_some() {
            met.thing("a trail begins anew");
            return Ok(());
        }
        if deed.acts.len() > 1 {
            // What one of them saw before the other may be noted after it.
            return Ok(());
        }
        let gone: Vec<&Point> = self.before.iter().filter(|p| !points.contains(p)).collect();
        if gone.iter().all(|point| point.0 >= new.0) {
            if !gone.is_empty() {
                met.thing("a clock put back cuts a trail");
            }
            return Ok(());
        }
        if self.before.len() < TRAIL_POINTS || points.first() != self.before.first() {
            return wrong("figures are gone that still had their place");
        }
        met.thing("a trail is thinned");
        Ok(())
    }
}
