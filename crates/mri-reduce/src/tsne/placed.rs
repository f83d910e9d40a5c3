use mri_core::{Projection, ReduceError};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::affinity;
use crate::Scaler;
use crate::knn::{self, Table};

/// Neighbours of a new row among the fitted ones, softly counted: few, because the points of many lie
/// far apart and their middle is nobody's place.
const PERPLEXITY: f64 = 5.0;

/// Steps of a new point. It takes some ten of them to stand still.
const STEPS: usize = 30;

/// Places new rows among the points of those fitted, which stay where they are.
pub(super) struct Placed {
    pub(super) scaler: Scaler,
    pub(super) table: Table,
    pub(super) points: Array2<f32>,
}

impl Projection for Placed {
    /// A row starts at the mean of its nearest fitted rows' points, weighted by how near they are, and
    /// goes to where their pulls balance. These fade with the distance, so that a row whose neighbours
    /// lie in two groups joins one of them. A row's place does not depend on the rows beside it.
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let scaled = self.scaler.transform(x)?;
        let queries = self.table.of_queries(scaled.view());
        let n = self.table.len();
        let perplexity = PERPLEXITY.min(n as f64 / 3.0).max(1.0);
        let k = ((3.0 * perplexity) as usize).min(n);
        let found = knn::of_queries(&self.table, &queries, k, &())?;
        let chances = affinity::chances(&found, perplexity);
        let columns = self.points.ncols();
        let mut points = Array2::zeros((x.nrows(), columns));
        let (Some(ids), Some(places)) = (found.ids.as_slice(), points.as_slice_mut()) else {
            return Ok(points);
        };
        places
            .par_chunks_mut(columns)
            .zip(ids.par_chunks(k).zip(chances.par_chunks(k)))
            .for_each(|(place, (ids, chances))| self.place(place, ids, chances));
        Ok(points)
    }
}

impl Placed {
    fn place(&self, place: &mut [f32], ids: &[u32], chances: &[f32]) {
        for step in 0..=STEPS {
            let mut sum = 0.0;
            let mut next = vec![0.0; place.len()];
            for (&id, &chance) in ids.iter().zip(chances) {
                let point = self.points.row(id as usize);
                let ways = point.iter().zip(place.iter());
                let square: f32 = ways.map(|(p, v)| (p - v).powi(2)).sum();
                let pull = if step == 0 {
                    chance
                } else {
                    chance / (1.0 + square)
                };
                sum += pull;
                next.iter_mut()
                    .zip(point)
                    .for_each(|(to, p)| *to += pull * p);
            }
            if sum > 0.0 {
                place
                    .iter_mut()
                    .zip(&next)
                    .for_each(|(to, v)| *to = v / sum);
            }
        }
    }
}
