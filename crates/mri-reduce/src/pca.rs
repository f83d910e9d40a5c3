use mri_core::{Fitted, ReduceError, Reducer, RowSource, Watch};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::Scaling;
use crate::linear::{Plan, fit};
use crate::rows::Rows;

/// Principal component analysis: the directions of largest variance (Pearson 1901), exact.
///
/// Equal to scikit-learn's `PCA(svd_solver="full")` on scaled data up to the sign of a component,
/// which is fixed here: the loading of largest absolute value is positive.
///
/// How it is computed depends on the shape, and is exact in every case:
///
/// - fewer rows than columns: eigenvectors of the rows' Gram matrix, in `f64`; O(n²·d + n³);
/// - otherwise eigenvectors of the covariance, summed over blocks of 512 rows shifted by their means,
///   in `f64`; O(n·d² + d³). Columns a thousand times larger than the rest, or far from 0, cost no
///   precision;
/// - either matrix beyond 128 × 128: a block Krylov space instead of all eigenvectors, accepted
///   only if the residuals prove each direction to 1e-8; else all eigenvectors after all.
///
/// There is no randomised solver here: on activations, whose spectra decay slowly, it finds another
/// subspace.
///
/// ```
/// use mri_reduce::{Pca, Reducer};
/// let x = ndarray::array![[1.0_f32, 2.0, 0.0], [2.0, 4.1, 0.0], [3.0, 5.9, 1.0], [4.0, 8.0, 0.0]];
/// let fitted = Pca::default().fit(x.view(), &())?;
/// assert_eq!(fitted.points.dim(), (4, 2));
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pca {
    /// How many components to keep, from 1 to min(rows, width).
    pub n_components: usize,
    /// What is done to the columns first. Whatever it is, PCA then subtracts the mean.
    pub scaling: Scaling,
}

impl Default for Pca {
    /// Two components of standardised columns.
    fn default() -> Self {
        Self::new(2)
    }
}

impl Pca {
    /// PCA of standardised columns.
    #[must_use]
    pub fn new(n_components: usize) -> Self {
        Self {
            n_components,
            scaling: Scaling::Standardize,
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan {
            components: self.n_components,
            scaling: self.scaling,
            center: true,
            prefix: "PC",
        }
    }
}

impl Reducer for Pca {
    fn name(&self) -> &str {
        "PCA"
    }

    /// The axes carry the explained variance ratio: variance (denominator n−1) along the component
    /// over the total variance of the scaled columns.
    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        fit(&Rows::View(x), self.plan(), watch)
    }

    /// Streams: two passes over the rows, of which O(width²) numbers and the points are kept. With
    /// fewer rows than columns the matrix is smaller than that and is loaded.
    fn fit_rows(&self, rows: &dyn RowSource, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        fit(&Rows::of(rows), self.plan(), watch)
    }
}
