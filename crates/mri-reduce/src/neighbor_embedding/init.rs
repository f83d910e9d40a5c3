use mri_core::{ReduceError, Reducer, Watch};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::linear::Pca;
use crate::random;
use crate::scaling::Scaling;

/// The initial points of [`Umap`](crate::Umap).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Init {
    /// The principal components, which keep large distances.
    #[default]
    Pca,
    /// The leading eigenvectors of the neighbor graph's Laplacian, as in umap-learn: connected rows
    /// begin together. If the graph is not connected, or has no more rows than components, these
    /// eigenvectors carry no layout, and the principal components are used instead.
    Spectral,
}

mri_core::enum_names! {
    Init, "initialization";
    Pca => "pca",
    Spectral => "spectral",
}

/// The leading principal components of the scaled rows, not yet rescaled.
pub(crate) fn pca_points(
    scaled: ArrayView2<'_, f32>,
    components: usize,
    watch: &dyn Watch,
) -> Result<Array2<f32>, ReduceError> {
    let pca = Pca {
        n_components: components,
        scaling: Scaling::None,
    };
    Ok(pca.fit(scaled, watch)?.points)
}

/// The standard deviation of the first column of points whose mean is 0.
pub(crate) fn standard_deviation(points: &Array2<f32>) -> f32 {
    let squares = points.column(0).mapv(|v| f64::from(v).powi(2));
    (squares.sum() / points.nrows() as f64).sqrt() as f32
}

/// Replaces every coordinate `v` by `f(v / unit, noise)`, with standard normal noise that separates
/// equal rows; `v / 0` counts as 0.
pub(crate) fn rescale(
    points: &mut Array2<f32>,
    unit: f32,
    noise_seed: u64,
    f: impl Fn(f32, f32) -> f32,
) {
    let columns = points.ncols();
    for ((i, j), v) in points.indexed_iter_mut() {
        let noise = random::normal(noise_seed, (i * columns + j) as u64) as f32;
        let value = if unit > 0.0 { *v / unit } else { 0.0 };
        *v = f(value, noise);
    }
}
