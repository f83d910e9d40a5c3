//! t-distributed stochastic neighbor embedding.

mod affinity;
mod descent;
mod projection;
mod tree;

use mri_core::{Fitted, ReduceError, Reducer, Watch};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::check::out_of_range;
use crate::distance::Distance;
use crate::knn::{Graph, Neighbors, Table};
use crate::neighbor_embedding::{
    NeighborEmbedding, Shared, fit, fit_aligned, pca_points, rescale, standard_deviation,
};
use crate::scaling::Scaling;
use descent::Optimization;
use projection::TsneProjection;

/// The standard deviation of the initial points along the first axis (as in openTSNE): so small
/// that all repel each other alike and clusters form first.
const INITIAL_DEVIATION: f32 = 1e-4;

/// The standard deviation of the noise that separates initial points which would be equal, as a
/// share of [`INITIAL_DEVIATION`] (as in openTSNE).
const INITIAL_NOISE: f32 = 0.01;

/// Separates the noise of the initial points from other uses of the seed.
const NOISE_STREAM: u64 = 0x75_4E;

/// How strongly [`Reducer::fit_aligned`] pulls a point back to its initial position, as a share of
/// the stiffness of all its edges. On the seven layers of 300 abstracts (all-MiniLM-L6-v2) points
/// move by 0.31 of the map's radius from one layer to the next without it, by 0.20 with 0.03, for
/// 0.008 of trustworthiness; independent maps move them by 1.2 (aligned by rotation, 0.45).
const ANCHOR_STRENGTH: f32 = 0.02;

/// t-SNE: the probability with which a row picks another as its neighbor, by a Gaussian kernel, is
/// matched by that of the points, by a Student kernel (van der Maaten & Hinton 2008).
///
/// It keeps the **nearest** neighbors best, which is what UMAP does worst. On 5,000 activations of
/// all-MiniLM-L6-v2 (layer 3 / layer 6, `benches/record`):
///
/// | | trustworthiness | continuity | recall of 15 | triplets |
/// |---|---|---|---|---|
/// | openTSNE | **0.876** / **0.834** | 0.825 / 0.845 | **0.230** / **0.258** | 0.637 / 0.607 |
/// | PaCMAP | 0.777 / 0.781 | 0.855 / 0.851 | 0.082 / 0.133 | **0.663** / **0.611** |
/// | LocalMAP | 0.780 / 0.799 | 0.851 / 0.843 | 0.081 / 0.148 | 0.659 / 0.610 |
/// | umap-learn | 0.800 / 0.782 | **0.863** / **0.865** | 0.118 / 0.180 | 0.660 / 0.601 |
///
/// The computation is that of openTSNE by default, except:
///
/// - repulsion is computed by a Barnes–Hut tree (see `tsne/tree.rs`) instead of interpolation on a
///   grid, for any number of components;
/// - every point reads the positions before the step: **one seed gives the same bits on any number
///   of threads**;
/// - equal rows are fitted as one row and have one point.
///
/// The sizes of clusters and the distances between them mean little.
///
/// Rows of zeros, which have no direction under [`Distance::Cosine`], are at distance 0 from each
/// other and at distance 1 from all others. The perplexity is at most a third of the number of
/// other rows.
///
/// # Complexity
/// O(n²·width) time for the neighbors up to 15,000 rows, about O(n · log n · width · perplexity)
/// above; O(epochs · n · (perplexity + log n)) for the points; memory O(n · (width + perplexity)).
///
/// ```
/// use mri_reduce::{Reducer, Tsne};
/// let value = |(i, j)| (i % 3 * 20 + i * (j + 3) % 7) as f32;
/// let x = ndarray::Array2::from_shape_fn((60, 8), value);
/// let fitted = Tsne { seed: 7, ..Tsne::default() }.fit(x.view(), &())?;
/// assert_eq!(fitted.points.dim(), (60, 2));
/// let placed = fitted.projection.transform(x.view())?;
/// # assert_eq!(placed.dim(), (60, 2));
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tsne {
    /// The number of components, from 1 to min(rows, width, 16).
    pub n_components: usize,
    /// The effective number of neighbors of a row, at least 1: the exponential of the entropy of
    /// its neighbor distribution. Three times as many neighbors are searched for.
    pub perplexity: f64,
    /// The number of epochs. In the first third attraction is twelve times stronger (early
    /// exaggeration), in which clusters form.
    pub n_epochs: usize,
    /// The distance that defines neighbors.
    pub metric: Distance,
    /// The scaling of the columns.
    pub scaling: Scaling,
    /// The seed of the noise of the initial points and of the approximate search for neighbors.
    pub seed: u64,
}

impl Default for Tsne {
    /// Two components of centered columns, and the defaults of openTSNE: perplexity 30, 750 epochs,
    /// Euclidean.
    fn default() -> Self {
        Self {
            n_components: 2,
            perplexity: 30.0,
            n_epochs: 750,
            metric: Distance::Euclidean,
            scaling: Scaling::Center,
            seed: 0,
        }
    }
}

impl Tsne {
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
        if !(self.perplexity >= 1.0 && self.perplexity.is_finite()) {
            return out_of_range("perplexity", self.perplexity, "at least 1 and finite");
        }
        Ok(())
    }

    /// The perplexity that so many rows allow.
    fn perplexity_among(&self, rows: usize) -> f64 {
        self.perplexity.min((rows - 1) as f64 / 3.0).max(1.0)
    }
}

impl NeighborEmbedding for Tsne {
    type Graph = Graph;
    type Placement = TsneProjection;

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
        ((3.0 * self.perplexity_among(rows)) as usize).min(rows - 1)
    }

    fn graph(&self, _: &Table, found: &Neighbors) -> Graph {
        let perplexity = self.perplexity_among(found.ids.nrows());
        affinity::joint_probabilities(
            found,
            &affinity::conditional_probabilities(found, perplexity),
        )
    }

    fn initialize(
        &self,
        _: &Graph,
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
        graph: &Graph,
        points: &mut Array2<f32>,
        aligned: bool,
        watch: &dyn Watch,
    ) -> Result<(), ReduceError> {
        let early = self.n_epochs / 3;
        let optimization = Optimization {
            // Clusters exist already.
            early: if aligned { 0 } else { early },
            late: self.n_epochs - early,
            anchor_strength: if aligned { ANCHOR_STRENGTH } else { 0.0 },
        };
        descent::optimize(graph, points, &optimization, watch)
    }

    fn placement(&self, rows: usize) -> TsneProjection {
        TsneProjection::new(rows)
    }
}

impl Reducer for Tsne {
    fn name(&self) -> &str {
        "t-SNE"
    }

    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        fit(self, x, watch)
    }

    /// Like dynamic t-SNE from one time step to the next (Rauber, Falcão & Telea 2016), but with
    /// springs whose stiffness follows that of each point's own edges.
    fn fit_aligned(
        &self,
        x: ArrayView2<'_, f32>,
        init: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Option<Fitted>, ReduceError> {
        fit_aligned(self, x, init, watch)
    }
}
