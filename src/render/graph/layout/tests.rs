//! No overlap and no link through a box, whatever hangs together how.

use proptest::prelude::*;

use super::{Placed, Point, Size, Thing, Tie, TooMany, place};

fn thing(w: i64, h: i64) -> Thing {
    Thing { size: Size { w, h }, pointed: false }
}

fn tie(from: usize, to: usize) -> Tie {
    Tie { from, to, label: Size { w: 60, h: 14 } }
}

/// Upper left and lower right.
fn extent(middle: Point, size: Size) -> (Point, Point) {
    let a = Point { x: middle.x - size.w / 2, y: middle.y - size.h / 2 };
    (a, Point { x: a.x + size.w, y: a.y + size.h })
}

fn apart(a: (Point, Point), b: (Point, Point)) -> bool {
    a.1.x <= b.0.x || b.1.x <= a.0.x || a.1.y <= b.0.y || b.1.y <= a.0.y
}

fn assert_readable(things: &[Thing], ties: &[Tie], placed: &Placed) {
    let mut boxes: Vec<(Point, Point)> =
        things.iter().zip(&placed.things).map(|(t, p)| extent(*p, t.size)).collect();
    for (from, to) in boxes.iter().flat_map(|b| [b.0, b.1]).map(|p| (p, placed.size)) {
        assert!((0..=to.w).contains(&from.x) && (0..=to.h).contains(&from.y), "{from:?} {to:?}");
    }
    for (tie, way) in ties.iter().zip(&placed.ties) {
        // Straight pieces stay clear of every box but those at their own ends.
        for (n, box_of) in boxes[..things.len()].iter().enumerate() {
            let own = n == tie.from || n == tie.to;
            for pair in way.points.chunks(2) {
                let (a, b) = (pair[0], pair[1]);
                let through = a.y > box_of.0.y
                    && a.y < box_of.1.y
                    && a.x.min(b.x) < box_of.1.x
                    && a.x.max(b.x) > box_of.0.x;
                assert!(own || !through, "a link runs through box {n}");
            }
        }
    }
    boxes.extend(ties.iter().zip(&placed.ties).map(|(t, w)| extent(w.label, t.label)));
    for (i, a) in boxes.iter().enumerate() {
        assert!(boxes[..i].iter().all(|b| apart(*a, *b)), "box {i} lies on another");
    }
}

#[test]
fn nothing_is_a_picture_too() {
    let placed = place(&[], &[]).expect("small");
    assert_eq!(placed.size, Size { w: 0, h: 0 });
}

#[test]
fn a_chain_is_a_straight_line() {
    let things = [thing(100, 40), thing(80, 60), thing(120, 20)];
    let placed = place(&things, &[tie(0, 1), tie(1, 2)]).expect("small");
    assert!(placed.things.iter().all(|p| p.y == 30), "{placed:?}");
    assert!(placed.ties.iter().flat_map(|t| &t.points).all(|p| p.y == 30), "{placed:?}");
}

#[test]
fn boxes_without_links_fill_lines() {
    let placed = place(&[thing(200, 40); 50], &[]).expect("small");
    assert!(placed.size.w <= super::LINE_WIDTH, "{:?}", placed.size);
    assert_readable(&[thing(200, 40); 50], &[], &placed);
}

#[test]
fn ten_thousand_in_a_ring_are_placed_and_a_thicket_is_refused() {
    let ring: Vec<Tie> = (0..10_000).map(|n| tie(n, (n + 1) % 10_000)).collect();
    place(&vec![thing(100, 40); 10_000], &ring).expect("its one long link has 20 000 bends");
    let thicket: Vec<Tie> = (0..600).flat_map(|a| (0..a).map(move |b| tie(b, a))).collect();
    assert_eq!(place(&vec![thing(100, 40); 600], &thicket).err(), Some(TooMany));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn boxes_and_labels_never_overlap(
        sizes in proptest::collection::vec((20_i64..200, 16_i64..90), 1..40),
        ends in proptest::collection::vec((0_usize..40, 0_usize..40), 0..70),
    ) {
        let things: Vec<Thing> = sizes.iter().map(|(w, h)| thing(*w, *h)).collect();
        let n = things.len();
        let ties: Vec<Tie> =
            ends.iter().map(|(a, b)| tie(a % n, b % n)).filter(|t| t.from != t.to).collect();
        let placed = place(&things, &ties).expect("small");
        assert_readable(&things, &ties, &placed);
    }
}
