use ndarray::Array2;

use super::fuzzy;
use super::layout::{self, Optimization};
use crate::knn::{Graph, Neighbors};
use crate::neighbor_embedding::{Place, weighted_means};

/// Places new rows by the forces of the fit: each starts at the mean of its nearest fitted rows'
/// points, weighted by membership, and is then optimized among the fitted points.
pub(crate) struct UmapProjection {
    pub(super) n_neighbors: usize,
    pub(super) optimization: Optimization,
}

impl Place for UmapProjection {
    fn neighbors(&self, fitted: usize) -> usize {
        self.n_neighbors.min(fitted)
    }

    fn place(&self, found: &Neighbors, points: &Array2<f32>) -> Array2<f32> {
        let (rows, k) = found.ids.dim();
        // No local connectivity: the nearest fitted row is not the new row itself.
        let weights = fuzzy::memberships(found, k + 1, 0);
        let mut placed = weighted_means(found, &weights, points, 0, |weight, _| weight);
        let graph = Graph {
            starts: (0..=rows).map(|i| i * k).collect(),
            ends: found.ids.iter().copied().collect(),
            weights,
        };
        layout::optimize_among_fixed(points, &graph, &mut placed, &self.optimization);
        placed
    }
}
