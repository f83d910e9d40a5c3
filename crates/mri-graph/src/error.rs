use mri_core::Layer;
use mri_stats::StatsError;
use thiserror::Error;

/// Why a graph cannot be built, read, compared or measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A node stands in a layer that the graph does not have.
    #[error(
        "a node stands at layer position {position}, but the graph has {n_layers} layers, counted from 0"
    )]
    UnknownLayer {
        /// The layer's position, counted from 0.
        position: usize,
        /// How many layers there are.
        n_layers: usize,
    },
    /// An edge cannot be part of a layered graph.
    #[error("the edge from node {source_node} to node {target_node} cannot be kept: {problem}")]
    BadEdge {
        /// The node it starts from.
        source_node: usize,
        /// The node it leads to.
        target_node: usize,
        /// Which rule it breaks.
        problem: &'static str,
    },
    /// A category index is out of range.
    #[error(
        "there is no category {category}; categories are numbered from 0 and there are {categories}"
    )]
    UnknownCategory {
        /// The index, counted from 0.
        category: usize,
        /// How many there are.
        categories: usize,
    },
    /// There are too few texts for the statistic.
    #[error("{texts} texts are too few: at least {needed} are needed")]
    TooFewTexts {
        /// Texts there are.
        texts: usize,
        /// Texts needed.
        needed: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error("layer {layer}, row {row} has a coordinate that is not finite")]
    NonFinite {
        /// The layer.
        layer: Layer,
        /// The row, counted from 0.
        row: usize,
    },
    /// A category is on both sides of a contrast.
    #[error("category {category} is on both sides of the contrast; a text can be on one side only")]
    BothSides {
        /// Its index.
        category: usize,
    },
    /// The JSON does not describe a region graph.
    #[error("this is not the JSON of a region graph: {0}")]
    Json(#[from] serde_json::Error),
    /// The two sides of a contrast cannot be compared.
    #[error(transparent)]
    Samples(#[from] StatsError),
    /// A graph that was read is inconsistent.
    #[error("the graph is inconsistent: {problem}; the file is incomplete or was changed")]
    Inconsistent {
        /// The contradiction.
        problem: String,
    },
}
