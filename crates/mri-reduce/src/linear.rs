//! What PCA and SVD share: the directions of a matrix's second moments, and the projection on them.

use mri_core::{Axis, Cancelled, Projection, ReduceError, Watch};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, Axis as Dim, s};

use crate::linalg::{gram_f64, product_f32, product_f64, symmetric_eigen};
use crate::{Scaler, scaling::column_means};

/// Rows per block of a covariance. Products are summed in `f32` inside a block and in `f64` across
/// blocks; 512 rows keep the first error near 1e-6 and the product at full speed.
const BLOCK: usize = 512;

/// An eigenvalue below this share of the largest is rounding: its direction is not determined by
/// the data, and is filled in so that the components stay orthonormal.
const NEGLIGIBLE: f64 = 1e-12;

/// Rows go to `((x - offset) * factor - mean) · componentsᵀ`.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearProjection {
    scaler: Scaler,
    mean: Array1<f64>,
    components: Array2<f32>,
}

impl LinearProjection {
    /// The directions, one unit vector per row, of shape (components, width).
    #[must_use]
    pub fn components(&self) -> ArrayView2<'_, f32> {
        self.components.view()
    }
}

impl Projection for LinearProjection {
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let mut scaled = self.scaler.transform(x)?;
        subtract_mean(&mut scaled, &self.mean);
        Ok(product_f32(scaled.view(), self.components.t()))
    }
}

/// A linear reduction of the rows of a matrix.
pub(crate) struct LinearFit {
    pub(crate) points: Array2<f32>,
    pub(crate) projection: LinearProjection,
    /// Sums of squares of the points' columns (for PCA: (n−1) × explained variance).
    pub(crate) squares: Vec<f64>,
    /// Sum of squares of all scaled columns about `mean`.
    pub(crate) total: f64,
}

/// Finds the `k` directions with the largest sum of squares of the scaled rows, about their mean if
/// `center`, and projects the rows on them.
///
/// With fewer rows than columns the eigenvectors come from the Gram matrix of the rows, otherwise
/// from the covariance of the columns; both are exact. O(n·d·min(n, d) + min(n, d)³).
pub(crate) fn fit_linear(
    x: ArrayView2<'_, f32>,
    k: usize,
    scaler: Scaler,
    center: bool,
    watch: &dyn Watch,
) -> Result<LinearFit, ReduceError> {
    let mut scaled = scaler.transform(x)?;
    let mean = if center {
        column_means(scaled.view())
    } else {
        Array1::zeros(x.ncols())
    };
    subtract_mean(&mut scaled, &mean);
    let components = if scaled.nrows() < scaled.ncols() {
        by_gram(&scaled, k, watch)?
    } else {
        by_covariance(&scaled, k, watch)?
    };
    let total = scaled.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    let points = product_f32(scaled.view(), components.t());
    let squares = points
        .axis_iter(Dim(1))
        .map(|column| column.iter().map(|&v| f64::from(v) * f64::from(v)).sum())
        .collect();
    let projection = LinearProjection {
        scaler,
        mean,
        components,
    };
    Ok(LinearFit {
        points,
        projection,
        squares,
        total,
    })
}

/// The axes `PREFIX1`, `PREFIX2`, … with their shares of the variance.
pub(crate) fn axes(prefix: &str, shares: impl Iterator<Item = f64>) -> Vec<Axis> {
    shares
        .enumerate()
        .map(|(i, share)| Axis {
            name: format!("{prefix}{}", i + 1),
            explained_variance_ratio: Some(share),
        })
        .collect()
}

fn subtract_mean(x: &mut Array2<f32>, mean: &Array1<f64>) {
    if mean.iter().all(|&m| m == 0.0) {
        return;
    }
    for mut row in x.rows_mut() {
        row.zip_mut_with(mean, |v, &m| *v = (f64::from(*v) - m) as f32);
    }
}

/// Directions from the eigenvectors `u` of `x·xᵀ`: `xᵀ·u`, made unit vectors.
fn by_gram(x: &Array2<f32>, k: usize, watch: &dyn Watch) -> Result<Array2<f32>, ReduceError> {
    let transposed = x.t().mapv(f64::from);
    let gram = gram_f64(transposed.view());
    watch.check("eigenvectors", 0, 1)?;
    let eigen = symmetric_eigen(&gram)?;
    watch.check("eigenvectors", 1, 1)?;
    let directions = product_f64(transposed.view(), eigen.vectors.slice(s![.., ..k]));
    Ok(orthonormal_rows(
        directions.t().to_owned(),
        &eigen.values[..k],
    ))
}

/// Directions as eigenvectors of `xᵀ·x`.
fn by_covariance(x: &Array2<f32>, k: usize, watch: &dyn Watch) -> Result<Array2<f32>, ReduceError> {
    let covariance = second_moments(x, watch)?;
    let eigen = symmetric_eigen(&covariance)?;
    watch.check("eigenvectors", 1, 1)?;
    Ok(orthonormal_rows(
        eigen.vectors.slice(s![.., ..k]).t().to_owned(),
        &eigen.values[..k],
    ))
}

/// `xᵀ·x`, with products in `f32` inside blocks of rows and sums in `f64` across them.
fn second_moments(x: &Array2<f32>, watch: &dyn Watch) -> Result<Array2<f64>, Cancelled> {
    let width = x.ncols();
    let mut sum = Array2::<f64>::zeros((width, width));
    let blocks = x.nrows().div_ceil(BLOCK) as u64;
    for (i, block) in x.axis_chunks_iter(Dim(0), BLOCK).enumerate() {
        watch.check("covariance", i as u64, blocks)?;
        sum.zip_mut_with(&product_f32(block.t(), block), |s, &p| *s += f64::from(p));
    }
    Ok(sum)
}

/// Makes the rows unit vectors, replaces those of negligible eigenvalue by unit vectors orthogonal
/// to the rows before them, and fixes every sign: the entry of largest absolute value (the first of
/// equals) is positive.
fn orthonormal_rows(mut rows: Array2<f64>, values: &[f64]) -> Array2<f32> {
    let largest = values.first().copied().unwrap_or(0.0);
    let width = rows.ncols();
    // The next unit vector to try for a direction that the data leave open.
    let mut candidates = 0..width;
    for i in 0..rows.nrows() {
        if values[i] > NEGLIGIBLE * largest {
            orthogonalise(&mut rows, i);
        } else {
            for candidate in candidates.by_ref() {
                rows.row_mut(i).fill(0.0);
                rows[(i, candidate)] = 1.0;
                // A unit vector that mostly lies in the span already would leave only rounding.
                if orthogonalise(&mut rows, i) > 0.1 {
                    break;
                }
            }
        }
        fix_sign(rows.row_mut(i));
    }
    rows.mapv(|v| v as f32)
}

/// Takes from row `i` what lies along the rows before it and makes it a unit vector; returns the
/// length that was left.
fn orthogonalise(rows: &mut Array2<f64>, i: usize) -> f64 {
    let norm = |row: ndarray::ArrayView1<'_, f64>| row.dot(&row).sqrt();
    let before = norm(rows.row(i));
    // Twice is enough (Kahan and Parlett): the second pass removes what rounding left.
    for _ in 0..2 {
        for j in 0..i {
            let along = rows.row(i).dot(&rows.row(j));
            let other = rows.row(j).to_owned();
            rows.row_mut(i).scaled_add(-along, &other);
        }
    }
    let length = norm(rows.row(i));
    if length > 0.0 {
        rows.row_mut(i).mapv_inplace(|v| v / length);
    }
    if before > 0.0 { length / before } else { 0.0 }
}

fn fix_sign(mut row: ArrayViewMut1<'_, f64>) {
    let mut largest = 0.0_f64;
    for &v in &row {
        if v.abs() > largest.abs() {
            largest = v;
        }
    }
    if largest < 0.0 {
        row.mapv_inplace(|v| -v);
    }
}
