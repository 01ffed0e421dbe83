//! Which column a box stands in: links lead to the right, but for those that close a cycle.
//!
//! In: boxes by number, links. Out: a rank for each box, and which links lead to the left.
//! Invariant: no recursion, and time linear in boxes and links.

/// Ranks, and the links that lead against them.
#[derive(Debug)]
pub(super) struct Ranks {
    pub(super) of: Vec<usize>,
    pub(super) reversed: Vec<bool>,
}

/// Ranks `n` boxes.
pub(super) fn rank(n: usize, links: &[(usize, usize)]) -> Ranks {
    let reversed = close_cycles(n, links);
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut before = vec![0_usize; n];
    for (&(from, to), &back) in links.iter().zip(&reversed) {
        let (from, to) = if back { (to, from) } else { (from, to) };
        next[from].push(to);
        before[to] += 1;
    }
    let sources: Vec<bool> = before.iter().map(|b| *b == 0).collect();
    let mut order: Vec<usize> = (0..n).filter(|i| sources[*i]).collect();
    let mut of = vec![0; n];
    let mut done = 0;
    while let Some(&at) = order.get(done) {
        done += 1;
        for &to in &next[at] {
            of[to] = of[to].max(of[at] + 1);
            before[to] -= 1;
            if before[to] == 0 {
                order.push(to);
            }
        }
    }
    // What nothing leads to stands right before what it leads to, not in the first column.
    for at in (0..n).filter(|i| sources[*i]) {
        if let Some(first) = next[at].iter().map(|to| of[*to]).min() {
            of[at] = first - 1;
        }
    }
    Ranks { of, reversed }
}

/// Links that lead back to a box on the way that led here, as a depth-first search finds them.
fn close_cycles(n: usize, links: &[(usize, usize)]) -> Vec<bool> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut entered = vec![false; n];
    for (i, &(from, to)) in links.iter().enumerate() {
        next[from].push(i);
        entered[to] = true;
    }
    let mut reversed = vec![false; links.len()];
    let (mut seen, mut on_way) = (vec![false; n], vec![false; n]);
    let roots = (0..n).filter(|i| !entered[*i]).chain(0..n);
    for root in roots {
        if seen[root] {
            continue;
        }
        (seen[root], on_way[root]) = (true, true);
        let mut way = vec![(root, 0)];
        while let Some((at, turn)) = way.last_mut() {
            let Some(&link) = next[*at].get(*turn) else {
                on_way[*at] = false;
                way.pop();
                continue;
            };
            *turn += 1;
            let to = links[link].1;
            reversed[link] = on_way[to];
            if !seen[to] {
                (seen[to], on_way[to]) = (true, true);
                way.push((to, 0));
            }
        }
    }
    reversed
}
