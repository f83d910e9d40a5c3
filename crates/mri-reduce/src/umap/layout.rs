//! The forces between points, and their motion.
//!
//! In the reference implementation one edge after the other moves its ends at once, so that the
//! result depends on the order, and with several threads on their race. Here every point looks at
//! where all the others were **before** the epoch, adds up all its forces and goes to where they
//! balance. Adding up sixteen pulls, each nearly strong enough to carry it all the way, would throw it
//! far beyond; so the sum of forces is divided by one plus the sum of the springs' strengths, times a
//! damping. With a damping of 1 this is the implicit Euler step of the same motion, and no point goes
//! beyond its balance. With less, points swing about it in the first epochs, as the reference's do
//! when its learning rate is still high; that undoes tangles of the start.

use mri_core::{ReduceError, Watch};
use ndarray::Array2;
use rayon::prelude::*;

use super::curve::Curve;
use crate::knn::Graph;
use crate::random;
use crate::simd::{Kernel, LANES, Lanes, power, widest};

/// Squared distances below this count as this: the pull of two points on each other grows without
/// bound as they meet.
const NEAREST: f32 = 1e-10;

/// Added to the squared distance in the push of two points on each other, which would be infinite
/// where they meet (as in the reference implementation).
const SOFT: f32 = 1e-3;

/// The most that one pushing point may move another per epoch, in each coordinate (as in the
/// reference implementation).
const FARTHEST_PUSH: f32 = 4.0;

/// Points that push a block of others in one epoch, drawn by chance for the block. The reference
/// draws some forty for each point; drawn for a whole block they cost next to nothing, so there may
/// be more. Half as many and twice as many give the same quality.
const PUSHING: usize = 64;

/// Blocks that a thread takes at a time: about 50 µs of work.
const TASK: usize = 16;

/// Keeps the order of the points apart from other uses of the seed.
const ORDER: u64 = 0x0F_0DE5;

/// The most components that points may have.
pub(super) const MOST_COMPONENTS: usize = 16;

/// What moves the points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Motion {
    pub(super) curve: Curve,
    pub(super) epochs: usize,
    /// Pushes per pull.
    pub(super) pushes: f64,
    /// 1 for no swinging, less for more.
    pub(super) damping: f32,
    /// How strongly points are held where they start, as a share of the strength of all their edges.
    pub(super) tie: f32,
    pub(super) seed: u64,
}

/// Moves the points of a graph until its edges are short and all else is apart.
pub(super) fn settle(
    graph: &Graph,
    points: &mut Array2<f32>,
    motion: &Motion,
    watch: &dyn Watch,
) -> Result<(), ReduceError> {
    // The number of coordinates is known to the compiler, which keeps them in registers; those beyond
    // the wanted ones are 0 and stay so.
    match points.ncols() {
        0..=2 => settle_in::<2>(graph, points, motion, watch),
        3..=4 => settle_in::<4>(graph, points, motion, watch),
        _ => settle_in::<MOST_COMPONENTS>(graph, points, motion, watch),
    }
}

/// Moves points among fixed ones, to which the edges of `graph` lead.
pub(super) fn settle_among(
    fixed: &Array2<f32>,
    graph: &Graph,
    points: &mut Array2<f32>,
    motion: &Motion,
) {
    match points.ncols() {
        0..=2 => settle_among_in::<2>(fixed, graph, points, motion),
        3..=4 => settle_among_in::<4>(fixed, graph, points, motion),
        _ => settle_among_in::<MOST_COMPONENTS>(fixed, graph, points, motion),
    }
}

fn settle_in<const D: usize>(
    graph: &Graph,
    points: &mut Array2<f32>,
    motion: &Motion,
    watch: &dyn Watch,
) -> Result<(), ReduceError> {
    // Points with equally many edges stand in one block, so that little is filled up; among those
    // chance decides, so that the points of a block, which are pushed by the same others, have nothing
    // to do with each other.
    let mut order: Vec<u32> = (0..points.nrows() as u32).collect();
    order.sort_by_cached_key(|&i| {
        let edges = graph.edges(i as usize).len();
        (edges, random::bits(motion.seed ^ ORDER, u64::from(i)))
    });
    let mut position = vec![0; order.len()];
    for (p, &i) in order.iter().enumerate() {
        position[i as usize] = p as u32;
    }
    let springs = Springs::new::<D>(graph, &order, &position, motion);
    let mut now = blocks::<D>(points, &order);
    let home = now.clone();
    let mut next = vec![0.0; now.len()];
    for epoch in 0..motion.epochs {
        watch.check("epochs", epoch, motion.epochs)?;
        let step = Step::new(&now, order.len(), &springs, motion, epoch);
        next.par_chunks_mut(LANES * D)
            .zip(now.par_chunks(LANES * D))
            .enumerate()
            .with_min_len(TASK)
            .for_each(|(block, (new, old))| {
                widest(Move::<D> {
                    step,
                    block,
                    stream: block,
                    home: &home[block * LANES * D..(block + 1) * LANES * D],
                    old,
                    new,
                });
            });
        std::mem::swap(&mut now, &mut next);
    }
    watch.check("epochs", motion.epochs, motion.epochs)?;
    read_blocks::<D>(&now, &order, points);
    Ok(())
}

fn settle_among_in<const D: usize>(
    fixed: &Array2<f32>,
    graph: &Graph,
    points: &mut Array2<f32>,
    motion: &Motion,
) {
    let same = |n: usize| (0..n as u32).collect::<Vec<u32>>();
    let (order, others) = (same(points.nrows()), same(fixed.nrows()));
    let springs = Springs::new::<D>(graph, &order, &others, motion);
    let among = blocks::<D>(fixed, &others);
    let mut now = blocks::<D>(points, &order);
    now.par_chunks_mut(LANES * D)
        .enumerate()
        .for_each(|(block, now)| {
            let mut old = now.to_vec();
            for epoch in 0..motion.epochs {
                widest(Move::<D> {
                    step: Step::new(&among, others.len(), &springs, motion, epoch),
                    block,
                    // The same for all, so that no row's place depends on the rows beside it.
                    stream: 0,
                    // No row has a place of its own that would hold it.
                    home: &old,
                    old: &old,
                    new: now,
                });
                old.copy_from_slice(now);
            }
        });
    read_blocks::<D>(&now, &order, points);
}

/// Points lie in blocks of [`LANES`]: the first coordinates of a block, then its second ones, and
/// so on. Point `i` has its first coordinate here, and each further one [`LANES`] numbers later.
fn place<const D: usize>(i: usize) -> usize {
    i / LANES * LANES * D + i % LANES
}

/// The rows of `points` in the given order, in blocks.
fn blocks<const D: usize>(points: &Array2<f32>, order: &[u32]) -> Vec<f32> {
    let mut values = vec![0.0; order.len().div_ceil(LANES) * LANES * D];
    for (i, &row) in order.iter().enumerate() {
        for (c, &v) in points.row(row as usize).iter().enumerate() {
            values[place::<D>(i) + c * LANES] = v;
        }
    }
    values
}

fn read_blocks<const D: usize>(values: &[f32], order: &[u32], points: &mut Array2<f32>) {
    for (i, &row) in order.iter().enumerate() {
        for (c, v) in points.row_mut(row as usize).iter_mut().enumerate() {
            *v = values[place::<D>(i) + c * LANES];
        }
    }
}

/// The edges of blocks of points, those of its lanes side by side: the first of each, the second of
/// each, and so on. Lanes with fewer edges are filled up with edges of weight 0.
struct Springs {
    /// The places of the other ends.
    ends: Vec<u32>,
    weights: Vec<f32>,
    /// The edges of block b begin with the `starts[b]`-th row of lanes.
    starts: Vec<usize>,
    /// How hard each of the pushing points pushes.
    push: Vec<Lanes>,
}

impl Springs {
    /// Of points in the given order; `position` says where the ends of edges stand in theirs.
    fn new<const D: usize>(
        graph: &Graph,
        order: &[u32],
        position: &[u32],
        motion: &Motion,
    ) -> Self {
        let mut starts = vec![0];
        for block in order.chunks(LANES) {
            let most = block.iter().map(|&i| graph.edges(i as usize).len()).max();
            starts.push(starts[starts.len() - 1] + most.unwrap_or(0));
        }
        let size = starts[starts.len() - 1] * LANES;
        let mut springs = Self {
            ends: vec![0; size],
            weights: vec![0.0; size],
            push: vec![[0.0; LANES]; starts.len() - 1],
            starts,
        };
        for (p, &i) in order.iter().enumerate() {
            let first = springs.starts[p / LANES] * LANES + p % LANES;
            let edges = graph.edges(i as usize);
            for (at, edge) in (first..).step_by(LANES).zip(edges.clone()) {
                let end = position[graph.ends[edge] as usize] as usize;
                springs.ends[at] = place::<D>(end) as u32;
                springs.weights[at] = graph.weights[edge];
            }
            let pulls: f32 = graph.weights[edges].iter().sum();
            springs.push[p / LANES][p % LANES] = pulls * motion.pushes as f32 / PUSHING as f32;
        }
        springs
    }
}

/// One epoch.
#[derive(Clone, Copy)]
struct Step<'a> {
    /// The points that pull and push, in blocks, and how many there are.
    others: &'a [f32],
    count: usize,
    springs: &'a Springs,
    curve: (f32, f32),
    /// Which random numbers.
    stream: u64,
    /// How much of the way to the balance of its forces a point goes: ever less, to the end at 0.
    share: f32,
    damping: f32,
    tie: f32,
}

impl<'a> Step<'a> {
    fn new(
        others: &'a [f32],
        count: usize,
        springs: &'a Springs,
        motion: &Motion,
        epoch: usize,
    ) -> Self {
        Self {
            others,
            count,
            springs,
            curve: (motion.curve.a as f32, motion.curve.b as f32),
            stream: random::bits(motion.seed, epoch as u64),
            damping: motion.damping,
            tie: motion.tie,
            share: 1.0 - epoch as f32 / motion.epochs as f32,
        }
    }
}

/// One block of points in one epoch.
struct Move<'a, const D: usize> {
    step: Step<'a>,
    block: usize,
    /// Blocks of the same stream are pushed by the same points.
    stream: usize,
    /// Where the points started.
    home: &'a [f32],
    old: &'a [f32],
    new: &'a mut [f32],
}

impl<const D: usize> Kernel for Move<'_, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut own = [[0.0; LANES]; D];
        for (own, old) in own.iter_mut().zip(self.old.chunks_exact(LANES)) {
            own.copy_from_slice(old);
        }
        let (pull, strength) = pulls(self.step, self.block, &own);
        let stream = random::bits(self.step.stream, self.stream as u64);
        let push = pushes(self.step, stream, &own);
        let hard = &self.step.springs.push[self.block];
        let Step { damping, tie, .. } = self.step;
        let homes = self.home.chunks_exact(LANES);
        for (c, (new, home)) in self.new.chunks_exact_mut(LANES).zip(homes).enumerate() {
            for l in 0..LANES {
                let held = tie * strength[l];
                let back = held * (home[l] - own[c][l]);
                let force = pull[c][l] + hard[l] * push[c][l] + back;
                let inert = 1.0 + damping * strength[l] + held;
                new[l] = own[c][l] + self.step.share * force / inert;
            }
        }
    }
}

/// The forces of a block's edges, and the sum of their strengths.
#[inline(always)]
fn pulls<const D: usize>(step: Step<'_>, block: usize, own: &[Lanes; D]) -> ([Lanes; D], Lanes) {
    let (a, b) = step.curve;
    let springs = step.springs;
    let mut force = [[0.0; LANES]; D];
    let mut strength = [0.0; LANES];
    let edges = springs.starts[block] * LANES..springs.starts[block + 1] * LANES;
    let ends = springs.ends[edges.clone()].chunks_exact(LANES);
    for (ends, weights) in ends.zip(springs.weights[edges].chunks_exact(LANES)) {
        let mut way = [[0.0; LANES]; D];
        for (c, way) in way.iter_mut().enumerate() {
            for l in 0..LANES {
                way[l] = step.others[ends[l] as usize + c * LANES] - own[c][l];
            }
        }
        let square = squares(&way);
        let mut pull = [0.0; LANES];
        for l in 0..LANES {
            let square = square[l].max(NEAREST);
            let p = power(square, b);
            // Twice the gradient, 2ab·d^(2b−2)/(1 + a·d^(2b)): in the reference implementation, too,
            // each edge moves a point once as its beginning and once as its end.
            pull[l] = weights[l] * (4.0 * a * b) * p / (square * (1.0 + a * p));
            strength[l] += pull[l];
        }
        for (force, way) in force.iter_mut().zip(&way) {
            for l in 0..LANES {
                force[l] += pull[l] * way[l];
            }
        }
    }
    (force, strength)
}

/// The sum of the forces of points drawn by chance, not yet multiplied by how hard they push.
#[inline(always)]
fn pushes<const D: usize>(step: Step<'_>, stream: u64, own: &[Lanes; D]) -> [Lanes; D] {
    let (a, b) = step.curve;
    let mut force = [[0.0; LANES]; D];
    for m in 0..PUSHING {
        let other = place::<D>(random::below(stream, m as u64, step.count));
        let mut way = [[0.0; LANES]; D];
        for (c, way) in way.iter_mut().enumerate() {
            let at = step.others[other + c * LANES];
            for l in 0..LANES {
                way[l] = own[c][l] - at;
            }
        }
        let square = squares(&way);
        let mut strength = [0.0; LANES];
        for l in 0..LANES {
            let p = power(square[l].max(NEAREST), b);
            strength[l] = 2.0 * b / ((SOFT + square[l]) * (1.0 + a * p));
        }
        for (force, way) in force.iter_mut().zip(&way) {
            for l in 0..LANES {
                force[l] += (strength[l] * way[l]).clamp(-FARTHEST_PUSH, FARTHEST_PUSH);
            }
        }
    }
    force
}

#[inline(always)]
fn squares<const D: usize>(way: &[Lanes; D]) -> Lanes {
    let mut square = [0.0; LANES];
    for way in way {
        for l in 0..LANES {
            square[l] += way[l] * way[l];
        }
    }
    square
}
