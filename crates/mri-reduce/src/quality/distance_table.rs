use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::distance::Distance;
use crate::linalg::product_f64;

/// Rows prepared for distances in `f64`: centered, or normalized for cosine distances.
pub(super) struct DistanceTable {
    rows: Array2<f64>,
    squares: Array1<f64>,
}

impl DistanceTable {
    /// Rows per matrix product.
    pub(super) const BLOCK: usize = 64;

    pub(super) fn new(x: ArrayView2<'_, f32>, distance: Distance) -> Self {
        let mut rows = x.mapv(f64::from);
        match distance {
            // The product form of a distance loses digits to a common offset.
            Distance::Euclidean => {
                let mean = rows.sum_axis(Axis(0)) / rows.nrows() as f64;
                rows -= &mean;
            }
            // The squared Euclidean distance of unit vectors is twice 1 − cosine.
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

    /// The squared distances of some rows to all rows.
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
