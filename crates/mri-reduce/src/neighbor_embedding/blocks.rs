//! Points and edges laid out for vector instructions.
//!
//! Points lie in blocks of [`LANES`], one coordinate after the other (a structure of arrays), in an
//! order of their own; the edges of a block are interleaved, so that one vector instruction handles
//! one edge of every point of the block.

use mri_simd::F32_LANES as LANES;
use ndarray::Array2;

use crate::knn::Graph;
use crate::random;

/// Separates the random order of points from other uses of the seed.
const ORDER_STREAM: u64 = 0x0F_0DE5;

/// An order of points by degree, so that little of a block is padding; random among equal degrees,
/// so that the points of a block are unrelated.
pub(crate) fn degree_order(n: usize, seed: u64, degree: impl Fn(usize) -> usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.sort_by_cached_key(|&i| {
        let tie = random::bits(seed ^ ORDER_STREAM, u64::from(i));
        (degree(i as usize), tie)
    });
    order
}

/// The inverse of an order: where each point stands in it.
pub(crate) fn positions(order: &[u32]) -> Vec<u32> {
    let mut positions = vec![0; order.len()];
    for (p, &i) in order.iter().enumerate() {
        positions[i as usize] = p as u32;
    }
    positions
}

/// The offset of the first coordinate of the `i`-th point; each further one lies [`LANES`] values
/// later.
pub(crate) fn offset<const D: usize>(i: usize) -> usize {
    i / LANES * LANES * D + i % LANES
}

/// The rows of `points` in the given order, in blocks; the last block is padded with zeros.
pub(crate) fn pack<const D: usize>(points: &Array2<f32>, order: &[u32]) -> Vec<f32> {
    let mut values = vec![0.0; order.len().div_ceil(LANES) * LANES * D];
    for (i, &row) in order.iter().enumerate() {
        for (c, &v) in points.row(row as usize).iter().enumerate() {
            values[offset::<D>(i) + c * LANES] = v;
        }
    }
    values
}

/// Writes blocks back to the rows that [`pack`] read.
pub(crate) fn unpack<const D: usize>(values: &[f32], order: &[u32], points: &mut Array2<f32>) {
    for (i, &row) in order.iter().enumerate() {
        for (c, v) in points.row_mut(row as usize).iter_mut().enumerate() {
            *v = values[offset::<D>(i) + c * LANES];
        }
    }
}

/// The edges of blocks of points, interleaved by lane: the first edge of each point, the second of
/// each, and so on. Points with fewer edges are padded with edges of weight 0.
pub(crate) struct EdgeBlocks {
    /// The offsets of the other ends.
    ends: Vec<u32>,
    weights: Vec<f32>,
    /// The edges of block b begin with the `starts[b]`-th row of lanes.
    starts: Vec<usize>,
}

impl EdgeBlocks {
    /// The edges of the points of `graph` in the given order; `positions` are those of their other
    /// ends.
    pub(crate) fn new<const D: usize>(graph: &Graph, order: &[u32], positions: &[u32]) -> Self {
        let mut starts = vec![0];
        for block in order.chunks(LANES) {
            let most = block.iter().map(|&i| graph.edges(i as usize).len()).max();
            starts.push(starts[starts.len() - 1] + most.unwrap_or(0));
        }
        let size = starts[starts.len() - 1] * LANES;
        let mut blocks = Self {
            ends: vec![0; size],
            weights: vec![0.0; size],
            starts,
        };
        for (p, &i) in order.iter().enumerate() {
            let first = blocks.starts[p / LANES] * LANES + p % LANES;
            for (at, edge) in (first..).step_by(LANES).zip(graph.edges(i as usize)) {
                let end = positions[graph.ends[edge] as usize] as usize;
                blocks.ends[at] = offset::<D>(end) as u32;
                blocks.weights[at] = graph.weights[edge];
            }
        }
        blocks
    }

    /// The offsets of the other ends of a block's edges and their weights, in rows of [`LANES`].
    #[inline(always)]
    pub(crate) fn of_block(&self, block: usize) -> (&[u32], &[f32]) {
        let edges = self.starts[block] * LANES..self.starts[block + 1] * LANES;
        (&self.ends[edges.clone()], &self.weights[edges])
    }
}
