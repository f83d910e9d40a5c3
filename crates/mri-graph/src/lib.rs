//! Regions in, graph out: co-activation graphs of regions across the layers of a model.

#![warn(missing_docs)]

mod centrality;
mod communities;
mod contrast;
mod correlation;
mod dice;
mod difference;
mod digraph;
mod dot;
mod error;
mod exact;
mod export;
mod fdr;
mod filter;
mod gexf;
mod import;
mod metrics;
mod moments;
mod projection;
mod ranks;
mod region;
mod sample;
mod significance;
mod view;
mod xml;

pub use centrality::{betweenness, page_rank};
pub use communities::{Communities, communities, modularity};
pub use contrast::Contrast;
pub use correlation::{Component, Correlation, CorrelationGraph, Threshold};
pub use difference::{Difference, DifferenceEdge, GraphDifference};
pub use digraph::LayeredDigraph;
pub use dot::write_dot;
pub use error::GraphError;
pub use export::{write_edges_csv, write_graphml, write_json, write_nodes_csv};
pub use fdr::benjamini_hochberg;
pub use filter::{Filter, Selection};
pub use gexf::write_gexf;
pub use import::read_json;
pub use metrics::{LayerMetrics, Metrics};
pub use moments::Moments;
pub use projection::{Projection, ProjectionMetrics};
pub use ranks::{average_ranks, spearman, two_sided_p};
pub use region::{Region, RegionGraph, Transition};
pub use significance::{LayerVerdict, Significance, Verdict};
pub use view::{GraphView, ViewEdge};
