use mri_core::{Activations, Embedding, Layer, Points, ReduceError, Reducer, RowSource, Watch};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::align::rotate_layer;
use crate::reduced::{LayerError, Reduced, ReducedLayer};
use crate::row_blocks::RowBlocks;

/// Rows count as equal if no column spreads over more than this share of the layer's largest
/// absolute value. This tolerates the rounding differences of one text between batches of different
/// shape.
const EQUAL: f32 = 1e-5;

/// Reduces every layer of a recording, layers in parallel.
///
/// A layer whose rows are all equal is degenerate: its points are all at the origin, and rounding
/// errors are not reduced.
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
    let span = tracing::info_span!("reduce", reducer = reducer.name(), layers = layers.len());
    let _span = span.enter();
    let results: Vec<_> = layers
        .par_iter()
        .map(|(layer, rows)| {
            // The thread may have taken this layer while it waited for another one's fit.
            let _span = tracing::info_span!(parent: &span, "fit", %layer).entered();
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

/// [`reduce_stack`] in one frame for all layers: a text moves between maps because its activations
/// change, not because the reducer rotates its axes.
///
/// Each layer is fitted from the points of the layer before ([`Reducer::fit_aligned`]). The points
/// of a reducer without aligned fits, such as PCA, are rotated onto them instead, as
/// [`align_layers`](crate::align_layers) does. Degenerate layers are skipped.
///
/// # Errors
/// As [`reduce_stack`].
pub fn reduce_stack_aligned(
    activations: &Activations,
    reducer: &dyn Reducer,
    components: usize,
    watch: &dyn Watch,
) -> Result<Reduced, LayerError> {
    let mut entries: Vec<(Layer, Points)> = Vec::new();
    let mut projections = Vec::new();
    let span = tracing::info_span!("reduce", reducer = reducer.name(), aligned = true);
    let _span = span.entered();
    for (layer, rows) in activations.iter() {
        let _span = tracing::info_span!("fit", %layer).entered();
        let last = entries.iter().rev().find(|(_, points)| !points.degenerate);
        let last = last.map(|(_, points)| points.coordinates.view());
        let reduced = reduce_layer_aligned(rows.as_ref(), reducer, components, last, watch);
        let reduced = reduced.map_err(|source| LayerError::Layer { layer, source })?;
        entries.push((layer, reduced.points));
        projections.push(reduced.projection);
    }
    Ok(Reduced {
        embedding: Embedding::new(activations.labels().clone(), entries)?,
        projections,
    })
}

/// Reduces one layer as [`reduce_stack_aligned`] does: aligned to the points of the layer before,
/// of shape (rows, components), if there is one.
///
/// # Errors
/// [`ReduceError`].
pub fn reduce_layer_aligned(
    rows: &dyn RowSource,
    reducer: &dyn Reducer,
    components: usize,
    last: Option<ArrayView2<'_, f32>>,
    watch: &dyn Watch,
) -> Result<ReducedLayer, ReduceError> {
    let Some(last) = last else {
        return reduce_layer(rows, reducer, components, watch);
    };
    if is_degenerate(rows)? {
        return Ok(point(rows.size().0, components));
    }
    let near = match rows.in_memory() {
        Some(view) => reducer.fit_aligned(view, last, watch)?,
        None => reducer.fit_aligned(rows.load()?.view(), last, watch)?,
    };
    match near {
        Some(fitted) => Ok(ReducedLayer::of(fitted)),
        None => {
            let reduced = reduce_layer(rows, reducer, components, watch)?;
            rotate_layer(reduced, last)
        }
    }
}

fn reduce_layer(
    rows: &dyn RowSource,
    reducer: &dyn Reducer,
    components: usize,
    watch: &dyn Watch,
) -> Result<ReducedLayer, ReduceError> {
    if is_degenerate(rows)? {
        return Ok(point(rows.size().0, components));
    }
    reducer.fit_rows(rows, watch).map(ReducedLayer::of)
}

/// The map of a degenerate layer.
fn point(rows: usize, components: usize) -> ReducedLayer {
    let axes = (1..=components).map(|i| mri_core::Component {
        name: format!("{i}"),
        explained_variance_ratio: None,
    });
    ReducedLayer {
        points: Points {
            coordinates: Array2::zeros((rows, components)),
            components: axes.collect(),
            degenerate: true,
        },
        projection: None,
    }
}

/// Whether all rows are equal up to rounding.
fn is_degenerate(rows: &dyn RowSource) -> Result<bool, ReduceError> {
    let width = rows.size().1;
    let (mut low, mut high) = (vec![f32::INFINITY; width], vec![f32::NEG_INFINITY; width]);
    let mut largest = 0.0_f32;
    let mut finite = true;
    let spread = |low: &[f32], high: &[f32]| {
        let spreads = low.iter().zip(high).map(|(l, h)| h - l);
        spreads.fold(0.0_f32, f32::max)
    };
    RowBlocks::of(rows).for_blocks(&(), "", |block| {
        for row in block.rows() {
            for ((&v, l), h) in row.iter().zip(&mut low).zip(&mut high) {
                *l = if v < *l { v } else { *l };
                *h = if v > *h { v } else { *h };
                largest = largest.max(v.abs());
                finite &= v.is_finite();
            }
        }
        // Stops at a spread of twice the bound: later rows could raise the bound above it only with
        // a value twice as large as all before, which is a spread itself.
        Ok(finite && spread(&low, &high) <= 2.0 * EQUAL * largest)
    })?;
    Ok(finite && spread(&low, &high) <= EQUAL * largest)
}
