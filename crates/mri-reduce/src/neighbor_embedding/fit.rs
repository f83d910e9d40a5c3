use mri_core::{Component, Fitted, ReduceError, Reducer, Watch};
use ndarray::{Array2, ArrayView2, s};

use super::dimensions::MAX_COMPONENTS;
use super::distinct::DistinctRows;
use super::init::pca_points;
use super::placement::{NeighborProjection, Place};
use crate::check::{check_components, check_finite, check_init, check_size, out_of_range};
use crate::distance::Distance;
use crate::knn::{self, Neighbors, Table};
use crate::scaling::{Scaler, Scaling};

/// The parameters that all neighbor embeddings have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared {
    pub(crate) n_components: usize,
    pub(crate) metric: Distance,
    pub(crate) scaling: Scaling,
    pub(crate) seed: u64,
}

impl Shared {
    /// Checks what does not depend on the rows.
    pub(crate) fn check(&self) -> Result<(), ReduceError> {
        if self.n_components > MAX_COMPONENTS {
            return out_of_range("n_components", self.n_components, "at most 16");
        }
        Ok(())
    }
}

/// What one neighbor embedding adds to the shared steps.
pub(crate) trait NeighborEmbedding: Reducer {
    /// Rows joined to their neighbors, and whatever else the forces depend on.
    type Graph;
    /// Where new rows go.
    type Placement: Place + 'static;

    fn shared(&self) -> Shared;

    /// Checks the parameters that do not depend on the rows, those of [`Shared`] included.
    fn check_parameters(&self) -> Result<(), ReduceError>;

    /// How many nearest rows of each of `rows` rows [`NeighborEmbedding::graph`] needs, from 1 to
    /// `rows − 1`.
    fn neighbors(&self, rows: usize) -> usize;

    /// The graph from the nearest rows of every row of `table`.
    fn graph(&self, table: &Table, found: &Neighbors) -> Self::Graph;

    /// Initial points of the scaled rows.
    fn initialize(
        &self,
        graph: &Self::Graph,
        scaled: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Array2<f32>, ReduceError>;

    /// Moves the points, which came from [`NeighborEmbedding::initialize`] or, if `aligned`, are
    /// those of another map, whose frame is to be kept.
    fn optimize(
        &self,
        graph: &Self::Graph,
        points: &mut Array2<f32>,
        aligned: bool,
        watch: &dyn Watch,
    ) -> Result<(), ReduceError>;

    /// What places new rows among the points of `rows` fitted ones.
    fn placement(&self, rows: usize) -> Self::Placement;
}

/// [`Reducer::fit`] of a neighbor embedding.
pub(crate) fn fit<E: NeighborEmbedding>(
    embedding: &E,
    x: ArrayView2<'_, f32>,
    watch: &dyn Watch,
) -> Result<Fitted, ReduceError> {
    fit_from(embedding, x, None, watch)
}

/// [`Reducer::fit_aligned`] of a neighbor embedding.
pub(crate) fn fit_aligned<E: NeighborEmbedding>(
    embedding: &E,
    x: ArrayView2<'_, f32>,
    init: ArrayView2<'_, f32>,
    watch: &dyn Watch,
) -> Result<Option<Fitted>, ReduceError> {
    check_init(init, x.nrows(), embedding.shared().n_components)?;
    fit_from(embedding, x, Some(init), watch).map(Some)
}

fn fit_from<E: NeighborEmbedding>(
    embedding: &E,
    x: ArrayView2<'_, f32>,
    init: Option<ArrayView2<'_, f32>>,
    watch: &dyn Watch,
) -> Result<Fitted, ReduceError> {
    let shared = embedding.shared();
    let n = x.nrows();
    check_size(x.dim())?;
    check_components(x.dim(), shared.n_components)?;
    // Offsets of coordinates are kept in 32 bits.
    if n > u32::MAX as usize / MAX_COMPONENTS {
        return out_of_range("rows", n, "at most 268,435,455");
    }
    embedding.check_parameters()?;
    check_finite(x)?;
    let scaler = Scaler::fit(x, shared.scaling);
    // Equal rows are one row with one point, as with `unique=True` of umap-learn.
    let distinct = DistinctRows::of(x);
    let scaled = scaler.transform(distinct.select(x).view())?;
    let table = Table::new(scaled.view(), shared.metric);
    let init = init.map(|init| distinct.select(init));
    let points = if distinct.len() < shared.n_components.max(2) {
        match init {
            Some(init) => init.as_standard_layout().into_owned(),
            None => few_points(scaled.view(), shared.n_components, watch)?,
        }
    } else {
        let found = knn::of_table(
            &table,
            embedding.neighbors(distinct.len()),
            shared.seed,
            watch,
        )?;
        let graph = embedding.graph(&table, &found);
        let mut points = match &init {
            Some(init) => init.as_standard_layout().into_owned(),
            None => embedding.initialize(&graph, scaled.view(), watch)?,
        };
        embedding.optimize(&graph, &mut points, init.is_some(), watch)?;
        points
    };
    let components = (1..=shared.n_components).map(|i| Component {
        name: format!("{}{i}", embedding.name()),
        explained_variance_ratio: None,
    });
    let all_points = distinct.spread(&points).into_owned();
    let projection = NeighborProjection {
        scaler,
        table,
        points,
        placement: embedding.placement(distinct.len()),
    };
    Ok(Fitted {
        components: components.collect(),
        projection: Box::new(projection),
        points: all_points,
    })
}

/// Points of rows that are too few for a layout of this many components: their principal
/// components, as many as there are, and zeros.
fn few_points(
    scaled: ArrayView2<'_, f32>,
    components: usize,
    watch: &dyn Watch,
) -> Result<Array2<f32>, ReduceError> {
    let rows = scaled.nrows();
    let mut points = Array2::zeros((rows, components));
    if rows > 1 {
        let known = rows.min(components);
        let principal = pca_points(scaled, known, watch)?;
        points.slice_mut(s![.., ..known]).assign(&principal);
    }
    Ok(points)
}
