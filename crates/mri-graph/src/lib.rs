//! Region graphs: how texts move between the regions of adjacent layers of a model.
//!
//! A [`RegionGraph`] joins the cells that the same texts occupy from layer to layer. Its key
//! decision: an edge keeps **one weight per category**, so that the graph of a category, of several
//! together and the difference of two are views ([`GraphView`], [`GraphDifference`]) of one graph.
//! For maps with other than two components there are no regions; [`CorrelationGraph`] joins
//! components there. Both are measured as a [`LayeredDigraph`].
//!
//! - [`Significance`] tests per cell, edge and layer whether categories differ by more than chance.
//! - [`Metrics`], [`betweenness`], [`page_rank`] and [`louvain_communities`] measure a graph.
//! - [`write_graphml`], [`write_gexf`], [`write_dot`], [`write_json`] and tables in CSV (and
//!   Parquet, with the feature `parquet`) export it; [`read_json`] reads it back.
//!
//! ```
//! use std::sync::Arc;
//!
//! use mri_core::{Labels, Layer};
//! use mri_graph::{Contrast, Filter, Metrics, RegionGraph, Significance, write_graphml};
//! use mri_grid::{Binning, Grid, GridStack};
//! use ndarray::array;
//!
//! // Six texts of two categories on the maps of two layers. In the second layer, the categories
//! // have moved apart.
//! let labels = Arc::new(Labels::from_names(["law", "law", "law", "art", "art", "art"])?);
//! let first = array![[0.0_f32, 0.0], [0.1, 0.0], [1.0, 1.0], [0.9, 1.0], [0.2, 0.1], [1.0, 0.9]];
//! let second = array![[0.0_f32, 0.0], [0.1, 0.0], [0.2, 0.1], [0.9, 1.0], [1.0, 0.8], [1.0, 0.9]];
//! let binning = Binning::Uniform { side: 2 };
//! let grids = GridStack::new(
//!     labels,
//!     vec![
//!         (Layer::resid(0), Grid::new(first.view(), binning)?),
//!         (Layer::resid(1), Grid::new(second.view(), binning)?),
//!     ],
//! )?;
//!
//! let graph = RegionGraph::co_activation(&grids);
//! let law = graph.view(&[0]);
//! assert_eq!(law.edges().map(|edge| edge.weight).sum::<u32>(), 3);
//! let heavy = law.select(&Filter::default().with_min_weight(2));
//! assert_eq!((heavy.edges.len(), heavy.share()), (1, 2.0 / 3.0));
//! assert_eq!(Metrics::of(&law.digraph()).nodes, 3);
//!
//! // Do the categories occupy different cells? In the second layer entirely.
//! let tests = Significance::default().cells(&grids, &Contrast::pair(0, 1))?;
//! assert!(tests[0].distance < 0.4 && tests[1].distance == 1.0);
//!
//! let mut graphml = Vec::new();
//! write_graphml(&graph, &mut graphml)?;
//! # assert!(graphml.starts_with(b"<?xml"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

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

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
