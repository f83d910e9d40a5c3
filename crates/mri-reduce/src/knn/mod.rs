//! The nearest rows of every row.

mod descent;
mod exact;
#[cfg(test)]
pub(crate) mod golden;
mod graph;
mod table;

use mri_core::{ReduceError, Watch};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::Distance;
use crate::check::{check_finite, check_size};
pub(crate) use graph::Graph;
pub(crate) use table::Table;

/// For every row the `k` nearest others.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// Their row numbers, nearest first, of shape (rows, k). Equal distances are ordered by number.
    pub ids: Array2<u32>,
    /// Their distances, of the same shape.
    pub distances: Array2<f32>,
}

impl Neighbours {
    fn empty(rows: usize, k: usize) -> Self {
        Self {
            ids: Array2::zeros((rows, k)),
            distances: Array2::zeros((rows, k)),
        }
    }

    /// Blocks of so many rows, to be filled in parallel.
    fn chunks_mut(
        &mut self,
        rows: usize,
    ) -> impl IndexedParallelIterator<Item = (&mut [u32], &mut [f32])> {
        let size = (rows * self.ids.ncols()).max(1);
        // Both were made by `empty`, whose arrays are contiguous.
        let ids = self.ids.as_slice_mut().unwrap_or(&mut []);
        let distances = self.distances.as_slice_mut().unwrap_or(&mut []);
        ids.par_chunks_mut(size).zip(distances.par_chunks_mut(size))
    }
}

/// Finds the `k` nearest other rows of every row of `x`, of shape (rows, width), by comparing all.
///
/// Distances are computed in `f32`: straight ones about the rows' median, so that a common offset
/// costs nothing; angles whose 1 − cosine is below 1e-12 come near its rounding. The result is the same
/// for any number of threads.
///
/// # Complexity
/// O(rows²·width) time in matrix products; O(rows·width) memory.
///
/// # Errors
/// [`ReduceError::TooSmall`], [`ReduceError::NonFinite`], [`ReduceError::Parameter`] if `k` is 0 or
/// not below the number of rows, or cancellation.
pub fn nearest_rows(
    x: ArrayView2<'_, f32>,
    k: usize,
    distance: Distance,
    watch: &dyn Watch,
) -> Result<Neighbours, ReduceError> {
    find(x, k, distance, |table| {
        exact::search(table, table, k, true, watch)
    })
}

/// Finds nearly all of the `k` nearest other rows of every row of `x`, of shape (rows, width): of real
/// activations 97 in 100 or more. From some 15,000 rows on it is quicker than [`nearest_rows`], of 60,000
/// rows four times.
///
/// By random trees and nearest-neighbour descent (Dasgupta & Freund 2008; Dong, Moses & Li 2011).
/// Distances are those of [`nearest_rows`]. One seed gives the same result on any number of threads.
///
/// # Complexity
/// About O(rows · log rows · width · k) time; O(rows · (width + k)) memory.
///
/// # Errors
/// As [`nearest_rows`].
pub fn near_rows(
    x: ArrayView2<'_, f32>,
    k: usize,
    distance: Distance,
    seed: u64,
    watch: &dyn Watch,
) -> Result<Neighbours, ReduceError> {
    find(x, k, distance, |table| {
        descent::search(table, k, seed, watch)
    })
}

fn find(
    x: ArrayView2<'_, f32>,
    k: usize,
    distance: Distance,
    search: impl FnOnce(&Table) -> Result<Neighbours, ReduceError>,
) -> Result<Neighbours, ReduceError> {
    check_size(x.dim())?;
    check_finite(x)?;
    if k == 0 || k >= x.nrows() {
        return Err(ReduceError::Parameter {
            parameter: "neighbours",
            value: format!("{k} of {} rows", x.nrows()),
            expected: "at least 1 and below the number of rows",
        });
    }
    let table = Table::new(x, distance);
    let mut found = search(&table)?;
    table.in_given_unit(&mut found.distances);
    Ok(found)
}

/// Up to this many rows comparing all with all is quicker than descent, and misses nothing.
const EXACT: usize = 15_000;

/// The `k` nearest other rows of every row, of more than [`EXACT`] rows nearly all of them; distances
/// in the table's unit.
pub(crate) fn of_table(
    table: &Table,
    k: usize,
    seed: u64,
    watch: &dyn Watch,
) -> Result<Neighbours, ReduceError> {
    if table.len() > EXACT {
        return descent::search(table, k, seed, watch);
    }
    exact::search(table, table, k, true, watch)
}

/// The `k` nearest rows of the table to every query; distances in the table's unit.
pub(crate) fn of_queries(
    table: &Table,
    queries: &Table,
    k: usize,
    watch: &dyn Watch,
) -> Result<Neighbours, ReduceError> {
    exact::search(table, queries, k, false, watch)
}
