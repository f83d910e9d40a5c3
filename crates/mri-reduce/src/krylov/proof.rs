use ndarray::Array2;

use super::problem::Problem;
use crate::block::BLOCK_VECTORS;
use crate::linalg::Eigen;

/// The largest accepted sine of the angle to the eigenvector, bounded by residual over gap: well
/// below the resolution of points in `f32`.
pub(super) const MAX_SINE: f64 = 1e-8;

/// The accepted probability, over the random start, that an eigenvalue was missed.
pub(super) const FAILURE_PROBABILITY: f64 = 1e-9;

/// An eigenvalue below this share of the largest is rounding error.
pub(crate) const NEGLIGIBLE: f64 = 1e-12;

/// Ritz values and vectors: the best approximations of eigenvectors in a space.
pub(super) struct Ritz {
    /// All values in descending order.
    pub(super) values: Vec<f64>,
    /// The vectors of the first `k`.
    pub(super) vectors: Vec<Vec<f64>>,
    /// The norms of their residuals.
    pub(super) residuals: Vec<f64>,
}

impl Ritz {
    pub(super) fn eigen(self, width: usize) -> Eigen {
        let k = self.vectors.len();
        Eigen {
            values: self.values[..k].to_vec(),
            vectors: Array2::from_shape_fn((width, k), |(i, j)| self.vectors[j][i]),
        }
    }
}

/// The result of a convergence test.
pub(super) struct Convergence {
    pub(super) proven: bool,
    /// The logarithm of the largest ratio of a residual to its bound.
    pub(super) excess: f64,
    /// The estimated number of steps after which no eigenvalue can have been missed.
    pub(super) steps: usize,
}

/// Tests the first `k` vectors for convergence; `closed` if the space is invariant. See
/// [`leading`](super::leading) for the reasons.
pub(super) fn assess(problem: &Problem, ritz: &Ritz, steps: usize, closed: bool) -> Convergence {
    let (k, n) = (ritz.vectors.len(), problem.width as f64);
    let values = &ritz.values;
    let (largest, last) = (values[0].abs().max(f64::MIN_POSITIVE), values[k - 1]);
    let slack = 1e-12 * problem.trace;
    let left = |found: &[f64]| (problem.trace - found.iter().sum::<f64>()).max(0.0) + slack;
    // The largest eigenvalue that the space holds beyond the first k, and a bound on what it
    // misses.
    let next = values.get(k).copied().unwrap_or(0.0);
    let complete = closed && left(values) <= 2.0 * slack;
    // The missed one is the largest left of at most k + 1 sets of eigenvectors.
    let chance = (FAILURE_PROBABILITY / (k as f64 + 1.0)).ln() / BLOCK_VECTORS as f64;
    let exponent = (1.648 * n.sqrt()).ln() - chance;
    let root = exponent / (2.0 * steps as f64 - 1.0);
    let by_chance = if root < 1.0 && values.len() > k {
        next / (1.0 - root * root)
    } else {
        f64::INFINITY
    };
    let bound = match complete {
        true => next,
        false => by_chance.min(left(&values[..k])),
    };
    let none_missed = complete || bound < last || bound <= NEGLIGIBLE * largest;
    let excess = |bound: f64| {
        let excess = |i: usize| {
            let above = match i {
                0 => f64::INFINITY,
                _ => values[i - 1] - values[i],
            };
            let below = values[i] - if i + 1 < k { values[i + 1] } else { bound };
            let allowed = (MAX_SINE * above.min(below)).max(rounding(values[i], largest, n));
            // Residuals of 0 are allowed to be 0.
            (ritz.residuals[i].max(f64::MIN_POSITIVE) / allowed.max(f64::MIN_POSITIVE)).ln()
        };
        (0..k).map(excess).fold(f64::NEG_INFINITY, f64::max)
    };
    let needed = match left(&values[..k]) < last {
        true => 0.0,
        false => exponent / (1.0 - next / last).max(1e-9).sqrt(),
    };
    Convergence {
        proven: none_missed && excess(bound) <= 0.0,
        excess: excess(bound.min(next)).max(0.0),
        steps: (0.5 * (needed + 1.0)).ceil() as usize,
    }
}

/// The rounding error of a residual, whatever the number of steps.
///
/// It grows with the factors of which the matrix is a product, one of the vector's size and one of
/// the largest. A vector of negligible eigenvalue is arbitrary.
fn rounding(value: f64, largest: f64, n: f64) -> f64 {
    let share = match value > NEGLIGIBLE * largest {
        true => value / largest,
        false => 1.0,
    };
    1e-15 * n.sqrt() * largest * share.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proven(trace: f64, residual: f64, steps: usize) -> bool {
        let problem = Problem {
            width: 400,
            components: 2,
            trace,
            work: 1,
            steps: 64,
        };
        let ritz = Ritz {
            values: vec![1.0, 0.5, 0.3],
            vectors: vec![Vec::new(); 2],
            residuals: vec![0.0, residual],
        };
        assess(&problem, &ritz, steps, false).proven
    }

    #[test]
    fn nothing_is_proven_before_a_miss_is_unlikely() {
        // A missed eigenvalue of 0.5, 0.3 being found, has ε = 0.4: one start of 400 entries misses
        // it with a chance of 1.648·20·exp(−√0.4·(2q − 1)), 8.9e-3 after 7 steps and 2.5e-3 after
        // 8; four starts and one of three sets of vectors with 1.9e-8 and 1.2e-10.
        assert!(!proven(10.0, 0.0, 7) && proven(10.0, 0.0, 8));
        // A trace that leaves 0.35 leaves no room for it.
        assert!(proven(1.85, 0.0, 2) && !proven(2.05, 0.0, 2));
    }

    #[test]
    fn a_residual_is_held_against_the_gap() {
        // From 0.5 to what the trace leaves, 0.35.
        assert!(proven(1.85, 1.4e-9, 2) && !proven(1.85, 1.6e-9, 2));
    }
}
