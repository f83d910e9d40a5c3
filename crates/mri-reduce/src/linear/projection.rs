use std::any::Any;

use mri_core::{Projection, ReduceError};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis as Dim, s};
use rayon::prelude::*;

use crate::block::{BLOCK_VECTORS, PaddedVec, VectorBlock, times};
use crate::check::check_finite;

/// The map `((x − offset) · factor) · componentsᵀ`, computed in `f64` and rounded once.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearProjection {
    offset: Array1<f64>,
    factor: Array1<f64>,
    components: Array2<f64>,
    shift: PaddedVec,
    /// The components times the factors of the columns, in blocks of four.
    weights: Vec<VectorBlock>,
}

impl LinearProjection {
    /// The offset of each column, which is subtracted: for PCA its mean.
    #[must_use]
    pub fn offset(&self) -> ArrayView1<'_, f64> {
        self.offset.view()
    }

    /// The factor of each column, which is then multiplied: 0 for a constant column.
    #[must_use]
    pub fn factor(&self) -> ArrayView1<'_, f64> {
        self.factor.view()
    }

    /// The directions in the space of the scaled columns, one unit vector per row, of shape
    /// (components, width).
    #[must_use]
    pub fn components(&self) -> ArrayView2<'_, f64> {
        self.components.view()
    }

    /// A projection from its parts, for example from a file.
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
        let weights = (&components * factor).as_standard_layout().into_owned();
        let quads = weights.axis_chunks_iter(Dim(0), BLOCK_VECTORS);
        let quads = quads.map(|rows| {
            VectorBlock::of(
                offset.len(),
                rows.rows().into_iter().filter_map(|row| row.to_slice()),
            )
        });
        Self {
            weights: quads.collect(),
            factor: factor.clone(),
            shift: PaddedVec::new(offset.iter().copied()),
            offset,
            components,
        }
    }

    /// The sums of squares of the points, per component, of rows that were checked.
    pub(crate) fn squares(&self, x: ArrayView2<'_, f32>) -> Vec<f64> {
        let mut sums = vec![0.0; self.components.nrows()];
        for (sums, weights) in sums.chunks_mut(BLOCK_VECTORS).zip(&self.weights) {
            for products in times(x, &self.shift, weights) {
                let pairs = sums.iter_mut().zip(products);
                pairs.for_each(|(sum, product)| *sum += product * product);
            }
        }
        sums
    }

    /// The points of rows whose width and values were checked.
    pub(crate) fn project(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        /// Rows per task of a thread.
        const CHUNK: usize = 512;
        let mut points = Array2::zeros((x.nrows(), self.components.nrows()));
        let place = |(mut points, rows): (ArrayViewMut2<'_, f32>, ArrayView2<'_, f32>)| {
            for (q, weights) in self.weights.iter().enumerate() {
                let mut points = points.slice_mut(s![.., q * BLOCK_VECTORS..]);
                let products = times(rows, &self.shift, weights);
                for (mut point, products) in points.rows_mut().into_iter().zip(products) {
                    let pairs = point.iter_mut().zip(products);
                    pairs.for_each(|(to, product)| *to = product as f32);
                }
            }
        };
        if x.nrows() <= CHUNK {
            place((points.view_mut(), x));
        } else {
            let chunks = points.axis_chunks_iter_mut(Dim(0), CHUNK);
            let chunks: Vec<_> = chunks.zip(x.axis_chunks_iter(Dim(0), CHUNK)).collect();
            chunks.into_par_iter().for_each(place);
        }
        points
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
