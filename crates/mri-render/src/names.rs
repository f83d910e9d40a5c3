//! How figures name layers and components.

use mri_core::{Component, Layer};

/// The name of a layer at an axis tick, where only a number fits.
pub(crate) fn layer_tick(layer: Layer) -> String {
    layer.index.to_string()
}

/// The name of a component with its share of the variance.
pub(crate) fn component_name(component: &Component) -> String {
    let name = &component.name;
    match component.explained_variance_ratio {
        Some(share) => format!("{name} ({:.1} %)", 100.0 * share),
        None => name.clone(),
    }
}
