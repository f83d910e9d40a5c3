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

mod compare;
mod correlation;
mod difference;
mod digraph;
mod error;
mod export;
mod filter;
mod metrics;
mod region;
mod significance;
mod view;

pub use compare::{linear_cka, movement};
pub use correlation::{ComponentNode, Correlation, CorrelationGraph, Threshold};
pub use difference::{Difference, DifferenceEdge, GraphDifference};
pub use digraph::LayeredDigraph;
pub use error::GraphError;
pub use export::{
    GraphTable, MetricsRow, NamedTests, read_json, write_cell_significance, write_correlation_json,
    write_dot, write_edge_significance, write_edges_csv, write_gexf, write_graphml, write_json,
    write_metrics_csv, write_nodes_csv,
};
#[cfg(feature = "parquet")]
pub use export::{write_edges_parquet, write_nodes_parquet};
pub use filter::{Filter, Selection};
pub use metrics::{
    Communities, LayerMetrics, Metrics, Projection, ProjectionMetrics, betweenness,
    louvain_communities, modularity, page_rank,
};
pub use region::{Region, RegionGraph, Transition};
pub use significance::{CellTest, Contrast, LayerTest, Significance};
pub use view::{GraphView, ViewEdge};
