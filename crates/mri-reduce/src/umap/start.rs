use mri_core::{ReduceError, Reducer, Watch};
use ndarray::{Array2, ArrayView2};

use crate::{Pca, Scaling, random};

/// The largest coordinate of the points before the first epoch, as in the reference implementation,
/// whose points begin between 0 and 10.
const WIDTH: f32 = 5.0;

/// The standard deviation of what is added to the points, so that equal rows are apart (as in the
/// reference implementation).
const NOISE: f32 = 1e-4;

/// Keeps the noise apart from other uses of the seed.
const STREAM: u64 = 0x57_A7;

/// Where the points are before the first epoch: the principal components, all at the same scale.
pub(super) fn by_pca(
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

/// Brings the largest coordinate to [`WIDTH`] and sets equal points a little apart.
pub(super) fn spread_out(points: &mut Array2<f32>, seed: u64) {
    let largest = points.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    let columns = points.ncols();
    for ((i, j), v) in points.indexed_iter_mut() {
        let noise = random::normal(seed ^ STREAM, (i * columns + j) as u64) as f32;
        let at = if largest > 0.0 { *v / largest } else { 0.0 };
        *v = at * WIDTH + noise * NOISE;
    }
}
