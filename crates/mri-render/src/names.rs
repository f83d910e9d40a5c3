use mri_core::Component;

/// The name of a component with its share of the variance.
pub(crate) fn component_name(component: &Component) -> String {
    let name = &component.name;
    match component.explained_variance_ratio {
        Some(share) => format!("{name} ({:.1} %)", 100.0 * share),
        None => name.clone(),
    }
}
