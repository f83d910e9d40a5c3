use mri_core::ReduceError;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::check::{check_finite, check_size};
use crate::linalg::{product_f64, symmetric_eigen};
use crate::linear::orthonormal_rows;

/// The rotation or reflection, shift and scale that minimize the squared differences between two
/// sets of points (Schönemann 1966): `(x − from) · rotation · scale + to`.
#[derive(Debug, Clone, PartialEq)]
pub struct Procrustes {
    /// The mean of the fitted points.
    pub from: Array1<f64>,
    /// The mean of the target.
    pub to: Array1<f64>,
    /// An orthogonal matrix of shape (components, components), applied from the right.
    pub rotation: Array2<f64>,
    /// The scale; 1 if none was fitted.
    pub scale: f64,
    /// The residual: the sum of squared differences after the best rotation **and scale**, with
    /// both sets centered and normalized to a sum of squares of 1. From 0 (equal up to rotation,
    /// reflection, shift and scale) to 1.
    pub disparity: f64,
}

impl Procrustes {
    /// Fits `points` to `target`, both of shape (rows, components), with a scale if `scaled`.
    ///
    /// # Errors
    /// [`ReduceError::TooSmall`] for fewer than two rows, [`ReduceError::Parameter`] for different
    /// shapes, [`ReduceError::NonFinite`].
    pub fn fit(
        points: ArrayView2<'_, f32>,
        target: ArrayView2<'_, f32>,
        scaled: bool,
    ) -> Result<Self, ReduceError> {
        for matrix in [points, target] {
            check_size(matrix.dim())?;
            check_finite(matrix)?;
        }
        if points.dim() != target.dim() {
            return Err(ReduceError::Parameter {
                parameter: "points",
                value: format!("of shape {:?}", points.dim()),
                expected: "of the target's shape",
            });
        }
        let centered = |x: ArrayView2<'_, f32>| {
            let x = x.mapv(f64::from);
            let mean = x.sum_axis(Axis(0)) / x.nrows() as f64;
            (x - &mean, mean)
        };
        let ((a, from), (b, to)) = (centered(points), centered(target));
        let square = |x: &Array2<f64>| x.iter().map(|v| v * v).sum::<f64>();
        let (square_a, square_b) = (square(&a), square(&b));
        // M = aᵀb = U·S·Vᵀ, and the best rotation is U·Vᵀ. V and S come from MᵀM.
        let m = product_f64(a.t(), b.view());
        let eigen = symmetric_eigen(&product_f64(m.t(), m.view()))?;
        let v = eigen.vectors;
        // The rows of (M·V)ᵀ are U's columns times S; those of negligible S are completed.
        let u = orthonormal_columns_signed(&product_f64(m.view(), v.view()), &eigen.values);
        let rotation = product_f64(u.view(), v.t());
        let trace: f64 = product_f64(m.t(), rotation.view()).diag().sum();
        let disparity = if square_a > 0.0 && square_b > 0.0 {
            (1.0 - trace * trace / (square_a * square_b)).clamp(0.0, 1.0)
        } else if square_a == square_b {
            0.0
        } else {
            1.0
        };
        let scale = if scaled && square_a > 0.0 {
            trace / square_a
        } else {
            1.0
        };
        Ok(Self {
            from,
            to,
            rotation,
            scale,
            disparity,
        })
    }

    /// Applies the motion to points of shape (rows, components).
    ///
    /// # Errors
    /// [`ReduceError::WidthMismatch`].
    pub fn apply(&self, points: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let (given, fitted) = (points.ncols(), self.from.len());
        if given != fitted {
            return Err(ReduceError::WidthMismatch { given, fitted });
        }
        let centered = points.mapv(f64::from) - &self.from;
        let turned = product_f64(centered.view(), self.rotation.view()) * self.scale + &self.to;
        Ok(turned.mapv(|v| v as f32))
    }
}

/// The columns made orthonormal, with their signs kept.
fn orthonormal_columns_signed(columns: &Array2<f64>, values: &[f64]) -> Array2<f64> {
    let mut rows = orthonormal_rows(columns.t().as_standard_layout().into_owned(), values);
    for (mut row, column) in rows.rows_mut().into_iter().zip(columns.columns()) {
        if row.dot(&column) < 0.0 {
            row *= -1.0;
        }
    }
    rows.reversed_axes()
}

/// How much several runs, for example of several seeds, differ: the mean disparity of all pairs,
/// from 0 (equal up to rotation, reflection, shift and scale) to 1.
///
/// # Errors
/// As [`Procrustes::fit`], and [`ReduceError::Parameter`] for fewer than two runs.
pub fn instability(runs: &[ArrayView2<'_, f32>]) -> Result<f64, ReduceError> {
    if runs.len() < 2 {
        return Err(ReduceError::Parameter {
            parameter: "runs",
            value: runs.len().to_string(),
            expected: "at least 2",
        });
    }
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (i, a) in runs.iter().enumerate() {
        for b in &runs[i + 1..] {
            sum += Procrustes::fit(*a, *b, true)?.disparity;
            pairs += 1.0;
        }
    }
    Ok(sum / pairs)
}
