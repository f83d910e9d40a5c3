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
    /// The builder lacks something it needs.
    #[error("a scan needs {what}; call {call} before run()")]
    Incomplete {
        /// What is missing.
        what: &'static str,
        /// The builder's method that gives it.
        call: &'static str,
    },
    /// More components than the texts or the model can give.
    #[error("{components} components: {texts} texts of {width} dimensions give at most {limit}")]
    TooManyComponents {
        /// Components requested.
        components: usize,
        /// Texts of the corpus.
        texts: usize,
        /// Width of the model.
        width: usize,
        /// The most that is possible.
        limit: usize,
    },
    /// There are so many categories that the labels are probably those of another column.
    #[error(
        "{labels} different labels for {texts} texts: is {column:?} the column of the labels?{}",
        other_columns(others)
    )]
    DoubtfulLabels {
        /// Categories of the corpus.
        labels: usize,
        /// Texts of the corpus.
        texts: usize,
        /// The column that the labels come from.
        column: String,
        /// The other columns of the table, those of labels and texts left out.
        others: Vec<String>,
    },
    /// More categories than tables and graphs can have.
    #[error("{labels} different labels; maps and regions can be made of at most {limit}")]
    TooManyLabels {
        /// Categories of the corpus.
        labels: usize,
        /// The most that are possible.
        limit: usize,
    },
    /// The graph has too many regions to be measured.
    #[error(
        "a graph of {regions} regions cannot be measured, at most {limit}; projections take cubic time"
    )]
    TooManyRegions {
        /// Regions of the graph.
        regions: usize,
        /// The most that are possible.
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
    /// The watch stopped the work.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A result of the graph is not defined.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// There is no such category.
    #[error("there is no category {name:?}; there are {known}")]
    UnknownCategory {
        /// The name that was given.
        name: String,
        /// The names of the categories.
        known: String,
    },
    /// A range of layers is empty or not contiguous.
    #[error(
        "layers {first} to {last}: the scan has none of these numbers, or has them at several sites, which are not adjacent"
    )]
    NoLayers {
        /// The first number.
        first: usize,
        /// The last number.
        last: usize,
    },
    /// The scan has nothing but activations.
    #[error("the scan holds activations but no maps")]
    NoMaps,
    /// The maps were not cut into regions.
    #[error("the scan holds maps but no regions")]
    NoRegions,
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
    /// Regions need maps of two components.
    #[error("regions need maps of 2 components, but these have {components}")]
    NotPlanar {
        /// The components of the scan.
        components: usize,
    },
    /// A folder holds activations but no texts.
    #[error("the scan holds no texts")]
    NoTexts,
    /// There is no such layer.
    #[error("there is no layer {layer}; there are {known}")]
    NoLayer {
        /// The layer.
        layer: Layer,
        /// The layers of the scan.
        known: String,
    },
    /// New rows cannot be placed in a map.
    #[error(
        "the map of {layer} takes no new rows: its reducer is not one of this workspace and its projection was not kept"
    )]
    NoProjection {
        /// The layer.
        layer: Layer,
    },
    /// Maps cannot be made again from their options.
    #[error("{reducer}: not a reducer of this workspace, so its maps cannot be made again here")]
    NoReducer {
        /// The reducer's name.
        reducer: String,
    },
    /// A scan in memory has no folder to update.
    #[error("the scan is not kept in a folder; save it into one first")]
    NoFolder,
    /// The manifest's sections about maps and regions cannot be read.
    #[error("manifest.json: its sections on maps and regions are not those of this version: {0}")]
    BadSections(String),
    /// A file of a scan's folder is not what the manifest says.
    #[error("{}: {problem}", .path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The output folder exists.
    #[error("{}: already exists", .path.display())]
    OutExists {
        /// The folder.
        path: PathBuf,
    },
    /// The output would be, hold or lie in what is read.
    #[error("{}: {relation} {}, which has to stay", .path.display(), .input.display())]
    OutIsInput {
        /// The file or folder to write.
        path: PathBuf,
        /// How it lies to the input: `is`, `holds`, `lies in`.
        relation: &'static str,
        /// What is read.
        input: PathBuf,
    },
    /// A file that this program did not make is where the output belongs.
    #[error("{}: is there, and not of a kind that may be replaced here", .path.display())]
    NotOurs {
        /// The file or folder.
        path: PathBuf,
    },
    /// The folder of a scan is no longer as the scan was opened.
    #[error("{}: was changed by another process meanwhile", .path.display())]
    Changed {
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

impl ScanError {
    /// Whether a watch stopped the work: what was finished before is kept.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled(_) | Self::Extract(ExtractError::Cancelled(_)) => true,
            Self::Options(error) => matches!(error, ReduceError::Cancelled(_)),
            Self::Reduce(LayerError::Layer { source, .. }) => {
                matches!(source, ReduceError::Cancelled(_))
            }
            Self::Extract(ExtractError::Hub(error)) => {
                matches!(error, mri_extract::HubError::Cancelled(_))
            }
            _ => false,
        }
    }

    /// [`ScanError::NoLayer`] with the layers that there are.
    pub(crate) fn no_layer(layer: Layer, known: impl Iterator<Item = Layer>) -> Self {
        let known: Vec<String> = known.map(|layer| layer.to_string()).collect();
        Self::NoLayer {
            layer,
            known: known.join(", "),
        }
    }
}

/// The other columns in a sentence; nothing if there are none.
fn other_columns(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    match quoted.is_empty() {
        true => String::new(),
        false => format!(" The others are {}", quoted.join(", ")),
    }
}
