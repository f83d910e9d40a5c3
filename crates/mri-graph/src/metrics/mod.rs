//! Numbers of a [`LayeredDigraph`](crate::LayeredDigraph): of the whole, of its nodes and of its
//! projections.

mod betweenness;
mod clustering;
mod graph_metrics;
mod louvain;
mod modularity;
mod page_rank;
mod projection;
mod shortest_path;

pub use betweenness::betweenness;
pub use graph_metrics::{LayerMetrics, Metrics};
pub use louvain::{Communities, louvain_communities};
pub use modularity::modularity;
pub use page_rank::page_rank;
pub use projection::{Projection, ProjectionMetrics};
