//! How high each item of a column stands: near its neighbours, clear of those above and below.
//!
//! In: ordered columns, heights. Out: the middle of each item.
//! Each item wants to be at the mean of its neighbours; the nearest heights that keep order and
//! gaps come from pooling items that would collide (isotonic regression).
//! Invariant: items of a column keep their order, and never come nearer than their gaps.

use super::order::Columns;

/// Between two items of a column.
const GAP: i64 = 14;
/// How often all columns are gone through.
const ROUNDS: usize = 24;

/// The middles of all items, the topmost edge at 0.
pub(super) fn place(columns: &Columns, height: &[i64], weight: &[i64]) -> Vec<i64> {
    let mut y = vec![0; height.len()];
    for column in &columns.items {
        let mut top = 0;
        for &i in column {
            y[i] = top + height[i] / 2;
            top += height[i] + GAP;
        }
    }
    let last = columns.items.len();
    for round in 0..ROUNDS {
        let rightwards = round % 2 == 0;
        let both = round + 2 >= ROUNDS;
        for step in 0..last {
            let at = if rightwards { step } else { last - 1 - step };
            let wish = |i: usize| {
                let near = if rightwards { &columns.left[i] } else { &columns.right[i] };
                let other = if rightwards { &columns.right[i] } else { &columns.left[i] };
                let far: &[usize] = if both || near.is_empty() { other } else { &[] };
                mean(near.iter().chain(far).map(|j| (y[*j], weight[*j]))).unwrap_or(y[i])
            };
            let wishes: Vec<i64> = columns.items[at].iter().map(|i| wish(*i)).collect();
            settle(&columns.items[at], &wishes, height, weight, &mut y);
        }
    }
    let top = (0..y.len()).map(|i| y[i] - height[i] / 2).min().unwrap_or(0);
    y.iter().map(|y| y - top).collect()
}

fn mean(values: impl Iterator<Item = (i64, i64)>) -> Option<i64> {
    let (sum, weights) = values.fold((0, 0), |(s, n), (value, w)| (s + value * w, n + w));
    (weights > 0).then(|| sum.div_euclid(weights))
}

/// Puts the items of one column as near to their wishes as order and gaps let them.
fn settle(column: &[usize], wishes: &[i64], height: &[i64], weight: &[i64], y: &mut [i64]) {
    // With the room that each item needs taken out, the heights only must not fall.
    let mut offsets = Vec::with_capacity(column.len());
    let mut offset = 0;
    for (n, &i) in column.iter().enumerate() {
        if n > 0 {
            let before = column[n - 1];
            offset += (height[before] + 1) / 2 + (height[i] + 1) / 2 + GAP;
        }
        offsets.push(offset);
    }
    // Blocks of items that stand as close as they may: sum of wishes, of weights, how many.
    let mut blocks: Vec<(i64, i64, usize)> = Vec::new();
    for (n, &i) in column.iter().enumerate() {
        let mut block = ((wishes[n] - offsets[n]) * weight[i], weight[i], 1);
        while let Some(&(sum, weights, count)) = blocks.last() {
            if sum.div_euclid(weights) < block.0.div_euclid(block.1) {
                break;
            }
            block = (block.0 + sum, block.1 + weights, block.2 + count);
            blocks.pop();
        }
        blocks.push(block);
    }
    let mut n = 0;
    for (sum, weights, count) in blocks {
        for _ in 0..count {
            y[column[n]] = sum.div_euclid(weights) + offsets[n];
            n += 1;
        }
    }
}
