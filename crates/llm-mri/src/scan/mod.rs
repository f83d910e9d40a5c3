//! What a scan is and what it computes.

pub(crate) mod builder;
pub(crate) mod compare;
pub(crate) mod graph_options;
pub(crate) mod metrics;
pub(crate) mod projections;
pub(crate) mod quality;
pub(crate) mod significance;

use std::path::PathBuf;
use std::sync::Arc;

use mri_core::{Activations, Embedding, Labels, Layer, ModelInfo, Projection, Reducer, Watch};
use mri_graph::RegionGraph;
use mri_grid::{Binning, GridStack, grid_stack};
use mri_reduce::{Reduced, ReducerSpec, reduce_stack, reduce_stack_aligned};
use mri_render::Caption;
use mri_store::Manifest;

use self::builder::ScanBuilder;
use crate::error::ScanError;
use crate::folder::sections::{MapNote, MapsNote, ScanNotes};

/// A scan: everything from the activations to the region graph.
///
/// Row `i` of every matrix and grid is text `i` of the corpus. Maps of other than two components
/// have no grids and no region graph. A scan made by [`ScanBuilder::run`] or opened by
/// [`Scan::open`] is complete as it is; [`Scan::with_maps`] and [`Scan::with_grid`] give it other
/// maps and other regions.
pub struct Scan {
    pub(crate) manifest: Manifest,
    pub(crate) notes: ScanNotes,
    pub(crate) texts: Option<Vec<String>>,
    pub(crate) activations: Activations,
    pub(crate) embedding: Option<Embedding>,
    pub(crate) projections: Vec<Option<Box<dyn Projection>>>,
    pub(crate) grids: Option<GridStack>,
    pub(crate) graph: Option<RegionGraph>,
    /// Where it lies, if it lies in a folder.
    pub(crate) folder: Option<PathBuf>,
}

impl Scan {
    /// Starts a scan.
    #[must_use]
    pub fn builder() -> ScanBuilder {
        ScanBuilder::default()
    }

    /// A scan of nothing but its recording.
    pub(crate) fn of_recording(
        manifest: Manifest,
        activations: Activations,
        texts: Option<Vec<String>>,
        folder: Option<PathBuf>,
    ) -> Self {
        Self {
            manifest,
            notes: ScanNotes::default(),
            texts,
            activations,
            embedding: None,
            projections: Vec::new(),
            grids: None,
            graph: None,
            folder,
        }
    }

    /// The labels of the texts.
    #[must_use]
    pub fn labels(&self) -> &Arc<Labels> {
        self.activations.labels()
    }

    /// The texts; `None` where they are not held: in a folder made by `llm-mri extract`, and after
    /// [`ScanBuilder::activations_only`] with [`ScanBuilder::data`] and [`ScanBuilder::out`], which leaves
    /// them in their file.
    #[must_use]
    pub fn texts(&self) -> Option<&[String]> {
        self.texts.as_deref()
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelInfo {
        &self.manifest.model.info
    }

    /// What was recorded, and from what.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What was made of the recording, and how long it took.
    #[must_use]
    pub fn notes(&self) -> &ScanNotes {
        &self.notes
    }

    /// One matrix of shape (texts, width) per layer.
    #[must_use]
    pub fn activations(&self) -> &Activations {
        &self.activations
    }

    /// One matrix of shape (texts, components) per layer; `None` if only activations were recorded.
    #[must_use]
    pub fn embedding(&self) -> Option<&Embedding> {
        self.embedding.as_ref()
    }

    /// What places new rows in the map of each layer, in the order of the embedding: `None` for
    /// degenerate layers, and in a scan that was opened for those that are not kept in files (see
    /// [`ProjectionNote`](crate::ProjectionNote)). [`Scan::transform`] works for all of them.
    #[must_use]
    pub fn projections(&self) -> &[Option<Box<dyn Projection>>] {
        &self.projections
    }

    /// The cells of every layer; `None` unless there are two components.
    #[must_use]
    pub fn grids(&self) -> Option<&GridStack> {
        self.grids.as_ref()
    }

    /// The regions and how texts move between them; `None` unless there are two components.
    #[must_use]
    pub fn graph(&self) -> Option<&RegionGraph> {
        self.graph.as_ref()
    }

    /// The same recording with maps by another reducer of this workspace. The regions that there
    /// were are left out: see [`Scan::with_grid`].
    ///
    /// # Errors
    /// [`ScanError::Options`]; [`ScanError::Reduce`] with the layer at fault.
    pub fn with_maps(self, spec: &ReducerSpec, watch: &dyn Watch) -> Result<Self, ScanError> {
        let layers: Vec<Layer> = self.activations.layers().collect();
        self.with_maps_of(&layers, spec, watch)
    }

    /// [`Scan::with_maps`] of some layers only, in the order of the recording.
    ///
    /// # Errors
    /// As [`Scan::with_maps`], and [`ScanError::NoLayer`].
    pub fn with_maps_of(
        self,
        layers: &[Layer],
        spec: &ReducerSpec,
        watch: &dyn Watch,
    ) -> Result<Self, ScanError> {
        let reducer = spec.build()?;
        let rows = self.some_layers(layers)?;
        let reduce = if spec.align {
            reduce_stack_aligned
        } else {
            reduce_stack
        };
        let reduced = reduce(&rows, reducer.as_ref(), spec.components, watch)?;
        let mut name = reducer.name().to_owned();
        if spec.align {
            name.push_str(", aligned");
        }
        Ok(self.mapped(reduced, name, spec.components, Some(spec.clone())))
    }

    /// [`Scan::with_maps`] by any reducer that gives `components` columns.
    ///
    /// # Errors
    /// As [`Scan::with_maps`].
    pub fn with_maps_by(
        self,
        reducer: &dyn Reducer,
        components: usize,
        watch: &dyn Watch,
    ) -> Result<Self, ScanError> {
        let reduced = reduce_stack(&self.activations, reducer, components, watch)?;
        Ok(self.mapped(reduced, reducer.name().to_owned(), components, None))
    }

    fn mapped(
        self,
        reduced: Reduced,
        reducer: String,
        components: usize,
        spec: Option<ReducerSpec>,
    ) -> Self {
        let maps = reduced.embedding.iter().zip(&reduced.projections);
        let layers = maps.map(|((layer, points), projection)| MapNote {
            layer,
            degenerate: points.degenerate,
            components: points.components.clone(),
            projection: projections::note(projection.as_deref()),
            quality: None,
        });
        let maps = MapsNote {
            reducer,
            spec,
            components,
            layers: layers.collect(),
        };
        Self {
            notes: ScanNotes {
                maps: Some(maps),
                grid: None,
                ..self.notes
            },
            embedding: Some(reduced.embedding),
            projections: reduced.projections,
            grids: None,
            graph: None,
            ..self
        }
    }

    /// The same maps cut into other cells, and the graph that follows from them.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless the maps have two components; [`ScanError::Grid`].
    pub fn with_grid(self, binning: Binning) -> Result<Self, ScanError> {
        binning.check()?;
        let planar = self
            .notes
            .maps
            .as_ref()
            .is_some_and(|maps| maps.components == 2);
        let Some(embedding) = self.embedding.as_ref().filter(|_| planar) else {
            return Err(self.not_planar());
        };
        let grids = grid_stack(embedding, binning)?;
        let graph = RegionGraph::co_activation(&grids);
        Ok(Self {
            notes: ScanNotes {
                grid: Some(binning),
                ..self.notes
            },
            grids: Some(grids),
            graph: Some(graph),
            ..self
        })
    }

    /// What pictures of this scan say about where they come from.
    #[must_use]
    pub fn caption(&self) -> Caption {
        let source = &self.manifest.corpus.source;
        let name = source.file_name().unwrap_or(source.as_os_str());
        let maps = self.notes.maps.as_ref();
        Caption {
            model: self.model().name.clone(),
            reducer: maps.map_or_else(String::new, |maps| maps.reducer.clone()),
            grid: self
                .notes
                .grid
                .map_or_else(String::new, |b| format!("{0} × {0}", b.side())),
            corpus: name.to_string_lossy().into_owned(),
        }
    }

    pub(crate) fn not_planar(&self) -> ScanError {
        ScanError::NotPlanar {
            components: self.notes.maps.as_ref().map_or(0, |maps| maps.components),
        }
    }
}
