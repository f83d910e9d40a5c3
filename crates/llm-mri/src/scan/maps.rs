use mri_core::{Embedding, Layer, Points, Projection, Reducer};
use mri_reduce::{LinearProjection, Reduced, ReducerSpec};

use crate::error::ScanError;
use crate::folder::sections::{LayerMap, MapsSection, ProjectionSource};

/// One projection per map, in their order; `None` for a degenerate layer, and in a scan that was
/// opened for projections that are not kept in files.
pub(crate) type Projections = Vec<Option<Box<dyn Projection>>>;

/// The maps of a scan: every layer reduced to a few components.
pub struct Maps {
    pub(crate) section: MapsSection,
    pub(crate) embedding: Embedding,
    pub(crate) projections: Projections,
}

impl Maps {
    /// The maps that a reducer gave, `aligned` if in one frame, with its options where it is one of
    /// this workspace.
    pub(crate) fn new(
        reduced: Reduced,
        reducer: &dyn Reducer,
        components: usize,
        spec: Option<ReducerSpec>,
        aligned: bool,
    ) -> Self {
        let maps = reduced.embedding.iter().zip(&reduced.projections);
        let layers = maps.map(|((layer, points), projection)| LayerMap {
            layer,
            degenerate: points.degenerate,
            components: points.components.clone(),
            projection: projection_source(projection.as_deref()),
            quality: None,
        });
        let name = reducer.name();
        let section = MapsSection {
            reducer: match aligned {
                true => format!("{name}, aligned"),
                false => name.to_owned(),
            },
            spec,
            aligned,
            components,
            layers: layers.collect(),
        };
        Self {
            section,
            embedding: reduced.embedding,
            projections: reduced.projections,
        }
    }

    /// One matrix of shape (texts, components) per layer.
    #[must_use]
    pub fn embedding(&self) -> &Embedding {
        &self.embedding
    }

    /// What places new rows in the map of each layer, in the order of the embedding: `None` for
    /// degenerate layers, and in a scan that was opened for those that are not kept in files (see
    /// [`ProjectionSource`]). [`Scan::transform`](crate::Scan::transform) works for all of them.
    #[must_use]
    pub fn projections(&self) -> &[Option<Box<dyn Projection>>] {
        &self.projections
    }

    /// How the maps were made, and what of each layer they keep: the section `maps` of
    /// `manifest.json`.
    #[must_use]
    pub fn section(&self) -> &MapsSection {
        &self.section
    }

    /// Components per map.
    #[must_use]
    pub fn components(&self) -> usize {
        self.section.components
    }

    /// The position of a layer among the maps, and its map.
    pub(crate) fn find(&self, layer: Layer) -> Result<(usize, &Points), ScanError> {
        let mut maps = self.embedding.iter().enumerate();
        let found = maps
            .find_map(|(position, (other, points))| (other == layer).then_some((position, points)));
        found.ok_or_else(|| ScanError::no_layer(layer, self.embedding.layers()))
    }
}

/// Where an opened scan finds a projection; `None` is that of a degenerate layer.
fn projection_source(projection: Option<&dyn Projection>) -> ProjectionSource {
    match projection {
        None => ProjectionSource::Point,
        Some(projection) if as_linear(projection).is_some() => ProjectionSource::Table,
        Some(_) => ProjectionSource::Refit,
    }
}

/// The projection as one that a table can hold.
pub(crate) fn as_linear(projection: &dyn Projection) -> Option<&LinearProjection> {
    projection.as_any()?.downcast_ref()
}
