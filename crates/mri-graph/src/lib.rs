//! Regions in, graph out: co-activation graphs of regions across the layers of a model.

#![warn(missing_docs)]

mod centrality;
mod communities;
mod contrast;
mod correlation;
mod dice;
mod difference;
mod digraph;
mod error;
mod exact;
mod export;
mod fdr;
mod filter;
mod metrics;
mod moments;
mod projection;
mod ranks;
mod region;
mod sample;
mod significance;
mod view;

pub use centrality::{betweenness, page_rank};
pub use communities::{Communities, communities, modularity};
pub use contrast::Contrast;
pub use correlation::{Component, Correlation, CorrelationGraph, Threshold};
pub use difference::{Difference, DifferenceEdge, GraphDifference};
pub use digraph::LayeredDigraph;
pub use error::GraphError;
pub use export::{write_edges_csv, write_graphml, write_json};
pub use fdr::benjamini_hochberg;
pub use filter::{Filter, Selection};
pub use metrics::{LayerMetrics, Metrics};
pub use moments::Moments;
pub use projection::{Projection, ProjectionMetrics};
pub use ranks::{average_ranks, spearman, two_sided_p};
pub use region::{Region, RegionGraph, Transition};
pub use significance::{LayerVerdict, Significance, Verdict};
pub use view::{GraphView, ViewEdge};
