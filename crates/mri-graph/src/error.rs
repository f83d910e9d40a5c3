use thiserror::Error;

/// What can be wrong with a region graph or a question asked of one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A node stands in a layer that the graph does not have.
    #[error("a node stands in layer {layer}, but the graph has only {n_layers} layers")]
    UnknownLayer {
        /// The layer's position, counted from 0.
        layer: usize,
        /// How many layers there are.
        n_layers: usize,
    },
    /// An edge cannot be part of a layered graph.
    #[error("the edge from node {source_node} to node {target_node} cannot be kept: {problem}")]
    BadEdge {
        /// Where it starts.
        source_node: usize,
        /// Where it ends.
        target_node: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}
