use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::concordance::concordance;
use super::{Distance, QualityOptions};
use crate::linalg::product_f64;
use crate::random;

/// Rows made ready for distances: in `f64`, about their mean, of length 1 for cosines.
pub(super) struct Cloud {
    rows: Array2<f64>,
    squares: Array1<f64>,
}

impl Cloud {
    /// Rows whose distances are computed together: enough for the matrix product to be quick.
    pub(super) const BLOCK: usize = 64;

    pub(super) fn new(x: ArrayView2<'_, f32>, distance: Distance) -> Self {
        let mut rows = x.mapv(f64::from);
        match distance {
            // The product form of a distance loses what a common offset adds.
            Distance::Euclidean => {
                let mean = rows.sum_axis(Axis(0)) / rows.nrows() as f64;
                rows -= &mean;
            }
            // Among unit vectors the squared straight line is twice 1 − cosine.
            Distance::Cosine => {
                for mut row in rows.rows_mut() {
                    let length = row.dot(&row).sqrt();
                    if length > 0.0 {
                        row /= length;
                    }
                }
            }
        }
        let squares = rows.rows().into_iter().map(|row| row.dot(&row)).collect();
        Self { rows, squares }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.nrows()
    }

    /// The squared distances of some rows to all.
    pub(super) fn distances(&self, some: &[usize]) -> Array2<f64> {
        let anchors = self.rows.select(Axis(0), some);
        let mut out = product_f64(anchors.view(), self.rows.t());
        for (mut row, &i) in out.rows_mut().into_iter().zip(some) {
            row.zip_mut_with(&self.squares, |v, &s| {
                *v = (self.squares[i] + s - 2.0 * *v).max(0.0);
            });
        }
        out
    }

    /// The squared distance of two rows.
    pub(super) fn distance(&self, i: usize, j: usize) -> f64 {
        let pairs = self.rows.row(i).into_iter().zip(self.rows.row(j));
        pairs.map(|(a, b)| (a - b) * (a - b)).sum()
    }
}

/// The measures of one row.
#[derive(Clone, Copy)]
pub(super) struct Anchor {
    pub(super) trustworthiness: f64,
    pub(super) continuity: f64,
    pub(super) recall: f64,
    pub(super) hit: f64,
    pub(super) triplets: f64,
}

/// Judges row `i`, given the distances of all rows and of all points to it.
pub(super) fn judge(
    i: usize,
    high: ArrayView1<'_, f64>,
    low: ArrayView1<'_, f64>,
    labels: Option<&[u32]>,
    options: &QualityOptions,
) -> Anchor {
    let (n, k) = (high.len(), options.neighbours);
    // Rows of a standard matrix are contiguous.
    let (high, low) = (high.to_vec(), low.to_vec());
    let (near_high, near_low) = (nearest(&high, i, k), nearest(&low, i, k));
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
    Anchor {
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

/// The `k` nearest to row `i` without itself; equal distances by row number.
pub(super) fn nearest(distances: &[f64], i: usize, k: usize) -> Vec<usize> {
    let mut others: Vec<usize> = (0..distances.len()).filter(|&j| j != i).collect();
    let order = |&a: &usize, &b: &usize| distances[a].total_cmp(&distances[b]).then(a.cmp(&b));
    if k < others.len() {
        others.select_nth_unstable_by(k, order);
        others.truncate(k);
    }
    others
}

/// The rank of `j` among the neighbours of row `i`, from 1; equal distances by row number.
fn rank(distances: &[f64], i: usize, j: usize) -> usize {
    let d = distances[j];
    let (before, after) = distances.split_at(j);
    let nearer =
        before.iter().filter(|&&v| v <= d).count() + after.iter().filter(|&&v| v < d).count();
    // The row itself is no neighbour.
    let own = distances[i] < d || (distances[i] == d && i < j);
    nearer - usize::from(own) + 1
}

fn sampled_triplets(high: &[f64], low: &[f64], i: usize, count: usize, seed: u64) -> f64 {
    let n = high.len();
    // Far from the counters that chose the anchors.
    let start = (1 << 40) + 2 * (i as u64) * (count as u64);
    let agree = (0..count as u64).filter(|t| {
        // Two different rows that are not i: drawn from n−1 and n−2, then moved past those taken.
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
