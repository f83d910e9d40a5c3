use std::fmt;
use std::str::FromStr;

use mri_core::{ReduceError, Reducer, Watch};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::{Pca, Scaling, random};

/// Where the points of [`Umap`](crate::Umap) are before they are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Init {
    /// The principal components: large distances mean something from the beginning.
    #[default]
    Pca,
    /// The leading eigenvectors of the graph of neighbours, as umap-learn has it: what hangs together
    /// begins together. Where the graph is in several parts, or has no more rows than components, these
    /// say nothing about what lies where, and the points start from the principal components after all.
    Spectral,
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pca => "pca",
            Self::Spectral => "spectral",
        })
    }
}

impl FromStr for Init {
    type Err = ReduceError;

    fn from_str(text: &str) -> Result<Self, ReduceError> {
        match text {
            "pca" => Ok(Self::Pca),
            "spectral" => Ok(Self::Spectral),
            _ => Err(ReduceError::Parameter {
                parameter: "init",
                value: text.to_owned(),
                expected: "pca or spectral",
            }),
        }
    }
}

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
