use ndarray::Array2;

use super::problem::Problem;
use crate::block::BLOCK_VECTORS;
use crate::linalg::Eigen;

/// How far a vector may turn from the eigenvector (the sine of the angle, bounded by residual over
/// gap) before the result is refused: well under what points in `f32` can show.
const ANGLE: f64 = 1e-8;

/// The chance, over the draw of the start, that an eigenvalue was missed and nobody saw it.
const CHANCE: f64 = 1e-9;

/// An eigenvalue below this share of the largest is rounding.
pub(crate) const NEGLIGIBLE: f64 = 1e-12;

/// The best approximations of eigenvectors in a space.
pub(super) struct Ritz {
    /// All values in descending order.
    pub(super) values: Vec<f64>,
    /// The vectors of the first `k`.
    pub(super) vectors: Vec<Vec<f64>>,
    /// Their residuals' lengths.
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

/// What a look at a [`Ritz`] says.
pub(super) struct Verdict {
    pub(super) proven: bool,
    /// The logarithm of the largest residual, as a multiple of what it may be.
    pub(super) excess: f64,
    /// Steps after which it can be said that no eigenvalue was missed, as it looks now.
    pub(super) steps: usize,
}

/// Judges the first `k` vectors after so many steps; `closed` if the space is all that its start can
/// reach. See [`leading`](super::leading) for the reasons.
pub(super) fn judge(problem: &Problem, ritz: &Ritz, steps: usize, closed: bool) -> Verdict {
    let (k, n) = (ritz.vectors.len(), problem.width as f64);
    let values = &ritz.values;
    let (largest, last) = (values[0].abs().max(f64::MIN_POSITIVE), values[k - 1]);
    let slack = 1e-12 * problem.trace;
    let left = |found: &[f64]| (problem.trace - found.iter().sum::<f64>()).max(0.0) + slack;
    // The largest eigenvalue that the space holds beyond the first k, and a bound on what it misses.
    let next = values.get(k).copied().unwrap_or(0.0);
    let complete = closed && left(values) <= 2.0 * slack;
    // The missed one is the largest left of at most k + 1 sets of eigenvectors.
    let chance = (CHANCE / (k as f64 + 1.0)).ln() / BLOCK_VECTORS as f64;
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
            let allowed = (ANGLE * above.min(below)).max(rounding(values[i], largest, n));
            // Residuals of 0 are allowed to be 0.
            (ritz.residuals[i].max(f64::MIN_POSITIVE) / allowed.max(f64::MIN_POSITIVE)).ln()
        };
        (0..k).map(excess).fold(f64::NEG_INFINITY, f64::max)
    };
    let needed = match left(&values[..k]) < last {
        true => 0.0,
        false => exponent / (1.0 - next / last).max(1e-9).sqrt(),
    };
    Verdict {
        proven: none_missed && excess(bound) <= 0.0,
        excess: excess(bound.min(next)).max(0.0),
        steps: (0.5 * (needed + 1.0)).ceil() as usize,
    }
}

/// What rounding leaves of a residual, whatever the number of steps.
///
/// It grows with the factors of which the matrix is a product, one of the vector's size and one of
/// the largest. A vector of negligible eigenvalue is anyone's.
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
        judge(&problem, &ritz, steps, false).proven
    }

    #[test]
    fn nothing_is_proven_before_a_miss_is_unlikely() {
        // A missed eigenvalue of 0.5, 0.3 being found, has ε = 0.4: one start of 400 entries misses
        // it with a chance of 1.648·20·exp(−√0.4·(2q − 1)), 8.9e-3 after 7 steps and 2.5e-3 after 8;
        // four starts and one of three sets of vectors with 1.9e-8 and 1.2e-10.
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
