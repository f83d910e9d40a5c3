use std::io;
use std::path::PathBuf;

use mri_core::{Cancelled, CoreError, Layer, ReduceError};
use mri_corpus::CorpusError;
use mri_extract::ExtractError;
use mri_graph::GraphError;
use mri_grid::GridError;
use mri_reduce::LayerError;
use mri_render::RenderError;
use mri_store::StoreError;
use thiserror::Error;

/// Why a scan could not be made or kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The builder was not told all it needs.
    #[error("a scan needs {what}; call {call} before run()")]
    Incomplete {
        /// What is missing.
        what: &'static str,
        /// The builder's method that gives it.
        call: &'static str,
    },
    /// More components were asked for than the texts or the model can give.
    #[error(
        "{components} components were asked for, but {texts} texts of {width} dimensions give at most {limit}"
    )]
    TooManyComponents {
        /// Components asked for.
        components: usize,
        /// Texts of the corpus.
        texts: usize,
        /// Width of the model.
        width: usize,
        /// The most that is possible.
        limit: usize,
    },
    /// The texts could not be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Recording the texts failed.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// A recording could not be kept, opened or merged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The options describe no reducer.
    #[error(transparent)]
    Options(#[from] ReduceError),
    /// Reducing a layer failed.
    #[error(transparent)]
    Reduce(#[from] LayerError),
    /// Cutting a layer into cells failed.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The watch asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A question to the graph has no answer.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// There is no such category.
    #[error("there is no category {name:?}; there are {known}")]
    UnknownCategory {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A range of layers cannot be looked at.
    #[error(
        "layers {first} to {last}: the scan has none of these numbers, or of several sites, which do not follow one another"
    )]
    NoLayers {
        /// The first number.
        first: usize,
        /// The last number.
        last: usize,
    },
    /// The scan has nothing but activations.
    #[error("the scan holds activations but no maps; `llm-mri reduce` makes them")]
    NoMaps,
    /// Two scans cannot be compared text by text.
    #[error("the scans are not of the same texts: {problem}")]
    OtherTexts {
        /// Where they differ.
        problem: String,
    },
    /// Drawing failed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// Rows and labels do not fit.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// What was asked for needs a map of two components.
    #[error("this needs a scan with 2 components, but it has {components}")]
    NotPlanar {
        /// The components of the scan.
        components: usize,
    },
    /// A folder holds activations but no texts.
    #[error(
        "the scan holds no texts to show; run `llm-mri scan` on the same folder and texts first"
    )]
    NoTexts,
    /// A layer was asked for that there is not.
    #[error("there is no layer {layer}; there are {known}")]
    NoLayer {
        /// The layer.
        layer: Layer,
        /// The layers that there are.
        known: String,
    },
    /// New rows cannot be placed in a map.
    #[error(
        "the map of {layer} takes no new rows: its reducer is not one of this workspace and its projection was not kept; make the map anew and use its projection at once"
    )]
    NoProjection {
        /// The layer.
        layer: Layer,
    },
    /// A scan in memory was to be updated where it lies.
    #[error("the scan lies in no folder; save it into one first")]
    NoFolder,
    /// The manifest's sections about maps and regions cannot be read.
    #[error(
        "manifest.json: its notes on maps and regions are not those of this version: {0}; make them anew with `llm-mri reduce`"
    )]
    BadNotes(String),
    /// A file of a scan's folder is not what the manifest says.
    #[error("{}: {problem}; make the scan anew", .path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The output folder is in use.
    #[error("{}: already there; choose another folder, or replace it with --force", .path.display())]
    OutExists {
        /// The folder.
        path: PathBuf,
    },
    /// The output could not be written.
    #[error("{}: {source}; nothing was kept", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
