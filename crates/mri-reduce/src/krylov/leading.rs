use mri_core::ReduceError;
use ndarray::Array2;

use super::problem::Problem;
use super::proof::{Convergence, assess};
use super::space::Space;
use crate::block::{BLOCK_VECTORS, PaddedVec, VectorBlock, times};
use crate::linalg::{Eigen, symmetric_eigen};

/// Up to this size all eigenvectors are computed, which takes a millisecond or two. Beyond it a
/// Krylov space finds a few leading ones faster, at 300 already several times.
pub(crate) const FULL: usize = 128;

/// The limit of block products for a matrix of `rows` rows: half the space, or 64. Beyond it all
/// eigenvectors of a small matrix are as cheap, and so is the covariance of rows.
pub(crate) fn most_steps(rows: usize) -> usize {
    (rows / (2 * BLOCK_VECTORS)).min(64)
}

/// The `k` largest eigenvalues of a positive semidefinite matrix, and their eigenvectors: from a
/// Krylov space where its result can be proven, else all of them.
pub(crate) fn leading_eigen(a: &Array2<f64>, k: usize) -> Result<Eigen, ReduceError> {
    let krylov = match a.nrows() > FULL {
        true => leading_of(a, k)?,
        false => None,
    };
    krylov.map_or_else(|| symmetric_eigen(a), Ok)
}

/// [`leading`] of a matrix in memory.
fn leading_of(a: &Array2<f64>, k: usize) -> Result<Option<Eigen>, ReduceError> {
    let n = a.nrows();
    let problem = Problem {
        width: n,
        components: k,
        trace: a.diag().sum(),
        work: n * n,
        steps: most_steps(n),
    };
    let none = PaddedVec::new(std::iter::repeat_n(0.0, n));
    leading(&problem, |by, _| {
        let mut image = VectorBlock::zeros(n);
        let products = times(a.view(), &none, by);
        for v in 0..BLOCK_VECTORS {
            let column: Vec<f64> = products.iter().map(|four| four[v]).collect();
            image.set(v, &column);
        }
        Ok(image)
    })
}

/// The `k` largest eigenvalues and their eigenvectors by a block Krylov space with Rayleigh-Ritz
/// (Cullum & Donath 1974; Golub & Underwood 1977), with full reorthogonalization; `None` if the
/// result cannot be proven within the steps allowed.
///
/// `product` multiplies four vectors with the matrix; its second argument is the index of the
/// block.
///
/// A result is accepted only if two conditions hold.
///
/// - Each of its vectors is within [`MAX_SINE`](super::proof::MAX_SINE) of an eigenvector: the
///   residual over the gap to the neighboring eigenvalues bounds the sine (Davis & Kahan 1970). A
///   residual at the level of rounding is accepted, too.
/// - No larger eigenvalue was missed. A random start misses one only if it is nearly orthogonal to
///   its eigenvector. By Kuczynski & Wozniakowski (1992, theorem 4.2) the estimate θ of the largest
///   eigenvalue λ after `q` products satisfies `θ < (1 − ε)·λ` with a probability of at most
///   `1.648·√n·exp(−√ε·(2q − 1))`, whatever the matrix; here for the matrix deflated by the
///   eigenvectors found, whose Krylov space is contained in the space, and for four independent
///   starts, all of which must fail. Solved for λ, this bounds the largest eigenvalue left with a
///   probability of [`FAILURE_PROBABILITY`](super::proof::FAILURE_PROBABILITY); the sum of all
///   eigenvalues less those found is a certain bound.
pub(crate) fn leading(
    problem: &Problem,
    mut product: impl FnMut(&VectorBlock, usize) -> Result<VectorBlock, ReduceError>,
) -> Result<Option<Eigen>, ReduceError> {
    let k = problem.components;
    let mut space = Space::new(problem.width);
    let mut block = space.start();
    let mut schedule = Schedule::new(problem);
    for step in 1..=problem.steps {
        let image = product(&space.quad(&block), step - 1)?;
        let along = space.extend(&block, &image);
        block = space.continued(image, along);
        let closed = block.is_empty();
        let last = closed || step == problem.steps;
        if space.len() < k || !(last || schedule.is_due(step, space.len())) {
            continue;
        }
        let ritz = space.ritz(k)?;
        let convergence = assess(problem, &ritz, step, closed);
        if convergence.proven {
            return Ok(Some(ritz.eigen(problem.width)));
        }
        if closed {
            break;
        }
        schedule.tested(step, &convergence);
    }
    Ok(None)
}

/// When to test for convergence, which takes the eigenvectors of a small matrix.
struct Schedule {
    work: usize,
    /// The step of the last test and the excess it found.
    last: Option<(usize, f64)>,
    /// The next step at which an expensive test is worthwhile.
    next: usize,
}

impl Schedule {
    fn new(problem: &Problem) -> Self {
        /// The first test.
        const FIRST: usize = 4;
        Self {
            work: problem.work,
            last: None,
            next: FIRST,
        }
    }

    /// Whether to test after this step, with `size` vectors in the space.
    fn is_due(&self, step: usize, size: usize) -> bool {
        /// A decomposition of a matrix of `m` rows takes as long as 12·`m³` multiplications of a
        /// step (measured), and a test may cost a tenth of a step at any time.
        const EXPENSIVE: usize = 10 * 12;
        step >= self.next || EXPENSIVE * size.pow(3) <= BLOCK_VECTORS * self.work
    }

    /// Residuals shrink at a steady rate or faster: the next test is a little before they would be
    /// small enough at the last rate.
    fn tested(&mut self, step: usize, convergence: &Convergence) {
        let wait = match self.last {
            Some((before, excess)) if excess > convergence.excess => {
                let rate = (excess - convergence.excess) / (step - before) as f64;
                (0.8 * convergence.excess / rate) as usize
            }
            _ => 2,
        };
        self.last = Some((step, convergence.excess));
        // Early extrapolations may overshoot.
        let wanted = (step + wait).max(convergence.steps);
        self.next = wanted.clamp(step + 1, 2 * step);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::linalg::product_f64;
    use crate::random::normal;

    /// `Q·diag(values)·Qᵀ` and `Q`, a product of three random reflections.
    fn with_spectrum(values: &[f64]) -> (Array2<f64>, Array2<f64>) {
        let n = values.len();
        let mut q = Array2::<f64>::eye(n);
        for reflection in 0..3 {
            let u = Array1::from_shape_fn(n, |i| normal(7 + reflection, i as u64));
            let u = &u / u.dot(&u).sqrt();
            let along = u.dot(&q);
            for (mut row, factor) in q.rows_mut().into_iter().zip(&u) {
                row.scaled_add(-2.0 * factor, &along);
            }
        }
        let scaled = &q * &Array1::from(values.to_vec());
        (product_f64(scaled.view(), q.t()), q)
    }

    fn check(values: &[f64], k: usize, what: &str) {
        let (a, q) = with_spectrum(values);
        let eigen = leading_of(&a, k).unwrap().expect(what);
        for i in 0..k {
            assert!(
                (eigen.values[i] - values[i]).abs() < 1e-12 * values[0],
                "{what}"
            );
            let cosine = eigen.vectors.column(i).dot(&q.column(i)).abs();
            assert!((1.0 - cosine).abs() < 1e-12, "{what}: {cosine}");
        }
    }

    #[test]
    fn the_leading_eigenvectors_are_exact() {
        let n = 1100_i32;
        let slow: Vec<f64> = (1..=n).map(|i| 1.0 / f64::from(i).powf(0.6)).collect();
        check(&slow, 2, "a slowly decaying spectrum");
        check(&slow, 5, "five of them");
        let mut massive = slow.clone();
        massive[..3].copy_from_slice(&[3e6, 2e6, 1e6]);
        check(&massive, 4, "three massive directions and one that is not");
        let mut low_rank = vec![0.0; 1100];
        low_rank[..6].copy_from_slice(&[9.0, 7.0, 5.0, 4.0, 2.0, 1.0]);
        check(&low_rank, 4, "rank six");
    }

    #[test]
    fn what_cannot_be_proven_is_refused() {
        // Equal eigenvalues have no directions of their own, and a flat spectrum needs the whole
        // space.
        let flat: Vec<f64> = (0..300).map(|i| 1.0 - 1e-9 * f64::from(i)).collect();
        let (a, _) = with_spectrum(&flat);
        assert!(leading_of(&a, 2).unwrap().is_none());
        let full = symmetric_eigen(&a).unwrap();
        assert!((full.values[0] - 1.0).abs() < 1e-12);
    }

    /// A matrix with the given eigenvalues, of which the first has `first` as its vector.
    fn with_first(values: &[f64], first: &Array1<f64>) -> Array2<f64> {
        // A reflection that takes the first unit vector to `first`.
        let n = values.len();
        let mut w = first.clone();
        w[0] -= 1.0;
        let w = &w / w.dot(&w).sqrt();
        let q = Array2::from_shape_fn((n, n), |(i, j)| {
            f64::from(u8::from(i == j)) - 2.0 * w[i] * w[j]
        });
        let scaled = &q * &Array1::from(values.to_vec());
        product_f64(scaled.view(), q.t())
    }

    #[test]
    fn an_eigenvector_that_the_start_hardly_holds_is_not_missed() {
        let n = 400;
        let mut values: Vec<f64> = (0..n).map(|i| 0.02 * 0.97_f64.powi(i)).collect();
        values[..3].copy_from_slice(&[1.05, 1.0, 0.5]);
        // Orthogonal to the start but for one part in a hundred million, about what rounding to f32
        // leaves of it.
        let mut first = Array1::from_shape_fn(n as usize, |i| normal(99, i as u64));
        let starts: Vec<_> = Space::new(n as usize)
            .start()
            .into_iter()
            .map(Array1::from)
            .collect();
        for _ in 0..2 {
            for start in &starts {
                let along = first.dot(start);
                first.scaled_add(-along, start);
            }
        }
        first /= first.dot(&first).sqrt();
        first.scaled_add(1e-8, &starts[0]);
        first /= first.dot(&first).sqrt();
        let a = with_first(&values, &first);
        let eigen = leading_of(&a, 2)
            .unwrap()
            .expect("two well separated eigenvalues");
        assert!((eigen.values[0] - 1.05).abs() < 1e-9, "{:?}", eigen.values);
        assert!((eigen.values[1] - 1.0).abs() < 1e-9, "{:?}", eigen.values);
    }

    #[test]
    fn equal_eigenvalues_are_all_found() {
        // More of them than vectors in a block, and more than are asked for.
        for copies in [2, 4, 6] {
            let mut values: Vec<f64> = (0..200).map(|i| 0.5 * 0.9_f64.powi(i)).collect();
            values[..copies].fill(3.0);
            let (a, _) = with_spectrum(&values);
            for k in [copies.min(2), copies, copies + 1] {
                let eigen = leading_eigen(&a, k).unwrap();
                for (i, (value, expected)) in eigen.values.iter().zip(&values).take(k).enumerate() {
                    assert!(
                        (value - expected).abs() < 1e-9,
                        "{copies} {k}: {value} for {expected}"
                    );
                    let v = eigen.vectors.column(i);
                    let residual = a.dot(&v) - *value * &v;
                    assert!(residual.dot(&residual).sqrt() < 1e-8);
                }
            }
        }
    }
}
