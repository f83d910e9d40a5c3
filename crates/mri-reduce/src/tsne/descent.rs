//! Gradient descent on the t-SNE objective (van der Maaten & Hinton 2008; van der Maaten 2014).
//!
//! Every point reads the positions of all others before the step, sums its forces and moves. What a
//! point reads, and in which order, does not depend on threads.

use mri_core::{ReduceError, Watch};
use mri_simd::{F32_LANES as LANES, Kernel, Simd, dispatch};
use ndarray::Array2;
use rayon::prelude::*;

use super::tree::{BLOCK, Lane, PointMass, Tree};
use crate::knn::Graph;
use crate::neighbor_embedding::{DimensionKernel, dispatch_dimensions};

/// Factor on the attraction in the first steps, in which clusters form (as in the paper of 2014 and
/// in openTSNE).
const EXAGGERATION: f32 = 12.0;

/// The share of its last step that a point keeps.
const MOMENTUM: f32 = 0.8;

/// Adaptive gains (Jacobs 1988): what a coordinate's gain grows by while the gradient keeps its
/// sign, the factor on it when the sign changes, and its minimum.
const GAIN_INCREASE: f32 = 0.2;
const GAIN_DECAY: f32 = 0.8;
const MIN_GAIN: f32 = 0.01;

/// The longest step (as in openTSNE).
const MAX_STEP_NORM: f32 = 5.0;

/// The Barnes–Hut criterion: a group repels as one point where its longest side is below this share
/// of its distance. At 0.5, the usual value, continuity and random triplets lost about 0.01.
const THETA: f32 = 0.3;

/// Steps between two rebuilds of the tree.
const REBUILD_INTERVAL: usize = 10;

/// Points, and blocks of points, per task of a thread: some 50 µs of work.
const POINTS_PER_TASK: usize = 256;
const BLOCKS_PER_TASK: usize = 8;

/// The schedule of the optimization.
pub(super) struct Optimization {
    /// Steps with early exaggeration, and steps without.
    pub(super) early: usize,
    pub(super) late: usize,
    /// Stiffness of the spring to a point's initial position, relative to the sum of its edges'.
    pub(super) anchor_strength: f32,
}

/// Optimizes all points of a graph in place.
pub(super) fn optimize(
    graph: &Graph,
    points: &mut Array2<f32>,
    optimization: &Optimization,
    watch: &dyn Watch,
) -> Result<(), ReduceError> {
    let components = points.ncols();
    let descent = Descent {
        graph,
        points,
        optimization,
        watch,
    };
    dispatch_dimensions(components, descent)
}

struct Descent<'a> {
    graph: &'a Graph,
    points: &'a mut Array2<f32>,
    optimization: &'a Optimization,
    watch: &'a dyn Watch,
}

impl DimensionKernel for Descent<'_> {
    type Output = Result<(), ReduceError>;

    fn run<const D: usize>(self) -> Result<(), ReduceError> {
        let Self {
            graph,
            points,
            optimization,
            watch,
        } = self;
        let n = points.nrows();
        let edges = PaddedEdges::new(graph);
        let mut state = vec![[CoordinateState::default(); D]; n];
        let mut now = vec![[0.0; D]; n];
        for (to, point) in now.iter_mut().zip(points.rows()) {
            to.iter_mut().zip(point).for_each(|(to, v)| *to = *v);
        }
        let anchors = now.clone();
        let mut next = now.clone();
        let mut tree = Tree::<D>::new(&now);
        let mut position = vec![0; n];
        let mut repulsions = Vec::new();
        let total = optimization.early + optimization.late;
        for step in 0..total {
            watch.check("epochs", step, total)?;
            if step % REBUILD_INTERVAL == 0 {
                tree = Tree::new(&now);
                for (p, &i) in tree.order().iter().enumerate() {
                    position[i as usize] = p;
                }
            } else {
                tree.update(&now);
            }
            repulsion(&tree, &mut repulsions);
            let exaggeration = if step < optimization.early {
                EXAGGERATION
            } else {
                1.0
            };
            let forces = Forces {
                edges: &edges,
                now: &now,
                anchors: &anchors,
                anchor_strength: optimization.anchor_strength,
                repulsions: &repulsions,
                position: &position,
                partition: partition(&repulsions, n),
                exaggeration,
                learning_rate: n as f32 / exaggeration,
            };
            next.par_chunks_mut(POINTS_PER_TASK)
                .zip(state.par_chunks_mut(POINTS_PER_TASK))
                .enumerate()
                .for_each_init(EdgeBuffers::default, |buffers, (chunk, (next, state))| {
                    let first = chunk * POINTS_PER_TASK;
                    dispatch(StepKernel {
                        forces,
                        first,
                        state,
                        next,
                        buffers,
                    });
                });
            std::mem::swap(&mut now, &mut next);
        }
        watch.check("epochs", total, total)?;
        for (mut point, now) in points.rows_mut().into_iter().zip(&now) {
            point.iter_mut().zip(now).for_each(|(to, v)| *to = *v);
        }
        Ok(())
    }
}

/// The repulsion of all blocks of a tree.
fn repulsion<const D: usize>(tree: &Tree<D>, repulsions: &mut Vec<Repulsion<D>>) {
    (0..tree.len())
        .into_par_iter()
        .with_min_len(BLOCKS_PER_TASK)
        .map_init(Vec::new, |interactions, block| {
            tree.interaction_list(block, THETA, interactions);
            let own = tree.block(block);
            dispatch(RepulsionKernel { own, interactions })
        })
        .collect_into_vec(repulsions);
}

/// The partition function Z: Σ 1/(1 + d²) over all ordered pairs of different points.
fn partition<const D: usize>(repulsions: &[Repulsion<D>], n: usize) -> f64 {
    let mut sum = 0.0;
    for (block, repulsion) in repulsions.iter().enumerate() {
        let count = BLOCK.min(n - block * BLOCK);
        for &q in &repulsion.sum[..count] {
            sum += f64::from(q) - 1.0;
        }
    }
    // Above 0 even if all points are infinitely far apart.
    sum.max(f64::MIN_POSITIVE)
}

/// The state of one coordinate of a point.
#[derive(Clone, Copy)]
struct CoordinateState {
    velocity: f32,
    gain: f32,
}

impl Default for CoordinateState {
    fn default() -> Self {
        Self {
            velocity: 0.0,
            gain: 1.0,
        }
    }
}

/// The edges of each point, padded to whole rows of lanes with edges of weight 0.
struct PaddedEdges {
    /// The edges of point i are the rows of lanes from `starts[i]` to `starts[i + 1]`.
    starts: Vec<usize>,
    ends: Vec<u32>,
    weights: Vec<f32>,
}

impl PaddedEdges {
    fn new(graph: &Graph) -> Self {
        let n = graph.starts.len() - 1;
        let mut starts = vec![0];
        let (mut ends, mut weights) = (Vec::new(), Vec::new());
        for i in 0..n {
            let edges = graph.edges(i);
            ends.extend_from_slice(&graph.ends[edges.clone()]);
            weights.extend_from_slice(&graph.weights[edges]);
            let size = ends.len().next_multiple_of(LANES);
            ends.resize(size, i as u32);
            weights.resize(size, 0.0);
            starts.push(size / LANES);
        }
        Self {
            starts,
            ends,
            weights,
        }
    }
}

/// The repulsion on a block of points.
#[derive(Clone, Copy)]
struct Repulsion<const D: usize> {
    /// Σ q²·(own − other) over all points, with q = 1/(1 + d²).
    force: [Lane; D],
    /// Σ q over all points, the point itself included.
    sum: Lane,
}

/// Sums the repulsion on a block.
struct RepulsionKernel<'a, const D: usize> {
    own: &'a [Lane; D],
    interactions: &'a [PointMass<D>],
}

impl<const D: usize> Kernel for RepulsionKernel<'_, D> {
    type Output = Repulsion<D>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Repulsion<D> {
        let own = *self.own;
        let (mut force, mut sum) = ([[0.0; BLOCK]; D], [0.0; BLOCK]);
        for other in self.interactions {
            for l in 0..BLOCK {
                let mut square = 1.0;
                for (own, at) in own.iter().zip(&other.at) {
                    let difference = own[l] - at;
                    square += difference * difference;
                }
                let q = 1.0 / square;
                let weighted = other.mass * q;
                sum[l] += weighted;
                for c in 0..D {
                    force[c][l] += weighted * q * (own[c][l] - other.at[c]);
                }
            }
        }
        Repulsion { force, sum }
    }
}

/// What all points of one step read.
#[derive(Clone, Copy)]
struct Forces<'a, const D: usize> {
    edges: &'a PaddedEdges,
    now: &'a [[f32; D]],
    /// The initial positions.
    anchors: &'a [[f32; D]],
    anchor_strength: f32,
    repulsions: &'a [Repulsion<D>],
    /// The position of each point in the blocks of `repulsions`.
    position: &'a [usize],
    partition: f64,
    exaggeration: f32,
    learning_rate: f32,
}

/// One step of some points.
struct StepKernel<'a, const D: usize> {
    forces: Forces<'a, D>,
    first: usize,
    state: &'a mut [[CoordinateState; D]],
    next: &'a mut [[f32; D]],
    buffers: &'a mut EdgeBuffers<D>,
}

impl<const D: usize> Kernel for StepKernel<'_, D> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let forces = self.forces;
        let normalization = (1.0 / forces.partition) as f32;
        let points = self.next.iter_mut().zip(self.state);
        for (i, (next, state)) in (self.first..).zip(points) {
            let own = forces.now[i];
            let (attraction, stiffness) = attraction(forces, i, &own, self.buffers);
            let spring = forces.anchor_strength * stiffness;
            let position = forces.position[i];
            let repulsion = &forces.repulsions[position / BLOCK].force;
            let mut norm = 0.0;
            for c in 0..D {
                let anchor = spring * (forces.anchors[i][c] - own[c]);
                let force = forces.exaggeration * attraction[c]
                    + repulsion[c][position % BLOCK] * normalization
                    + anchor;
                let coordinate = &mut state[c];
                coordinate.gain = if force * coordinate.velocity >= 0.0 {
                    coordinate.gain + GAIN_INCREASE
                } else {
                    (coordinate.gain * GAIN_DECAY).max(MIN_GAIN)
                };
                coordinate.velocity =
                    MOMENTUM * coordinate.velocity + forces.learning_rate * coordinate.gain * force;
                norm += coordinate.velocity * coordinate.velocity;
            }
            let norm = norm.sqrt();
            let clip = if norm > MAX_STEP_NORM {
                MAX_STEP_NORM / norm
            } else {
                1.0
            };
            for c in 0..D {
                state[c].velocity *= clip;
                next[c] = own[c] + state[c].velocity;
            }
        }
    }
}

/// Buffers for the edges of one point. Each loop of [`attraction`] does one thing to all edges, so
/// that the compiler vectorizes it.
struct EdgeBuffers<const D: usize> {
    difference: [Vec<f32>; D],
    strength: Vec<f32>,
}

impl<const D: usize> Default for EdgeBuffers<D> {
    fn default() -> Self {
        Self {
            difference: std::array::from_fn(|_| Vec::new()),
            strength: Vec::new(),
        }
    }
}

/// The attraction along a point's edges, and the sum of their stiffnesses.
#[inline(always)]
fn attraction<const D: usize>(
    forces: Forces<'_, D>,
    i: usize,
    own: &[f32; D],
    buffers: &mut EdgeBuffers<D>,
) -> ([f32; D], f32) {
    let blocks = forces.edges;
    let edges = blocks.starts[i] * LANES..blocks.starts[i + 1] * LANES;
    let (ends, weights) = (&blocks.ends[edges.clone()], &blocks.weights[edges]);
    let EdgeBuffers {
        difference,
        strength,
    } = buffers;
    strength.clear();
    strength.resize(ends.len(), 1.0);
    for (c, difference) in difference.iter_mut().enumerate() {
        difference.clear();
        difference.extend(ends.iter().map(|&end| forces.now[end as usize][c] - own[c]));
        for (square, difference) in strength.iter_mut().zip(difference.iter()) {
            *square += difference * difference;
        }
    }
    for (strength, weight) in strength.iter_mut().zip(weights) {
        *strength = weight / *strength;
    }
    let sum = strength.iter().sum();
    (std::array::from_fn(|c| dot(strength, &difference[c])), sum)
}

/// The dot product of vectors whose length is a multiple of [`LANES`].
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for l in 0..LANES {
            sums[l] += a[l] * b[l];
        }
    }
    sums.iter().sum()
}
