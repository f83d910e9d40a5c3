//! Uniform manifold approximation and projection.

mod curve;
mod fuzzy;
mod layout;
mod placed;
mod spectral;
mod start;

use mri_core::{Component, Fitted, ReduceError, Reducer, Watch};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::check::{check_components, check_finite, check_init, check_size};
use crate::knn::{self, Graph, Table};
use crate::{Distance, Scaler, Scaling};
use curve::Curve;
use layout::{MOST_COMPONENTS, Motion};
use placed::Placed;
pub use start::Init;

/// Pushes per pull (as in the reference implementation, where it is the negative sample rate).
const PUSHES: f64 = 5.0;

/// Lets points swing in the first epochs. Curves in separate groups, which principal components lay
/// across each other, stay tangled with 1 (a trustworthiness of 0.986 where umap-learn's spectral start
/// has 0.997) and come free with a quarter (0.997); less than that costs trustworthiness elsewhere.
const DAMPING: f32 = 0.25;

/// How strongly [`Reducer::fit_aligned`] holds a point at its place, as a share of the strength of all its
/// edges. On the seven layers of 300 abstracts (all-MiniLM-L6-v2) points then move by 0.28 of the map's
/// radius from one layer to the next, where maps of their own let them move by 1.8 (turned towards each
/// other, 0.39), and trustworthiness falls by 0.003. Three times as strong: 0.21, and 0.012.
const TIE: f32 = 0.03;

/// UMAP: points are near where rows are neighbours, and apart where they are not (McInnes, Healy &
/// Melville 2018).
///
/// The parameters and their defaults are those of umap-learn, the reference implementation, and so is
/// what is computed, except:
///
/// - the points start from the principal components unless `init` says otherwise, which needs nothing
///   but the rows; what either start keeps differs no more than two seeds do (`benches/record`);
/// - neighbours are exact up to 15,000 rows, and beyond that found by [`near_rows`](crate::near_rows);
/// - all points move at once, each by all its forces (see the head of `umap/layout.rs`): **one seed
///   gives the same bits on any number of threads**, and no vector width changes them.
///
/// On real activations the four measures of [`quality`](crate::quality) equal umap-learn's or are
/// better (`benches/record`).
///
/// Distances and clusters' sizes in the picture mean little: read neighbourhoods from it.
///
/// Rows without direction under [`Distance::Cosine`], those that are all 0, are neighbours of each
/// other and at distance 1 from all others. Groups of rows that no edge joins only push each other
/// away. With fewer than `n_neighbors` rows all are neighbours.
///
/// # Complexity
/// O(n²·width) time for the neighbours up to 15,000 rows and about O(n·log n·width·n_neighbors) beyond,
/// O(epochs · n · (n_neighbors + 64)) for the points; memory
/// O(n · (width + n_neighbors)).
///
/// ```
/// use mri_reduce::{Reducer, Umap};
/// let x = ndarray::Array2::from_shape_fn((60, 8), |(i, j)| ((i % 3 * 20 + i * (j + 3) % 7) as f32));
/// let fitted = Umap { seed: 7, ..Umap::default() }.fit(x.view(), &())?;
/// assert_eq!(fitted.points.dim(), (60, 2));
/// let placed = fitted.projection.transform(x.view())?;
/// # assert_eq!(placed.dim(), (60, 2));
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Umap {
    /// How many components, from 1 to min(rows, width, 16).
    pub n_components: usize,
    /// How many rows make a neighbourhood, the row itself counted, at least 2. Few show fine
    /// structure, many show coarse.
    pub n_neighbors: usize,
    /// How near points may come, from 0 to `spread`.
    pub min_dist: f64,
    /// How far apart neighbours are, more than 0.
    pub spread: f64,
    /// How often all points are moved; `None` means 500 times, or 200 for more than 10,000 rows.
    pub n_epochs: Option<usize>,
    /// What makes rows neighbours.
    pub metric: Distance,
    /// What is done to the columns first.
    pub scaling: Scaling,
    /// Where the points are before they are moved.
    pub init: Init,
    /// Chooses what pushes what.
    pub seed: u64,
}

impl Default for Umap {
    /// Two components of centred columns, and the defaults of umap-learn: 15 neighbours, Euclidean,
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
    /// The defaults with the number of components and the seed.
    #[must_use]
    pub fn new(n_components: usize, seed: u64) -> Self {
        Self {
            n_components,
            seed,
            ..Self::default()
        }
    }

    /// What LLM-MRI does: columns are mapped to 0 … 1, and angles between such rows decide. As no value
    /// is negative any more, all angles are small, and what rows have in common weighs most; the
    /// default is the better choice.
    #[must_use]
    pub fn llm_mri(n_components: usize, seed: u64) -> Self {
        Self {
            metric: Distance::Cosine,
            scaling: Scaling::MinMax,
            ..Self::new(n_components, seed)
        }
    }

    /// Finds parameters that are wrong whatever the rows.
    pub(crate) fn check(&self) -> Result<(), ReduceError> {
        if self.n_components > MOST_COMPONENTS {
            return wrong("n_components", self.n_components, "at most 16");
        }
        if self.n_neighbors < 2 {
            return wrong("n_neighbors", self.n_neighbors, "at least 2");
        }
        if !(self.spread > 0.0 && self.spread.is_finite()) {
            return wrong("spread", self.spread, "above 0 and finite");
        }
        if !(0.0..=self.spread).contains(&self.min_dist) {
            return wrong("min_dist", self.min_dist, "from 0 to spread");
        }
        Ok(())
    }

    fn check_size(&self, size: (usize, usize)) -> Result<(), ReduceError> {
        check_size(size)?;
        check_components(size, self.n_components)?;
        // Places of coordinates are kept in 32 bits.
        if size.0 > u32::MAX as usize / MOST_COMPONENTS {
            return wrong("rows", size.0, "at most 268,435,455");
        }
        Ok(())
    }

    fn fit_from(
        &self,
        x: ArrayView2<'_, f32>,
        init: Option<ArrayView2<'_, f32>>,
        watch: &dyn Watch,
    ) -> Result<Fitted, ReduceError> {
        self.check_size(x.dim())?;
        self.check()?;
        let n = x.nrows();
        check_finite(x)?;
        let scaler = Scaler::fit(x, self.scaling);
        let scaled = scaler.transform(x)?;
        let table = Table::new(scaled.view(), self.metric);
        let k = (self.n_neighbors - 1).min(n - 1);
        let found = knn::of_table(&table, k, self.seed, watch)?;
        let graph = fuzzy::union(&found, &fuzzy::memberships(&found, k + 1, 1));
        let mut points = match init {
            Some(init) => init.as_standard_layout().into_owned(),
            None => self.start(&graph, scaled.view(), watch)?,
        };
        let few = n <= 10_000;
        let motion = Motion {
            curve: Curve::fit(self.min_dist, self.spread),
            epochs: self.n_epochs.unwrap_or(if few { 500 } else { 200 }),
            pushes: PUSHES,
            // Swinging would carry points from their places.
            damping: if init.is_some() { 1.0 } else { DAMPING },
            tie: if init.is_some() { TIE } else { 0.0 },
            seed: self.seed,
        };
        layout::settle(&graph, &mut points, &motion, watch)?;
        let axes = (1..=self.n_components).map(|i| Component {
            name: format!("UMAP{i}"),
            explained_variance_ratio: None,
        });
        Ok(Fitted {
            components: axes.collect(),
            projection: Box::new(Placed {
                scaler,
                table,
                points: points.clone(),
                neighbors: self.n_neighbors,
                motion: Motion {
                    // A new row starts near its place, and no tangle is to be undone.
                    damping: 1.0,
                    tie: 0.0,
                    epochs: self.n_epochs.map_or(100, |n| n / 3),
                    ..motion
                },
            }),
            points,
        })
    }

    /// Where the points are before the first epoch.
    fn start(
        &self,
        graph: &Graph,
        scaled: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Array2<f32>, ReduceError> {
        let start = match self.init {
            Init::Pca => None,
            Init::Spectral => spectral::spectral(graph, self.n_components, self.seed, watch)?,
        };
        let mut points = match start {
            Some(points) => points,
            None => start::by_pca(scaled, self.n_components, watch)?,
        };
        start::spread_out(&mut points, self.seed);
        Ok(points)
    }
}

fn wrong<T>(
    parameter: &'static str,
    value: impl ToString,
    expected: &'static str,
) -> Result<T, ReduceError> {
    Err(ReduceError::Parameter {
        parameter,
        value: value.to_string(),
        expected,
    })
}

impl Reducer for Umap {
    fn name(&self) -> &str {
        "UMAP"
    }

    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        self.fit_from(x, None, watch)
    }

    /// As AlignedUMAP does with the rows of one set after the other, but held by the strength of each
    /// point's own edges.
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
