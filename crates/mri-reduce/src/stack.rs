use mri_core::{
    Activations, CoreError, Embedding, Layer, Points, Projection, ReduceError, Reducer, RowSource,
    Watch,
};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use thiserror::Error;

/// Rows count as equal when no column spreads over more than this share of the layer's largest
/// absolute value. It leaves room for the rounding by which one text's row may differ between
/// batches of different shape.
const EQUAL: f32 = 1e-5;

/// All layers reduced, with what is needed to place new rows in each of them.
pub struct Reduced {
    /// The points of every layer.
    pub embedding: Embedding,
    /// The projection of each layer, in the order of the embedding; `None` for degenerate layers.
    pub projections: Vec<Option<Box<dyn Projection>>>,
}

/// One layer's points and projection.
pub struct ReducedLayer {
    /// The points.
    pub points: Points,
    /// Places new rows; `None` for a degenerate layer.
    pub projection: Option<Box<dyn Projection>>,
}

/// Why a stack could not be reduced, and where.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LayerError {
    /// A layer could not be reduced.
    #[error("layer {layer}: {source}")]
    Layer {
        /// The layer.
        layer: Layer,
        /// Why.
        source: ReduceError,
    },
    /// The reducer returned points that do not belong to the rows.
    #[error("the reducer returned points that do not fit the rows: {0}")]
    Shape(#[from] CoreError),
}

/// Reduces every layer of a recording, several at once.
///
/// A layer whose rows are all equal is degenerate: its points are all the origin, whatever the
/// reducer would have made of rounding errors.
///
/// # Errors
/// [`LayerError`] with the first layer, in stack order, that failed.
pub fn reduce_stack(
    activations: &Activations,
    reducer: &dyn Reducer,
    components: usize,
    watch: &dyn Watch,
) -> Result<Reduced, LayerError> {
    let layers: Vec<_> = activations.iter().collect();
    let results: Vec<_> = layers
        .par_iter()
        .map(|(layer, rows)| {
            reduce_layer(rows.as_ref(), reducer, components, watch).map_err(|source| {
                LayerError::Layer {
                    layer: *layer,
                    source,
                }
            })
        })
        .collect();
    let mut entries = Vec::with_capacity(layers.len());
    let mut projections = Vec::with_capacity(layers.len());
    for ((layer, _), result) in layers.iter().zip(results) {
        let ReducedLayer { points, projection } = result?;
        entries.push((*layer, points));
        projections.push(projection);
    }
    let embedding = Embedding::new(activations.labels().clone(), entries)?;
    Ok(Reduced {
        embedding,
        projections,
    })
}

fn reduce_layer(
    rows: &dyn RowSource,
    reducer: &dyn Reducer,
    components: usize,
    watch: &dyn Watch,
) -> Result<ReducedLayer, ReduceError> {
    let loaded;
    let x = match rows.in_memory() {
        Some(view) => view,
        None => {
            loaded = rows.load()?;
            loaded.view()
        }
    };
    if is_degenerate(x) {
        let axes = (1..=components)
            .map(|i| mri_core::Axis {
                name: format!("{i}"),
                explained_variance_ratio: None,
            })
            .collect();
        let coordinates = Array2::zeros((x.nrows(), components));
        let points = Points {
            coordinates,
            axes,
            degenerate: true,
        };
        return Ok(ReducedLayer {
            points,
            projection: None,
        });
    }
    let fitted = reducer.fit(x, watch)?;
    let points = Points {
        coordinates: fitted.points,
        axes: fitted.axes,
        degenerate: false,
    };
    Ok(ReducedLayer {
        points,
        projection: Some(fitted.projection),
    })
}

/// Whether all rows are equal up to rounding.
fn is_degenerate(x: ArrayView2<'_, f32>) -> bool {
    let Some(first) = x.rows().into_iter().next() else {
        return true;
    };
    let largest = x.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    let bound = EQUAL * largest;
    x.iter().all(|v| v.is_finite())
        && x.rows()
            .into_iter()
            .all(|row| row.iter().zip(first).all(|(a, b)| (a - b).abs() <= bound))
}
