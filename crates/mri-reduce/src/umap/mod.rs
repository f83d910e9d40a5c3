//! Uniform manifold approximation and projection.

mod curve;
mod fuzzy;
mod layout;
mod projection;

use mri_core::{Fitted, ReduceError, Reducer, Watch};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::check::out_of_range;
use crate::distance::Distance;
use crate::knn::{Graph, Neighbors, Table};
use crate::neighbor_embedding::{
    Init, NeighborEmbedding, Shared, fit, fit_aligned, pca_points, rescale, spectral_points,
};
use crate::scaling::Scaling;
use curve::Curve;
use layout::Optimization;
use projection::UmapProjection;

/// Negative samples per positive one (as in the reference implementation).
const NEGATIVE_SAMPLE_RATE: f64 = 5.0;

/// Lets points oscillate in the first epochs. Curves in separate clusters, which principal
/// components project across each other, stay tangled with 1 (a trustworthiness of 0.986 where
/// umap-learn's spectral initialization has 0.997) and come apart with a quarter (0.997); less than
/// that costs trustworthiness elsewhere.
const DAMPING: f32 = 0.25;

/// How strongly [`Reducer::fit_aligned`] pulls a point back to its initial position, as a share of
/// the stiffness of all its edges. On the seven layers of 300 abstracts (all-MiniLM-L6-v2) points
/// then move by 0.28 of the map's radius from one layer to the next, where independent maps move
/// them by 1.8 (aligned by rotation, 0.39), and trustworthiness falls by 0.003. Three times as
/// strong: 0.21, and 0.012.
const ANCHOR_STRENGTH: f32 = 0.03;

/// The largest coordinate of the initial points, as in the reference implementation, whose points
/// begin between 0 and 10.
const INITIAL_RANGE: f32 = 5.0;

/// The standard deviation of the noise that separates initial points which would be equal (as in
/// the reference implementation).
const INITIAL_NOISE: f32 = 1e-4;

/// Separates the noise of the initial points from other uses of the seed.
const NOISE_STREAM: u64 = 0x57_A7;

/// UMAP: points are near where rows are neighbors, and apart where they are not (McInnes, Healy &
/// Melville 2018).
///
/// Parameters, defaults and the computation are those of umap-learn, the reference implementation,
/// except:
///
/// - the initial points are the principal components unless `init` says otherwise; the two choices
///   differ no more in quality than two seeds do (`benches/record`);
/// - neighbors are exact up to 15,000 rows, and beyond that found by
///   [`approximate_nearest_rows`](crate::approximate_nearest_rows);
/// - all points move at once, each by the sum of its forces (see `umap/layout.rs`): **one seed
///   gives the same bits on any number of threads**, and no vector width changes them;
/// - equal rows are fitted as one row and have one point (umap-learn with `unique=True`).
///
/// On real activations the four measures of [`quality`](crate::quality) are equal to umap-learn's
/// or better (`benches/record`).
///
/// Distances between clusters and their sizes mean little; neighborhoods are what a map shows.
///
/// Rows of zeros, which have no direction under [`Distance::Cosine`], are at distance 0 from each
/// other and at distance 1 from all others. Components of the neighbor graph that no edge joins
/// only repel each other. With fewer than `n_neighbors` rows all are neighbors.
///
/// # Complexity
/// O(n²·width) time for the neighbors up to 15,000 rows and about O(n·log n·width·n_neighbors)
/// beyond, O(epochs · n · (n_neighbors + 64)) for the points; memory O(n · (width + n_neighbors)).
///
/// ```
/// use mri_reduce::{Reducer, Umap};
/// let value = |(i, j)| (i % 3 * 20 + i * (j + 3) % 7) as f32;
/// let x = ndarray::Array2::from_shape_fn((60, 8), value);
/// let fitted = Umap { seed: 7, ..Umap::default() }.fit(x.view(), &())?;
/// assert_eq!(fitted.points.dim(), (60, 2));
/// let placed = fitted.projection.transform(x.view())?;
/// # assert_eq!(placed.dim(), (60, 2));
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Umap {
    /// The number of components, from 1 to min(rows, width, 16).
    pub n_components: usize,
    /// The size of a neighborhood, the row itself included, at least 2. Small values show fine
    /// structure, large ones coarse.
    pub n_neighbors: usize,
    /// The distance below which points are not attracted any further, from 0 to `spread`.
    pub min_dist: f64,
    /// The scale of the distances between neighbors, above 0.
    pub spread: f64,
    /// The number of epochs; `None` means 500, or 200 for more than 10,000 rows.
    pub n_epochs: Option<usize>,
    /// The distance that defines neighbors.
    pub metric: Distance,
    /// The scaling of the columns.
    pub scaling: Scaling,
    /// The initial points.
    pub init: Init,
    /// The seed of negative samples, noise and the approximate search for neighbors.
    pub seed: u64,
}

impl Default for Umap {
    /// Two components of centered columns, and the defaults of umap-learn: 15 neighbors, Euclidean,
    /// `min_dist` 0.1, `spread` 1.
    fn default() -> Self {
        Self {
            n_components: 2,
            n_neighbors: 15,
            min_dist: 0.1,
            spread: 1.0,
            n_epochs: None,
            metric: Distance::Euclidean,
            scaling: Scaling::Center,
            init: Init::default(),
            seed: 0,
        }
    }
}

impl Umap {
    /// The defaults with the given number of components and seed.
    #[must_use]
    pub fn new(n_components: usize, seed: u64) -> Self {
        Self {
            n_components,
            seed,
            ..Self::default()
        }
    }

    /// The settings of LLM-MRI: columns are mapped to 0 … 1 and compared by angle. As no value is
    /// negative then, all angles are small and the common direction dominates; the default is the
    /// better choice.
    #[must_use]
    pub fn llm_mri(n_components: usize, seed: u64) -> Self {
        Self {
            metric: Distance::Cosine,
            scaling: Scaling::MinMax,
            ..Self::new(n_components, seed)
        }
    }

    /// Checks the parameters that do not depend on the rows.
    ///
    /// # Errors
    /// [`ReduceError::Parameter`].
    pub fn check(&self) -> Result<(), ReduceError> {
        self.shared().check()?;
        if self.n_neighbors < 2 {
            return out_of_range("n_neighbors", self.n_neighbors, "at least 2");
        }
        if !(self.spread > 0.0 && self.spread.is_finite()) {
            return out_of_range("spread", self.spread, "above 0 and finite");
        }
        if !(0.0..=self.spread).contains(&self.min_dist) {
            return out_of_range("min_dist", self.min_dist, "from 0 to spread");
        }
        Ok(())
    }

    fn optimization(&self, rows: usize, aligned: bool) -> Optimization {
        Optimization {
            curve: Curve::fit(self.min_dist, self.spread),
            epochs: self
                .n_epochs
                .unwrap_or(if rows <= 10_000 { 500 } else { 200 }),
            negative_sample_rate: NEGATIVE_SAMPLE_RATE,
            // Oscillations would carry points away from their initial positions.
            damping: if aligned { 1.0 } else { DAMPING },
            anchor_strength: if aligned { ANCHOR_STRENGTH } else { 0.0 },
            seed: self.seed,
        }
    }
}

impl NeighborEmbedding for Umap {
    type Graph = Graph;
    type Placement = UmapProjection;

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
        (self.n_neighbors - 1).min(rows - 1)
    }

    fn graph(&self, _: &Table, found: &Neighbors) -> Graph {
        let k = found.ids.ncols();
        fuzzy::union(found, &fuzzy::memberships(found, k + 1, 1))
    }

    fn initialize(
        &self,
        graph: &Graph,
        scaled: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Array2<f32>, ReduceError> {
        let points = match self.init {
            Init::Pca => None,
            Init::Spectral => spectral_points(graph, self.n_components, self.seed, watch)?,
        };
        let mut points = match points {
            Some(points) => points,
            None => pca_points(scaled, self.n_components, watch)?,
        };
        let largest = points.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        rescale(
            &mut points,
            largest,
            self.seed ^ NOISE_STREAM,
            |v, noise| v * INITIAL_RANGE + noise * INITIAL_NOISE,
        );
        Ok(points)
    }

    fn optimize(
        &self,
        graph: &Graph,
        points: &mut Array2<f32>,
        aligned: bool,
        watch: &dyn Watch,
    ) -> Result<(), ReduceError> {
        let optimization = self.optimization(points.nrows(), aligned);
        layout::optimize(graph, points, &optimization, watch)
    }

    fn placement(&self, rows: usize) -> UmapProjection {
        UmapProjection {
            n_neighbors: self.n_neighbors,
            optimization: Optimization {
                // A new row starts near its final position, and there is nothing to untangle.
                damping: 1.0,
                epochs: self.n_epochs.map_or(100, |n| n / 3),
                ..self.optimization(rows, false)
            },
        }
    }
}

impl Reducer for Umap {
    fn name(&self) -> &str {
        "UMAP"
    }

    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        fit(self, x, watch)
    }

    /// Like AlignedUMAP from one data set to the next, but with springs whose stiffness follows
    /// that of each point's own edges.
    fn fit_aligned(
        &self,
        x: ArrayView2<'_, f32>,
        init: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Option<Fitted>, ReduceError> {
        fit_aligned(self, x, init, watch)
    }
}
