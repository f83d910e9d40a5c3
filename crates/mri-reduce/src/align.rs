use mri_core::{Embedding, Points, Projection, ReduceError};
use ndarray::{Array2, ArrayView2};

use crate::reduced::{LayerError, ReducedLayer};
use crate::similarity::Procrustes;

/// Aligns the layers of an embedding: each layer's points are rotated or reflected and shifted to
/// lie as near as possible, in least squares, to those of the layer before.
///
/// Reducers give two layers with the same content maps that differ by a rotation or reflection,
/// because the signs and the order of components are arbitrary. Distances within a layer do not
/// change; the axes do, so their names and shares of variance are dropped in rotated layers.
/// Degenerate layers are skipped.
///
/// The `i`-th motion is that of the `i`-th layer, to be applied to newly transformed points
/// ([`Procrustes::apply`]). It is `None` for the first layer and for degenerate ones.
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
            motion = Some(rotate(&mut points, target.coordinates.view()).map_err(at)?);
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

/// Rotates and shifts points onto others.
fn rotate(points: &mut Points, target: ArrayView2<'_, f32>) -> Result<Procrustes, ReduceError> {
    let motion = Procrustes::fit(points.coordinates.view(), target, false)?;
    points.coordinates = motion.apply(points.coordinates.view())?;
    for (i, axis) in points.components.iter_mut().enumerate() {
        axis.name = format!("aligned {}", i + 1);
        axis.explained_variance_ratio = None;
    }
    Ok(motion)
}

/// A layer rotated onto the points of another, its projection included.
pub(crate) fn rotate_layer(
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
    let motion = rotate(&mut points, target)?;
    let projection =
        projection.map(|first| Box::new(Rotated { first, motion }) as Box<dyn Projection>);
    Ok(ReducedLayer { points, projection })
}

/// A projection followed by a motion.
struct Rotated {
    first: Box<dyn Projection>,
    motion: Procrustes,
}

impl Projection for Rotated {
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let points = self.first.transform(x)?;
        self.motion.apply(points.view())
    }
}
