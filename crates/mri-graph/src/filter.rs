use std::cmp::Reverse;
use std::ops::RangeInclusive;

use petgraph::graph::NodeIndex;
use serde::{Deserialize, Serialize};

use crate::region::{Region, RegionGraph, Transition};
use crate::view::{GraphView, ViewEdge};

/// Which edges of a view to keep.
///
/// Edges outside the layers or below the least weight are removed first; of the others, by
/// descending weight, edges are kept until their number or their share of the transitions is
/// reached. Ties are broken by the order of the view, so the choice is deterministic.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Filter {
    /// Positions of layers; both ends of an edge have to be in this range. `None` for all.
    pub layers: Option<RangeInclusive<usize>>,
    /// The least weight; 0 and 1 keep every edge.
    pub min_weight: u32,
    /// At most this many edges, the heaviest.
    pub top: Option<usize>,
    /// The fewest edges that make up this share (0 to 1) of the transitions within the layers.
    pub share: Option<f64>,
}

/// The edges that a [`Filter`] keeps, and how much of the view they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The edges, in the order of the view.
    pub edges: Vec<ViewEdge>,
    /// Edges of the view within the filter's layers, kept or not.
    pub n_edges_before: usize,
    /// Transitions (text steps from one layer to the next) on the kept edges.
    pub transitions: u64,
    /// Transitions within the filter's layers.
    pub transitions_before: u64,
}

impl Filter {
    /// This filter for layers at these positions.
    #[must_use]
    pub fn with_layers(mut self, layers: RangeInclusive<usize>) -> Self {
        self.layers = Some(layers);
        self
    }

    /// This filter with a least weight.
    #[must_use]
    pub fn with_min_weight(mut self, min_weight: u32) -> Self {
        self.min_weight = min_weight;
        self
    }

    /// This filter with a largest number of edges.
    #[must_use]
    pub fn with_top(mut self, top: usize) -> Self {
        self.top = Some(top);
        self
    }

    /// This filter with a share of the transitions, from 0 to 1.
    #[must_use]
    pub fn with_share(mut self, share: f64) -> Self {
        self.share = Some(share);
        self
    }

    /// Whether no edge can be lost, whatever the graph.
    #[must_use]
    pub fn keeps_every_edge(&self) -> bool {
        // Every field is named, so that a new one is not forgotten here.
        let Self {
            layers,
            min_weight,
            top,
            share,
        } = self;
        layers.is_none() && *min_weight <= 1 && top.is_none() && share.is_none()
    }
}

impl Selection {
    /// The share of the transitions that is kept, from 0 to 1; 1 if there are none.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.transitions_before == 0 {
            1.0
        } else {
            self.transitions as f64 / self.transitions_before as f64
        }
    }
}

impl GraphView<'_> {
    /// The edges that pass a filter.
    #[must_use]
    pub fn select(&self, filter: &Filter) -> Selection {
        let graph = self.graph().graph();
        let inside = |edge: &ViewEdge| match &filter.layers {
            None => true,
            Some(layers) => [edge.source, edge.target]
                .iter()
                .all(|&end| layers.contains(&graph[end].position)),
        };
        let all: Vec<ViewEdge> = self.edges().filter(inside).collect();
        let sum = |edges: &[ViewEdge]| edges.iter().map(|e| u64::from(e.weight)).sum::<u64>();
        let transitions_before = sum(&all);
        let enough = filter
            .share
            .map_or(f64::INFINITY, |share| share * transitions_before as f64);

        let mut heaviest: Vec<usize> = (0..all.len())
            .filter(|&i| all[i].weight >= filter.min_weight)
            .collect();
        heaviest.sort_by_key(|&i| (Reverse(all[i].weight), i));
        heaviest.truncate(filter.top.unwrap_or(usize::MAX));
        let mut so_far = 0;
        let mut kept: Vec<usize> = heaviest
            .into_iter()
            .take_while(|&i| {
                let wanted = (so_far as f64) < enough;
                so_far += u64::from(all[i].weight);
                wanted
            })
            .collect();
        kept.sort_unstable();
        let edges: Vec<ViewEdge> = kept.into_iter().map(|i| all[i]).collect();
        Selection {
            n_edges_before: all.len(),
            transitions: sum(&edges),
            transitions_before,
            edges,
        }
    }

    /// A new graph of what a filter keeps: the view's categories, the kept edges and the regions at
    /// their ends.
    ///
    /// Category sizes and the texts of a region stay those of the whole graph. Layers outside the
    /// filter are left out. If no edge is removed, all regions of the view within the layers are
    /// kept.
    #[must_use]
    pub fn extract(&self, filter: &Filter) -> RegionGraph {
        let whole = self.graph();
        let selection = self.select(filter);
        let complete = selection.edges.len() == selection.n_edges_before;
        let inside = |position: &usize| match &filter.layers {
            None => true,
            Some(range) => range.contains(position),
        };
        let positions: Vec<usize> = (0..whole.layers().len()).filter(inside).collect();
        let mut wanted = vec![complete; whole.graph().node_count()];
        for edge in &selection.edges {
            wanted[edge.source.index()] = true;
            wanted[edge.target.index()] = true;
        }
        let names = self.categories().iter();
        let mut part = RegionGraph::empty(
            names.map(|&c| whole.categories()[c].clone()).collect(),
            self.categories()
                .iter()
                .map(|&c| whole.category_sizes()[c])
                .collect(),
            positions.iter().map(|&p| whole.layers()[p]).collect(),
            !complete,
        );
        let mut new_id = vec![NodeIndex::end(); whole.graph().node_count()];
        for (id, region, _) in self.nodes() {
            let Ok(position) = positions.binary_search(&region.position) else {
                continue;
            };
            if wanted[id.index()] {
                new_id[id.index()] = part.graph_mut().add_node(Region {
                    position,
                    counts: region.counts.select(self.categories()),
                    ..region.clone()
                });
            }
        }
        for edge in &selection.edges {
            let weights = whole.graph()[edge.id].weights.select(self.categories());
            let (source, target) = (new_id[edge.source.index()], new_id[edge.target.index()]);
            part.graph_mut()
                .add_edge(source, target, Transition { weights });
        }
        part
    }
}
