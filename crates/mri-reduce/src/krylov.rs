//! A few leading eigenvectors of a positive semidefinite matrix that is known by its products with
//! vectors, and the proof that they are the leading ones.

use mri_core::ReduceError;
use ndarray::{Array2, ArrayView2};

use crate::eight::LANES;
use crate::linalg::{Eigen, symmetric_eigen};
use crate::quad::{Four, Padded, QUAD, Quad, add_rows, times};
use crate::random::normal;

/// Up to this size all eigenvectors are computed, which takes a millisecond or two and cannot fail.
/// Beyond it a few leading ones come sooner from a Krylov space, of 300 already several times so.
pub(crate) const FULL: usize = 128;

/// A Krylov space is left at this share of the whole space: by then forming the matrix and all its
/// eigenvectors would have cost as much.
pub(crate) const SHARE: usize = 3;

/// How far a vector may turn from the eigenvector (the sine of the angle, bounded by residual over
/// gap) before the result is refused: well under what points in `f32` can show.
const ANGLE: f64 = 1e-8;

/// The chance, over the draw of the start, that an eigenvalue was missed and nobody saw it.
const CHANCE: f64 = 1e-12;

/// An eigenvalue below this share of the largest is rounding.
pub(crate) const NEGLIGIBLE: f64 = 1e-12;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem {
    /// Rows of the matrix.
    pub(crate) width: usize,
    /// How many eigenvectors.
    pub(crate) components: usize,
    /// The sum of all eigenvalues.
    pub(crate) trace: f64,
    /// Multiplications that one product with a vector takes.
    pub(crate) work: usize,
    /// Blocks of vectors to multiply with before giving up.
    pub(crate) steps: usize,
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

/// [`leading`] of a matrix that is at hand.
fn leading_of(a: &Array2<f64>, k: usize) -> Result<Option<Eigen>, ReduceError> {
    let n = a.nrows();
    let problem = Problem {
        width: n,
        components: k,
        trace: a.diag().sum(),
        work: n * n,
        steps: n / (SHARE * QUAD),
    };
    let none = Padded::new(std::iter::repeat_n(0.0, n));
    leading(&problem, |by, _| {
        let mut image = Quad::zeros(n);
        let products = times(a.view(), &none, by);
        for v in 0..QUAD {
            let column: Vec<f64> = products.iter().map(|four| four[v]).collect();
            image.set(v, &column);
        }
        Ok(image)
    })
}

/// The `k` largest eigenvalues and their eigenvectors by a block Krylov space with Rayleigh-Ritz
/// (Cullum & Donath 1974; Golub & Underwood 1977), its basis made orthogonal in full; `None` where
/// the result cannot be proven within the steps allowed.
///
/// `product` multiplies four vectors with the matrix, and is told which block it is, from 0.
///
/// A result is taken only if two things hold.
///
/// - Each of its vectors is within [`ANGLE`] of an eigenvector: the residual over the gap to the
///   eigenvalues beside it bounds the sine (Davis & Kahan 1970). A residual that is rounding is
///   taken, too, since no other method would have a smaller one.
/// - No larger eigenvalue was missed. A random start misses one only by being all but orthogonal to
///   its eigenvector. By Kuczynski & Wozniakowski (1992, theorem 4.2) the largest eigenvalue λ and
///   what a start finds of it in `q` products, θ, are `θ < (1 − ε)·λ` with a probability of at most
///   `1.648·√n·exp(−√ε·(2q − 1))`, whatever the matrix; here for the matrix without the
///   eigenvectors already found, whose Krylov space the space contains, and for four independent
///   starts, all of which must fail. Turned around, that bounds the largest eigenvalue left for a
///   probability of [`CHANCE`]; the sum of all eigenvalues less those found bounds it for certain.
pub(crate) fn leading(
    problem: &Problem,
    mut product: impl FnMut(&Quad, usize) -> Result<Quad, ReduceError>,
) -> Result<Option<Eigen>, ReduceError> {
    let k = problem.components;
    let mut space = Space::new(problem.width);
    let mut block = space.start();
    let mut next_check = Schedule::new(problem);
    for step in 0..problem.steps {
        let image = product(&space.quad(&block), step)?;
        let along = space.extend(&block, &image);
        block = space.continued(image, along);
        let closed = block.is_empty();
        let last = closed || step + 1 == problem.steps;
        if space.len() < k || !(last || next_check.is_due(space.len())) {
            continue;
        }
        let ritz = space.ritz(k)?;
        if proven(problem, &ritz, step + 1, closed) {
            return Ok(Some(ritz.eigen(problem.width)));
        }
        if closed {
            break;
        }
    }
    Ok(None)
}

/// When to look at the result, which takes the eigenvectors of a small matrix: whenever the products
/// since the last look have cost as much.
struct Schedule {
    work: usize,
    done: usize,
}

impl Schedule {
    fn new(problem: &Problem) -> Self {
        Self {
            work: problem.work,
            done: 0,
        }
    }

    /// To be asked once per block.
    fn is_due(&mut self, size: usize) -> bool {
        /// Multiplications of a product that take as long as one of the m³ of a decomposition,
        /// measured.
        const DEAR: usize = 10;
        self.done += QUAD * self.work;
        let due = self.done >= DEAR * size.pow(3);
        if due {
            self.done = 0;
        }
        due
    }
}

/// The best approximations of eigenvectors in a space.
struct Ritz {
    /// All values in descending order.
    values: Vec<f64>,
    /// The vectors of the first `k`.
    vectors: Vec<Vec<f64>>,
    /// Their residuals' lengths.
    residuals: Vec<f64>,
}

impl Ritz {
    fn eigen(self, width: usize) -> Eigen {
        let k = self.vectors.len();
        Eigen {
            values: self.values[..k].to_vec(),
            vectors: Array2::from_shape_fn((width, k), |(i, j)| self.vectors[j][i]),
        }
    }
}

/// Whether the `k` vectors are proven; `closed` if the space is all that its start can reach.
fn proven(problem: &Problem, ritz: &Ritz, steps: usize, closed: bool) -> bool {
    let (k, n) = (ritz.vectors.len(), problem.width as f64);
    let values = &ritz.values;
    let largest = values[0].abs().max(f64::MIN_POSITIVE);
    // What rounding leaves of a residual, whatever the number of steps: it grows with the factors of
    // which the matrix is a product, one of the vector's size and one of the largest. A vector of
    // negligible eigenvalue is anyone's.
    let rounding = |value: f64| {
        let share = if value > NEGLIGIBLE * largest {
            value / largest
        } else {
            1.0
        };
        1e-15 * n.sqrt() * largest * share.sqrt()
    };
    let slack = 1e-12 * problem.trace;
    let left = |found: &[f64]| (problem.trace - found.iter().sum::<f64>()).max(0.0) + slack;
    // The largest eigenvalue that is not among the first k.
    let next = values.get(k).copied().unwrap_or(0.0);
    let complete = closed && left(values) <= 2.0 * slack;
    let below = if complete {
        next
    } else {
        // The missed one is the largest left of at most k + 1 sets of eigenvectors.
        let chance = (CHANCE / (k as f64 + 1.0)).ln() / QUAD as f64;
        let root = ((1.648 * n.sqrt()).ln() - chance) / (2.0 * steps as f64 - 1.0);
        let by_chance = if root < 1.0 && values.len() > k {
            next / (1.0 - root * root)
        } else {
            f64::INFINITY
        };
        by_chance.min(left(&values[..k]))
    };
    let none_missed = complete || below < values[k - 1] || below <= NEGLIGIBLE * largest;
    none_missed
        && (0..k).all(|i| {
            let above = i
                .checked_sub(1)
                .map_or(f64::INFINITY, |j| values[j] - values[i]);
            let below = values[i] - if i + 1 < k { values[i + 1] } else { below };
            ritz.residuals[i] <= (ANGLE * above.min(below)).max(rounding(values[i]))
        })
}

/// A Krylov space: an orthonormal basis, and what the matrix makes of it.
struct Space {
    width: usize,
    /// The width up to whole groups of eight.
    stride: usize,
    none: Padded,
    /// Vectors one after the other, and their images.
    basis: Vec<f64>,
    images: Vec<f64>,
    /// The products of each image with the basis up to its own vector: the lower triangle of the
    /// matrix as the space sees it.
    inner: Vec<Vec<f64>>,
    /// The length of the longest image.
    scale: f64,
}

impl Space {
    fn new(width: usize) -> Self {
        let stride = width.next_multiple_of(LANES);
        Self {
            width,
            stride,
            none: Padded::new(std::iter::repeat_n(0.0, stride)),
            basis: Vec::new(),
            images: Vec::new(),
            inner: Vec::new(),
            scale: 0.0,
        }
    }

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn rows<'a>(&self, of: &'a [f64]) -> ArrayView2<'a, f64> {
        let shape = (of.len() / self.stride, self.stride);
        // Whole rows, so this cannot fail.
        ArrayView2::from_shape(shape, of).unwrap_or_else(|_| ArrayView2::from(&[[]; 0]))
    }

    fn quad(&self, block: &[Vec<f64>]) -> Quad {
        Quad::of(self.stride, block.iter().map(Vec::as_slice))
    }

    fn vectors(&self, quad: &Quad, count: usize) -> Vec<Vec<f64>> {
        let vector = |v| {
            let mut to = vec![0.0; self.stride];
            quad.get(v, &mut to);
            to
        };
        (0..count).map(vector).collect()
    }

    /// Four random directions: of equal chance, as the proof wants them, and the same in every run.
    fn start(&self) -> Vec<Vec<f64>> {
        let vector = |v: usize| {
            let entry = |i: usize| match i < self.width {
                true => normal(0x5EED, (i * QUAD + v) as u64),
                false => 0.0,
            };
            (0..self.stride).map(entry).collect()
        };
        orthonormal((0..QUAD).map(vector).collect(), 0.0)
    }

    /// Takes a block into the basis and returns the image's products with all of the basis.
    fn extend(&mut self, block: &[Vec<f64>], image: &Quad) -> Vec<Four> {
        let before = self.len();
        block.iter().for_each(|vector| self.basis.extend(vector));
        for vector in self.vectors(image, block.len()) {
            self.scale = self.scale.max(length(&vector));
            self.images.extend(vector);
        }
        let along = times(self.rows(&self.basis), &self.none, image);
        for v in 0..block.len() {
            let products = along[..=before + v].iter().map(|four| four[v]);
            self.inner.push(products.collect());
        }
        along
    }

    /// The image made orthonormal to itself and to the basis, without what lies in the span already.
    fn continued(&self, mut image: Quad, along: Vec<Four>) -> Vec<Vec<f64>> {
        /// What rounding leaves of an image that lies in the span.
        const ROUNDING: f64 = 1e-13;
        self.take_away(&mut image, along);
        let mut block = orthonormal(self.vectors(&image, QUAD), ROUNDING * self.scale);
        // Twice is enough (Kahan and Parlett): the second time only rounding is taken away, unless
        // rounding was all there was.
        let mut again = self.quad(&block);
        let along = times(self.rows(&self.basis), &self.none, &again);
        self.take_away(&mut again, along);
        block = self.vectors(&again, block.len());
        orthonormal(block, 0.5)
    }

    fn take_away(&self, from: &mut Quad, mut along: Vec<Four>) {
        along
            .iter_mut()
            .flatten()
            .for_each(|number| *number = -*number);
        add_rows(self.rows(&self.basis), &self.none, &mut along, from);
    }

    fn ritz(&self, k: usize) -> Result<Ritz, ReduceError> {
        let m = self.len();
        let small = Array2::from_shape_fn((m, m), |(i, j)| self.inner[i.max(j)][i.min(j)]);
        let Eigen { values, vectors } = symmetric_eigen(&small)?;
        let combined = |of: &[f64], from: usize| {
            let number =
                |j| std::array::from_fn(|v| vectors.get((j, from + v)).map_or(0.0, |&y| y));
            let mut numbers: Vec<Four> = (0..m).map(number).collect();
            let mut to = Quad::zeros(self.stride);
            add_rows(self.rows(of), &self.none, &mut numbers, &mut to);
            to
        };
        let (mut found, mut residuals) = (Vec::with_capacity(k), Vec::with_capacity(k));
        for from in (0..k).step_by(QUAD) {
            let count = QUAD.min(k - from);
            let vectors = self.vectors(&combined(&self.basis, from), count);
            let mut residual = self.vectors(&combined(&self.images, from), count);
            for (v, vector) in vectors.iter().enumerate() {
                let pairs = residual[v].iter_mut().zip(vector);
                pairs.for_each(|(r, u)| *r -= values[from + v] * u);
            }
            // A residual has no part along the basis but the rounding of long images.
            let mut residual = self.quad(&residual);
            let along = times(self.rows(&self.basis), &self.none, &residual);
            self.take_away(&mut residual, along);
            residuals.extend(self.vectors(&residual, count).iter().map(|r| length(r)));
            found.extend(vectors);
        }
        Ok(Ritz {
            values,
            vectors: found,
            residuals,
        })
    }
}

/// The vectors made orthonormal in their order; those of which no more than `floor` is left are
/// dropped.
fn orthonormal(vectors: Vec<Vec<f64>>, floor: f64) -> Vec<Vec<f64>> {
    let mut kept: Vec<Vec<f64>> = Vec::with_capacity(vectors.len());
    for mut vector in vectors {
        for other in &kept {
            let along = dot(&vector, other);
            let pairs = vector.iter_mut().zip(other);
            pairs.for_each(|(v, o)| *v -= along * o);
        }
        let length = length(&vector);
        if length > floor {
            vector.iter_mut().for_each(|v| *v /= length);
            kept.push(vector);
        }
    }
    kept
}

/// The scalar product, in eight running sums that the compiler keeps in vector registers.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a, rest_a) = a.as_chunks::<LANES>();
    let (b, rest_b) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        (0..LANES).for_each(|l| sums[l] += a[l] * b[l]);
    }
    let rest = rest_a.iter().zip(rest_b).map(|(a, b)| a * b);
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

fn length(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::linalg::product_f64;

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
        // Equal eigenvalues have no directions of their own, and a flat spectrum needs the whole space.
        let flat: Vec<f64> = (0..300).map(|i| 1.0 - 1e-9 * f64::from(i)).collect();
        let (a, _) = with_spectrum(&flat);
        assert!(leading_of(&a, 2).unwrap().is_none());
        let full = symmetric_eigen(&a).unwrap();
        assert!((full.values[0] - 1.0).abs() < 1e-12);
    }
}
