//! The three kinds of pairs (Wang et al. 2021, section 4).

use std::ops::RangeInclusive;

use mri_simd::{Kernel, Simd, dispatch};
use ndarray::Array2;
use rayon::prelude::*;

use crate::knn::{Graph, Neighbors, Table};
use crate::random;
use crate::vector_math::square_distance;

/// Candidates for near pairs beyond those chosen: the nearest by scaled distance are among the
/// nearest by plain distance, if a few more of these are looked at (as in the reference
/// implementation).
const EXTRA_CANDIDATES: usize = 50;

/// The local scale of a row is its mean distance to these of its neighbors, counted from 1.
const SCALE_NEIGHBORS: RangeInclusive<usize> = 4..=6;

/// Random rows, of which the second nearest makes a mid-near pair.
const MID_NEAR_SAMPLE: usize = 6;

/// Separate the random pairs from each other and from other uses of the seed.
const MID_NEAR_STREAM: u64 = 0x3D_4EA2;
const FURTHER_STREAM: u64 = 0xFA_27E2;

/// How many pairs of each kind every row chooses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// At least 1.
    pub(super) near: usize,
    /// At most the number of other rows.
    pub(super) mid_near: usize,
    /// At most the number of other rows that are not near.
    pub(super) further: usize,
}

/// Pairs of rows. A pair that both rows chose counts twice.
pub(crate) struct Pairs {
    pub(super) near: Graph,
    pub(super) mid_near: Graph,
    pub(super) further: Graph,
}

/// How many nearest rows have to be known to choose `near` of them.
pub(super) fn candidates(near: usize, rows: usize) -> usize {
    (near + EXTRA_CANDIDATES).min(rows - 1)
}

impl Pairs {
    /// Chooses pairs, given the nearest rows of every row.
    pub(super) fn new(table: &Table, found: &Neighbors, counts: Counts, seed: u64) -> Self {
        let n = table.len();
        let near = near_pairs(table, found, counts.near);
        let mid_near = choose(n, counts.mid_near, |i, ids| {
            let others = Sampler::new(seed ^ MID_NEAR_STREAM, i, n);
            dispatch(MidNear { table, others, ids });
        });
        let near_ids = near.as_slice().unwrap_or(&[]);
        let further = choose(n, counts.further, |i, ids| {
            let mut others = Sampler::new(seed ^ FURTHER_STREAM, i, n);
            let mut taken = near_ids[i * counts.near..(i + 1) * counts.near].to_vec();
            for id in ids {
                *id = others.draw(&taken);
                taken.push(*id);
            }
        });
        Self {
            near: joined(near),
            mid_near: joined(mid_near),
            further: joined(further),
        }
    }
}

/// `count` rows for each of `n`, in parallel.
fn choose(n: usize, count: usize, of_row: impl Fn(usize, &mut [u32]) + Sync) -> Array2<u32> {
    let mut ids = Array2::zeros((n, count));
    if let (1.., Some(slice)) = (count, ids.as_slice_mut()) {
        slice
            .par_chunks_mut(count)
            .enumerate()
            .for_each(|(i, ids)| of_row(i, ids));
    }
    ids
}

/// The graph of the pairs that rows chose.
fn joined(ids: Array2<u32>) -> Graph {
    let (n, count) = ids.dim();
    if count == 0 {
        return Graph {
            starts: vec![0; n + 1],
            ends: Vec::new(),
            weights: Vec::new(),
        };
    }
    let weights = vec![1.0; ids.len()];
    let chosen = Neighbors {
        distances: Array2::zeros(ids.dim()),
        ids,
    };
    Graph::union(&chosen, &weights, |a, b| a + b)
}

/// The `count` candidates of each row with the smallest scaled distance `d²ᵢⱼ / (σᵢ·σⱼ)`.
fn near_pairs(table: &Table, found: &Neighbors, count: usize) -> Array2<u32> {
    let (n, k) = found.ids.dim();
    let squares = found.distances.mapv(|d| f64::from(table.square(d)));
    let scales: Vec<f64> = squares
        .rows()
        .into_iter()
        .map(|squares| {
            let last = (*SCALE_NEIGHBORS.end()).min(k);
            let first = (*SCALE_NEIGHBORS.start()).min(last);
            let scale = squares.iter().skip(first - 1).take(last - first + 1);
            let mean = scale.map(|s| s.sqrt()).sum::<f64>() / (last - first + 1) as f64;
            // Equal rows have no scale (the bound is the reference implementation's).
            mean.max(1e-10)
        })
        .collect();
    choose(n, count, |i, ids| {
        let candidates = found.ids.row(i);
        let mut scaled: Vec<(f64, u32)> = candidates
            .iter()
            .zip(squares.row(i))
            .map(|(&j, square)| (square / (scales[i] * scales[j as usize]), j))
            .collect();
        scaled.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ids.iter_mut().zip(scaled).for_each(|(id, (_, j))| *id = j);
    })
}

/// Draws rows other than row `own`.
struct Sampler {
    stream: u64,
    counter: u64,
    own: usize,
    n: usize,
}

impl Sampler {
    fn new(seed: u64, own: usize, n: usize) -> Self {
        Self {
            stream: random::bits(seed, own as u64),
            counter: 0,
            own,
            n,
        }
    }

    /// A random row that is not among `taken`, which must leave one.
    fn draw(&mut self, taken: &[u32]) -> u32 {
        /// Rejections before the rows are searched in order, which matters for few rows only.
        const ATTEMPTS: usize = 64;
        let n = self.n;
        let mut row = 0;
        for _ in 0..ATTEMPTS {
            row = random::below(self.stream, self.counter, n - 1);
            self.counter += 1;
            row += usize::from(row >= self.own);
            if !taken.contains(&(row as u32)) {
                return row as u32;
            }
        }
        let after = (1..n).map(|step| (row + step) % n);
        let mut free = after.filter(|&row| row != self.own && !taken.contains(&(row as u32)));
        free.next().unwrap_or(row) as u32
    }
}

/// Chooses the mid-near pairs of one row: each the second nearest of some random rows.
struct MidNear<'a> {
    table: &'a Table,
    others: Sampler,
    ids: &'a mut [u32],
}

impl Kernel for MidNear<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self {
            table,
            mut others,
            ids,
        } = self;
        let own = table.row(others.own);
        let available = others.n - 1;
        for chosen in 0..ids.len() {
            let (taken, rest) = ids.split_at_mut(chosen);
            let mut sample: Vec<u32> = taken.to_vec();
            let mut nearest = [(f32::INFINITY, u32::MAX); 2];
            for _ in 0..MID_NEAR_SAMPLE.min(available - chosen) {
                let row = others.draw(&sample);
                sample.push(row);
                let entry = (square_distance(own, table.row(row as usize)), row);
                if entry < nearest[0] {
                    nearest = [entry, nearest[0]];
                } else if entry < nearest[1] {
                    nearest[1] = entry;
                }
            }
            // The last of few rows has no second.
            let found = if nearest[1].1 == u32::MAX { 0 } else { 1 };
            rest[0] = nearest[found].1;
        }
    }
}
