//! Pairwise controlled manifold approximation.

mod layout;
mod pairs;
mod projection;

use mri_core::{Fitted, ReduceError, Reducer, Watch};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::check::out_of_range;
use crate::distance::Distance;
use crate::knn::{Neighbors, Table};
use crate::neighbor_embedding::{
    NeighborEmbedding, Shared, fit, fit_aligned, pca_points, rescale, standard_deviation,
};
use crate::scaling::Scaling;
use layout::Optimization;
use pairs::{Counts, Pairs};
use projection::PacmapProjection;

/// The standard deviation of the initial points along the first axis. The reference implementation
/// multiplies principal components by 0.01, whatever their unit; here it is the unit that is taken
/// out.
const INITIAL_DEVIATION: f32 = 0.01;

/// The standard deviation of the noise that separates initial points which would be equal, as a
/// share of [`INITIAL_DEVIATION`].
const INITIAL_NOISE: f32 = 0.01;

/// Separates the noise of the initial points from other uses of the seed.
const NOISE_STREAM: u64 = 0x9A_C0;

/// How strongly [`Reducer::fit_aligned`] pulls a point back to its initial position, as a share of
/// the stiffness of all its attracting pairs.
const ANCHOR_STRENGTH: f32 = 0.1;

/// PaCMAP: near pairs of rows attract each other, as do mid-near pairs at first, and further pairs
/// repel each other (Wang, Huang, Rudin & Shaposhnik 2021).
///
/// It keeps the large structure of the rows, as random triplets measure it, better than
/// [`Umap`](crate::Umap) and [`Tsne`](crate::Tsne), and fewer of the nearest neighbors.
///
/// Parameters, defaults and the computation are those of the `pacmap` package, the reference
/// implementation, except:
///
/// - rows are compared in all columns, not in their first 100 principal components, and neighbors
///   are exact up to 15,000 rows, and beyond that found by
///   [`approximate_nearest_rows`](crate::approximate_nearest_rows);
/// - the initial principal components are brought to one scale, so that the unit of the rows does
///   not matter;
/// - at most a third of the other rows are neighbors;
/// - every point reads the positions before the step: **one seed gives the same bits on any number
///   of threads**;
/// - equal rows are fitted as one row and have one point.
///
/// Rows of zeros, which have no direction under [`Distance::Cosine`], are at distance 0 from each
/// other and at distance 1 from all others.
///
/// # Complexity
/// O(n²·width) time for the neighbors up to 15,000 rows and about O(n·log n·width·n_neighbors)
/// beyond, O(epochs · n · n_neighbors · (1 + mn_ratio + fp_ratio)) for the points; memory O(n ·
/// (width + n_neighbors)).
///
/// ```
/// use mri_reduce::{Pacmap, Reducer};
/// let value = |(i, j)| (i % 3 * 20 + i * (j + 3) % 7) as f32;
/// let x = ndarray::Array2::from_shape_fn((60, 8), value);
/// let fitted = Pacmap { seed: 7, ..Pacmap::default() }.fit(x.view(), &())?;
/// assert_eq!(fitted.points.dim(), (60, 2));
/// let placed = fitted.projection.transform(x.view())?;
/// # assert_eq!(placed.dim(), (60, 2));
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pacmap {
    /// The number of components, from 1 to min(rows, width, 16).
    pub n_components: usize,
    /// The number of near pairs of each row, at least 1; unlike in [`Umap`](crate::Umap) the row
    /// itself is not included. `None` means 10, or 10 + 15·(log₁₀ rows − 4) for more than 10,000
    /// rows.
    pub n_neighbors: Option<usize>,
    /// Mid-near pairs of each row per near pair, at least 0.
    pub mn_ratio: f64,
    /// Further pairs of each row per near pair, at least 0.
    pub fp_ratio: f64,
    /// The number of epochs, two ninths of them in the first phase and in the second.
    pub n_epochs: usize,
    /// The step size of the optimizer (Adam), above 0.
    pub learning_rate: f64,
    /// The distance that defines neighbors.
    pub metric: Distance,
    /// The scaling of the columns.
    pub scaling: Scaling,
    /// The seed of mid-near and further pairs, noise and the approximate search for neighbors.
    pub seed: u64,
}

impl Default for Pacmap {
    /// Two components of centered columns, and the defaults of the reference implementation: 10
    /// neighbors, half as many mid-near and twice as many further pairs, 450 epochs, a step size of
    /// 1, Euclidean.
    fn default() -> Self {
        Self {
            n_components: 2,
            n_neighbors: None,
            mn_ratio: 0.5,
            fp_ratio: 2.0,
            n_epochs: 450,
            learning_rate: 1.0,
            metric: Distance::Euclidean,
            scaling: Scaling::Center,
            seed: 0,
        }
    }
}

impl Pacmap {
    /// The defaults with the given number of components and seed.
    #[must_use]
    pub fn new(n_components: usize, seed: u64) -> Self {
        Self {
            n_components,
            seed,
            ..Self::default()
        }
    }

    /// Checks the parameters that do not depend on the rows.
    ///
    /// # Errors
    /// [`ReduceError::Parameter`].
    pub fn check(&self) -> Result<(), ReduceError> {
        self.shared().check()?;
        if self.n_neighbors == Some(0) {
            return out_of_range("n_neighbors", 0, "at least 1");
        }
        for (parameter, ratio) in [("mn_ratio", self.mn_ratio), ("fp_ratio", self.fp_ratio)] {
            if !(0.0..=1e3).contains(&ratio) {
                return out_of_range(parameter, ratio, "from 0 to 1000");
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return out_of_range("learning_rate", self.learning_rate, "above 0 and finite");
        }
        Ok(())
    }

    /// The numbers of pairs of each of so many rows.
    fn counts(&self, rows: usize) -> Counts {
        let wanted = self.n_neighbors.unwrap_or_else(|| {
            // The reference implementation's rule: larger data sets have larger neighborhoods.
            let magnitude = (rows as f64).log10() - 4.0;
            (10.0 + 15.0 * magnitude.max(0.0)).round() as usize
        });
        let near = wanted.min((rows - 1) / 3).max(1);
        // A single row can only be one of which all others are copies; it is not laid out.
        let others = rows - 1;
        let times = |ratio: f64| (near as f64 * ratio) as usize;
        Counts {
            near,
            mid_near: times(self.mn_ratio).min(others),
            further: times(self.fp_ratio).min(others.saturating_sub(near)),
        }
    }
}

impl NeighborEmbedding for Pacmap {
    type Graph = Pairs;
    type Placement = PacmapProjection;

    fn shared(&self) -> Shared {
        Shared {
            n_components: self.n_components,
            metric: self.metric,
            scaling: self.scaling,
            seed: self.seed,
        }
    }

    fn check_parameters(&self) -> Result<(), ReduceError> {
        self.check()
    }

    fn neighbors(&self, rows: usize) -> usize {
        pairs::candidates(self.counts(rows).near, rows)
    }

    fn graph(&self, table: &Table, found: &Neighbors) -> Pairs {
        Pairs::new(table, found, self.counts(table.len()), self.seed)
    }

    fn initialize(
        &self,
        _: &Pairs,
        scaled: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Array2<f32>, ReduceError> {
        let mut points = pca_points(scaled, self.n_components, watch)?;
        let unit = standard_deviation(&points);
        rescale(&mut points, unit, self.seed ^ NOISE_STREAM, |v, noise| {
            INITIAL_DEVIATION * (v + INITIAL_NOISE * noise)
        });
        Ok(points)
    }

    fn optimize(
        &self,
        pairs: &Pairs,
        points: &mut Array2<f32>,
        aligned: bool,
        watch: &dyn Watch,
    ) -> Result<(), ReduceError> {
        let optimization = Optimization {
            epochs: self.n_epochs,
            learning_rate: self.learning_rate,
            anchor_strength: aligned.then_some(ANCHOR_STRENGTH),
            seed: self.seed,
        };
        layout::optimize(pairs, points, &optimization, watch)
    }

    fn placement(&self, rows: usize) -> PacmapProjection {
        PacmapProjection {
            n_neighbors: self.counts(rows).near,
        }
    }
}

impl Reducer for Pacmap {
    fn name(&self) -> &str {
        "PaCMAP"
    }

    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        fit(self, x, watch)
    }

    /// Without the first two phases, which lay out the large structure, and with springs to the
    /// initial positions whose stiffness follows that of each point's own pairs.
    fn fit_aligned(
        &self,
        x: ArrayView2<'_, f32>,
        init: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Option<Fitted>, ReduceError> {
        fit_aligned(self, x, init, watch)
    }
}
