use mri_core::{Embedding, Layer};
use mri_stats::{average_ranks, benjamini_hochberg, spearman_of_ranks};
use petgraph::graph::{DiGraph, NodeIndex};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::digraph::LayeredDigraph;
use crate::error::GraphError;

/// Rank correlations between the components of adjacent layers, for maps with other than two
/// components, where there are no regions.
///
/// A node is a component of a layer. An edge joins components of adjacent layers whose values over
/// the texts are correlated, positively or negatively, by Spearman's ρ.
#[derive(Debug, Clone)]
pub struct CorrelationGraph {
    layers: Vec<Layer>,
    n_texts: usize,
    graph: DiGraph<ComponentNode, Correlation>,
}

/// A component of one layer: a node of a [`CorrelationGraph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentNode {
    /// The layer.
    pub layer: Layer,
    /// The index of the layer in the stack.
    pub position: usize,
    /// The component, counted from 0.
    pub component: usize,
}

impl ComponentNode {
    /// `"{position}_{component}"`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}_{}", self.position, self.component)
    }
}

/// The correlation of two components: an edge of a [`CorrelationGraph`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// Spearman's ρ, from −1 to 1. The sign of a component is arbitrary, so only the product of the
    /// signs around a cycle of edges carries meaning.
    pub rho: f64,
    /// Two-sided p, see [`RankCorrelation::p_value`](mri_stats::RankCorrelation::p_value).
    pub p: f64,
    /// `p` adjusted over all pairs of components of the graph, drawn or not
    /// (see [`benjamini_hochberg`]).
    pub q: f64,
}

/// Which correlations become edges.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Those whose adjusted p is at most this.
    #[serde(rename = "discovery")]
    FalseDiscoveryRate(f64),
    /// Those with an `|ρ|` of at least this, whatever the number of texts.
    #[serde(rename = "correlation")]
    AbsoluteRho(f64),
}

impl Default for Threshold {
    /// A false discovery rate of 5 %. A fixed ρ would let through noise when texts are few and
    /// hide findings when they are many.
    fn default() -> Self {
        Self::FalseDiscoveryRate(0.05)
    }
}

impl Threshold {
    fn passes(self, edge: &Correlation) -> bool {
        match self {
            Self::FalseDiscoveryRate(rate) => edge.q <= rate,
            Self::AbsoluteRho(least) => edge.rho.abs() >= least,
        }
    }
}

impl CorrelationGraph {
    /// The graph over the texts of some categories; over all texts if `categories` is empty.
    ///
    /// A component that is constant over those texts is a node without edges.
    ///
    /// # Errors
    /// [`GraphError::UnknownCategory`]; [`GraphError::TooFewTexts`] below 3 texts;
    /// [`GraphError::NonFinite`].
    pub fn spearman(
        embedding: &Embedding,
        categories: &[usize],
        threshold: Threshold,
    ) -> Result<Self, GraphError> {
        let labels = embedding.labels();
        if let Some(&category) = categories.iter().find(|&&c| c >= labels.n_categories()) {
            return Err(GraphError::UnknownCategory {
                category,
                categories: labels.n_categories(),
            });
        }
        let rows: Vec<usize> = (0..labels.len())
            .filter(|&row| {
                categories.is_empty()
                    || categories.contains(&(labels.row_categories()[row] as usize))
            })
            .collect();
        if rows.len() < 3 {
            return Err(GraphError::TooFewTexts {
                texts: rows.len(),
                needed: 3,
            });
        }

        let mut graph = DiGraph::new();
        let mut nodes: Vec<Vec<NodeIndex>> = Vec::new();
        let mut ranks: Vec<Vec<Vec<f64>>> = Vec::new();
        for (position, (layer, points)) in embedding.iter().enumerate() {
            let columns = points.coordinates.ncols();
            let of_layer = (0..columns).into_par_iter().map(|component| {
                let column = points.coordinates.column(component);
                let sample: Vec<f64> = rows.iter().map(|&row| f64::from(column[row])).collect();
                match sample.iter().position(|value| !value.is_finite()) {
                    Some(i) => Err(GraphError::NonFinite {
                        layer,
                        row: rows[i],
                    }),
                    None => Ok(average_ranks(&sample)),
                }
            });
            ranks.push(of_layer.collect::<Result<_, _>>()?);
            let components = (0..columns).map(|component| ComponentNode {
                layer,
                position,
                component,
            });
            nodes.push(components.map(|node| graph.add_node(node)).collect());
        }

        let pairs: Vec<(usize, usize, usize)> = (1..ranks.len())
            .flat_map(|l| (0..ranks[l - 1].len()).map(move |a| (l, a)))
            .flat_map(|(l, a)| (0..ranks[l].len()).map(move |b| (l, a, b)))
            .collect();
        let found: Vec<_> = pairs
            .par_iter()
            .filter_map(|&(l, a, b)| {
                let found = spearman_of_ranks(&ranks[l - 1][a], &ranks[l][b])?;
                Some((nodes[l - 1][a], nodes[l][b], found.rho, found.p_value()))
            })
            .collect();
        let p: Vec<f64> = found.iter().map(|&(_, _, _, p)| p).collect();
        for ((source, target, rho, p), q) in found.into_iter().zip(benjamini_hochberg(&p)) {
            let edge = Correlation { rho, p, q };
            if threshold.passes(&edge) {
                graph.add_edge(source, target, edge);
            }
        }
        Ok(Self {
            layers: embedding.layers().collect(),
            n_texts: rows.len(),
            graph,
        })
    }

    /// The layers in their order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The number of texts that the correlations are computed over.
    #[must_use]
    pub fn n_texts(&self) -> usize {
        self.n_texts
    }

    /// The graph itself, for petgraph's algorithms. Every component is a node; the correlations
    /// that pass the threshold are edges.
    #[must_use]
    pub fn graph(&self) -> &DiGraph<ComponentNode, Correlation> {
        &self.graph
    }

    /// The graph as [`Metrics`](crate::Metrics) take it, with `|ρ|` as the weight.
    ///
    /// # Errors
    /// [`GraphError::BadEdge`] for an edge with a ρ of exactly 0, which only a threshold of 0 lets
    /// through.
    pub fn digraph(&self) -> Result<LayeredDigraph, GraphError> {
        let layers = self
            .graph
            .node_weights()
            .map(|node| node.position)
            .collect();
        let edges = self.graph.edge_indices().filter_map(|edge| {
            let (source, target) = self.graph.edge_endpoints(edge)?;
            Some((source.index(), target.index(), self.graph[edge].rho.abs()))
        });
        LayeredDigraph::new(self.layers.len(), layers, edges.collect())
    }
}
