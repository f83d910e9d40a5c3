//! The one file that names faer or LAPACK.
//!
//! Products are bit-identical on any number of threads; eigenvalue solvers are not, so they run on
//! one thread, and callers parallelize over layers.

use mri_core::ReduceError;
use ndarray::{Array2, ArrayView2};

/// Eigenvalues in descending order, and the eigenvectors as the columns of a matrix.
pub(crate) struct Eigen {
    pub(crate) values: Vec<f64>,
    pub(crate) vectors: Array2<f64>,
}

/// All eigenvalues and eigenvectors of a symmetric matrix.
pub(crate) fn symmetric_eigen(a: &Array2<f64>) -> Result<Eigen, ReduceError> {
    #[cfg(feature = "lapack")]
    return with_lapack::symmetric_eigen(a);
    #[cfg(not(feature = "lapack"))]
    with_faer::symmetric_eigen(a)
}

/// `xᵀ·x` of a row-major matrix of `width` columns: the lower triangle, row by row; the
/// rest is 0.
pub(crate) fn gram_lower(x: &[f64], width: usize) -> Vec<f64> {
    with_faer::gram_lower(x, width)
}

/// `a·b` in `f64`.
pub(crate) fn product_f64(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    with_faer::product(a, b)
}

/// `a·bᵀ` in `f32`, of row-major matrices of `width` columns, on the calling thread.
pub(crate) fn products_f32(a: &[f32], b: &[f32], width: usize, out: &mut [f32]) {
    with_faer::products_f32(a, b, width, out);
}

mod with_faer {
    use faer::diag::DiagMut;
    use faer::dyn_stack::{MemBuffer, MemStack};
    use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
    use faer::linalg::matmul::matmul;
    use faer::linalg::matmul::triangular::{self, BlockStructure};
    use faer::{Accum, Mat, MatMut, MatRef, Par};
    use mri_core::ReduceError;
    use ndarray::{Array2, ArrayView2};

    use super::Eigen;

    #[cfg_attr(
        feature = "lapack",
        allow(dead_code, reason = "the tests compare it with LAPACK's")
    )]
    pub(super) fn symmetric_eigen(a: &Array2<f64>) -> Result<Eigen, ReduceError> {
        let n = a.nrows();
        let params = faer::Spec::default();
        let scratch =
            self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, params);
        let mut memory = MemBuffer::new(scratch);
        let mut values = vec![0.0; n];
        let mut vectors = Mat::<f64>::zeros(n, n);
        let standard = a.as_standard_layout();
        let slice = standard.as_slice().unwrap_or(&[]);
        self_adjoint_evd(
            MatRef::from_row_major_slice(slice, n, n),
            DiagMut::from_slice_mut(&mut values),
            Some(vectors.as_mut()),
            Par::Seq,
            MemStack::new(&mut memory),
            params,
        )
        .map_err(|_| ReduceError::NoConvergence {
            what: "the eigenvalue decomposition",
        })?;
        // faer sorts ascending.
        values.reverse();
        let vectors = Array2::from_shape_fn((n, n), |(i, j)| vectors[(i, n - 1 - j)]);
        Ok(Eigen { values, vectors })
    }

    pub(super) fn gram_lower(x: &[f64], width: usize) -> Vec<f64> {
        let mut out = vec![0.0; width * width];
        let x = MatRef::from_row_major_slice(x, x.len() / width.max(1), width);
        triangular::matmul(
            MatMut::from_row_major_slice_mut(&mut out, width, width),
            BlockStructure::TriangularLower,
            Accum::Replace,
            x.transpose(),
            BlockStructure::Rectangular,
            x,
            BlockStructure::Rectangular,
            1.0,
            Par::rayon(0),
        );
        out
    }

    pub(super) fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
        let (rows, columns) = (a.nrows(), b.ncols());
        let mut out = Array2::zeros((rows, columns));
        if let Some(slice) = out.as_slice_mut() {
            let to = MatMut::from_row_major_slice_mut(slice, rows, columns);
            with_ref(a, |a| {
                with_ref(b, |b| {
                    matmul(to, Accum::Replace, a, b, 1.0, Par::rayon(0));
                });
            });
        }
        out
    }

    pub(super) fn products_f32(a: &[f32], b: &[f32], width: usize, out: &mut [f32]) {
        let (rows, columns) = (a.len() / width.max(1), b.len() / width.max(1));
        matmul(
            MatMut::from_row_major_slice_mut(out, rows, columns),
            Accum::Replace,
            MatRef::from_row_major_slice(a, rows, width),
            MatRef::from_row_major_slice(b, columns, width).transpose(),
            1.0,
            Par::Seq,
        );
    }

    /// Passes a view as faer's type; copies it only if both rows and columns are strided.
    fn with_ref<R>(a: ArrayView2<'_, f64>, f: impl FnOnce(MatRef<'_, f64>) -> R) -> R {
        let (rows, columns) = a.dim();
        if let Some(slice) = a.to_slice() {
            return f(MatRef::from_row_major_slice(slice, rows, columns));
        }
        if let Some(slice) = a.reversed_axes().to_slice() {
            return f(MatRef::from_column_major_slice(slice, rows, columns));
        }
        let copy = a.as_standard_layout().into_owned();
        f(MatRef::from_row_major_slice(
            copy.as_slice().unwrap_or(&[]),
            rows,
            columns,
        ))
    }
}

#[cfg(feature = "lapack")]
mod with_lapack {
    use mri_core::ReduceError;
    use ndarray::{Array2, s};
    use ndarray_linalg::{Eigh, UPLO};

    use super::Eigen;

    pub(super) fn symmetric_eigen(a: &Array2<f64>) -> Result<Eigen, ReduceError> {
        // LAPACK sorts ascending.
        let (values, vectors) = a
            .eigh(UPLO::Lower)
            .map_err(|_| ReduceError::NoConvergence {
                what: "LAPACK's eigenvalue decomposition",
            })?;
        let mut values = values.to_vec();
        values.reverse();
        Ok(Eigen {
            values,
            vectors: vectors.slice(s![.., ..;-1]).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A symmetric matrix without any structure, from a little linear congruential generator.
    fn symmetric(n: usize) -> Array2<f64> {
        let mut state = 12345_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
        };
        let a = Array2::from_shape_simple_fn((n, n), &mut next);
        &a + &a.t()
    }

    #[test]
    fn eigenvectors_rebuild_the_matrix() {
        for n in [1, 2, 7, 50] {
            let a = symmetric(n);
            let Eigen { values, vectors } = symmetric_eigen(&a).unwrap();
            assert!(values.windows(2).all(|w| w[0] >= w[1]), "descending");
            let scaled = &vectors * &ndarray::Array1::from(values);
            let rebuilt = product_f64(scaled.view(), vectors.t());
            assert!((rebuilt - &a).iter().all(|d| d.abs() < 1e-12 * n as f64));
            let identity = product_f64(vectors.t(), vectors.view()) - Array2::<f64>::eye(n);
            assert!(identity.iter().all(|d| d.abs() < 1e-12 * n as f64));
        }
    }

    #[test]
    fn products_equal_sums_over_any_layout() {
        let (a, b) = (symmetric(6), symmetric(9));
        let (a, b) = (
            a.slice(ndarray::s![..;2, 1..5]),
            b.slice(ndarray::s![2..6, ..;3]),
        );
        let expected = Array2::from_shape_fn((3, 3), |(i, j)| {
            (0..4).map(|k| a[(i, k)] * b[(k, j)]).sum::<f64>()
        });
        assert!(
            (product_f64(a, b) - expected)
                .iter()
                .all(|d| d.abs() < 1e-14)
        );
    }

    #[test]
    fn the_lower_triangle_of_a_gram_matrix() {
        let a = symmetric(30);
        let x = a
            .slice(ndarray::s![..17, ..])
            .as_standard_layout()
            .into_owned();
        let expected = x.t().dot(&x);
        let lower = gram_lower(x.as_slice().unwrap(), 30);
        for i in 0..30 {
            for j in 0..30 {
                let target = if j <= i { expected[(i, j)] } else { 0.0 };
                assert!((lower[i * 30 + j] - target).abs() < 1e-13);
            }
        }
    }

    #[cfg(feature = "lapack")]
    #[test]
    fn faer_and_lapack_agree() {
        let a = symmetric(40);
        let ours = with_faer::symmetric_eigen(&a).unwrap();
        let theirs = with_lapack::symmetric_eigen(&a).unwrap();
        for (x, y) in ours.values.iter().zip(&theirs.values) {
            assert!((x - y).abs() < 1e-12);
        }
        let overlap = product_f64(ours.vectors.t(), theirs.vectors.view());
        assert!(overlap.diag().iter().all(|d| (d.abs() - 1.0).abs() < 1e-9));
    }
}
