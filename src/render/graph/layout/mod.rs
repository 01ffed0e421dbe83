//! A layered layout, from left to right: boxes in columns, links through the gaps between them.
//!
//! In: sizes of boxes, links with the sizes of their labels. Out: places and ways, in whole pixels.
//! Each connected part is laid out by itself (ranks, then an order with few crossings, then
//! heights), and the parts are packed like words on lines.
//! Invariant: no two boxes or labels overlap, no link runs through a box, and the same input gives
//! the same picture on every machine: all arithmetic is of integers.

mod order;
mod part;
mod place;
mod rank;

use std::collections::BTreeMap;

/// A size in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) w: i64,
    pub(super) h: i64,
}

/// A point in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: i64,
    pub(super) y: i64,
}

/// What has to be placed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thing {
    pub(super) size: Size,
    /// Links meet it in the middle of its sides only, as with a diamond.
    pub(super) pointed: bool,
}

/// A link to be drawn; its ends differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tie {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: Size,
}

/// Where everything is.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    pub(super) size: Size,
    /// The middle of each thing.
    pub(super) things: Vec<Point>,
    /// The way of each tie.
    pub(super) ties: Vec<Way>,
}

/// The way of a link.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    /// From its source to its target. Between the two of a pair it runs straight, from one pair to
    /// the next in a curve.
    pub(super) points: Vec<Point>,
    /// The middle of its label.
    pub(super) label: Point,
}

/// There are more bends than a picture can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// Most bends of all links together: beyond it nobody could read the picture.
const BENDS: usize = 100_000;
/// Lines of parts are filled up to this width, or that of the widest part.
const LINE_WIDTH: i64 = 1100;
/// Between two parts.
const PART_GAP: i64 = 28;

/// Places all things.
///
/// # Errors
/// [`TooMany`].
pub(super) fn place(things: &[Thing], ties: &[Tie]) -> Result<Placed, TooMany> {
    let parts = parts_of(things.len(), ties);
    let mut laid = Vec::with_capacity(parts.len());
    let mut bends = BENDS;
    for part in &parts {
        laid.push(part::lay_part(part, things, ties, &mut bends)?);
    }
    let widest = laid.iter().map(|p| p.size.w).max().unwrap_or(0).max(LINE_WIDTH);
    let mut all = Placed {
        things: vec![Point::default(); things.len()],
        ties: vec![Way::default(); ties.len()],
        ..Placed::default()
    };
    let (mut x, mut y, mut line) = (0, 0, 0);
    for (part, own) in parts.iter().zip(laid) {
        if x > 0 && x + own.size.w > widest {
            (x, y, line) = (0, y + line + PART_GAP, 0);
        }
        take_over(&mut all, part, &own, Point { x, y }, &mut x);
        line = line.max(all.size.h - y);
    }
    Ok(all)
}

/// Moves a part to its place among all.
fn take_over(all: &mut Placed, part: &Part, own: &Placed, at: Point, x: &mut i64) {
    let shift = |p: &Point| Point { x: p.x + at.x, y: p.y + at.y };
    for (n, point) in part.things.iter().zip(&own.things) {
        all.things[*n] = shift(point);
    }
    for (n, way) in part.ties.iter().zip(&own.ties) {
        let points = way.points.iter().map(shift).collect();
        all.ties[*n] = Way { points, label: shift(&way.label) };
    }
    all.size.w = all.size.w.max(at.x + own.size.w);
    all.size.h = all.size.h.max(at.y + own.size.h);
    *x = at.x + own.size.w + PART_GAP;
}

/// Things that hang together, and the ties between them.
#[derive(Debug, Default)]
struct Part {
    things: Vec<usize>,
    ties: Vec<usize>,
}

/// The parts: those with ties first, each group by its first thing.
fn parts_of(things: usize, ties: &[Tie]) -> Vec<Part> {
    let mut head: Vec<usize> = (0..things).collect();
    for tie in ties {
        let (a, b) = (find(&mut head, tie.from), find(&mut head, tie.to));
        head[a.max(b)] = a.min(b);
    }
    let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
    for n in 0..things {
        parts.entry(find(&mut head, n)).or_default().things.push(n);
    }
    for (n, tie) in ties.iter().enumerate() {
        parts.entry(find(&mut head, tie.from)).or_default().ties.push(n);
    }
    let (linked, alone) = parts.into_values().partition::<Vec<Part>, _>(|p| !p.ties.is_empty());
    linked.into_iter().chain(alone).collect()
}

fn find(head: &mut [usize], mut n: usize) -> usize {
    while head[n] != n {
        head[n] = head[head[n]];
        n = head[n];
    }
    n
}

#[cfg(test)]
mod tests;
