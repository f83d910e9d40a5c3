use mri_graph::RegionGraph;
use petgraph::visit::EdgeRef;

use crate::layout::{LayeredLayout, layered_layout};

impl LayeredLayout {
    /// Lays out a whole region graph, so that the figures of its views share positions.
    #[must_use]
    pub fn of(graph: &RegionGraph) -> Self {
        let g = graph.graph();
        let _span = tracing::info_span!("layout", regions = g.node_count()).entered();
        let layer: Vec<usize> = g.node_weights().map(|region| region.position).collect();
        let edges: Vec<_> = g
            .edge_references()
            .map(|e| {
                (
                    e.source().index(),
                    e.target().index(),
                    f64::from(e.weight().n_texts()),
                )
            })
            .collect();
        layered_layout(&layer, &edges)
    }
}
