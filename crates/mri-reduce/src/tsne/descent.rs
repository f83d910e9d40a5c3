//! The descent of points to where pulls and pushes balance (van der Maaten 2008, 2014).
//!
//! Every point looks at where all the others are before the step, adds up all forces on it and moves.
//! What a point sees, and in which order, depends on no thread.

use mri_core::{ReduceError, Watch};
use ndarray::Array2;
use rayon::prelude::*;

use super::tree::{BLOCK, Lane, Seen, Tree};
use crate::knn::Graph;
use crate::simd::{Kernel, LANES, widest};

/// How many times stronger neighbours pull in the first steps, in which groups find their places (as in
/// the paper of 2014 and in openTSNE).
const EXAGGERATION: f32 = 12.0;

/// How much of its last step a point goes on with.
const MOMENTUM: f32 = 0.8;

/// What a coordinate's step length gains where it goes on in the same direction, and keeps where it
/// turns (Jacobs 1988), and its least.
const GAIN: f32 = 0.2;
const LOSS: f32 = 0.8;
const LEAST_GAIN: f32 = 0.01;

/// The longest step (as in openTSNE).
const LONGEST: f32 = 5.0;

/// A group of points pushes as one where its longest side is below this share of its distance. At
/// 0.5, which is usual elsewhere, continuity and random triplets lost about 0.01.
const ANGLE: f32 = 0.3;

/// Steps after which points are cut into groups anew.
const CUTS: usize = 10;

/// Points, and blocks of them, that a thread takes at a time: some 50 µs of work.
const POINTS: usize = 256;
const BLOCKS: usize = 8;

/// The most components that points may have.
pub(super) const MOST_COMPONENTS: usize = 16;

/// What moves the points.
pub(super) struct Motion {
    /// Steps in which neighbours pull harder, and further ones.
    pub(super) early: usize,
    pub(super) late: usize,
    /// How strongly points are held where they start, as a share of the strength of all their edges.
    pub(super) tie: f32,
}

/// Moves points until neighbours are near and all else is apart.
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

fn settle_in<const D: usize>(
    graph: &Graph,
    points: &mut Array2<f32>,
    motion: &Motion,
    watch: &dyn Watch,
) -> Result<(), ReduceError> {
    let n = points.nrows();
    let springs = Springs::new(graph);
    let mut state = vec![[Axis::default(); D]; n];
    let mut now = vec![[0.0; D]; n];
    for (to, point) in now.iter_mut().zip(points.rows()) {
        to.iter_mut().zip(point).for_each(|(to, v)| *to = *v);
    }
    let home = now.clone();
    let mut next = now.clone();
    let mut tree = Tree::<D>::new(&now);
    let mut place = vec![0; n];
    let mut pushes = Vec::new();
    let total = motion.early + motion.late;
    for step in 0..total {
        watch.check("epochs", step, total)?;
        if step % CUTS == 0 {
            tree = Tree::new(&now);
            for (p, &i) in tree.order().iter().enumerate() {
                place[i as usize] = p;
            }
        } else {
            tree.update(&now);
        }
        (0..tree.len())
            .into_par_iter()
            .with_min_len(BLOCKS)
            .map_init(Vec::new, |seen, block| {
                tree.seen_from(block, ANGLE, seen);
                let own = tree.block(block);
                widest(Push { own, seen })
            })
            .collect_into_vec(&mut pushes);
        let exaggeration = if step < motion.early {
            EXAGGERATION
        } else {
            1.0
        };
        let forces = Forces {
            springs: &springs,
            now: &now,
            home: &home,
            tie: motion.tie,
            pushes: &pushes,
            place: &place,
            whole: whole(&pushes, n),
            exaggeration,
            rate: n as f32 / exaggeration,
        };
        next.par_chunks_mut(POINTS)
            .zip(state.par_chunks_mut(POINTS))
            .enumerate()
            .for_each_init(Ways::default, |ways, (chunk, (next, state))| {
                let first = chunk * POINTS;
                widest(Move {
                    forces,
                    first,
                    state,
                    next,
                    ways,
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

/// The sum of the closeness of all pairs, those of a point with itself left out.
fn whole<const D: usize>(pushes: &[Pushes<D>], n: usize) -> f64 {
    let mut sum = 0.0;
    for (block, pushes) in pushes.iter().enumerate() {
        let count = BLOCK.min(n - block * BLOCK);
        for &q in &pushes.sum[..count] {
            sum += f64::from(q) - 1.0;
        }
    }
    // Rounding, should all points be infinitely far apart.
    sum.max(f64::MIN_POSITIVE)
}

/// A point's motion along one axis.
#[derive(Clone, Copy)]
struct Axis {
    speed: f32,
    gain: f32,
}

impl Default for Axis {
    fn default() -> Self {
        Self {
            speed: 0.0,
            gain: 1.0,
        }
    }
}

/// The edges of each point, in rows of lanes; what is left of a point's last row has weight 0.
struct Springs {
    /// The edges of point i are the rows from `starts[i]` to `starts[i + 1]`.
    starts: Vec<usize>,
    ends: Vec<u32>,
    weights: Vec<f32>,
}

impl Springs {
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

/// What pushes a block of points.
#[derive(Clone, Copy)]
struct Pushes<const D: usize> {
    /// Σ q²·(own − other) over all points, with q = 1/(1 + d²).
    force: [Lane; D],
    /// Σ q, the point itself counted.
    sum: Lane,
}

/// Adds up the pushes on a block.
struct Push<'a, const D: usize> {
    own: &'a [Lane; D],
    seen: &'a [Seen<D>],
}

impl<const D: usize> Kernel for Push<'_, D> {
    type Output = Pushes<D>;

    #[inline(always)]
    fn run(self) -> Pushes<D> {
        let own = *self.own;
        let (mut force, mut sum) = ([[0.0; BLOCK]; D], [0.0; BLOCK]);
        for seen in self.seen {
            for l in 0..BLOCK {
                let mut square = 1.0;
                for (own, at) in own.iter().zip(&seen.at) {
                    let way = own[l] - at;
                    square += way * way;
                }
                let q = 1.0 / square;
                let share = seen.mass * q;
                sum[l] += share;
                for c in 0..D {
                    force[c][l] += share * q * (own[c][l] - seen.at[c]);
                }
            }
        }
        Pushes { force, sum }
    }
}

/// All that moves points in one step.
#[derive(Clone, Copy)]
struct Forces<'a, const D: usize> {
    springs: &'a Springs,
    now: &'a [[f32; D]],
    /// Where the points started.
    home: &'a [[f32; D]],
    tie: f32,
    pushes: &'a [Pushes<D>],
    /// Where each point is among the pushes.
    place: &'a [usize],
    whole: f64,
    exaggeration: f32,
    rate: f32,
}

/// One step of some points.
struct Move<'a, const D: usize> {
    forces: Forces<'a, D>,
    first: usize,
    state: &'a mut [[Axis; D]],
    next: &'a mut [[f32; D]],
    ways: &'a mut Ways<D>,
}

impl<const D: usize> Kernel for Move<'_, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let forces = self.forces;
        let share = (1.0 / forces.whole) as f32;
        let points = self.next.iter_mut().zip(self.state);
        for (i, (next, state)) in (self.first..).zip(points) {
            let own = forces.now[i];
            let (pull, strength) = pulls(forces, i, &own, self.ways);
            let held = forces.tie * strength;
            let place = forces.place[i];
            let push = &forces.pushes[place / BLOCK].force;
            let mut length = 0.0;
            for c in 0..D {
                let back = held * (forces.home[i][c] - own[c]);
                let force = forces.exaggeration * pull[c] + push[c][place % BLOCK] * share + back;
                let point = &mut state[c];
                point.gain = if force * point.speed >= 0.0 {
                    point.gain + GAIN
                } else {
                    (point.gain * LOSS).max(LEAST_GAIN)
                };
                point.speed = MOMENTUM * point.speed + forces.rate * point.gain * force;
                length += point.speed * point.speed;
            }
            let length = length.sqrt();
            let short = if length > LONGEST {
                LONGEST / length
            } else {
                1.0
            };
            for c in 0..D {
                state[c].speed *= short;
                next[c] = own[c] + state[c].speed;
            }
        }
    }
}

/// Room for what is computed of a point's edges. Each loop does one thing to all edges of a point, so that
/// the compiler makes vectors of it.
struct Ways<const D: usize> {
    way: [Vec<f32>; D],
    strength: Vec<f32>,
}

impl<const D: usize> Default for Ways<D> {
    fn default() -> Self {
        Self {
            way: std::array::from_fn(|_| Vec::new()),
            strength: Vec::new(),
        }
    }
}

/// The pulls of a point's edges, and the sum of their strengths.
#[inline(always)]
fn pulls<const D: usize>(
    forces: Forces<'_, D>,
    i: usize,
    own: &[f32; D],
    ways: &mut Ways<D>,
) -> ([f32; D], f32) {
    let springs = forces.springs;
    let edges = springs.starts[i] * LANES..springs.starts[i + 1] * LANES;
    let (ends, weights) = (&springs.ends[edges.clone()], &springs.weights[edges]);
    let Ways { way, strength } = ways;
    strength.clear();
    strength.resize(ends.len(), 1.0);
    for (c, way) in way.iter_mut().enumerate() {
        way.clear();
        way.extend(ends.iter().map(|&end| forces.now[end as usize][c] - own[c]));
        for (square, way) in strength.iter_mut().zip(way.iter()) {
            *square += way * way;
        }
    }
    for (strength, weight) in strength.iter_mut().zip(weights) {
        *strength = weight / *strength;
    }
    let sum = strength.iter().sum();
    (std::array::from_fn(|c| product(strength, &way[c])), sum)
}

/// The scalar product of numbers whose count is a multiple of [`LANES`].
#[inline(always)]
fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for l in 0..LANES {
            sums[l] += a[l] * b[l];
        }
    }
    sums.iter().sum()
}
