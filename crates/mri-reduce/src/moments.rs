//! Count, means and second moments of rows that arrive in blocks.

use mri_core::ReduceError;
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};
use rayon::prelude::*;

use crate::check::check_finite;
use crate::linalg::gram_lower;
use crate::{Scaler, Scaling};

/// Rows per block: enough to keep the matrix product at full speed, few enough to stay in the cache.
pub(crate) const BLOCK: usize = 512;

/// Rows per piece of a block that one thread takes.
const CHUNK: usize = 128;

/// Count, column means, and the sums of products about the means.
///
/// Products are taken in `f64`. In `f32` they would be twice as fast, but leave errors of 1e-6 in
/// directions whose variances are close, and of 1e-5 in those that a massive column overshadows.
/// Blocks are joined by the update of Chan, Golub & LeVeque (1983), so no offset however large costs
/// precision.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    pub(crate) rows: usize,
    pub(crate) mean: Array1<f64>,
    /// `Σ (x−mean)(x−mean)ᵀ`: the lower triangle, without the diagonal.
    products: Vec<f64>,
    /// Its diagonal, summed in `f64` throughout: scalings divide by it.
    pub(crate) squares: Array1<f64>,
    low: Array1<f32>,
    high: Array1<f32>,
}

impl Moments {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            products: vec![0.0; width * width],
            ..Self::of_columns(width)
        }
    }

    /// Only what concerns single columns, without products of two: [`Moments::scaled`] needs those.
    pub(crate) fn of_columns(width: usize) -> Self {
        Self {
            products: Vec::new(),
            mean: Array1::zeros(width),
            squares: Array1::zeros(width),
            low: Array1::from_elem(width, f32::INFINITY),
            high: Array1::from_elem(width, f32::NEG_INFINITY),
            rows: 0,
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.mean.len()
    }

    /// Refuses rows of another width and values that are not finite, naming the row as counted from
    /// the first ever added.
    pub(crate) fn check(&self, x: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
        let (given, fitted) = (x.ncols(), self.width());
        if given != fitted {
            return Err(ReduceError::WidthMismatch { given, fitted });
        }
        check_finite(x).map_err(|error| match error {
            ReduceError::NonFinite { row, column, value } => ReduceError::NonFinite {
                row: row + self.rows,
                column,
                value,
            },
            other => other,
        })
    }

    /// Adds rows that pass [`Moments::check`], block by block.
    pub(crate) fn add(&mut self, x: ArrayView2<'_, f32>) {
        x.axis_chunks_iter(Axis(0), BLOCK)
            .for_each(|block| self.add_block(block));
    }

    fn add_block(&mut self, block: ArrayView2<'_, f32>) {
        let rows = block.nrows();
        let width = self.width();
        // Threads share the chunks; their sums are added in the order of the rows.
        let chunks: Vec<_> = block.axis_chunks_iter(Axis(0), CHUNK).collect();
        let sums: Vec<_> = chunks.par_iter().map(|chunk| column_sums(*chunk)).collect();
        let mut mean = Array1::<f64>::zeros(width);
        for (sum, low, high) in &sums {
            mean += sum;
            self.low.zip_mut_with(low, |a, &b| *a = a.min(b));
            self.high.zip_mut_with(high, |a, &b| *a = a.max(b));
        }
        mean /= rows as f64;
        let mut shifted = vec![0.0; rows * width];
        let parts: Vec<_> = shifted
            .par_chunks_mut(CHUNK * width)
            .zip(&chunks)
            .map(|(to, from)| shift(to, *from, &mean))
            .collect();
        let mut squares = Array1::<f64>::zeros(width);
        parts.iter().for_each(|part| squares += part);
        let products = if self.products.is_empty() {
            Vec::new()
        } else {
            gram_lower(&shifted, width)
        };
        self.join(rows, &mean, &squares, &products);
    }

    /// Adds the rows of another.
    ///
    /// # Errors
    /// [`ReduceError::WidthMismatch`].
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), ReduceError> {
        let (given, fitted) = (other.width(), self.width());
        if given != fitted {
            return Err(ReduceError::WidthMismatch { given, fitted });
        }
        self.low.zip_mut_with(&other.low, |a, &b| *a = a.min(b));
        self.high.zip_mut_with(&other.high, |a, &b| *a = a.max(b));
        self.join(other.rows, &other.mean, &other.squares, &other.products);
        Ok(())
    }

    fn join(&mut self, rows: usize, mean: &Array1<f64>, squares: &Array1<f64>, products: &[f64]) {
        if rows == 0 {
            return;
        }
        let width = self.width();
        let (before, added) = (self.rows as f64, rows as f64);
        let weight = before * added / (before + added);
        let delta = (mean - &self.mean).to_vec();
        let rows_of = self.products.par_chunks_mut(width).enumerate();
        rows_of.for_each(|(i, row)| {
            let scaled = delta[i] * weight;
            let others = products[i * width..i * width + i].iter().zip(&delta);
            for (to, (&product, &d)) in row[..i].iter_mut().zip(others) {
                *to += product + scaled * d;
            }
        });
        for (i, &d) in delta.iter().enumerate() {
            self.squares[i] += squares[i] + weight * d * d;
            self.mean[i] += d * (added / (before + added));
        }
        self.rows += rows;
    }

    /// The scaling that [`Scaler::fit`] would find for all rows.
    pub(crate) fn scaler(&self, scaling: Scaling) -> Scaler {
        Scaler::from_columns(
            scaling,
            self.rows,
            &self.mean,
            &self.squares,
            &self.low,
            &self.high,
        )
    }

    /// `Σ z·zᵀ` of the scaled rows `z`, about their mean if `center`.
    pub(crate) fn scaled(&self, scaler: &Scaler, center: bool) -> Array2<f64> {
        let width = self.width();
        let left = if center {
            Array1::zeros(width)
        } else {
            &self.mean - scaler.offset()
        };
        let factor = scaler.factor();
        let n = self.rows as f64;
        let mut out = Array2::zeros((width, width));
        for i in 0..width {
            for j in 0..i {
                let product = self.products[i * width + j] + n * left[i] * left[j];
                let value = product * (factor[i] * factor[j]);
                out[(i, j)] = value;
                out[(j, i)] = value;
            }
            out[(i, i)] = (self.squares[i] + n * left[i] * left[i]) * (factor[i] * factor[i]);
        }
        out
    }
}

/// Sums, minima and maxima of the columns.
fn column_sums(rows: ArrayView2<'_, f32>) -> (Array1<f64>, Array1<f32>, Array1<f32>) {
    let width = rows.ncols();
    let mut sum = Array1::<f64>::zeros(width);
    let mut low = Array1::from_elem(width, f32::INFINITY);
    let mut high = Array1::from_elem(width, f32::NEG_INFINITY);
    for row in rows.rows() {
        Zip::from(&mut sum)
            .and(&mut low)
            .and(&mut high)
            .and(row)
            .for_each(|sum, low, high, &v| {
                *sum += f64::from(v);
                *low = if v < *low { v } else { *low };
                *high = if v > *high { v } else { *high };
            });
    }
    (sum, low, high)
}

/// Writes the rows less `mean` to `to` and returns the columns' sums of squares.
fn shift(to: &mut [f64], rows: ArrayView2<'_, f32>, mean: &Array1<f64>) -> Array1<f64> {
    let mut squares = Array1::<f64>::zeros(mean.len());
    for (to, row) in to.chunks_exact_mut(mean.len()).zip(rows.rows()) {
        Zip::from(to)
            .and(&mut squares)
            .and(row)
            .and(mean)
            .for_each(|t, s, &v, &m| {
                let d = f64::from(v) - m;
                *s += d * d;
                *t = d;
            });
    }
    squares
}
