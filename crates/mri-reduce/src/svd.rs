use mri_core::{Fitted, ReduceError, Reducer, Watch};
use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::check::{check_components, check_input};
use crate::linear::{axes, fit_linear};
use crate::scaling::column_means;
use crate::{Scaler, Scaling};

/// Truncated singular value decomposition: PCA without subtracting the mean, exact.
///
/// Equal to scikit-learn's `TruncatedSVD` on scaled data up to the sign of a component, which is
/// fixed as for [`Pca`](crate::Pca). With [`Scaling::None`] the first component is little more than
/// the direction of the mean; the default standardises, so that SVD and PCA then agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Svd {
    /// How many components to keep, from 1 to min(rows, width).
    pub n_components: usize,
    /// What is done to the columns first.
    pub scaling: Scaling,
}

impl Default for Svd {
    /// Two components of standardised columns.
    fn default() -> Self {
        Self::new(2)
    }
}

impl Svd {
    /// SVD of standardised columns.
    #[must_use]
    pub fn new(n_components: usize) -> Self {
        Self {
            n_components,
            scaling: Scaling::Standardize,
        }
    }
}

impl Reducer for Svd {
    fn name(&self) -> &str {
        "SVD"
    }

    /// The axes carry the explained variance ratio as scikit-learn defines it: the variance of the
    /// points along the component over the total variance of the scaled columns, both about their
    /// means.
    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        check_input(x)?;
        check_components(x, self.n_components)?;
        let scaler = Scaler::fit(x, self.scaling);
        // The total is about the origin; variance is what is left without the mean's share.
        let scaled_mean = column_means(scaler.transform(x)?.view());
        let n = x.nrows() as f64;
        let fit = fit_linear(x, self.n_components, scaler, false, watch)?;
        let total = fit.total - n * scaled_mean.dot(&scaled_mean);
        let total = if total > 0.0 { total } else { 1.0 };
        let shares = fit.points.axis_iter(Axis(1)).map(|column| {
            let mean = column.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
            column
                .iter()
                .map(|&v| (f64::from(v) - mean).powi(2))
                .sum::<f64>()
                / total
        });
        Ok(Fitted {
            axes: axes("SV", shares),
            points: fit.points,
            projection: Box::new(fit.projection),
        })
    }
}
