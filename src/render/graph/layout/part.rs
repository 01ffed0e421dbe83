//! One connected part: its boxes and the bends of its links as items in columns, then places.
//!
//! In: a part. Out: where its boxes are, and the ways of its links, from its own upper left corner.
//! Boxes stand in even columns, labels in odd ones; a link that is longer than one column has a
//! bend in each that it passes, which keeps it clear of boxes.
//! Invariant: as in `layout`.

use super::order::{Columns, order};
use super::place::place;
use super::rank::rank;
use super::{Part, Placed, Point, Size, Thing, Tie, TooMany, Way};

/// Between two columns: room for a few links to change their height.
const COLUMN_GAP: i64 = 26;
/// More room for each link beyond those few: many in a narrow gap are one black bar.
const LINK_GAP: i64 = 4;
/// So many are few.
const FEW: usize = 4;
/// A gap is not made wider than this.
const COLUMN_GAP_MAX: i64 = 180;
/// A link that changes its height by less hardly bends.
const LEVEL: i64 = 12;
/// Between links that meet a box on the same side, at most.
const PORT_GAP: i64 = 12;
/// Ports keep away from the corners.
const PORT_MARGIN: i64 = 9;
/// The room of a bend.
const BEND: Size = Size { w: 0, h: 4 };
/// How much boxes, labels and bends want their neighbours at their own height.
const WEIGHTS: [i64; 3] = [1, 3, 6];

struct Items {
    columns: Columns,
    size: Vec<Size>,
    weight: Vec<i64>,
    /// For each tie, in the direction of the ranks: its items, boxes at both ends.
    chains: Vec<Chain>,
}

struct Chain {
    items: Vec<usize>,
    label: usize,
    reversed: bool,
}

/// Lays out one part. `bends` is what is left of all bends.
pub(super) fn lay_part(
    part: &Part,
    things: &[Thing],
    ties: &[Tie],
    bends: &mut usize,
) -> Result<Placed, TooMany> {
    let own: Vec<Thing> = part.things.iter().map(|n| things[*n]).collect();
    // A part's things are sorted, so that their numbers within it are found by search.
    let inner = |n: usize| part.things.binary_search(&n).unwrap_or(0);
    let inner_ties: Vec<Tie> = part
        .ties
        .iter()
        .map(|t| Tie { from: inner(ties[*t].from), to: inner(ties[*t].to), label: ties[*t].label })
        .collect();
    let mut items = items_of(&own, &inner_ties, bends)?;
    order(&mut items.columns);
    let height: Vec<i64> = items.size.iter().map(|s| s.h).collect();
    let y = place(&items.columns, &height, &items.weight);
    Ok(draw(&items, &own, &y))
}

fn items_of(things: &[Thing], ties: &[Tie], bends: &mut usize) -> Result<Items, TooMany> {
    let links: Vec<(usize, usize)> = ties.iter().map(|t| (t.from, t.to)).collect();
    let ranks = rank(things.len(), &links);
    let columns = ranks.of.iter().max().map_or(1, |last| last * 2 + 1);
    let mut items = Items {
        columns: Columns {
            items: vec![Vec::new(); columns],
            left: vec![Vec::new(); things.len()],
            right: vec![Vec::new(); things.len()],
        },
        size: things.iter().map(|t| t.size).collect(),
        weight: vec![WEIGHTS[0]; things.len()],
        chains: Vec::with_capacity(ties.len()),
    };
    for (n, rank) in ranks.of.iter().enumerate() {
        items.columns.items[rank * 2].push(n);
    }
    for (tie, reversed) in ties.iter().zip(ranks.reversed) {
        let (from, to) = if reversed { (tie.to, tie.from) } else { (tie.from, tie.to) };
        let (first, last) = (ranks.of[from] * 2, ranks.of[to] * 2);
        *bends = bends.checked_sub(last - first - 1).ok_or(TooMany)?;
        // The middle one of the odd columns on the way.
        let middle = usize::midpoint(first, last);
        let middle = if middle % 2 == 0 { middle - 1 } else { middle };
        let mut chain = Chain { items: vec![from], label: from, reversed };
        for column in first + 1..last {
            let is_label = column == middle;
            let size = if is_label { tie.label } else { BEND };
            let item = items.add(column, size, WEIGHTS[if is_label { 1 } else { 2 }]);
            if is_label {
                chain.label = item;
            }
            chain.items.push(item);
        }
        chain.items.push(to);
        for pair in chain.items.windows(2) {
            items.columns.right[pair[0]].push(pair[1]);
            items.columns.left[pair[1]].push(pair[0]);
        }
        items.chains.push(chain);
    }
    Ok(items)
}

impl Items {
    fn add(&mut self, column: usize, size: Size, weight: i64) -> usize {
        let item = self.size.len();
        self.size.push(Size { h: size.h.max(BEND.h), ..size });
        self.weight.push(weight);
        self.columns.items[column].push(item);
        self.columns.left.push(Vec::new());
        self.columns.right.push(Vec::new());
        item
    }
}

/// How wide the gap behind each column is.
fn gaps(items: &Items, y: &[i64]) -> Vec<i64> {
    let bent = |column: &Vec<usize>| {
        let ends =
            column.iter().flat_map(|i| items.columns.right[*i].iter().map(|j| y[*i] - y[*j]));
        ends.filter(|height| height.abs() > LEVEL).count()
    };
    let width = |column: &Vec<usize>| {
        let many = i64::try_from(bent(column).saturating_sub(FEW)).unwrap_or(COLUMN_GAP_MAX);
        (COLUMN_GAP + many.min(COLUMN_GAP_MAX) * LINK_GAP).min(COLUMN_GAP_MAX)
    };
    items.columns.items.iter().map(width).collect()
}

/// The left edge and the width of the column of each item.
fn columns_x(items: &Items, y: &[i64]) -> (Vec<(i64, i64)>, i64) {
    let mut of_item = vec![(0, 0); items.size.len()];
    let (mut x, mut end) = (0, 0);
    for (column, gap) in items.columns.items.iter().zip(gaps(items, y)) {
        let width = column.iter().map(|i| items.size[*i].w).max().unwrap_or(0);
        for i in column {
            of_item[*i] = (x, width);
        }
        end = x + width;
        x = end + gap;
    }
    (of_item, end)
}

fn draw(items: &Items, things: &[Thing], y: &[i64]) -> Placed {
    let (column, width) = columns_x(items, y);
    let height = (0..y.len()).map(|i| y[i] + (items.size[i].h + 1) / 2).max().unwrap_or(0);
    let middle = |i: usize| Point { x: column[i].0 + column[i].1 / 2, y: y[i] };
    let ports = ports_of(items, things, y);
    let way = |(n, chain): (usize, &Chain)| {
        let mut points = Vec::with_capacity(chain.items.len() * 2);
        let last = chain.items.len() - 1;
        for (k, &i) in chain.items.iter().enumerate() {
            let (left, wide) = column[i];
            let (out, into) = (ports[n].0, ports[n].1);
            if k == 0 {
                points.push(Point { x: middle(i).x + items.size[i].w / 2, y: y[i] + out });
                points.push(Point { x: left + wide, y: y[i] + out });
            } else if k == last {
                points.push(Point { x: left, y: y[i] + into });
                points.push(Point { x: middle(i).x - items.size[i].w / 2, y: y[i] + into });
            } else {
                points.push(Point { x: left, y: y[i] });
                points.push(Point { x: left + wide, y: y[i] });
            }
        }
        if chain.reversed {
            points.reverse();
        }
        Way { points, label: middle(chain.label) }
    };
    Placed {
        size: Size { w: width, h: height },
        things: (0..things.len()).map(middle).collect(),
        ties: items.chains.iter().enumerate().map(way).collect(),
    }
}

/// For each chain, how far from the middle of their boxes its two ends are.
fn ports_of(items: &Items, things: &[Thing], y: &[i64]) -> Vec<(i64, i64)> {
    let mut out: Vec<Vec<(i64, usize)>> = vec![Vec::new(); things.len()];
    let mut into = out.clone();
    for (n, chain) in items.chains.iter().enumerate() {
        let last = chain.items.len() - 1;
        out[chain.items[0]].push((y[chain.items[1]], n));
        into[chain.items[last]].push((y[chain.items[last - 1]], n));
    }
    let mut ports = vec![(0, 0); items.chains.len()];
    for (thing, (out, into)) in things.iter().zip(out.iter_mut().zip(&mut into)) {
        spread(thing, out, |n, at| ports[n].0 = at);
        spread(thing, into, |n, at| ports[n].1 = at);
    }
    ports
}

fn spread(thing: &Thing, ends: &mut [(i64, usize)], mut set: impl FnMut(usize, i64)) {
    ends.sort_unstable();
    let count = i64::try_from(ends.len()).unwrap_or(i64::MAX);
    let room = (thing.size.h - 2 * PORT_MARGIN).max(0);
    let gap = if thing.pointed || count < 2 { 0 } else { (room / (count - 1)).min(PORT_GAP) };
    let mut at = -gap * (count - 1) / 2;
    for (_, n) in ends.iter() {
        set(*n, at);
        at += gap;
    }
}
