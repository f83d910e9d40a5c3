use ndarray::Array2;

use crate::knn::Neighbors;
use crate::neighbor_embedding::{Place, weighted_means};

use super::layout::NEAR_SCALE;

/// Steps of a new point.
const STEPS: usize = 30;

/// Places a new row where the attractions of its nearest fitted rows balance, starting at their
/// mean.
pub(crate) struct PacmapProjection {
    pub(super) n_neighbors: usize,
}

impl Place for PacmapProjection {
    fn neighbors(&self, fitted: usize) -> usize {
        self.n_neighbors.min(fitted)
    }

    fn place(&self, found: &Neighbors, points: &Array2<f32>) -> Array2<f32> {
        let weights = vec![1.0; found.ids.len()];
        weighted_means(found, &weights, points, STEPS, |weight, square| {
            weight / (NEAR_SCALE + 1.0 + square).powi(2)
        })
    }
}
