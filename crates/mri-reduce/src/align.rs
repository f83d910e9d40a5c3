use mri_core::{Embedding, Points};

use crate::{LayerError, Procrustes};

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
            let from = points.coordinates.view();
            let fitted = Procrustes::fit(from, target.coordinates.view(), false).map_err(at)?;
            points.coordinates = fitted.apply(from).map_err(at)?;
            for (i, axis) in points.axes.iter_mut().enumerate() {
                axis.name = format!("aligned {}", i + 1);
                axis.explained_variance_ratio = None;
            }
            motion = Some(fitted);
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
