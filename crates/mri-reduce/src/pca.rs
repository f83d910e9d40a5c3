use mri_core::{Fitted, ReduceError, Reducer, Watch};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::check::{check_components, check_input};
use crate::linear::{axes, fit_linear};
use crate::{Scaler, Scaling};

/// Principal component analysis: the directions of largest variance (Pearson 1901), exact.
///
/// Equal to scikit-learn's `PCA(svd_solver="full")` on scaled data up to the sign of a component,
/// which is fixed here: the loading of largest absolute value is positive.
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
}

impl Reducer for Pca {
    fn name(&self) -> &str {
        "PCA"
    }

    /// The axes carry the explained variance ratio: variance (denominator n−1) along the component
    /// over the total variance of the scaled columns.
    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        check_input(x)?;
        check_components(x, self.n_components)?;
        let scaler = Scaler::fit(x, self.scaling);
        let fit = fit_linear(x, self.n_components, scaler, true, watch)?;
        let total = if fit.total > 0.0 { fit.total } else { 1.0 };
        Ok(Fitted {
            axes: axes("PC", fit.squares.iter().map(|s| s / total)),
            points: fit.points,
            projection: Box::new(fit.projection),
        })
    }
}
