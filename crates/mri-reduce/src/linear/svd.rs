use mri_core::{Fitted, ReduceError, Reducer, RowSource, Watch};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::fit::fit;
use super::model::Plan;
use crate::row_blocks::RowBlocks;
use crate::scaling::Scaling;

/// Truncated singular value decomposition: PCA without subtracting the mean, exact.
///
/// Equal to scikit-learn's `TruncatedSVD` on scaled data up to the sign of a component, which is
/// fixed as for [`Pca`](crate::Pca). With [`Scaling::None`] the first component is close to the
/// direction of the mean; the default standardizes, with which SVD and PCA agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Svd {
    /// The number of components, from 1 to min(rows, width).
    pub n_components: usize,
    /// The scaling of the columns.
    pub scaling: Scaling,
}

impl Default for Svd {
    /// Two components of standardized columns.
    fn default() -> Self {
        Self::new(2)
    }
}

impl Svd {
    /// SVD of standardized columns.
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
            center: false,
            prefix: "SV",
        }
    }
}

impl Reducer for Svd {
    fn name(&self) -> &str {
        "SVD"
    }

    /// The components carry the explained variance ratio as scikit-learn defines it: the variance
    /// of the points along the component over the total variance of the scaled columns, both about
    /// their means.
    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        fit(&RowBlocks::View(x), self.plan(), watch)
    }

    /// Streams, as [`Pca`](crate::Pca) does.
    fn fit_rows(&self, rows: &dyn RowSource, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        fit(&RowBlocks::of(rows), self.plan(), watch)
    }
}
