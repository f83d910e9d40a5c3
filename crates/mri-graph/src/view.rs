use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::digraph::LayeredDigraph;
use crate::region::{Region, RegionGraph};

/// A [`RegionGraph`] restricted to some categories: the regions with one of their texts and the
/// transitions that one of their texts makes, with weights summed over the categories.
///
/// A view borrows the graph and changes nothing in it.
#[derive(Debug, Clone)]
pub struct GraphView<'a> {
    graph: &'a RegionGraph,
    categories: Vec<usize>,
}

/// An edge of a [`GraphView`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewEdge {
    /// The edge in the whole graph.
    pub id: EdgeIndex,
    /// The region in the earlier layer.
    pub source: NodeIndex,
    /// The region in the next layer.
    pub target: NodeIndex,
    /// Texts of the view's categories that make this transition, at least 1.
    pub weight: u32,
}

impl RegionGraph {
    /// The graph of some categories; indices that it does not have, and repetitions, are ignored.
    #[must_use]
    pub fn view(&self, categories: &[usize]) -> GraphView<'_> {
        let mut categories: Vec<usize> = categories
            .iter()
            .copied()
            .filter(|&c| c < self.categories().len())
            .collect();
        categories.sort_unstable();
        categories.dedup();
        GraphView {
            graph: self,
            categories,
        }
    }

    /// The graph of all categories together.
    #[must_use]
    pub fn view_all(&self) -> GraphView<'_> {
        GraphView {
            graph: self,
            categories: (0..self.categories().len()).collect(),
        }
    }
}

impl<'a> GraphView<'a> {
    /// The underlying graph.
    #[must_use]
    pub fn graph(&self) -> &'a RegionGraph {
        self.graph
    }

    /// The indices of the view's categories, ascending.
    #[must_use]
    pub fn categories(&self) -> &[usize] {
        &self.categories
    }

    /// Texts of the view's categories in the whole corpus.
    #[must_use]
    pub fn n_texts(&self) -> usize {
        self.categories
            .iter()
            .map(|&c| self.graph.category_sizes()[c])
            .sum()
    }

    /// The regions with a text of these categories, and how many: by layer, then x, then y.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIndex, &'a Region, u32)> + '_ {
        let graph = self.graph.graph();
        graph.node_indices().filter_map(move |id| {
            let region = &graph[id];
            let texts = region.counts.sum(&self.categories);
            (texts > 0).then_some((id, region, texts))
        })
    }

    /// The transitions that a text of these categories makes: by layer, then source, then target.
    pub fn edges(&self) -> impl Iterator<Item = ViewEdge> + '_ {
        self.graph.graph().edge_references().filter_map(|edge| {
            let weight = edge.weight().weights.sum(&self.categories);
            let (id, source, target) = (edge.id(), edge.source(), edge.target());
            (weight > 0).then_some(ViewEdge {
                id,
                source,
                target,
                weight,
            })
        })
    }

    /// The view as [`Metrics`](crate::Metrics) take it. Its nodes are those of
    /// [`GraphView::nodes`], in that order.
    #[must_use]
    pub fn digraph(&self) -> LayeredDigraph {
        let mut index = vec![usize::MAX; self.graph.graph().node_count()];
        let mut layers = Vec::new();
        for (id, region, _) in self.nodes() {
            index[id.index()] = layers.len();
            layers.push(region.position);
        }
        let ends = |edge: ViewEdge| (index[edge.source.index()], index[edge.target.index()]);
        let edges = self.edges().map(|edge| {
            let (source, target) = ends(edge);
            (source, target, f64::from(edge.weight))
        });
        LayeredDigraph::from_parts(self.graph.layers().len(), layers, edges.collect())
    }
}
