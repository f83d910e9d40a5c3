use ndarray::{ArrayView2, s};
use rayon::prelude::*;

use crate::knn::k_nearest;

/// For every row, the share of its `k` nearest rows in `x` that are among its `k` nearest in `y`,
/// from 0 to 1 (the same neighbors).
///
/// Rotation, reflection, shift and scale change nothing. Distances are Euclidean and computed in
/// `f64`; equal ones are ordered by index. `k` is lowered to the number of other rows, rows beyond
/// the shorter matrix are ignored, and the overlap of a single row is 1.
///
/// # Complexity
/// O(rows² · width) time, on all threads.
///
/// ```
/// use mri_reduce::neighbor_overlap;
/// use ndarray::array;
/// let x = array![[0.0_f32], [1.0], [9.0], [10.0]];
/// assert_eq!(neighbor_overlap(x.view(), x.mapv(|v| -v).view(), 1), [1.0; 4]);
/// ```
#[must_use]
pub fn neighbor_overlap(x: ArrayView2<'_, f32>, y: ArrayView2<'_, f32>, k: usize) -> Vec<f64> {
    let n = x.nrows().min(y.nrows());
    let k = k.min(n.saturating_sub(1));
    let (x, y) = (x.slice(s![..n, ..]), y.slice(s![..n, ..]));
    let (x, y) = (x.as_standard_layout(), y.as_standard_layout());
    (0..n)
        .into_par_iter()
        .map(|row| {
            if k == 0 {
                return 1.0;
            }
            let before = k_nearest(&square_distances(x.view(), row), Some(row), k);
            let after = k_nearest(&square_distances(y.view(), row), Some(row), k);
            let kept = before.iter().filter(|other| after.contains(other)).count();
            kept as f64 / k as f64
        })
        .collect()
}

/// The squared distances of a row to all rows.
fn square_distances(rows: ArrayView2<'_, f32>, row: usize) -> Vec<f64> {
    let own = rows.row(row);
    let distance = |other: ndarray::ArrayView1<'_, f32>| {
        let differences = own
            .iter()
            .zip(other)
            .map(|(&a, &b)| f64::from(a) - f64::from(b));
        differences.map(|d| d * d).sum()
    };
    rows.rows().into_iter().map(distance).collect()
}
