use std::collections::HashMap;

use mri_core::{CategoryCounts, Layer};
use mri_grid::{Cell, GridStack};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

/// An occupied cell of one layer: a node of a [`RegionGraph`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// The layer.
    pub layer: Layer,
    /// The position of the layer in the graph, counted from 0.
    pub position: usize,
    /// The cell of the layer's grid.
    pub cell: Cell,
    /// Texts of each category in the cell.
    pub counts: CategoryCounts,
}

impl Region {
    /// The region's name, unique within its graph: `"{layer}_{x}_{y}"` with the layer's
    /// [short name](Layer::short_name).
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}_{}", self.layer.short_name(), self.cell)
    }

    /// Texts of all categories in the cell, at least 1.
    #[must_use]
    pub fn n_texts(&self) -> u32 {
        self.counts.total()
    }
}

/// The texts that move from one region to another between adjacent layers: an edge of a
/// [`RegionGraph`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Texts of each category that are in the source region in one layer and in the target region
    /// in the next.
    pub weights: CategoryCounts,
}

impl Transition {
    /// Texts of all categories.
    #[must_use]
    pub fn n_texts(&self) -> u32 {
        self.weights.total()
    }
}

/// The regions of all layers and how texts move between them.
///
/// Nodes are the occupied cells, ordered by layer, then x, then y. An edge leads from the cell of a
/// text in one layer to its cell in the next; its weight is kept **per category**, so that the
/// graph of a category, or of several together, is a [view](RegionGraph::view).
///
/// **Invariant:** the weights of a category between two adjacent layers sum to its number of texts
/// (to at most that in a filtered graph, see [`GraphView::extract`](crate::GraphView::extract)).
#[derive(Debug, Clone)]
pub struct RegionGraph {
    graph: DiGraph<Region, Transition>,
    categories: Vec<String>,
    sizes: Vec<usize>,
    layers: Vec<Layer>,
    filtered: bool,
}

impl RegionGraph {
    /// The co-activation graph of a stack of grids. O(texts × layers).
    #[must_use]
    pub fn co_activation(grids: &GridStack) -> Self {
        let labels = grids.labels();
        let mut graph = DiGraph::new();
        // The nodes of the cells of the layer before, and of the current one.
        let mut before: Option<Vec<NodeIndex>> = None;
        for (position, (layer, grid)) in grids.iter().enumerate() {
            let node_of: HashMap<Cell, NodeIndex> = grid
                .counts_by_cell(labels)
                .into_iter()
                .map(|(cell, counts)| {
                    (
                        cell,
                        graph.add_node(Region {
                            layer,
                            position,
                            cell,
                            counts,
                        }),
                    )
                })
                .collect();
            let nodes: Vec<NodeIndex> = grid.cells().iter().map(|cell| node_of[cell]).collect();
            if let Some(before) = before {
                add_transitions(&mut graph, &before, &nodes, labels.row_categories());
            }
            before = Some(nodes);
        }
        Self {
            graph,
            categories: labels.category_names().to_vec(),
            sizes: labels.category_counts(),
            layers: grids.layers().collect(),
            filtered: false,
        }
    }

    /// A graph without nodes, for readers that check the invariant themselves.
    pub(crate) fn empty(
        categories: Vec<String>,
        sizes: Vec<usize>,
        layers: Vec<Layer>,
        filtered: bool,
    ) -> Self {
        Self {
            graph: DiGraph::new(),
            categories,
            sizes,
            layers,
            filtered,
        }
    }

    pub(crate) fn graph_mut(&mut self) -> &mut DiGraph<Region, Transition> {
        &mut self.graph
    }

    /// The graph itself, for petgraph's algorithms.
    #[must_use]
    pub fn graph(&self) -> &DiGraph<Region, Transition> {
        &self.graph
    }

    /// The names of the categories, in the order of every `counts` and `weights`.
    #[must_use]
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// Texts of each category.
    #[must_use]
    pub fn category_sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The region of a cell in the layer at a position, `None` if no text is there.
    #[must_use]
    pub fn node(&self, position: usize, cell: Cell) -> Option<NodeIndex> {
        // Nodes are ordered by layer, then cell.
        let place = |id: usize| {
            let region = &self.graph[NodeIndex::new(id)];
            (region.position, region.cell)
        };
        let (mut low, mut high) = (0, self.graph.node_count());
        while low < high {
            let middle = usize::midpoint(low, high);
            if place(middle) < (position, cell) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let found = low < self.graph.node_count() && place(low) == (position, cell);
        found.then(|| NodeIndex::new(low))
    }

    /// The regions that one text passes through, layer by layer.
    ///
    /// `grids` are those the graph was built from. `None` if they are others, or without such a
    /// row.
    #[must_use]
    pub fn path(&self, grids: &GridStack, row: usize) -> Option<Vec<NodeIndex>> {
        let cells = grids.iter().map(|(_, grid)| grid.cell_of(row));
        cells
            .enumerate()
            .map(|(position, cell)| self.node(position, cell?))
            .collect()
    }

    /// Whether a filter removed edges, so that weights sum to at most the number of texts.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.filtered
    }

    /// The layers in their order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }
}

/// Equal categories, layers, nodes and edges, in their order.
impl PartialEq for RegionGraph {
    fn eq(&self, other: &Self) -> bool {
        fn edges(graph: &RegionGraph) -> impl Iterator<Item = (NodeIndex, NodeIndex, &Transition)> {
            let graph = graph.graph();
            graph
                .edge_references()
                .map(|e| (e.source(), e.target(), e.weight()))
        }
        self.categories == other.categories
            && self.sizes == other.sizes
            && self.layers == other.layers
            && self.filtered == other.filtered
            && self.graph.node_weights().eq(other.graph.node_weights())
            && edges(self).eq(edges(other))
    }
}

impl Eq for RegionGraph {}

fn add_transitions(
    graph: &mut DiGraph<Region, Transition>,
    from: &[NodeIndex],
    to: &[NodeIndex],
    ids: &[u32],
) {
    let mut moves: HashMap<(NodeIndex, NodeIndex), Vec<u32>> = HashMap::new();
    for ((&source, &target), &id) in from.iter().zip(to).zip(ids) {
        moves.entry((source, target)).or_default().push(id);
    }
    let mut edges: Vec<_> = moves.into_iter().collect();
    edges.sort_unstable_by_key(|&(ends, _)| ends);
    for ((source, target), categories) in edges {
        let weights = CategoryCounts::of(categories);
        graph.add_edge(source, target, Transition { weights });
    }
}
