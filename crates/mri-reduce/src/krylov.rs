//! The leading eigenvectors of a large symmetric matrix.

use mri_core::ReduceError;
use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

use crate::linalg::{Eigen, product_f64, symmetric_eigen};
use crate::random::normal;

/// Up to this size all eigenvectors are computed, which takes a millisecond or two and cannot fail.
/// Beyond it a few leading ones come sooner from a Krylov space, of 300 already several times so.
const FULL: usize = 128;

/// Extra columns of the block beyond the eigenvectors wanted. They carry along the eigenvalues just
/// below, whose closeness would slow the wanted ones down.
const EXTRA: usize = 8;

/// Multiplications before the result is looked at. Fewer are wrong on real activations, whose spectra
/// decay slowly.
const STEPS: usize = 8;

/// How far a vector may turn from the eigenvector (the sine of the angle, bounded by residual over
/// gap) before the result is refused: well under what points in `f32` can show.
const ANGLE: f64 = 1e-8;

/// At least the `k` largest eigenvalues of a positive semidefinite matrix, and their eigenvectors.
///
/// Beyond [`FULL`] rows from a block Krylov space with Rayleigh-Ritz (Musco & Musco 2015 for the
/// method; here without randomised accuracy: a result whose residuals do not prove it is improved,
/// and failing that the full decomposition takes its place).
pub(crate) fn leading_eigen(a: &Array2<f64>, k: usize) -> Result<Eigen, ReduceError> {
    let krylov = if a.nrows() > FULL {
        block_krylov(a, k)?
    } else {
        None
    };
    krylov.map_or_else(|| symmetric_eigen(a), Ok)
}

/// `None` where the residuals do not prove the result.
fn block_krylov(a: &Array2<f64>, k: usize) -> Result<Option<Eigen>, ReduceError> {
    let n = a.nrows();
    let width = k + EXTRA;
    // Any fixed start will do that is not orthogonal to an eigenvector.
    let start = Array2::from_shape_fn((n, width), |(i, j)| normal(0x5EED, (i * width + j) as u64));
    let mut basis = Array2::<f64>::zeros((n, 0));
    let mut images = Array2::<f64>::zeros((n, 0));
    let mut block = orthonormalised(start, basis.view());
    let mut steps = STEPS;
    // A basis of a third of the space costs as much as the full decomposition.
    while block.ncols() > 0 && basis.ncols() + block.ncols() <= n / 3 {
        let image = product_f64(a.view(), block.view());
        basis = beside(&basis, &block);
        images = beside(&images, &image);
        steps -= 1;
        if steps == 0 {
            let (eigen, proven) = rayleigh_ritz(&basis, &images, k)?;
            if proven {
                return Ok(Some(eigen));
            }
            steps = STEPS;
        }
        block = orthonormalised(image, basis.view());
    }
    if block.ncols() == 0 && basis.ncols() >= k {
        // The space is closed under `a`: what is left out has eigenvalue 0 or was never reached, and
        // only the residuals can tell.
        let (eigen, proven) = rayleigh_ritz(&basis, &images, k)?;
        return Ok(proven.then_some(eigen));
    }
    Ok(None)
}

fn beside(left: &Array2<f64>, right: &Array2<f64>) -> Array2<f64> {
    // Both have n rows, so this cannot fail.
    concatenate(Axis(1), &[left.view(), right.view()]).unwrap_or_else(|_| left.clone())
}

/// The best approximations of eigenvectors in the span of `basis`, and whether the residuals prove
/// the first `k` of them.
fn rayleigh_ritz(
    basis: &Array2<f64>,
    images: &Array2<f64>,
    k: usize,
) -> Result<(Eigen, bool), ReduceError> {
    let small = product_f64(basis.t(), images.view());
    let small = (&small + &small.t()) / 2.0;
    let Eigen { values, vectors } = symmetric_eigen(&small)?;
    let wanted = vectors.slice(s![.., ..k]);
    let found = product_f64(basis.view(), wanted);
    let images = product_f64(images.view(), wanted);
    let largest = values[0].abs().max(f64::MIN_POSITIVE);
    // What rounding leaves of a residual, whatever the number of steps.
    let rounding = 1e-15 * largest * (basis.nrows() as f64).sqrt();
    let proven = (0..k).all(|i| {
        let residual = &images.column(i) - &(values[i] * &found.column(i));
        let residual = residual.dot(&residual).sqrt();
        let above = i
            .checked_sub(1)
            .map_or(f64::INFINITY, |j| values[j] - values[i]);
        let below = values
            .get(i + 1)
            .map_or(f64::INFINITY, |next| values[i] - next);
        residual <= (ANGLE * above.min(below)).max(rounding)
    });
    let eigen = Eigen {
        values: values[..k].to_vec(),
        vectors: found,
    };
    Ok((eigen, proven))
}

/// The columns of `block` made orthonormal to each other and to `basis`; columns that lie in the
/// span already are dropped.
fn orthonormalised(mut block: Array2<f64>, basis: ArrayView2<'_, f64>) -> Array2<f64> {
    let lengths: Vec<f64> = block.columns().into_iter().map(norm).collect();
    // Twice is enough (Kahan and Parlett).
    for _ in 0..2 {
        if basis.ncols() > 0 {
            let along = product_f64(basis.t(), block.view());
            block -= &product_f64(basis, along.view());
        }
    }
    let mut kept: Vec<Array1<f64>> = Vec::with_capacity(block.ncols());
    for (column, before) in block.columns().into_iter().zip(lengths) {
        let mut column = column.to_owned();
        for _ in 0..2 {
            for other in &kept {
                let along = column.dot(other);
                column.scaled_add(-along, other);
            }
        }
        let length = norm(column.view());
        if length > 1e-12 * before {
            column /= length;
            // Dividing by a short length enlarges what was left along the basis.
            if length < 1e-4 * before && basis.ncols() > 0 {
                let along = basis.t().dot(&column);
                column -= &basis.dot(&along);
                let length = norm(column.view());
                column /= length;
            }
            kept.push(column);
        }
    }
    let mut out = Array2::zeros((block.nrows(), kept.len()));
    for (mut to, column) in out.columns_mut().into_iter().zip(&kept) {
        to.assign(column);
    }
    out
}

fn norm(x: ndarray::ArrayView1<'_, f64>) -> f64 {
    x.dot(&x).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Q·diag(values)·Qᵀ` and `Q`, a product of three random reflections.
    fn with_spectrum(values: &[f64]) -> (Array2<f64>, Array2<f64>) {
        let n = values.len();
        let mut q = Array2::<f64>::eye(n);
        for reflection in 0..3 {
            let u = Array1::from_shape_fn(n, |i| normal(7 + reflection, i as u64));
            let u = &u / norm(u.view());
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
        let eigen = block_krylov(&a, k).unwrap().expect(what);
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
        assert!(block_krylov(&a, 2).unwrap().is_none());
        let full = symmetric_eigen(&a).unwrap();
        assert!((full.values[0] - 1.0).abs() < 1e-12);
    }
}
