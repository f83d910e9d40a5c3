use mri_core::ReduceError;
use ndarray::ArrayView2;

use super::covariance::Covariance;
use super::fit::fit_covariance;
use super::model::{LinearModel, Plan};
use super::pca::Pca;
use super::svd::Svd;
use crate::check::{check_components, check_size};

/// PCA and SVD of rows that arrive in batches, in one pass over them.
///
/// Exact: it holds the count, the means and the covariance, O(width²) numbers for any number of
/// rows, of which every scaling can be derived at the end. Partial results can be merged in any
/// order. How rows are divided into batches changes the result by rounding only; the same batches
/// give the same bits on any number of threads.
///
/// ```
/// use mri_reduce::{Pca, IncrementalPca, Projection};
/// use ndarray::{Array2, s};
/// let x = Array2::from_shape_fn((50, 4), |(i, j)| ((i * (j + 3)) % 17) as f32);
/// let mut first = IncrementalPca::new(4);
/// first.update(x.slice(s![..20, ..]))?;
/// let mut second = IncrementalPca::new(4);
/// second.update(x.slice(s![20.., ..]))?;
/// first.merge(&second)?;
/// let model = first.finish(&Pca::new(2))?;
/// let points = model.projection.transform(x.view())?;
/// assert_eq!(points.dim(), (50, 2));
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct IncrementalPca {
    moments: Covariance,
}

impl IncrementalPca {
    /// No rows yet, of `width` columns.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self {
            moments: Covariance::new(width),
        }
    }

    /// The number of rows so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.moments.columns.rows
    }

    /// Adds rows. O(rows · width²).
    ///
    /// # Errors
    /// [`ReduceError::WidthMismatch`], or [`ReduceError::NonFinite`] with the row counted over all
    /// updates; nothing is added then.
    pub fn update(&mut self, rows: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
        self.moments.check(rows)?;
        self.moments.add(rows)
    }

    /// Adds the rows of another. O(width²).
    ///
    /// # Errors
    /// [`ReduceError::WidthMismatch`]; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), ReduceError> {
        self.moments.merge(&other.moments)
    }

    /// The principal components of all rows.
    ///
    /// # Errors
    /// [`ReduceError::TooSmall`] with fewer than two rows, or a number of components that the rows
    /// cannot give.
    pub fn finish(&self, pca: &Pca) -> Result<LinearModel, ReduceError> {
        self.model(pca.plan())
    }

    /// The leading right singular vectors of all rows.
    ///
    /// # Errors
    /// As [`IncrementalPca::finish`].
    pub fn finish_svd(&self, svd: &Svd) -> Result<LinearModel, ReduceError> {
        self.model(svd.plan())
    }

    fn model(&self, plan: Plan) -> Result<LinearModel, ReduceError> {
        let size = (self.moments.columns.rows, self.moments.width());
        check_size(size)?;
        check_components(size, plan.components)?;
        fit_covariance(&self.moments, plan, &())
    }
}
