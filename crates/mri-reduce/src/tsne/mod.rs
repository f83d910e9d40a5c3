//! t-distributed stochastic neighbour embedding.

mod affinity;
mod descent;
mod placed;
mod tree;

use mri_core::{Component, Fitted, ReduceError, Reducer, Watch};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::check::{check_components, check_finite, check_init, check_size};
use crate::knn::{self, Table};
use crate::{Distance, Pca, Scaler, Scaling, random};
use descent::{MOST_COMPONENTS, Motion};
use placed::Placed;

/// The spread of the points before the first step, along the first axis (as in openTSNE): so little that
/// they push each other the same way whatever their places, and groups gather first.
const WIDTH: f32 = 1e-4;

/// The standard deviation of what is added to the points, as a share of [`WIDTH`], so that equal rows
/// are apart (as in openTSNE).
const NOISE: f32 = 0.01;

/// Keeps the noise apart from other uses of the seed.
const STREAM: u64 = 0x75_4E;

/// How strongly [`Reducer::fit_aligned`] holds a point at its place, as a share of the strength of all its
/// edges. On the seven layers of 300 abstracts (all-MiniLM-L6-v2) points move by 0.31 of the map's radius
/// from one layer to the next without it, by 0.20 with 0.03, for 0.008 of trustworthiness; maps of their
/// own let them move by 1.2 (turned towards each other, 0.45).
const TIE: f32 = 0.02;

/// t-SNE: each row picks its neighbours with the chance with which its point would pick theirs (van der
/// Maaten & Hinton 2008).
///
/// The second neighbour embedding beside [`Umap`](crate::Umap), for what UMAP does worst: to keep the
/// **nearest** neighbours. The reducers of Python that might have taken its place, on 5,000
/// activations of all-MiniLM-L6-v2 (layer 3 / layer 6, `benches/record`):
///
/// | | trustworthiness | continuity | recall of 15 | triplets |
/// |---|---|---|---|---|
/// | openTSNE | **0.876** / **0.834** | 0.825 / 0.845 | **0.230** / **0.258** | 0.637 / 0.607 |
/// | PaCMAP | 0.777 / 0.781 | 0.855 / 0.851 | 0.082 / 0.133 | **0.663** / **0.611** |
/// | LocalMAP | 0.780 / 0.799 | 0.851 / 0.843 | 0.081 / 0.148 | 0.659 / 0.610 |
/// | umap-learn | 0.800 / 0.782 | **0.863** / **0.865** | 0.118 / 0.180 | 0.660 / 0.601 |
///
/// PaCMAP and LocalMAP keep what UMAP keeps, and less of the neighbourhoods; t-SNE keeps twice as many
/// of the true neighbours, for a little of the large distances. So it is the one that tells something
/// which UMAP does not.
///
/// What is computed is what openTSNE computes by default, except:
///
/// - the push of all points on each other is taken from a tree of groups (see the head of
///   `tsne/tree.rs`) and not interpolated on a grid, so that any number of components will do;
/// - every point looks at where the others were before the step: **one seed gives the same bits on any
///   number of threads**.
///
/// Sizes of groups and distances between them mean little.
///
/// Rows without direction under [`Distance::Cosine`], those that are all 0, are neighbours of each
/// other and at distance 1 from all others. With few rows the perplexity is at most a third of the others.
///
/// # Complexity
/// O(n²·width) time for the neighbours up to 15,000 rows, about O(n · log n · width · perplexity) above;
/// O(epochs · n · (perplexity + log n)) for the points; memory
/// O(n · (width + perplexity)).
///
/// ```
/// use mri_reduce::{Reducer, Tsne};
/// let x = ndarray::Array2::from_shape_fn((60, 8), |(i, j)| ((i % 3 * 20 + i * (j + 3) % 7) as f32));
/// let fitted = Tsne { seed: 7, ..Tsne::default() }.fit(x.view(), &())?;
/// assert_eq!(fitted.points.dim(), (60, 2));
/// let placed = fitted.projection.transform(x.view())?;
/// # assert_eq!(placed.dim(), (60, 2));
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tsne {
    /// How many components, from 1 to min(rows, width, 16).
    pub n_components: usize,
    /// How many neighbours a row has, softly counted, at least 1. Three times as many are looked for.
    pub perplexity: f64,
    /// How often all points are moved. In the first third neighbours pull twelve times harder, so that
    /// groups find their places.
    pub n_epochs: usize,
    /// What makes rows neighbours.
    pub metric: Distance,
    /// What is done to the columns first.
    pub scaling: Scaling,
    /// Draws equal rows apart. All else starts from the principal components.
    pub seed: u64,
}

impl Default for Tsne {
    /// Two components of centred columns, and the defaults of openTSNE: perplexity 30, 750 steps,
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
    /// The defaults with the number of components and the seed.
    #[must_use]
    pub fn new(n_components: usize, seed: u64) -> Self {
        Self {
            n_components,
            seed,
            ..Self::default()
        }
    }

    /// Refuses options that are wrong whatever the rows.
    ///
    /// # Errors
    /// [`ReduceError::Parameter`].
    pub fn check(&self) -> Result<(), ReduceError> {
        let wrong = |parameter, value, expected| {
            Err(ReduceError::Parameter {
                parameter,
                value,
                expected,
            })
        };
        if self.n_components > MOST_COMPONENTS {
            let value = self.n_components.to_string();
            return wrong("n_components", value, "at most 16");
        }
        if !(self.perplexity >= 1.0 && self.perplexity.is_finite()) {
            let value = self.perplexity.to_string();
            return wrong("perplexity", value, "at least 1 and finite");
        }
        Ok(())
    }

    /// Where the points are before the first step: the principal components.
    fn start(
        &self,
        scaled: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Array2<f32>, ReduceError> {
        let pca = Pca {
            n_components: self.n_components,
            scaling: Scaling::None,
        };
        let mut points = pca.fit(scaled, watch)?.points;
        // Their mean is 0.
        let squares = points.column(0).mapv(|v| f64::from(v).powi(2));
        let spread = (squares.sum() / points.nrows() as f64).sqrt() as f32;
        let columns = points.ncols();
        for ((i, j), v) in points.indexed_iter_mut() {
            let noise = random::normal(self.seed ^ STREAM, (i * columns + j) as u64) as f32;
            let at = if spread > 0.0 { *v / spread } else { 0.0 };
            *v = WIDTH * (at + NOISE * noise);
        }
        Ok(points)
    }

    fn fit_from(
        &self,
        x: ArrayView2<'_, f32>,
        init: Option<ArrayView2<'_, f32>>,
        watch: &dyn Watch,
    ) -> Result<Fitted, ReduceError> {
        check_size(x.dim())?;
        check_components(x.dim(), self.n_components)?;
        self.check()?;
        check_finite(x)?;
        let n = x.nrows();
        let scaler = Scaler::fit(x, self.scaling);
        let scaled = scaler.transform(x)?;
        let table = Table::new(scaled.view(), self.metric);
        let perplexity = self.perplexity.min((n - 1) as f64 / 3.0).max(1.0);
        let k = ((3.0 * perplexity) as usize).min(n - 1);
        let found = knn::of_table(&table, k, self.seed, watch)?;
        let graph = affinity::pairs(&found, &affinity::chances(&found, perplexity));
        let mut points = match init {
            Some(init) => init.as_standard_layout().into_owned(),
            None => self.start(scaled.view(), watch)?,
        };
        let early = self.n_epochs / 3;
        let motion = Motion {
            // Groups have their places already.
            early: if init.is_some() { 0 } else { early },
            late: self.n_epochs - early,
            tie: if init.is_some() { TIE } else { 0.0 },
        };
        descent::settle(&graph, &mut points, &motion, watch)?;
        let axes = (1..=self.n_components).map(|i| Component {
            name: format!("t-SNE{i}"),
            explained_variance_ratio: None,
        });
        Ok(Fitted {
            components: axes.collect(),
            projection: Box::new(Placed {
                scaler,
                table,
                points: points.clone(),
            }),
            points,
        })
    }
}

impl Reducer for Tsne {
    fn name(&self) -> &str {
        "t-SNE"
    }

    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        self.fit_from(x, None, watch)
    }

    /// As dynamic t-SNE does from one time to the next (Rauber, Falcão & Telea 2016), but held by the
    /// strength of each point's own edges.
    fn fit_aligned(
        &self,
        x: ArrayView2<'_, f32>,
        init: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Option<Fitted>, ReduceError> {
        check_init(init, x.nrows(), self.n_components)?;
        self.fit_from(x, Some(init), watch).map(Some)
    }
}
