//! Regions in, graph out: co-activation graphs of regions across the layers of a model.
//!
//! A [`RegionGraph`] joins the cells that the same texts pass through from layer to layer. Its one
//! key decision: an edge keeps **one weight per category**, so that a category's graph, a
//! composition of several and the difference of two are views ([`GraphView`], [`GraphDifference`])
//! and nothing is overwritten. For maps with other than two components, [`CorrelationGraph`] joins
//! components instead; the two share no more than being measured as a [`LayeredDigraph`].
//!
//! [`Metrics`] measures a graph, [`Significance`] says what of it chance would draw as well.
//!
//! ```
//! # use std::sync::Arc;
//! # use mri_core::{Labels, Layer};
//! # use mri_grid::{Binning, Grid, GridStack};
//! # use ndarray::array;
//! use mri_graph::{Filter, Metrics, RegionGraph};
//!
//! # let labels = Arc::new(Labels::from_names(["law", "law", "art"])?);
//! # let points = array![[0.0_f32, 0.0], [0.1, 0.0], [1.0, 1.0]];
//! # let grid = Grid::new(points.view(), Binning::Uniform { side: 2 })?;
//! # let grids = GridStack::new(labels, vec![(Layer::resid(0), grid.clone()), (Layer::resid(1), grid)])?;
//! let graph = RegionGraph::co_activation(&grids);
//! let law = graph.view(&[0]);
//! let heavy = law.select(&Filter { min_weight: 2, ..Filter::default() });
//! assert_eq!((heavy.edges.len(), heavy.share()), (1, 1.0));
//! assert_eq!(Metrics::of(&law.digraph()).mean_degree, Some(1.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

mod centrality;
mod communities;
mod compare;
mod contrast;
mod correlation;
mod difference;
mod digraph;
mod dot;
mod error;
mod filter;
mod gexf;
mod graph_table;
mod graphml;
mod import;
mod lists;
mod metrics;
mod node_link;
#[cfg(feature = "parquet")]
mod parquet;
mod projection;
mod region;
mod significance;
mod table;
mod view;
mod xml;

pub use centrality::{betweenness, page_rank};
pub use communities::{Communities, louvain_communities, modularity};
pub use compare::{linear_cka, movement};
pub use contrast::Contrast;
pub use correlation::{ComponentNode, Correlation, CorrelationGraph, Threshold};
pub use difference::{Difference, DifferenceEdge, GraphDifference};
pub use digraph::LayeredDigraph;
pub use dot::write_dot;
pub use error::GraphError;
pub use filter::{Filter, Selection};
pub use gexf::write_gexf;
pub use graph_table::GraphTable;
pub use graphml::write_graphml;
pub use import::read_json;
pub use lists::{write_edges_csv, write_nodes_csv};
pub use metrics::{LayerMetrics, Metrics};
pub use node_link::{write_correlation_json, write_json};
#[cfg(feature = "parquet")]
pub use parquet::{write_edges_parquet, write_nodes_parquet};
pub use projection::{Projection, ProjectionMetrics};
pub use region::{Region, RegionGraph, Transition};
pub use significance::{CellTest, LayerTest, Significance};
pub use table::{
    MetricsRow, NamedTests, write_cell_significance, write_edge_significance, write_metrics_csv,
};
pub use view::{GraphView, ViewEdge};
