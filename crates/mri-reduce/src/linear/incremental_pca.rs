use mri_core::ReduceError;
use ndarray::ArrayView2;

use super::covariance::Covariance;
use super::fit::fit_covariance;
use super::model::{LinearModel, Plan};
use super::pca::Pca;
use super::svd::Svd;
use crate::check::{check_components, check_size};

/// What PCA and SVD need to know of rows that arrive in pieces, from one pass over them.
///
/// Pieces can be sketched apart and merged in any order. The sketch is exact: it holds the count, the
/// means and the second moments about them, O(width²) numbers however many rows it has seen.
/// Any scaling can be chosen at the end. How the rows are cut into pieces changes the result by
/// rounding only; for the same pieces it is the same to the bit on any number of
/// threads.
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
    /// A sketch that has seen no rows of `width` columns.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self {
            moments: Covariance::new(width),
        }
    }

    /// How many rows it has seen.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.moments.columns.rows
    }

    /// Adds rows. O(rows · width²).
    ///
    /// # Errors
    /// [`ReduceError::WidthMismatch`], or [`ReduceError::NonFinite`] with the row counted over all
    /// updates; the sketch is then unchanged.
    pub fn update(&mut self, rows: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
        self.moments.check(rows)?;
        self.moments.add(rows)
    }

    /// Adds the rows that another sketch has seen. O(width²).
    ///
    /// # Errors
    /// [`ReduceError::WidthMismatch`]; the sketch is then unchanged.
    pub fn merge(&mut self, other: &Self) -> Result<(), ReduceError> {
        self.moments.merge(&other.moments)
    }

    /// The principal components of all rows seen.
    ///
    /// # Errors
    /// [`ReduceError::TooSmall`] with fewer than two rows, or a number of components that the rows
    /// cannot give.
    pub fn finish(&self, pca: &Pca) -> Result<LinearModel, ReduceError> {
        self.model(pca.plan())
    }

    /// The leading right singular vectors of all rows seen.
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
