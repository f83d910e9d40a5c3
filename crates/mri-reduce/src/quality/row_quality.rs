use ndarray::ArrayView1;

use super::concordance::concordance;
use super::options::QualityOptions;
use crate::knn::k_nearest;
use crate::random;

/// The measures of one row.
#[derive(Clone, Copy)]
pub(super) struct RowQuality {
    pub(super) trustworthiness: f64,
    pub(super) continuity: f64,
    pub(super) recall: f64,
    pub(super) hit: f64,
    pub(super) triplets: f64,
}

/// Measures row `i`, given the distances of all rows and of all points to it.
pub(super) fn of_row(
    i: usize,
    high: ArrayView1<'_, f64>,
    low: ArrayView1<'_, f64>,
    labels: Option<&[u32]>,
    options: &QualityOptions,
) -> RowQuality {
    let (n, k) = (high.len(), options.neighbors);
    // Rows of a standard matrix are contiguous.
    let (high, low) = (high.to_vec(), low.to_vec());
    let (near_high, near_low) = (k_nearest(&high, Some(i), k), k_nearest(&low, Some(i), k));
    // `2/(nk(2n−3k−1))` is the mean over n rows of this share of one row's sum.
    let share = 2.0 / (k * (2 * n - 3 * k - 1)) as f64;
    let penalty = |near: &[usize], distances: &[f64]| {
        let excess = |&j: &usize| rank(distances, i, j).saturating_sub(k);
        1.0 - share * near.iter().map(excess).sum::<usize>() as f64
    };
    let both = near_low.iter().filter(|j| near_high.contains(j)).count();
    let hit = labels.map_or(0, |ids| {
        near_low.iter().filter(|&&j| ids[j] == ids[i]).count()
    });
    RowQuality {
        trustworthiness: penalty(&near_low, &high),
        continuity: penalty(&near_high, &low),
        recall: both as f64 / k as f64,
        hit: hit as f64 / k as f64,
        triplets: match options.triplets {
            None => concordance(&high, &low, i),
            Some(count) => sampled_triplets(&high, &low, i, count, options.seed),
        },
    }
}

/// The rank of `j` among the neighbors of row `i`, from 1; equal distances are ordered by index.
fn rank(distances: &[f64], i: usize, j: usize) -> usize {
    let d = distances[j];
    let (before, after) = distances.split_at(j);
    let nearer =
        before.iter().filter(|&&v| v <= d).count() + after.iter().filter(|&&v| v < d).count();
    // The row itself is no neighbor.
    let own = distances[i] < d || (distances[i] == d && i < j);
    nearer - usize::from(own) + 1
}

fn sampled_triplets(high: &[f64], low: &[f64], i: usize, count: usize, seed: u64) -> f64 {
    let n = high.len();
    // Counters that the sample of rows does not use.
    let start = (1 << 40) + 2 * (i as u64) * (count as u64);
    let agree = (0..count as u64).filter(|t| {
        // Two different rows other than i: drawn from n−1 and n−2, then shifted past those taken.
        let mut j = random::below(seed, start + 2 * t, n - 1);
        let mut l = random::below(seed, start + 2 * t + 1, n - 2);
        l += usize::from(l >= j);
        j += usize::from(j >= i);
        l += usize::from(l >= i);
        let order = |d: &[f64]| d[j].total_cmp(&d[l]).then(j.cmp(&l));
        order(high) == order(low)
    });
    agree.count() as f64 / count as f64
}
