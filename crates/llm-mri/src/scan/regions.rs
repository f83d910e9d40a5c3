use mri_core::Embedding;
use mri_graph::RegionGraph;
use mri_grid::{Binning, GridError, GridStack, grid_stack};

/// The regions of a scan: maps of two components cut into cells, and the graph of how texts move
/// between the occupied ones from layer to layer.
pub struct Regions {
    binning: Binning,
    grids: GridStack,
    graph: RegionGraph,
}

impl Regions {
    /// Cuts maps of two components into cells.
    pub(crate) fn new(embedding: &Embedding, binning: Binning) -> Result<Self, GridError> {
        let grids = grid_stack(embedding, binning)?;
        let graph = RegionGraph::co_activation(&grids);
        Ok(Self {
            binning,
            grids,
            graph,
        })
    }

    /// How the maps were cut.
    #[must_use]
    pub fn binning(&self) -> Binning {
        self.binning
    }

    /// The cell of every text in every layer.
    #[must_use]
    pub fn grids(&self) -> &GridStack {
        &self.grids
    }

    /// The regions as nodes, the transitions between them as edges.
    #[must_use]
    pub fn graph(&self) -> &RegionGraph {
        &self.graph
    }
}
