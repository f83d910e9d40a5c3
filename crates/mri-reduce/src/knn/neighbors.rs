use ndarray::Array2;
use rayon::prelude::*;

/// The `k` nearest other rows of every row.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// Their indices, nearest first, of shape (rows, k). Equal distances are ordered by index.
    pub ids: Array2<u32>,
    /// Their distances, of the same shape.
    pub distances: Array2<f32>,
}

impl Neighbors {
    pub(super) fn empty(rows: usize, k: usize) -> Self {
        Self {
            ids: Array2::zeros((rows, k)),
            distances: Array2::zeros((rows, k)),
        }
    }

    /// Blocks of `rows` rows, to be filled in parallel.
    pub(super) fn chunks_mut(
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
