use mri_stats::{Summary, pearson};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::digraph::LayeredDigraph;
use crate::metrics::clustering::average_clustering;
use crate::metrics::shortest_path::average_shortest_path;

/// The one-mode projection of a layered graph onto every other layer: nodes are joined where they
/// share a neighbor in an adjacent layer.
///
/// The direction of edges is ignored. Two regions `u`, `v` of the chosen layers are joined
/// if some region `b` of the other layers is adjacent to both, with Newman's collaboration weight
/// `w(u, v) = sum over such b of 1 / (deg(b) - 1)`: a region that is adjacent to many says little
/// about a pair. (M. E. J. Newman, "Scientific collaboration networks II", 2001.)
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Per node its neighbors in ascending order, with the weight.
    adjacency: Vec<Vec<(usize, f64)>>,
}

/// The metrics of one projection. `None` where one is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProjectionMetrics {
    /// The number of nodes.
    pub nodes: usize,
    /// The number of edges.
    pub edges: usize,
    /// Mean number of neighbors.
    pub mean_degree: Option<f64>,
    /// Its sample variance.
    pub var_degree: Option<f64>,
    /// Mean weight of the edges at a node.
    pub mean_strength: Option<f64>,
    /// Its sample variance.
    pub var_strength: Option<f64>,
    /// Mean over nodes of the weighted clustering coefficient, the geometric mean of the three
    /// weights of a triangle, each divided by the largest weight of the graph
    /// (J. Saramäki et al., 2007): from 0 to 1.
    pub average_clustering: Option<f64>,
    /// Pearson correlation of the strengths at the two ends of an edge: from −1 to 1.
    pub assortativity: Option<f64>,
    /// Edges over possible edges, `2 E / (n (n - 1))`.
    pub density: Option<f64>,
    /// Mean length of the shortest paths between the pairs of the largest connected component,
    /// where an edge is `1 / w` long: regions that share much are close.
    pub average_shortest_path: Option<f64>,
}

impl Projection {
    /// Projects onto the even layers (`parity` 0) or the odd ones (`parity` 1).
    ///
    /// Nodes keep their order; nodes of the other layers are left out.
    #[must_use]
    pub fn new(graph: &LayeredDigraph, parity: usize) -> Self {
        let neighbors = graph.neighbors();
        let chosen: Vec<usize> = (0..graph.n_nodes())
            .filter(|&v| graph.layers()[v] % 2 == parity % 2)
            .collect();
        let mut index = vec![usize::MAX; graph.n_nodes()];
        for (new, &old) in chosen.iter().enumerate() {
            index[old] = new;
        }
        let adjacency = chosen
            .par_iter()
            .map_init(
                || vec![0.0; chosen.len()],
                |weights, &u| {
                    let mut met = Vec::new();
                    for &between in &neighbors[u] {
                        let others = &neighbors[between];
                        if others.len() < 2 {
                            continue;
                        }
                        let share = 1.0 / (others.len() - 1) as f64;
                        for &v in others.iter().filter(|&&v| v != u) {
                            let v = index[v];
                            if weights[v] == 0.0 {
                                met.push(v);
                            }
                            weights[v] += share;
                        }
                    }
                    met.sort_unstable();
                    met.into_iter()
                        .map(|v| (v, std::mem::take(&mut weights[v])))
                        .collect()
                },
            )
            .collect();
        Self { adjacency }
    }

    /// The number of nodes.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.adjacency.len()
    }

    /// The number of edges.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.adjacency.iter().map(Vec::len).sum::<usize>() / 2
    }

    /// The neighbors of a node in ascending order, with the weights.
    #[must_use]
    pub fn neighbors(&self, node: usize) -> &[(usize, f64)] {
        &self.adjacency[node]
    }

    /// All metrics of the projection.
    #[must_use]
    pub fn metrics(&self) -> ProjectionMetrics {
        let n = self.n_nodes() as f64;
        let degrees: Vec<f64> = self.adjacency.iter().map(|a| a.len() as f64).collect();
        let strengths: Vec<f64> = self
            .adjacency
            .iter()
            .map(|a| a.iter().map(|&(_, w)| w).sum())
            .collect();
        let degree = Summary::of(&degrees);
        let strength = Summary::of(&strengths);
        let ends = self.adjacency.iter().enumerate();
        let ends = ends.flat_map(|(u, list)| list.iter().map(move |&(v, _)| (u, v)));
        ProjectionMetrics {
            nodes: self.n_nodes(),
            edges: self.n_edges(),
            mean_degree: degree.mean,
            var_degree: degree.var,
            mean_strength: strength.mean,
            var_strength: strength.var,
            average_clustering: average_clustering(&self.adjacency),
            assortativity: pearson(ends.map(|(u, v)| (strengths[u], strengths[v]))),
            density: (self.n_nodes() > 1).then(|| 2.0 * self.n_edges() as f64 / (n * (n - 1.0))),
            average_shortest_path: average_shortest_path(&self.adjacency),
        }
    }
}
