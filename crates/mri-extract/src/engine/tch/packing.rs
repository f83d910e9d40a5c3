use mri_core::TokenBatch;

/// The texts of a micro-batch laid end to end, longest first. Recorded rows go back to the order of
/// the batch.
pub(super) struct Packing {
    /// The texts in packed order.
    pub(super) texts: Vec<PackedText>,
    /// Runs of texts whose attention is computed together.
    pub(super) groups: Vec<Group>,
    pub(super) n_tokens: usize,
}

/// A packed text.
#[derive(Clone, Copy)]
pub(super) struct PackedText {
    /// The index in the batch.
    pub(super) number: usize,
    /// The first packed row.
    pub(super) start: usize,
    /// The number of tokens.
    pub(super) length: usize,
}

/// Consecutive texts of equal or similar length.
pub(super) struct Group {
    /// The index of the first in [`Packing::texts`].
    pub(super) first: usize,
    pub(super) count: usize,
    /// The length of the longest, to which the others are padded.
    pub(super) longest: usize,
    /// All have the same length: no padding.
    pub(super) equal_lengths: bool,
}

impl Group {
    pub(super) fn texts<'a>(&self, packing: &'a Packing) -> &'a [PackedText] {
        &packing.texts[self.first..self.first + self.count]
    }
}

/// On a CPU, groups are joined up to this many padded tokens: below it the overhead of an
/// operation, about 20 µs, outweighs padding and copying to and from a padded block.
const CPU_GROUP_TOKENS: usize = 128;

impl Packing {
    /// Packs a micro-batch. On a CPU small operations are cheap and padding is avoided; a GPU wants
    /// few large operations.
    pub(super) fn new(batch: &TokenBatch, on_cpu: bool) -> Self {
        let lengths: Vec<usize> = batch.iter().map(<[u32]>::len).collect();
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
        let mut start = 0;
        let texts: Vec<PackedText> = order
            .into_iter()
            .map(|number| {
                let text = PackedText {
                    number,
                    start,
                    length: lengths[number],
                };
                start += text.length;
                text
            })
            .collect();
        let mut groups: Vec<Group> = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            if let Some(group) = groups.last_mut() {
                let padded = group.longest * group.count;
                let joins = if on_cpu {
                    padded < CPU_GROUP_TOKENS
                } else {
                    text.length * 4 >= group.longest * 3 || group.longest <= 16
                };
                if text.length == group.longest || joins {
                    group.equal_lengths &= text.length == group.longest;
                    group.count += 1;
                    continue;
                }
            }
            groups.push(Group {
                first: i,
                count: 1,
                longest: text.length,
                equal_lengths: true,
            });
        }
        Self {
            texts,
            groups,
            n_tokens: start,
        }
    }

    /// The texts in the order of the batch.
    pub(super) fn in_batch_order(&self) -> Vec<PackedText> {
        let mut texts = self.texts.clone();
        texts.sort_by_key(|text| text.number);
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_has_one_place() {
        let lengths = [3_usize, 700, 1, 3, 700, 20, 21, 400];
        let mut batch = TokenBatch::new();
        for &n in &lengths {
            batch.push(&vec![7; n]);
        }
        for on_cpu in [true, false] {
            let packing = Packing::new(&batch, on_cpu);
            assert_eq!(packing.n_tokens, batch.n_tokens());
            let mut end = 0;
            let mut texts = 0;
            for group in &packing.groups {
                assert_eq!(group.first, texts);
                texts += group.count;
                for text in group.texts(&packing) {
                    assert_eq!((text.start, text.length), (end, lengths[text.number]));
                    end += text.length;
                    assert!(text.length <= group.longest);
                    assert!(!group.equal_lengths || text.length == group.longest);
                }
            }
            assert_eq!((texts, end), (lengths.len(), packing.n_tokens));
            let numbers: Vec<usize> = packing.in_batch_order().iter().map(|t| t.number).collect();
            assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
        }
    }
}
