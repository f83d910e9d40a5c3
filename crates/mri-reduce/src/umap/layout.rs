//! Attraction, repulsion and the optimization of points.
//!
//! The reference implementation updates both ends of one edge after the other, so its result
//! depends on the order of edges and, on several threads, on races. Here every point reads the
//! positions of all others **before** the epoch (a Jacobi iteration), sums its forces and moves to
//! where they balance. The sum of some sixteen attractions, each nearly strong enough for the whole
//! step, would overshoot; it is divided by one plus `damping` times the sum of the edges'
//! stiffnesses. With a damping of 1 this is the implicit Euler step, which never overshoots. With
//! less, points oscillate in the first epochs, as those of the reference do while its learning rate
//! is high, which untangles the initial layout.

use mri_core::{ReduceError, Watch};
use mri_simd::{F32_LANES as LANES, Kernel, Simd, dispatch};
use ndarray::Array2;
use rayon::prelude::*;

use super::curve::Curve;
use crate::knn::Graph;
use crate::neighbor_embedding::{
    DimensionKernel, EdgeBlocks, degree_order, dispatch_dimensions, offset, pack, positions, unpack,
};
use crate::random;
use crate::vector_math::{Lanes, power};

/// Lower bound of squared distances: the attraction of two points diverges as they meet.
const MIN_SQUARE: f32 = 1e-10;

/// Added to the squared distance in the repulsion, which diverges where two points meet (as in the
/// reference implementation).
const REPULSION_EPSILON: f32 = 1e-3;

/// Bound on the repulsion of one negative sample, per coordinate (as in the reference
/// implementation).
const REPULSION_CLIP: f32 = 4.0;

/// Negative samples per block and epoch. The reference draws some forty for each point; one sample
/// for a whole block of points costs a sixteenth of that, so there may be more. Half as many and
/// twice as many give the same quality.
const NEGATIVE_SAMPLES: usize = 64;

/// Blocks per task of a thread: about 50 µs of work.
const BLOCKS_PER_TASK: usize = 16;

/// The objective and the schedule of the optimization.
#[derive(Debug, Clone, Copy)]
pub(super) struct Optimization {
    pub(super) curve: Curve,
    pub(super) epochs: usize,
    /// Negative samples per positive one.
    pub(super) negative_sample_rate: f64,
    /// 1 for implicit Euler steps, less to let points oscillate.
    pub(super) damping: f32,
    /// Stiffness of the spring to a point's initial position, relative to the sum of its edges'.
    pub(super) anchor_strength: f32,
    pub(super) seed: u64,
}

/// Optimizes all points of a graph in place.
pub(super) fn optimize(
    graph: &Graph,
    points: &mut Array2<f32>,
    optimization: &Optimization,
    watch: &dyn Watch,
) -> Result<(), ReduceError> {
    let components = points.ncols();
    let all = All {
        graph,
        points,
        optimization,
        watch,
    };
    dispatch_dimensions(components, all)
}

/// Optimizes points among fixed ones, to which the edges of `graph` lead.
pub(super) fn optimize_among_fixed(
    fixed: &Array2<f32>,
    graph: &Graph,
    points: &mut Array2<f32>,
    optimization: &Optimization,
) {
    let components = points.ncols();
    let new = AmongFixed {
        fixed,
        graph,
        points,
        optimization,
    };
    dispatch_dimensions(components, new);
}

struct All<'a> {
    graph: &'a Graph,
    points: &'a mut Array2<f32>,
    optimization: &'a Optimization,
    watch: &'a dyn Watch,
}

impl DimensionKernel for All<'_> {
    type Output = Result<(), ReduceError>;

    fn run<const D: usize>(self) -> Result<(), ReduceError> {
        let Self {
            graph,
            points,
            optimization,
            watch,
        } = self;
        let degree = |i| graph.edges(i).len();
        let order = degree_order(points.nrows(), optimization.seed, degree);
        let edges = Edges::new::<D>(graph, &order, &positions(&order), optimization);
        let mut now = pack::<D>(points, &order);
        let anchors = now.clone();
        let mut next = vec![0.0; now.len()];
        for epoch in 0..optimization.epochs {
            watch.check("epochs", epoch, optimization.epochs)?;
            let step = Epoch::new(&now, order.len(), &edges, optimization, epoch);
            next.par_chunks_mut(LANES * D)
                .zip(now.par_chunks(LANES * D))
                .enumerate()
                .with_min_len(BLOCKS_PER_TASK)
                .for_each(|(block, (new, old))| {
                    dispatch(StepKernel::<D> {
                        step,
                        block,
                        stream: block,
                        anchors: &anchors[block * LANES * D..(block + 1) * LANES * D],
                        old,
                        new,
                    });
                });
            std::mem::swap(&mut now, &mut next);
        }
        watch.check("epochs", optimization.epochs, optimization.epochs)?;
        unpack::<D>(&now, &order, points);
        Ok(())
    }
}

struct AmongFixed<'a> {
    fixed: &'a Array2<f32>,
    graph: &'a Graph,
    points: &'a mut Array2<f32>,
    optimization: &'a Optimization,
}

impl DimensionKernel for AmongFixed<'_> {
    type Output = ();

    fn run<const D: usize>(self) {
        let Self {
            fixed,
            graph,
            points,
            optimization,
        } = self;
        let identity = |n: usize| (0..n as u32).collect::<Vec<u32>>();
        let (order, others) = (identity(points.nrows()), identity(fixed.nrows()));
        let edges = Edges::new::<D>(graph, &order, &others, optimization);
        let among = pack::<D>(fixed, &others);
        let mut now = pack::<D>(points, &order);
        now.par_chunks_mut(LANES * D)
            .enumerate()
            .for_each(|(block, now)| {
                let mut old = now.to_vec();
                for epoch in 0..optimization.epochs {
                    dispatch(StepKernel::<D> {
                        step: Epoch::new(&among, others.len(), &edges, optimization, epoch),
                        block,
                        // The same samples for all blocks, so that a point does not depend on the
                        // rows transformed with it.
                        stream: 0,
                        // New rows have no initial position to be anchored at.
                        anchors: &old,
                        old: &old,
                        new: now,
                    });
                    old.copy_from_slice(now);
                }
            });
        unpack::<D>(&now, &order, points);
    }
}

/// The edges of all points, and how strongly negative samples repel them.
struct Edges {
    blocks: EdgeBlocks,
    /// The weight of one negative sample, for each point of each block.
    repulsion_weights: Vec<Lanes>,
}

impl Edges {
    fn new<const D: usize>(
        graph: &Graph,
        order: &[u32],
        positions: &[u32],
        optimization: &Optimization,
    ) -> Self {
        Self {
            blocks: EdgeBlocks::new::<D>(graph, order, positions),
            repulsion_weights: repulsion_weights(graph, order, optimization.negative_sample_rate),
        }
    }
}

fn repulsion_weights(graph: &Graph, order: &[u32], negative_sample_rate: f64) -> Vec<Lanes> {
    let mut weights = vec![[0.0; LANES]; order.len().div_ceil(LANES)];
    for (p, &i) in order.iter().enumerate() {
        let total: f32 = graph.weights[graph.edges(i as usize)].iter().sum();
        weights[p / LANES][p % LANES] =
            total * negative_sample_rate as f32 / NEGATIVE_SAMPLES as f32;
    }
    weights
}

/// What all blocks of one epoch read.
#[derive(Clone, Copy)]
struct Epoch<'a> {
    /// The points that attract and repel, in blocks, and their number.
    others: &'a [f32],
    count: usize,
    edges: &'a Edges,
    curve: (f32, f32),
    /// The random stream of the epoch.
    stream: u64,
    /// The share of the step to the balance of forces that is taken; falls to 0.
    learning_rate: f32,
    damping: f32,
    anchor_strength: f32,
}

impl<'a> Epoch<'a> {
    fn new(
        others: &'a [f32],
        count: usize,
        edges: &'a Edges,
        optimization: &Optimization,
        epoch: usize,
    ) -> Self {
        Self {
            others,
            count,
            edges,
            curve: (optimization.curve.a as f32, optimization.curve.b as f32),
            stream: random::bits(optimization.seed, epoch as u64),
            damping: optimization.damping,
            anchor_strength: optimization.anchor_strength,
            learning_rate: 1.0 - epoch as f32 / optimization.epochs as f32,
        }
    }
}

/// One step of one block of points.
struct StepKernel<'a, const D: usize> {
    step: Epoch<'a>,
    block: usize,
    /// Blocks of the same stream share their negative samples.
    stream: usize,
    /// The initial positions.
    anchors: &'a [f32],
    old: &'a [f32],
    new: &'a mut [f32],
}

impl<const D: usize> Kernel for StepKernel<'_, D> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let mut own = [[0.0; LANES]; D];
        for (own, old) in own.iter_mut().zip(self.old.chunks_exact(LANES)) {
            own.copy_from_slice(old);
        }
        let (attraction, stiffness) = attraction(self.step, self.block, &own);
        let stream = random::bits(self.step.stream, self.stream as u64);
        let repulsion = repulsion(self.step, stream, &own);
        let weight = &self.step.edges.repulsion_weights[self.block];
        let Epoch {
            damping,
            anchor_strength,
            ..
        } = self.step;
        let anchors = self.anchors.chunks_exact(LANES);
        for (c, (new, anchor)) in self.new.chunks_exact_mut(LANES).zip(anchors).enumerate() {
            for l in 0..LANES {
                let spring = anchor_strength * stiffness[l];
                let pull = spring * (anchor[l] - own[c][l]);
                let force = attraction[c][l] + weight[l] * repulsion[c][l] + pull;
                let inertia = 1.0 + damping * stiffness[l] + spring;
                new[l] = own[c][l] + self.step.learning_rate * force / inertia;
            }
        }
    }
}

/// The attraction along a block's edges, and the sum of their stiffnesses.
#[inline(always)]
fn attraction<const D: usize>(
    step: Epoch<'_>,
    block: usize,
    own: &[Lanes; D],
) -> ([Lanes; D], Lanes) {
    let (a, b) = step.curve;
    let mut force = [[0.0; LANES]; D];
    let mut stiffness = [0.0; LANES];
    let (ends, weights) = step.edges.blocks.of_block(block);
    let edges = ends.chunks_exact(LANES).zip(weights.chunks_exact(LANES));
    for (ends, weights) in edges {
        let mut difference = [[0.0; LANES]; D];
        for (c, difference) in difference.iter_mut().enumerate() {
            for l in 0..LANES {
                difference[l] = step.others[ends[l] as usize + c * LANES] - own[c][l];
            }
        }
        let square = squared_norms(&difference);
        let mut strength = [0.0; LANES];
        for l in 0..LANES {
            let square = square[l].max(MIN_SQUARE);
            let p = power(square, b);
            // Twice the gradient, 2ab·d^(2b−2)/(1 + a·d^(2b)): the reference implementation, too,
            // moves a point twice per edge, once as its head and once as its tail.
            strength[l] = weights[l] * (4.0 * a * b) * p / (square * (1.0 + a * p));
            stiffness[l] += strength[l];
        }
        for (force, difference) in force.iter_mut().zip(&difference) {
            for l in 0..LANES {
                force[l] += strength[l] * difference[l];
            }
        }
    }
    (force, stiffness)
}

/// The sum of the repulsions of the negative samples, not yet multiplied by their weight.
#[inline(always)]
fn repulsion<const D: usize>(step: Epoch<'_>, stream: u64, own: &[Lanes; D]) -> [Lanes; D] {
    let (a, b) = step.curve;
    let mut force = [[0.0; LANES]; D];
    for m in 0..NEGATIVE_SAMPLES {
        let other = offset::<D>(random::below(stream, m as u64, step.count));
        let mut difference = [[0.0; LANES]; D];
        for (c, difference) in difference.iter_mut().enumerate() {
            let at = step.others[other + c * LANES];
            for l in 0..LANES {
                difference[l] = own[c][l] - at;
            }
        }
        let square = squared_norms(&difference);
        let mut strength = [0.0; LANES];
        for l in 0..LANES {
            let p = power(square[l].max(MIN_SQUARE), b);
            strength[l] = 2.0 * b / ((REPULSION_EPSILON + square[l]) * (1.0 + a * p));
        }
        for (force, difference) in force.iter_mut().zip(&difference) {
            for l in 0..LANES {
                force[l] += (strength[l] * difference[l]).clamp(-REPULSION_CLIP, REPULSION_CLIP);
            }
        }
    }
    force
}

#[inline(always)]
fn squared_norms<const D: usize>(difference: &[Lanes; D]) -> Lanes {
    let mut square = [0.0; LANES];
    for difference in difference {
        for l in 0..LANES {
            square[l] += difference[l] * difference[l];
        }
    }
    square
}
