use mri_core::{Projection, ReduceError};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::knn::{self, Neighbors, Table};
use crate::scaling::Scaler;

/// How an embedding places a new row among the fitted points. The position of a row must not depend
/// on the rows placed with it.
pub(crate) trait Place: Send + Sync {
    /// How many nearest rows of `fitted` rows [`Place::place`] needs.
    fn neighbors(&self, fitted: usize) -> usize;

    /// The positions of new rows, given their nearest fitted rows and the points of all fitted
    /// rows.
    fn place(&self, found: &Neighbors, points: &Array2<f32>) -> Array2<f32>;
}

/// Places new rows among the fitted points, which do not move.
pub(crate) struct NeighborProjection<P> {
    pub(crate) scaler: Scaler,
    pub(crate) table: Table,
    pub(crate) points: Array2<f32>,
    pub(crate) placement: P,
}

impl<P: Place> Projection for NeighborProjection<P> {
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let scaled = self.scaler.transform(x)?;
        let queries = self.table.of_queries(scaled.view());
        let k = self.placement.neighbors(self.table.len());
        let found = knn::of_queries(&self.table, &queries, k, &())?;
        Ok(self.placement.place(&found, &self.points))
    }
}

/// Places every row at the weighted mean of its neighbors' points, `weights` being of the shape of
/// their ids; then, `steps` times, at the mean weighted by `strength(weight, squared distance)`,
/// where the distance is from the row's position to that of its neighbor.
///
/// A position that no longer moves is one where attractions of that strength balance.
pub(crate) fn weighted_means(
    found: &Neighbors,
    weights: &[f32],
    points: &Array2<f32>,
    steps: usize,
    strength: impl Fn(f32, f32) -> f32 + Sync,
) -> Array2<f32> {
    let (rows, k) = found.ids.dim();
    let columns = points.ncols();
    let mut placed = Array2::zeros((rows, columns));
    let (Some(ids), Some(positions)) = (found.ids.as_slice(), placed.as_slice_mut()) else {
        return placed;
    };
    positions
        .par_chunks_mut(columns)
        .zip(ids.par_chunks(k).zip(weights.par_chunks(k)))
        .for_each(|(position, (ids, weights))| {
            let mut next = vec![0.0; columns];
            for step in 0..=steps {
                let mut sum = 0.0;
                next.fill(0.0);
                for (&id, &weight) in ids.iter().zip(weights) {
                    let point = points.row(id as usize);
                    let pairs = point.iter().zip(position.iter());
                    let square: f32 = pairs.map(|(p, v)| (p - v).powi(2)).sum();
                    let weight = match step {
                        0 => weight,
                        _ => strength(weight, square),
                    };
                    sum += weight;
                    next.iter_mut()
                        .zip(point)
                        .for_each(|(to, p)| *to += weight * p);
                }
                if sum > 0.0 {
                    position
                        .iter_mut()
                        .zip(&next)
                        .for_each(|(to, v)| *to = v / sum);
                }
            }
        });
    placed
}
