use std::cmp::Ordering;
use std::collections::BinaryHeap;

use mri_core::SplitMix64;

use crate::options::CorpusOptions;

/// Draws a random sample of the rows of a corpus in one pass, from their categories alone.
///
/// Every row draws a random number that depends only on the seed and on the index of the row; the
/// rows with the smallest numbers are the sample. So memory is bounded by the size of the sample,
/// and a smaller sample is a subset of a larger one.
pub(crate) struct Sampler {
    limit: usize,
    per_class: Option<usize>,
    seed: u64,
    n_seen: u64,
    kept: Kept,
}

/// The rows of a sample.
pub(crate) struct Selection {
    /// Their indices among all rows, ascending; `None` for all rows.
    pub(crate) rows: Option<Vec<u64>>,
    /// Their categories.
    pub(crate) categories: Vec<u32>,
    /// The number of rows that the sample was drawn from.
    pub(crate) n_seen: u64,
}

enum Kept {
    /// The categories of all rows.
    All(Vec<u32>),
    /// At most this many of each group; a group is a category, or all rows.
    Some(usize, Vec<BinaryHeap<Drawn>>),
}

/// A row, ordered by the number that it drew.
struct Drawn {
    number: u64,
    row: u64,
    category: u32,
}

impl Sampler {
    pub(crate) fn new(options: &CorpusOptions) -> Self {
        Self {
            limit: options.limit.unwrap_or(usize::MAX),
            per_class: options.per_class,
            seed: SplitMix64::mix(options.sample_seed),
            n_seen: 0,
            kept: match options.per_class.or(options.limit) {
                None => Kept::All(Vec::new()),
                Some(most) => Kept::Some(most, Vec::new()),
            },
        }
    }

    /// Takes the next row, which has this category.
    pub(crate) fn push(&mut self, category: u32) {
        let row = self.n_seen;
        self.n_seen += 1;
        match &mut self.kept {
            Kept::All(categories) => categories.push(category),
            Kept::Some(most, groups) => {
                let group = self.per_class.map_or(0, |_| category as usize);
                if groups.len() <= group {
                    groups.resize_with(group + 1, BinaryHeap::new);
                }
                let group = &mut groups[group];
                let number = SplitMix64::at(self.seed, row);
                let full = group.len() >= *most;
                if full && group.peek().is_none_or(|last| last.number <= number) {
                    return;
                }
                if full {
                    group.pop();
                }
                group.push(Drawn {
                    number,
                    row,
                    category,
                });
            }
        }
    }

    /// The sample in the order of the corpus.
    pub(crate) fn finish(self) -> Selection {
        let n_seen = self.n_seen;
        let groups = match self.kept {
            Kept::All(categories) => {
                let rows = None;
                return Selection {
                    rows,
                    categories,
                    n_seen,
                };
            }
            Kept::Some(_, groups) => groups,
        };
        let mut drawn: Vec<Drawn> = groups.into_iter().flatten().collect();
        drawn.sort_unstable();
        drawn.truncate(self.limit);
        drawn.sort_unstable_by_key(|drawn| drawn.row);
        let (rows, categories) = drawn.into_iter().map(|d| (d.row, d.category)).unzip();
        Selection {
            rows: Some(rows),
            categories,
            n_seen,
        }
    }
}

impl Drawn {
    fn key(&self) -> (u64, u64) {
        (self.number, self.row)
    }
}

impl PartialEq for Drawn {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Drawn {}

impl PartialOrd for Drawn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Drawn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
