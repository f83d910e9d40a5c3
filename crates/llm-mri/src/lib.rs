//! A brain scanner for language models.
//!
//! Labelled texts and a model go in. [`Scan`] records the hidden activations of every layer,
//! reduces each layer to a map, cuts the map into regions and shows which regions each label
//! lights up: heatmaps, a graph of regions across layers, and the numbers behind them.
//!
//! ```no_run
//! use llm_mri::{Quantity, Scan};
//!
//! let scan = Scan::builder()
//!     .model(".models/all-MiniLM-L6-v2")
//!     .data("examples/data/topics.csv")
//!     .grid(10)
//!     .run()?;
//! scan.heatmaps(Quantity::category("law"))?.save("law.png")?;
//! scan.save("scan-out")?;
//! # Ok::<(), llm_mri::ScanError>(())
//! ```
//!
//! The stages are crates of their own, re-exported as modules ([`corpus`], [`extract`], [`store`], [`reduce`], [`grid`],
//! [`graph`], [`render`], and [`core`] with what they exchange). Each takes values and returns a new
//! value, so every step of a scan can be taken alone or replaced; what most programs need stands
//! here at the top.

#![warn(missing_docs)]

mod error;
mod figures;
mod folder;
mod scan;

pub use error::ScanError;
pub use figures::quantity::Quantity;
pub use folder::Stage;
pub use folder::output::OutFolder;
pub use folder::sections::{
    LayerMap, ManifestSections, MapQuality, MapsSection, ProjectionSource, Timings,
};
pub use scan::Scan;
pub use scan::analysis::Analysis;
pub use scan::builder::ScanBuilder;
pub use scan::category::CategoryRef;
pub use scan::compare::{CompareOptions, Comparison, LayerComparison, TextMovement};
pub use scan::graph_options::GraphOptions;
pub use scan::maps::Maps;
pub use scan::metrics::CategoryMetrics;
pub use scan::recording::Recording;
pub use scan::regions::Regions;
pub use scan::significance::{Discoveries, SignificanceResults};

pub use mri_core as core;
pub use mri_corpus as corpus;
pub use mri_extract as extract;
pub use mri_graph as graph;
pub use mri_grid as grid;
pub use mri_reduce as reduce;
pub use mri_render as render;
pub use mri_store as store;

pub use mri_core::{
    Activations, Backend, Component, Embedding, Labels, Layer, ModelInfo, ModelKind, Points,
    Pooling, Progress, Reducer, RowSource, Shard, Site, Watch,
};
pub use mri_corpus::{Corpus, CorpusFile, CorpusOptions, TextSource};
#[cfg(feature = "hub")]
pub use mri_extract::HubOptions;
pub use mri_extract::{
    Device, Dtype, HubError, ModelSource, RecordOptions, TextTokenizer, TokenSource,
};
#[cfg(feature = "tch")]
pub use mri_extract::{TchBackend, TchOptions, TorchScriptBackend};
pub use mri_graph::{
    Contrast, Filter, GraphView, Metrics, Region, RegionGraph, Significance, Threshold, Transition,
};
pub use mri_grid::{Binning, Cell, Grid, GridStack};
pub use mri_reduce::{
    Distance, Init, Pca, Quality, QualityOptions, ReducerKind, ReducerOptions, ReducerSpec,
    Scaling, Svd, Tsne, Umap,
};
pub use mri_render::{
    Animation, Caption, Figure, FigureStyle, GraphStyle, HeatmapStyle, Report, Theme,
};
pub use mri_store::{Manifest, StoreDtype, merge_stores};
