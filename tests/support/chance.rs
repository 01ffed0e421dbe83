//! Chance that is the same everywhere, and the damage that it does to a text.
//!
//! In: a seed. Out: numbers, ranges, damaged texts.
//! Invariant: the same seed gives the same damage on every machine.

/// A generator whose numbers are the same everywhere (splitmix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let drawn = usize::try_from((z ^ (z >> 31)) >> 33).expect("31 bits");
        drawn % end.max(1)
    }

    /// A range of a text, most of them short.
    pub(crate) fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 12 };
        start..(start + self.below(most + 1)).min(length)
    }
}

/// One of the seeds with some damage: pieces of it cut, repeated, exchanged with another seed's or with
/// one of `pieces`. At most `most` bytes.
pub(crate) fn damaged(
    seeds: &[Vec<u8>],
    pieces: &[&str],
    most: usize,
    chance: &mut Chance,
) -> Vec<u8> {
    let mut text = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(5) {
        let range = chance.range(text.len());
        let put: Vec<u8> = match chance.below(7) {
            0 => Vec::new(),
            1 => text[range.clone()].repeat(2 + chance.below(3)),
            2 => {
                let other = &seeds[chance.below(seeds.len())];
                other[chance.range(other.len())].to_vec()
            }
            3 => vec![u8::try_from(chance.below(256)).expect("a byte")],
            4 => text[chance.range(text.len())].to_vec(),
            _ => pieces[chance.below(pieces.len())].as_bytes().to_vec(),
        };
        text.splice(range, put);
        text.truncate(most);
    }
    text
}
