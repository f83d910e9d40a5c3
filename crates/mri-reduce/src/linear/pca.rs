use mri_core::{Fitted, ReduceError, Reducer, RowSource, Watch};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::fit::fit;
use super::model::Plan;
use crate::row_blocks::RowBlocks;
use crate::scaling::Scaling;

/// Principal component analysis: the directions of largest variance (Pearson 1901), exact.
///
/// Equal to scikit-learn's `PCA(svd_solver="full")` on scaled data up to the sign of a component,
/// which is fixed here: the loading of largest absolute value is positive.
///
/// How it is computed depends on the shape, and is exact in every case. With n rows, d columns and
/// m the smaller of the two:
///
/// - m above 128, at most m / 32 components, and n·d at most 2²⁸ (a gibibyte of rows): a block
///   Krylov space of products with four vectors at a time. Neither a covariance nor a copy of the
///   rows is formed; one pass over the rows serves four vectors and both factors of the product.
///   Five to twenty passes are typical, m / 8 or 64 the limit; O(passes·n·d), in `f64`. The result
///   is accepted only if its residuals prove each direction to 1e-8 and the probability, over the
///   random start, that a larger eigenvalue was missed is below 1e-9; the start is the same in
///   every run. Otherwise the next case applies;
/// - otherwise, with fewer rows than columns: eigenvectors of the rows' Gram matrix; O(n²·d + n³);
/// - otherwise eigenvectors of the covariance, summed over blocks of 512 rows shifted by their
///   means; O(n·d² + d³).
///
/// Columns a thousand times larger than the rest, or far from 0, cost no precision: means are
/// subtracted before anything is multiplied, and sums are in `f64` throughout. The same rows give
/// the same bits on any number of threads; another kind of processor may change the last ones.
///
/// There is no randomized solver here: on activations, whose spectra decay slowly, it finds another
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
    /// The number of components, from 1 to min(rows, width).
    pub n_components: usize,
    /// The scaling of the columns. Whatever it is, PCA subtracts the mean.
    pub scaling: Scaling,
}

impl Default for Pca {
    /// Two components of standardized columns.
    fn default() -> Self {
        Self::new(2)
    }
}

impl Pca {
    /// PCA of standardized columns.
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

    /// The components carry the explained variance ratio: variance (denominator n−1) along the
    /// component over the total variance of the scaled columns.
    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        fit(&RowBlocks::View(x), self.plan(), watch)
    }

    /// Streams, with the same bits as [`Reducer::fit`]: rows are read in blocks, twice for the
    /// covariance and once per step of the Krylov space. The matrix is loaded only with fewer rows
    /// than columns and no proof by the Krylov space.
    fn fit_rows(&self, rows: &dyn RowSource, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        fit(&RowBlocks::of(rows), self.plan(), watch)
    }
}
