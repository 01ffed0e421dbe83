//! In which order the items of each column stand, so that few links cross.
//!
//! In: columns of items, links between neighbouring columns. Out: the columns, reordered.
//! Each item is moved to the mean of its neighbours, column by column, back and forth; the best
//! order seen is kept.
//! Invariant: ties keep their order, so the same input gives the same output.

/// Items by number, in columns; `left[i]` and `right[i]` are the neighbours of item `i`.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) items: Vec<Vec<usize>>,
    pub(super) left: Vec<Vec<usize>>,
    pub(super) right: Vec<Vec<usize>>,
}

/// What a mean is multiplied by, to stay a whole number.
const SCALE: usize = 1024;

/// Reorders the columns.
pub(super) fn order(columns: &mut Columns) {
    let count = columns.left.len();
    let sweeps = match count {
        0..2_000 => 24,
        2_000..20_000 => 8,
        _ => 2,
    };
    let mut place = vec![0; count];
    note_places(&columns.items, &mut place);
    let mut best = (crossings(columns, &place), columns.items.clone());
    for sweep in 0..sweeps {
        if best.0 == 0 {
            break;
        }
        let rightwards = sweep % 2 == 0;
        let last = columns.items.len();
        for step in 1..last {
            let at = if rightwards { step } else { last - 1 - step };
            let near = if rightwards { &columns.left } else { &columns.right };
            let mean = |i: usize| match near[i].len() {
                0 => place[i] * SCALE,
                n => near[i].iter().map(|j| place[*j] * SCALE).sum::<usize>() / n,
            };
            let mut column: Vec<(usize, usize)> =
                columns.items[at].iter().map(|&i| (mean(i), i)).collect();
            column.sort_by_key(|(mean, _)| *mean);
            for (p, (_, i)) in column.iter().enumerate() {
                place[*i] = p;
                columns.items[at][p] = *i;
            }
        }
        swap_neighbours(columns, &mut place);
        let now = crossings(columns, &place);
        if now < best.0 {
            best = (now, columns.items.clone());
        }
    }
    columns.items = best.1;
}

fn note_places(items: &[Vec<usize>], place: &mut [usize]) {
    for column in items {
        for (p, i) in column.iter().enumerate() {
            place[*i] = p;
        }
    }
}

/// Only small pictures are worth the time.
const SWAPPED: usize = 1_500;

/// Swaps neighbours wherever that takes a crossing away.
fn swap_neighbours(columns: &mut Columns, place: &mut [usize]) {
    if columns.left.len() > SWAPPED {
        return;
    }
    for column in &mut columns.items {
        for p in 1..column.len() {
            let (a, b) = (column[p - 1], column[p]);
            let both = [&columns.left, &columns.right];
            let as_is: usize = both.iter().map(|near| crossed(&near[a], &near[b], place)).sum();
            let swapped: usize = both.iter().map(|near| crossed(&near[b], &near[a], place)).sum();
            if swapped < as_is {
                column.swap(p - 1, p);
                (place[a], place[b]) = (p, p - 1);
            }
        }
    }
}

/// Crossings between the links of two items, the first one above.
fn crossed(above: &[usize], below: &[usize], place: &[usize]) -> usize {
    above.iter().map(|a| below.iter().filter(|b| place[**b] < place[*a]).count()).sum()
}

/// All crossings, counted with a tree of sums.
fn crossings(columns: &Columns, place: &[usize]) -> usize {
    let mut total = 0;
    for pair in columns.items.windows(2) {
        let [from, to] = pair else { continue };
        let mut sums = vec![0_usize; to.len() + 1];
        let mut before = 0;
        for item in from {
            let mut ends: Vec<usize> = columns.right[*item].iter().map(|j| place[*j]).collect();
            ends.sort_unstable();
            for end in &ends {
                let mut i = end + 1;
                let mut upto = 0;
                while i > 0 {
                    upto += sums[i];
                    i &= i - 1;
                }
                total += before - upto;
            }
            for end in ends {
                let mut i = end + 1;
                while i < sums.len() {
                    sums[i] += 1;
                    i += i & i.wrapping_neg();
                }
                before += 1;
            }
        }
    }
    total
}
