use std::ops::Range;

use rayon::prelude::*;

use crate::bootstrap::Bootstrap;
use crate::error::StatsError;
use crate::hypergeometric::Hypergeometric;
use crate::partition::Partition;
use crate::stream_rng::{Stream, StreamRng};

/// Two samples of rows, A and B, compared over the parts of one or more partitions of the rows.
///
/// The *effect* of a part, from −1 to 1, is the share of A's rows that are in it less the share of
/// B's. Parts of all partitions are numbered through: those of partition `g` are
/// [`parts_of(g)`](Self::parts_of).
#[derive(Debug, Clone)]
pub struct TwoSample {
    /// Per row its parts, one per partition; rows of the smaller sample first.
    parts_of_rows: Vec<u32>,
    n_partitions: usize,
    /// `first[g] .. first[g + 1]` are the parts of partition `g`.
    first: Vec<usize>,
    n_rows: usize,
    /// Rows of the smaller sample.
    n_small: usize,
    /// Whether A is the smaller sample; it is where both are equal.
    a_is_small: bool,
    /// Per part the rows of the smaller sample.
    small: Vec<u32>,
    /// Per part the rows of both samples.
    total: Vec<u32>,
}

/// How many random assignments of rows to the samples reach the observed statistic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermutationHits {
    /// Per part: an absolute effect at least as large as the observed one.
    pub parts: Vec<u32>,
    /// Per partition: a total variation distance at least as large as the observed one.
    pub partitions: Vec<u32>,
}

impl TwoSample {
    /// Compares the rows `a` with the rows `b`. No row may be in both.
    ///
    /// # Errors
    /// [`StatsError::EmptySample`]; [`StatsError::RowOutOfRange`] if a partition lacks a row.
    pub fn new<T>(
        partitions: &[Partition<T>],
        a: &[usize],
        b: &[usize],
    ) -> Result<Self, StatsError> {
        if a.is_empty() || b.is_empty() {
            return Err(StatsError::EmptySample);
        }
        let a_is_small = a.len() <= b.len();
        let (few, many) = if a_is_small { (a, b) } else { (b, a) };
        let mut first = vec![0];
        for partition in partitions {
            first.push(first[first.len() - 1] + partition.parts().len());
        }
        let n_parts = first[partitions.len()];
        let mut parts_of_rows = Vec::with_capacity((a.len() + b.len()) * partitions.len());
        for &row in few.iter().chain(many) {
            for (partition, first) in partitions.iter().zip(&first) {
                let n_rows = partition.n_rows();
                let part = partition.part_of(row);
                let part = part.ok_or(StatsError::RowOutOfRange { row, n_rows })?;
                parts_of_rows.push((first + part) as u32);
            }
        }
        let mut sample = Self {
            parts_of_rows,
            n_partitions: partitions.len(),
            first,
            n_rows: a.len() + b.len(),
            n_small: few.len(),
            a_is_small,
            small: vec![0; n_parts],
            total: vec![0; n_parts],
        };
        let n_small_entries = sample.n_small * sample.n_partitions;
        for (i, &part) in sample.parts_of_rows.iter().enumerate() {
            sample.total[part as usize] += 1;
            sample.small[part as usize] += u32::from(i < n_small_entries);
        }
        Ok(sample)
    }

    /// The number of parts of all partitions together.
    #[must_use]
    pub fn n_parts(&self) -> usize {
        self.total.len()
    }

    /// The parts of a partition.
    ///
    /// # Panics
    /// If there is no such partition.
    #[must_use]
    pub fn parts_of(&self, partition: usize) -> Range<usize> {
        self.first[partition]..self.first[partition + 1]
    }

    /// The rows of A and of B in a part.
    ///
    /// # Panics
    /// As all methods with a `part`: if there is no such part.
    #[must_use]
    pub fn counts(&self, part: usize) -> [u32; 2] {
        let (small, rest) = (self.small[part], self.total[part] - self.small[part]);
        if self.a_is_small {
            [small, rest]
        } else {
            [rest, small]
        }
    }

    /// The share of A's rows that are in a part less the share of B's.
    #[must_use]
    pub fn effect(&self, part: usize) -> f64 {
        self.difference(self.counts(part))
    }

    /// Half the sum of the absolute effects over a partition: the total variation distance of the
    /// samples, from 0 (equal shares everywhere) to 1 (no part in common).
    ///
    /// # Panics
    /// If there is no such partition.
    #[must_use]
    pub fn total_variation(&self, partition: usize) -> f64 {
        let effects = self.parts_of(partition).map(|part| self.effect(part).abs());
        effects.sum::<f64>() / 2.0
    }

    /// The probability, over all assignments of the rows to samples of these sizes, of an absolute
    /// effect at least as large as the observed one. Exact, see [`Hypergeometric::p_value`].
    #[must_use]
    pub fn p_value(&self, part: usize) -> f64 {
        self.distribution(part).p_value(self.small[part])
    }

    /// The smallest [`p_value`](Self::p_value) that any assignment could give this part.
    #[must_use]
    pub fn min_p_value(&self, part: usize) -> f64 {
        self.distribution(part).min_p_value()
    }

    /// Assigns the rows to the samples at random `permutations` times.
    ///
    /// The same seed gives the same hits on any number of threads.
    ///
    /// # Complexity
    /// O(permutations · (rows of the smaller sample · partitions + parts)), over all threads.
    #[must_use]
    pub fn permute(&self, permutations: usize, seed: u64) -> PermutationHits {
        let mut observed = vec![0; self.n_parts()];
        let observed_sums = self.deviations(&self.small, |part, d| observed[part] = d);
        let none = || PermutationHits {
            parts: vec![0; self.n_parts()],
            partitions: vec![0; self.n_partitions],
        };
        let start = || (Permuter::new(self), none());
        (0..permutations)
            .into_par_iter()
            .fold(start, |(mut permuter, mut hits), draw| {
                let small = permuter.draw(self, StreamRng::new(seed, Stream::Permutation, draw));
                let sums = self.deviations(small, |part, deviation| {
                    hits.parts[part] += u32::from(deviation >= observed[part]);
                });
                for (partition, sum) in sums.into_iter().enumerate() {
                    hits.partitions[partition] += u32::from(sum >= observed_sums[partition]);
                }
                (permuter, hits)
            })
            .map(|(_, hits)| hits)
            .reduce(none, |mut sum, part| {
                add(&mut sum.parts, &part.parts);
                add(&mut sum.partitions, &part.partitions);
                sum
            })
    }

    /// Draws the rows of each sample anew, with replacement, `resamples` times.
    ///
    /// The same seed gives the same resamples on any number of threads.
    ///
    /// # Complexity
    /// O(resamples · (rows · partitions + parts)), over all threads.
    #[must_use]
    pub fn bootstrap(&self, resamples: usize, seed: u64) -> Bootstrap {
        let n_large = self.n_rows - self.n_small;
        let effects = (0..resamples)
            .into_par_iter()
            .map_init(
                || [vec![0_u32; self.n_parts()], vec![0_u32; self.n_parts()]],
                |[small, large], draw| {
                    let mut rng = StreamRng::new(seed, Stream::Bootstrap, draw);
                    small.fill(0);
                    large.fill(0);
                    for _ in 0..self.n_small {
                        for &part in self.parts_of_row(rng.below(self.n_small as u32) as usize) {
                            small[part as usize] += 1;
                        }
                    }
                    for _ in 0..n_large {
                        let row = self.n_small + rng.below(n_large as u32) as usize;
                        for &part in self.parts_of_row(row) {
                            large[part as usize] += 1;
                        }
                    }
                    let counts = small.iter().zip(large.iter());
                    counts
                        .map(|(&s, &l)| {
                            if s + l == 0 {
                                return f32::NAN;
                            }
                            let counts = if self.a_is_small { [s, l] } else { [l, s] };
                            self.difference(counts) as f32
                        })
                        .collect()
                },
            )
            .collect();
        Bootstrap { effects }
    }

    fn parts_of_row(&self, row: usize) -> &[u32] {
        &self.parts_of_rows[row * self.n_partitions..(row + 1) * self.n_partitions]
    }

    fn distribution(&self, part: usize) -> Hypergeometric {
        let (n_rows, n_small) = (self.n_rows as u32, self.n_small as u32);
        Hypergeometric::from_counts(n_rows, n_small, self.total[part])
    }

    fn difference(&self, [rows_a, rows_b]: [u32; 2]) -> f64 {
        let n_large = self.n_rows - self.n_small;
        let (n_a, n_b) = if self.a_is_small {
            (self.n_small, n_large)
        } else {
            (n_large, self.n_small)
        };
        f64::from(rows_a) / n_a as f64 - f64::from(rows_b) / n_b as f64
    }

    /// Per partition the sum of the parts' deviations, a whole multiple of the total variation
    /// distance; each part's own goes to `each`.
    fn deviations(&self, small: &[u32], mut each: impl FnMut(usize, u64)) -> Vec<u64> {
        let ranges = self.first.windows(2);
        let sums = ranges.map(|range| {
            let mut sum = 0;
            let parts = range[0]..range[1];
            for (part, &k) in parts.clone().zip(&small[parts]) {
                let deviation = self.distribution(part).deviation(k);
                each(part, deviation);
                sum += deviation;
            }
            sum
        });
        sums.collect()
    }
}

/// The buffers of one thread's random assignments.
struct Permuter {
    /// The rows, in the order every draw starts from.
    rows: Vec<u32>,
    swaps: Vec<usize>,
    /// Per part the rows assigned to the smaller sample.
    small: Vec<u32>,
}

impl Permuter {
    fn new(sample: &TwoSample) -> Self {
        Self {
            rows: (0..sample.n_rows as u32).collect(),
            swaps: Vec::with_capacity(sample.n_small),
            small: vec![0; sample.n_parts()],
        }
    }

    /// Assigns rows to the smaller sample by a partial Fisher–Yates shuffle, and counts them per
    /// part. The larger sample has the others, so its counts follow from the totals.
    fn draw(&mut self, sample: &TwoSample, mut rng: StreamRng) -> &[u32] {
        self.small.fill(0);
        self.swaps.clear();
        for i in 0..sample.n_small {
            let j = i + rng.below((sample.n_rows - i) as u32) as usize;
            self.rows.swap(i, j);
            self.swaps.push(j);
            for &part in sample.parts_of_row(self.rows[i] as usize) {
                self.small[part as usize] += 1;
            }
        }
        // Swap back to the initial order, so that a draw does not depend on the one before it.
        for (i, &j) in self.swaps.iter().enumerate().rev() {
            self.rows.swap(i, j);
        }
        &self.small
    }
}

fn add(sums: &mut [u32], hits: &[u32]) {
    for (sum, hit) in sums.iter_mut().zip(hits) {
        *sum += hit;
    }
}
