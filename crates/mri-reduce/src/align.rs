use mri_core::{Embedding, Points, Projection, ReduceError};
use ndarray::{Array2, ArrayView2};

use crate::{LayerError, Procrustes, ReducedLayer};

/// Brings the layers of an embedding into a common frame: each layer's points are rotated or
/// mirrored about their mean to lie nearest to the layer before, and moved to a common centre.
///
/// Two layers that hold the same thing may come out of a reducer mirrored or turned, because
/// the signs and the order of its components are arbitrary. After this, a text moves between layers
/// because the model moved it. Distances within a layer do not change; the axes do, so their names
/// and shares of variance are dropped where a layer was turned. Degenerate layers stay as they are,
/// and the layer after one is aligned to the last that was not.
///
/// The `i`-th of the motions belongs to the `i`-th layer; [`Procrustes::apply`] does to newly
/// transformed points what was done to the layer's. It is `None` for the first layer and for
/// degenerate ones.
///
/// # Errors
/// [`LayerError`] where a layer cannot be fitted, such as for another number of components.
pub fn align_layers(
    embedding: &Embedding,
) -> Result<(Embedding, Vec<Option<Procrustes>>), LayerError> {
    let mut entries = Vec::with_capacity(embedding.len());
    let mut motions = Vec::with_capacity(embedding.len());
    let mut last: Option<Points> = None;
    for (layer, points) in embedding.iter() {
        let at = |source| LayerError::Layer { layer, source };
        let mut points = points.clone();
        let mut motion = None;
        if let (Some(target), false) = (&last, points.degenerate) {
            motion = Some(turn(&mut points, target.coordinates.view()).map_err(at)?);
        }
        if !points.degenerate {
            last = Some(points.clone());
        }
        motions.push(motion);
        entries.push((layer, points));
    }
    Ok((
        Embedding::new(embedding.labels().clone(), entries)?,
        motions,
    ))
}

/// Turns and shifts points to lie nearest to others.
fn turn(points: &mut Points, target: ArrayView2<'_, f32>) -> Result<Procrustes, ReduceError> {
    let motion = Procrustes::fit(points.coordinates.view(), target, false)?;
    points.coordinates = motion.apply(points.coordinates.view())?;
    for (i, axis) in points.components.iter_mut().enumerate() {
        axis.name = format!("aligned {}", i + 1);
        axis.explained_variance_ratio = None;
    }
    Ok(motion)
}

/// A layer's points turned towards others, and with them the places of new rows.
pub(crate) fn turned(
    reduced: ReducedLayer,
    target: ArrayView2<'_, f32>,
) -> Result<ReducedLayer, ReduceError> {
    let ReducedLayer {
        mut points,
        projection,
    } = reduced;
    if points.degenerate {
        return Ok(ReducedLayer { points, projection });
    }
    let motion = turn(&mut points, target)?;
    let projection =
        projection.map(|first| Box::new(Turned { first, motion }) as Box<dyn Projection>);
    Ok(ReducedLayer { points, projection })
}

/// A projection, and a motion after it.
struct Turned {
    first: Box<dyn Projection>,
    motion: Procrustes,
}

impl Projection for Turned {
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let points = self.first.transform(x)?;
        self.motion.apply(points.view())
    }
}
