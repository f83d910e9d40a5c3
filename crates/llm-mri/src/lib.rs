//! A brain scanner for language models.
//!
//! A [`Scan`] records the hidden activations of every layer of a model over labeled texts, reduces
//! each layer to a map, cuts the map into regions and shows which regions the texts of each
//! category occupy: heatmaps, a graph of regions across layers, and the numbers behind them.
//!
//! ```no_run
//! use llm_mri::{Layer, Quantity, Scan};
//!
//! let scan = Scan::builder()
//!     .model(".models/all-MiniLM-L6-v2")
//!     .data("examples/data/topics.csv")
//!     .grid(10)
//!     .run()?;
//! scan.heatmap(Layer::resid(3), "law")?.save("law-in-layer-3.png")?;
//! scan.heatmaps(Quantity::difference("law", "music"))?.save("law-music.svg")?;
//! scan.save("scan-out")?;
//! # Ok::<(), llm_mri::ScanError>(())
//! ```
//!
//! Any [`Backend`] can take the place of libtorch. A fake one shows a scan from texts to numbers:
//!
//! ```
//! use llm_mri::extract::FakeBackend;
//! use llm_mri::{Backend, Corpus, Scan, TextTokenizer};
//!
//! # let folder = tempfile::tempdir()?;
//! # let vocab: Vec<String> = ["[UNK]", "law", "court", "judge", "pan", "salt", "dough"]
//! #     .iter().enumerate().map(|(id, word)| format!("{word:?}: {id}")).collect();
//! # std::fs::write(folder.path().join("tokenizer.json"), format!(
//! #     r#"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
//! #     "normalizer": null, "pre_tokenizer": {{"type": "Whitespace"}}, "post_processor": null,
//! #     "decoder": null,
//! #     "model": {{"type": "WordLevel", "vocab": {{{}}}, "unk_token": "[UNK]"}}}}"#,
//! #     vocab.join(", ")))?;
//! # let folder = folder.path();
//! let backend = FakeBackend::default();
//! let tokenizer = TextTokenizer::open(folder, backend.model(), None)?;
//! let corpus = Corpus::from_pairs([
//!     ("law court", "law"),
//!     ("court judge law", "law"),
//!     ("judge", "law"),
//!     ("salt pan", "food"),
//!     ("pan dough salt", "food"),
//!     ("dough", "food"),
//! ])?;
//! let scan = Scan::builder().backend(backend, tokenizer).corpus(corpus).grid(4).run()?;
//!
//! let graph = scan.regions()?.graph();
//! println!("{} regions, {} transitions", graph.graph().node_count(), graph.graph().edge_count());
//! let law = scan.metrics(["law"])?;
//! assert_eq!(law.texts, 3);
//! println!("mean degree of law: {:?}", law.metrics.mean_degree);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The stages are crates of their own, re-exported as modules ([`corpus`], [`extract`],
//! [`store`], [`reduce`], [`grid`], [`graph`], [`render`], and [`core`] with the data they
//! exchange). Each takes values and returns a new value, so that every stage can be used alone or
//! replaced; the types that most programs need are re-exported at the root.

#![warn(missing_docs)]

mod error;
mod figures;
mod folder;
mod scan;

pub use error::ScanError;
pub use figures::quantity::Quantity;
pub use folder::output::OutFolder;
pub use folder::outputs::Stage;
pub use folder::rules::{Output, check_output};
pub use folder::sections::{
    LayerMap, ManifestSections, MapQuality, MapsSection, ProjectionSource, Timings,
};
pub use folder::verify::{Source, Verification};
pub use scan::Scan;
pub use scan::analysis::Analysis;
pub use scan::bounds::Omission;
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
