use mri_core::{Projection, ReduceError};
use ndarray::{Array2, ArrayView2};

use super::fuzzy;
use super::layout::{self, Motion};
use crate::Scaler;
use crate::knn::{self, Graph, Table};

/// Places new rows among the points of those fitted, which stay where they are.
pub(super) struct Placed {
    pub(super) scaler: Scaler,
    pub(super) table: Table,
    pub(super) points: Array2<f32>,
    pub(super) neighbors: usize,
    pub(super) motion: Motion,
}

impl Projection for Placed {
    /// A row starts at the mean of its nearest fitted rows' points, weighted by how near they are, and
    /// is then moved by the forces of the fit. A row's place does not depend on the rows beside it.
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let scaled = self.scaler.transform(x)?;
        let queries = self.table.of_queries(scaled.view());
        let k = self.neighbors.min(self.table.len());
        let found = knn::of_queries(&self.table, &queries, k, &())?;
        // Nothing counts as certainly joined: the nearest fitted row is not the new one.
        let weights = fuzzy::memberships(&found, k + 1, 0);
        let graph = Graph {
            starts: (0..=x.nrows()).map(|i| i * k).collect(),
            ends: found.ids.into_iter().collect(),
            weights,
        };
        let mut points = Array2::zeros((x.nrows(), self.points.ncols()));
        for (i, mut point) in points.rows_mut().into_iter().enumerate() {
            let mut sum = 0.0;
            for edge in graph.edges(i) {
                sum += graph.weights[edge];
                point.scaled_add(
                    graph.weights[edge],
                    &self.points.row(graph.ends[edge] as usize),
                );
            }
            point /= sum.max(f32::MIN_POSITIVE);
        }
        layout::settle_among(&self.points, &graph, &mut points, &self.motion);
        Ok(points)
    }
}
