//! Count, means and covariance of rows that arrive in blocks.

use mri_core::ReduceError;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::check::check_finite;
use crate::columns::Columns;
use crate::linalg::gram_lower;
use crate::row_blocks::{BLOCK, offset_row};
use crate::scaling::Scaler;

/// Rows per task of a thread.
const CHUNK: usize = 128;

/// Count, column means, and the sums of products about the means.
///
/// Products are in `f64`. In `f32` they would be twice as fast, with errors of 1e-6 in directions
/// of close variances, and of 1e-5 in those that a massive column dominates. Blocks are merged by
/// the update of Chan, Golub & LeVeque (1983), so offsets cost no precision.
#[derive(Debug, Clone)]
pub(crate) struct Covariance {
    pub(crate) columns: Columns,
    /// `Σ (x−mean)(x−mean)ᵀ`: the lower triangle, without the diagonal.
    products: Vec<f64>,
}

impl Covariance {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            columns: Columns::new(width),
            products: vec![0.0; width * width],
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.columns.mean.len()
    }

    /// Rejects rows of another width and values that are not finite; the error counts rows from the
    /// first ever added.
    pub(crate) fn check(&self, x: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
        let (given, fitted) = (x.ncols(), self.width());
        if given != fitted {
            return Err(ReduceError::WidthMismatch { given, fitted });
        }
        check_finite(x).map_err(|error| offset_row(error, self.columns.rows))
    }

    /// Adds rows that pass [`Covariance::check`], block by block.
    pub(crate) fn add(&mut self, x: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
        x.axis_chunks_iter(Axis(0), BLOCK)
            .try_for_each(|block| self.add_block(block))
    }

    fn add_block(&mut self, block: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
        let width = self.width();
        let columns = Columns::of(block)?;
        let mut shifted = vec![0.0; block.nrows() * width];
        // Threads share the rows.
        shifted
            .par_chunks_mut(CHUNK * width)
            .zip(block.axis_chunks_iter(Axis(0), CHUNK).collect::<Vec<_>>())
            .for_each(|(to, rows)| {
                for (to, row) in to.chunks_exact_mut(width).zip(rows.rows()) {
                    let values = row.iter().zip(&columns.mean);
                    to.iter_mut()
                        .zip(values)
                        .for_each(|(t, (&v, m))| *t = f64::from(v) - m);
                }
            });
        let products = gram_lower(&shifted, width);
        self.join(&columns, &products);
        Ok(())
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
        self.join(&other.columns, &other.products);
        Ok(())
    }

    fn join(&mut self, columns: &Columns, products: &[f64]) {
        if columns.rows == 0 {
            return;
        }
        let width = self.width();
        let (before, added) = (self.columns.rows as f64, columns.rows as f64);
        let weight = before * added / (before + added);
        let delta = (&columns.mean - &self.columns.mean).to_vec();
        let rows_of = self.products.par_chunks_mut(width).enumerate();
        rows_of.for_each(|(i, row)| {
            let scaled = delta[i] * weight;
            let others = products[i * width..i * width + i].iter().zip(&delta);
            for (to, (&product, &d)) in row[..i].iter_mut().zip(others) {
                *to += product + scaled * d;
            }
        });
        self.columns.join(columns);
    }

    /// `Σ z·zᵀ` of the scaled rows `z`, centered if `center`.
    pub(crate) fn scaled(&self, scaler: &Scaler, center: bool) -> Array2<f64> {
        let width = self.width();
        let left = if center {
            Array1::zeros(width)
        } else {
            &self.columns.mean - scaler.offset()
        };
        let factor = scaler.factor();
        let n = self.columns.rows as f64;
        let mut out = Array2::zeros((width, width));
        for i in 0..width {
            for j in 0..i {
                let product = self.products[i * width + j] + n * left[i] * left[j];
                let value = product * (factor[i] * factor[j]);
                out[(i, j)] = value;
                out[(j, i)] = value;
            }
            out[(i, i)] =
                (self.columns.squares[i] + n * left[i] * left[i]) * (factor[i] * factor[i]);
        }
        out
    }
}
