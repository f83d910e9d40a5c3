use rayon::prelude::*;

use super::distance_table::DistanceTable;
use super::options::QualityOptions;
use crate::random;

/// Spearman's correlation of the distances of pairs of rows, of all or of a sample.
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
            // Far from the counters of anchors and triplets.
            let start = (1 << 60) + 2 * p;
            let i = random::below(options.seed, start, n);
            let mut j = random::below(options.seed, start + 1, n - 1);
            j += usize::from(j >= i);
            (before.distance(i, j), after.distance(i, j))
        });
        pairs.unzip()
    };
    spearman(&high, &low)
}

/// Spearman's rank correlation, equal values sharing their average rank; 0 if either side is
/// constant.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let middle = (a.len() as f64 - 1.0) / 2.0;
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(&b) {
        let (x, y) = (x - middle, y - middle);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    if aa == 0.0 || bb == 0.0 {
        return 0.0;
    }
    ab / (aa * bb).sqrt()
}

/// Ranks from 0, equal values sharing their average.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.par_sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut out = vec![0.0; values.len()];
    let mut start = 0;
    for run in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = start as f64 + (run.len() as f64 - 1.0) / 2.0;
        run.iter().for_each(|&i| out[i] = rank);
        start += run.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[9.0, 9.0, 9.0]), 0.0);
    }
}
