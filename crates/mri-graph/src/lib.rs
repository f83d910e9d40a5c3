//! Regions in, graph out: co-activation graphs of regions across the layers of a model.

#![warn(missing_docs)]

mod centrality;
mod communities;
mod digraph;
mod error;
mod metrics;
mod moments;
mod projection;

pub use centrality::{betweenness, page_rank};
pub use communities::{Communities, communities, modularity};
pub use digraph::LayeredDigraph;
pub use error::GraphError;
pub use metrics::{LayerMetrics, Metrics};
pub use moments::Moments;
pub use projection::{Projection, ProjectionMetrics};
