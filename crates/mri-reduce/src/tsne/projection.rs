use ndarray::Array2;

use super::affinity;
use crate::knn::Neighbors;
use crate::neighbor_embedding::{Place, weighted_means};

/// The perplexity of a new row among the fitted ones: low, because the points of many neighbors lie
/// far apart and no row belongs at their mean.
const PERPLEXITY: f64 = 5.0;

/// Steps of a new point. It stops moving after some ten.
const STEPS: usize = 30;

/// Places a new row where the attractions of its nearest fitted rows balance, starting at their
/// weighted mean. Attractions fade with the distance, so that a row whose neighbors lie in two
/// clusters joins one of them.
pub(crate) struct TsneProjection {
    perplexity: f64,
}

impl TsneProjection {
    /// Among `rows` fitted ones.
    pub(super) fn new(rows: usize) -> Self {
        Self {
            perplexity: PERPLEXITY.min(rows as f64 / 3.0).max(1.0),
        }
    }
}

impl Place for TsneProjection {
    fn neighbors(&self, fitted: usize) -> usize {
        ((3.0 * self.perplexity) as usize).min(fitted)
    }

    fn place(&self, found: &Neighbors, points: &Array2<f32>) -> Array2<f32> {
        let probabilities = affinity::conditional_probabilities(found, self.perplexity);
        weighted_means(found, &probabilities, points, STEPS, |p, square| {
            p / (1.0 + square)
        })
    }
}
