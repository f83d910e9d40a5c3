use std::any::Any;

use mri_core::{Projection, ReduceError};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis as Dim};
use rayon::prelude::*;

use crate::check::check_finite;

/// Rows go to `((x − offset) · factor) · componentsᵀ`; computed in `f64` and rounded once.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearProjection {
    offset: Array1<f64>,
    factor: Array1<f64>,
    components: Array2<f64>,
    /// The components with the factors of the columns multiplied in, row by row.
    weights: Vec<f64>,
}

impl LinearProjection {
    /// What is subtracted from each column: for PCA its mean.
    #[must_use]
    pub fn offset(&self) -> ArrayView1<'_, f64> {
        self.offset.view()
    }

    /// What each column is then multiplied by: 0 for one without spread.
    #[must_use]
    pub fn factor(&self) -> ArrayView1<'_, f64> {
        self.factor.view()
    }

    /// The directions among the scaled columns, one unit vector per row, of shape (components,
    /// width).
    #[must_use]
    pub fn components(&self) -> ArrayView2<'_, f64> {
        self.components.view()
    }

    /// The projection of which these are the parts, as when it comes back from a file.
    ///
    /// # Errors
    /// [`ReduceError::TooSmall`] without columns or components, [`ReduceError::Parameter`] if the
    /// parts do not have one number per column or not only finite ones.
    pub fn from_parts(
        offset: Array1<f64>,
        factor: Array1<f64>,
        components: Array2<f64>,
    ) -> Result<Self, ReduceError> {
        let (rows, columns) = components.dim();
        if rows == 0 || columns == 0 {
            return Err(ReduceError::TooSmall {
                rows,
                columns,
                needed_rows: 1,
            });
        }
        for (parameter, part) in [("offset", &offset), ("factor", &factor)] {
            if part.len() != columns {
                return Err(ReduceError::Parameter {
                    parameter,
                    value: format!("{} numbers for {columns} columns", part.len()),
                    expected: "one per column",
                });
            }
        }
        let mut all = offset.iter().chain(&factor).chain(&components);
        if let Some(value) = all.find(|value| !value.is_finite()) {
            return Err(ReduceError::Parameter {
                parameter: "projection",
                value: value.to_string(),
                expected: "finite numbers",
            });
        }
        Ok(Self::new(offset, &factor, components))
    }

    pub(crate) fn new(offset: Array1<f64>, factor: &Array1<f64>, components: Array2<f64>) -> Self {
        Self {
            weights: (&components * factor).iter().copied().collect(),
            factor: factor.clone(),
            offset,
            components,
        }
    }

    /// The points of rows whose width and values were checked.
    fn project(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        /// Rows that one thread takes at a time.
        const CHUNK: usize = 64;
        let (k, width) = self.components.dim();
        let mut points = vec![0.0_f32; x.nrows() * k];
        points
            .par_chunks_mut(CHUNK * k)
            .zip(x.axis_chunks_iter(Dim(0), CHUNK).collect::<Vec<_>>())
            .for_each(|(points, rows)| {
                let mut shifted = self.offset.to_vec();
                for (point, row) in points.chunks_exact_mut(k).zip(rows.rows()) {
                    for ((s, &v), o) in shifted.iter_mut().zip(row).zip(&self.offset) {
                        *s = f64::from(v) - o;
                    }
                    for (p, weights) in point.iter_mut().zip(self.weights.chunks_exact(width)) {
                        *p = dot(weights, &shifted) as f32;
                    }
                }
            });
        // One number per row and component, so this cannot fail.
        Array2::from_shape_vec((x.nrows(), k), points).unwrap_or_default()
    }
}

impl Projection for LinearProjection {
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let (given, fitted) = (x.ncols(), self.offset.len());
        if given != fitted {
            return Err(ReduceError::WidthMismatch { given, fitted });
        }
        check_finite(x)?;
        Ok(self.project(x))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// The scalar product, in eight running sums that the compiler keeps in vector registers.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_chunks
        .remainder()
        .iter()
        .zip(b_chunks.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f64>() + rest
}
