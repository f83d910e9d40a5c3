use std::io::{self, Write};

use mri_core::CategoryCounts;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::error::GraphError;
use crate::region::{Region, RegionGraph};
use crate::significance::Contrast;

/// A [`RegionGraph`] as the difference of two sides of a [`Contrast`].
///
/// Every region and every transition with a text of either side has an effect: the share of A's
/// texts that are there less the share of B's. Shares are compared, not counts, because the sides
/// may differ in size: between two layers the effects of all transitions sum to 0, and their
/// absolute values to twice the total variation distance.
#[derive(Debug, Clone)]
pub struct GraphDifference<'a> {
    graph: &'a RegionGraph,
    contrast: Contrast,
    /// The categories of the two sides, ascending.
    sides: [Vec<usize>; 2],
    sizes: [usize; 2],
}

/// The texts of the two sides in one region or transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Texts of side A.
    pub texts_a: u32,
    /// Texts of side B.
    pub texts_b: u32,
    /// Share of A's texts less share of B's, from −1 to 1.
    pub effect: f64,
}

/// An edge of a [`GraphDifference`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DifferenceEdge {
    /// The edge in the whole graph.
    pub id: EdgeIndex,
    /// The region in the earlier layer.
    pub source: NodeIndex,
    /// The region in the next layer.
    pub target: NodeIndex,
    /// The difference of the sides.
    pub difference: Difference,
}

impl RegionGraph {
    /// The difference of the two sides of a contrast.
    ///
    /// # Errors
    /// [`GraphError::UnknownCategory`], [`GraphError::BothSides`], or [`GraphError::TooFewTexts`]
    /// if a side has none.
    pub fn difference(&self, contrast: &Contrast) -> Result<GraphDifference<'_>, GraphError> {
        contrast.check(self.categories().len())?;
        let sizes = [&contrast.a, &contrast.b]
            .map(|side| side.iter().map(|&c| self.category_sizes()[c]).sum());
        if sizes.contains(&0) {
            return Err(GraphError::TooFewTexts {
                texts: 0,
                needed: 1,
            });
        }
        Ok(GraphDifference {
            graph: self,
            contrast: contrast.clone(),
            sides: [&contrast.a, &contrast.b].map(|side| {
                let mut side = side.clone();
                side.sort_unstable();
                side
            }),
            sizes,
        })
    }
}

impl<'a> GraphDifference<'a> {
    /// The underlying graph.
    #[must_use]
    pub fn graph(&self) -> &'a RegionGraph {
        self.graph
    }

    /// The two sides.
    #[must_use]
    pub fn contrast(&self) -> &Contrast {
        &self.contrast
    }

    /// Texts of side A and of side B.
    #[must_use]
    pub fn sizes(&self) -> [usize; 2] {
        self.sizes
    }

    fn of(&self, counts: &CategoryCounts) -> Option<Difference> {
        let [texts_a, texts_b] = self.sides.each_ref().map(|side| counts.sum(side));
        (texts_a + texts_b > 0).then(|| Difference {
            texts_a,
            texts_b,
            effect: f64::from(texts_a) / self.sizes[0] as f64
                - f64::from(texts_b) / self.sizes[1] as f64,
        })
    }

    /// The regions with a text of either side: by layer, then x, then y.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIndex, &'a Region, Difference)> + '_ {
        let graph = self.graph.graph();
        graph.node_indices().filter_map(move |id| {
            let region = &graph[id];
            Some((id, region, self.of(&region.counts)?))
        })
    }

    /// The transitions of a text of either side: by layer, then source, then target.
    pub fn edges(&self) -> impl Iterator<Item = DifferenceEdge> + '_ {
        self.graph.graph().edge_references().filter_map(|edge| {
            Some(DifferenceEdge {
                id: edge.id(),
                source: edge.source(),
                target: edge.target(),
                difference: self.of(&edge.weight().weights)?,
            })
        })
    }

    /// Writes the edges as CSV: `source,target,layer,texts_a,texts_b,effect`.
    ///
    /// # Errors
    /// Errors of the writer.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["source", "target", "layer", "texts_a", "texts_b", "effect"])?;
        let graph = self.graph.graph();
        for edge in self.edges() {
            let d = edge.difference;
            csv.write_record([
                graph[edge.source].label(),
                graph[edge.target].label(),
                graph[edge.source].layer.index.to_string(),
                d.texts_a.to_string(),
                d.texts_b.to_string(),
                d.effect.to_string(),
            ])?;
        }
        csv.flush()
    }
}
