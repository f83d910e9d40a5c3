//! The three forces, their schedule, and Adam.
//!
//! With d̃ = 1 + d² the loss is the sum of three terms, one for each kind of pairs:
//!
//! - `w_near · Σ d̃/(10 + d̃)`
//! - `w_mid · Σ d̃/(10000 + d̃)`
//! - `w_further · Σ 1/(1 + d̃)`
//!
//! The gradient of each is a factor times `(own − other)/(s + d̃)²`.

use mri_core::{ReduceError, Watch};
use mri_simd::{F32_LANES as LANES, Kernel, Simd, dispatch};
use ndarray::Array2;
use rayon::prelude::*;

use super::pairs::Pairs;
use crate::neighbor_embedding::{
    DimensionKernel, EdgeBlocks, degree_order, dispatch_dimensions, positions,
};
use crate::vector_math::Lanes;

/// The squared distance at which the attraction of near pairs saturates, that of mid-near pairs,
/// and the offset of the repulsion of further pairs.
pub(super) const NEAR_SCALE: f32 = 10.0;
const MID_NEAR_SCALE: f32 = 10_000.0;
const FURTHER_SCALE: f32 = 1.0;

/// Adam's decay rates and the term that keeps its quotient finite (as in the reference
/// implementation).
const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f32 = 1e-7;

/// The factor on the step size of an aligned fit: Adam's first steps have the length of the step
/// size in every coordinate, however small the gradient.
const ALIGNED_RATE: f64 = 0.1;

/// Blocks per task of a thread: about 50 µs of work.
const BLOCKS_PER_TASK: usize = 16;

/// The schedule of the optimization.
#[derive(Debug, Clone, Copy)]
pub(super) struct Optimization {
    pub(super) epochs: usize,
    pub(super) learning_rate: f64,
    /// Stiffness of the spring to a point's initial position, relative to that of its attracting
    /// pairs; `None` if the initial points are no map yet.
    pub(super) anchor_strength: Option<f32>,
    pub(super) seed: u64,
}

/// The weights of the three terms.
#[derive(Debug, Clone, Copy)]
struct Weights {
    near: f64,
    mid_near: f64,
    further: f64,
}

impl Optimization {
    /// Epochs of the first phase, and of the second.
    fn phase(&self) -> usize {
        self.epochs * 2 / 9
    }

    /// The first epoch: an aligned fit has its large structure, which the first two phases lay out.
    fn first(&self) -> usize {
        match self.anchor_strength {
            Some(_) => 2 * self.phase(),
            None => 0,
        }
    }

    fn weights(&self, epoch: usize) -> Weights {
        let phase = self.phase();
        if epoch < phase {
            let t = epoch as f64 / phase as f64;
            Weights {
                near: 2.0,
                mid_near: 1000.0 * (1.0 - t) + 3.0 * t,
                further: 1.0,
            }
        } else if epoch < 2 * phase {
            Weights {
                near: 3.0,
                mid_near: 3.0,
                further: 1.0,
            }
        } else {
            Weights {
                near: 1.0,
                mid_near: 0.0,
                further: 1.0,
            }
        }
    }
}

/// Optimizes all points in place.
pub(super) fn optimize(
    pairs: &Pairs,
    points: &mut Array2<f32>,
    optimization: &Optimization,
    watch: &dyn Watch,
) -> Result<(), ReduceError> {
    let components = points.ncols();
    let descent = Descent {
        pairs,
        points,
        optimization,
        watch,
    };
    dispatch_dimensions(components, descent)
}

struct Descent<'a> {
    pairs: &'a Pairs,
    points: &'a mut Array2<f32>,
    optimization: &'a Optimization,
    watch: &'a dyn Watch,
}

impl DimensionKernel for Descent<'_> {
    type Output = Result<(), ReduceError>;

    fn run<const D: usize>(self) -> Result<(), ReduceError> {
        let Self {
            pairs,
            points,
            optimization,
            watch,
        } = self;
        let degree = |i: usize| pairs.near.edges(i).len();
        let order = degree_order(points.nrows(), optimization.seed, degree);
        let positions = positions(&order);
        // Offsets of points of one coordinate are positions: the coordinates of a point lie
        // together here, so that one access reads them all.
        let edges = Edges {
            near: EdgeBlocks::new::<1>(&pairs.near, &order, &positions),
            mid_near: EdgeBlocks::new::<1>(&pairs.mid_near, &order, &positions),
            further: EdgeBlocks::new::<1>(&pairs.further, &order, &positions),
        };
        let mut now = vec![[0.0; D]; order.len().next_multiple_of(LANES)];
        for (to, &row) in now.iter_mut().zip(&order) {
            let point = points.row(row as usize);
            to.iter_mut().zip(point).for_each(|(to, v)| *to = *v);
        }
        let anchors = now.clone();
        let mut next = now.clone();
        let mut moments = vec![Moments::default(); now.len() / LANES * D];
        let first = optimization.first();
        let total = optimization.epochs - first;
        for epoch in first..optimization.epochs {
            let done = epoch - first;
            watch.check("epochs", done, total)?;
            let step = Epoch::new(&now, &anchors, &edges, optimization, epoch, done + 1);
            next.par_chunks_mut(LANES)
                .zip(moments.par_chunks_mut(D))
                .enumerate()
                .with_min_len(BLOCKS_PER_TASK)
                .for_each(|(block, (new, moments))| {
                    dispatch(StepKernel::<D> {
                        step,
                        block,
                        moments,
                        new,
                    });
                });
            std::mem::swap(&mut now, &mut next);
        }
        watch.check("epochs", total, total)?;
        for (from, &row) in now.iter().zip(&order) {
            let mut point = points.row_mut(row as usize);
            point.iter_mut().zip(from).for_each(|(to, v)| *to = *v);
        }
        Ok(())
    }
}

/// The pairs of all points.
struct Edges {
    near: EdgeBlocks,
    mid_near: EdgeBlocks,
    further: EdgeBlocks,
}

/// Adam's running means of the gradient and of its square, for one coordinate of a block.
#[derive(Clone, Copy, Default)]
struct Moments {
    first: Lanes,
    second: Lanes,
}

/// What all blocks of one epoch read.
#[derive(Clone, Copy)]
struct Epoch<'a, const D: usize> {
    now: &'a [[f32; D]],
    /// The initial positions.
    anchors: &'a [[f32; D]],
    edges: &'a Edges,
    /// The factors of the gradients.
    near: f32,
    mid_near: f32,
    further: f32,
    anchor_strength: f32,
    /// The step size, corrected for the bias of the running means.
    rate: f32,
}

impl<'a, const D: usize> Epoch<'a, D> {
    /// `step` counts Adam's steps from 1.
    fn new(
        now: &'a [[f32; D]],
        anchors: &'a [[f32; D]],
        edges: &'a Edges,
        optimization: &Optimization,
        epoch: usize,
        step: usize,
    ) -> Self {
        let weights = optimization.weights(epoch);
        let rate = match optimization.anchor_strength {
            Some(_) => ALIGNED_RATE * optimization.learning_rate,
            None => optimization.learning_rate,
        };
        let bias = |beta: f64| 1.0 - beta.powi(step as i32);
        Self {
            now,
            anchors,
            edges,
            near: (weights.near * 2.0 * f64::from(NEAR_SCALE)) as f32,
            mid_near: (weights.mid_near * 2.0 * f64::from(MID_NEAR_SCALE)) as f32,
            further: -(weights.further * 2.0) as f32,
            anchor_strength: optimization.anchor_strength.unwrap_or(0.0),
            rate: (rate * bias(BETA_2).sqrt() / bias(BETA_1)) as f32,
        }
    }
}

/// One step of one block of points.
struct StepKernel<'a, const D: usize> {
    step: Epoch<'a, D>,
    block: usize,
    moments: &'a mut [Moments],
    new: &'a mut [[f32; D]],
}

impl<const D: usize> Kernel for StepKernel<'_, D> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let step = self.step;
        let block = self.block * LANES..(self.block + 1) * LANES;
        let mut own = [[0.0; LANES]; D];
        for (l, point) in step.now[block.clone()].iter().enumerate() {
            for c in 0..D {
                own[c][l] = point[c];
            }
        }
        let mut gradient = [[0.0; LANES]; D];
        let edges = step.edges;
        let near = edges.near.of_block(self.block);
        let stiffness = add_gradient(step.now, near, (step.near, NEAR_SCALE), &own, &mut gradient);
        if step.mid_near > 0.0 {
            let pairs = edges.mid_near.of_block(self.block);
            let force = (step.mid_near, MID_NEAR_SCALE);
            add_gradient(step.now, pairs, force, &own, &mut gradient);
        }
        let further = edges.further.of_block(self.block);
        let force = (step.further, FURTHER_SCALE);
        add_gradient(step.now, further, force, &own, &mut gradient);
        let anchors = &step.anchors[block];
        for (c, moments) in self.moments.iter_mut().enumerate() {
            for l in 0..LANES {
                let spring = step.anchor_strength * stiffness[l];
                let g = gradient[c][l] + spring * (own[c][l] - anchors[l][c]);
                let m = BETA_1 as f32 * moments.first[l] + (1.0 - BETA_1) as f32 * g;
                let v = BETA_2 as f32 * moments.second[l] + (1.0 - BETA_2) as f32 * (g * g);
                (moments.first[l], moments.second[l]) = (m, v);
                own[c][l] -= step.rate * m / (v.sqrt() + EPSILON);
            }
        }
        for (l, point) in self.new.iter_mut().enumerate() {
            for c in 0..D {
                point[c] = own[c][l];
            }
        }
    }
}

/// Adds the gradient of a block's pairs, given their factor and scale, and returns the sum of their
/// stiffnesses.
#[inline(always)]
fn add_gradient<const D: usize>(
    now: &[[f32; D]],
    (ends, weights): (&[u32], &[f32]),
    (factor, scale): (f32, f32),
    own: &[Lanes; D],
    gradient: &mut [Lanes; D],
) -> Lanes {
    let mut stiffness = [0.0; LANES];
    let pairs = ends.chunks_exact(LANES).zip(weights.chunks_exact(LANES));
    for (ends, weights) in pairs {
        let mut difference = [[0.0; LANES]; D];
        for l in 0..LANES {
            let other = now[ends[l] as usize];
            for c in 0..D {
                difference[c][l] = other[c];
            }
        }
        let mut sum = [scale + 1.0; LANES];
        for c in 0..D {
            for l in 0..LANES {
                difference[c][l] = own[c][l] - difference[c][l];
                sum[l] += difference[c][l] * difference[c][l];
            }
        }
        let mut strength = [0.0; LANES];
        for l in 0..LANES {
            strength[l] = weights[l] * factor / (sum[l] * sum[l]);
            stiffness[l] += strength[l];
        }
        for (gradient, difference) in gradient.iter_mut().zip(&difference) {
            for l in 0..LANES {
                gradient[l] += strength[l] * difference[l];
            }
        }
    }
    stiffness
}
