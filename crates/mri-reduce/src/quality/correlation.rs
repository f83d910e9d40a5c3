use mri_stats::{average_ranks, pearson};
use rayon::prelude::*;

use super::distance_table::DistanceTable;
use super::options::QualityOptions;
use crate::random;

/// Spearman's correlation of the distances of pairs of rows, of all or of a sample; 0 where it is
/// undefined because all distances of one side are equal.
pub(super) fn of_distances(
    before: &DistanceTable,
    after: &DistanceTable,
    options: &QualityOptions,
) -> f64 {
    let n = before.len();
    let (high, low): (Vec<f64>, Vec<f64>) = if n * (n - 1) / 2 <= options.pairs {
        let rows: Vec<usize> = (0..n).collect();
        let blocks = rows.par_chunks(DistanceTable::BLOCK);
        let parts = blocks.map(|block| {
            let (high, low) = (before.distances(block), after.distances(block));
            let mut pairs = Vec::new();
            for (i, &row) in block.iter().enumerate() {
                pairs.extend((row + 1..n).map(|j| (high[(i, j)], low[(i, j)])));
            }
            pairs
        });
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flatten().unzip()
    } else {
        let pairs = (0..options.pairs as u64).into_par_iter().map(|p| {
            // Counters that neither anchors nor triplets use.
            let start = (1 << 60) + 2 * p;
            let i = random::below(options.seed, start, n);
            let mut j = random::below(options.seed, start + 1, n - 1);
            j += usize::from(j >= i);
            (before.distance(i, j), after.distance(i, j))
        });
        pairs.unzip()
    };
    let pairs = average_ranks(&high).into_iter().zip(average_ranks(&low));
    pearson(pairs.collect::<Vec<_>>()).unwrap_or(0.0)
}
