use mri_simd::F32_LANES as LANES;
use ndarray::{Array2, ArrayView2};

use crate::distance::Distance;

/// Rows prepared for distances in `f32`.
///
/// For Euclidean distances a common offset is subtracted and values are scaled by a power of two,
/// so that no square overflows; for cosine distances rows are normalized. Rows are padded with
/// zeros to whole vectors.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    data: Vec<f32>,
    squares: Vec<f32>,
    width: usize,
    frame: Frame,
}

/// The preparation; rows that are compared with each other share it.
#[derive(Debug, Clone)]
struct Frame {
    distance: Distance,
    /// Subtracted from rows under the Euclidean distance.
    offset: Vec<f32>,
    /// Multiplied with rows under the Euclidean distance.
    factor: f32,
    /// Whether an additional column marks rows of zeros, which have no direction: under the cosine
    /// distance they are at distance 0 from each other and at 1 from all others.
    zeros: bool,
}

impl Table {
    /// A table of the rows to search.
    pub(crate) fn new(x: ArrayView2<'_, f32>, distance: Distance) -> Self {
        let frame = match distance {
            Distance::Euclidean => Frame::euclidean(x),
            Distance::Cosine => Frame {
                distance,
                offset: Vec::new(),
                factor: 1.0,
                zeros: x
                    .rows()
                    .into_iter()
                    .any(|row| row.iter().all(|&v| v == 0.0)),
            },
        };
        Self::in_frame(x, frame)
    }

    /// A table of queries to the rows of `self`.
    pub(crate) fn of_queries(&self, x: ArrayView2<'_, f32>) -> Self {
        Self::in_frame(x, self.frame.clone())
    }

    fn in_frame(x: ArrayView2<'_, f32>, frame: Frame) -> Self {
        let width = (x.ncols() + usize::from(frame.zeros)).next_multiple_of(LANES);
        let mut data = vec![0.0_f32; x.nrows() * width];
        for (to, row) in data.chunks_exact_mut(width).zip(x.rows()) {
            match frame.distance {
                Distance::Euclidean => {
                    for ((t, &v), &o) in to.iter_mut().zip(row).zip(&frame.offset) {
                        // Scaled before the difference, which could overflow.
                        *t = v * frame.factor - o;
                    }
                }
                Distance::Cosine => {
                    let norm = row
                        .iter()
                        .map(|&v| f64::from(v).powi(2))
                        .sum::<f64>()
                        .sqrt();
                    if norm > 0.0 {
                        for (t, &v) in to.iter_mut().zip(row) {
                            *t = (f64::from(v) / norm) as f32;
                        }
                    } else if frame.zeros {
                        to[x.ncols()] = 1.0;
                    }
                }
            }
        }
        let square = |row: &[f32]| row.iter().map(|v| v * v).sum();
        let squares = data.chunks_exact(width).map(square).collect();
        Self {
            data,
            squares,
            width,
            frame,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.squares.len()
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The rows from `start` to `end`, one after the other.
    pub(crate) fn rows(&self, start: usize, end: usize) -> &[f32] {
        &self.data[start * self.width..end * self.width]
    }

    pub(crate) fn row(&self, i: usize) -> &[f32] {
        self.rows(i, i + 1)
    }

    /// The squared norm of each row.
    pub(crate) fn squares(&self) -> &[f32] {
        &self.squares
    }

    /// The distance, in the table's unit, from the squared Euclidean distance of two prepared rows.
    #[inline(always)]
    pub(crate) fn measure(&self, square: f32) -> f32 {
        match self.frame.distance {
            Distance::Euclidean => square.sqrt(),
            // The squared Euclidean distance of unit vectors is twice 1 − cosine.
            Distance::Cosine => square / 2.0,
        }
    }

    /// The inverse of [`Table::measure`].
    pub(crate) fn square(&self, distance: f32) -> f32 {
        match self.frame.distance {
            Distance::Euclidean => distance * distance,
            Distance::Cosine => distance * 2.0,
        }
    }

    /// Converts distances from the table's unit to that of the rows.
    pub(crate) fn in_given_unit(&self, distances: &mut Array2<f32>) {
        if self.frame.distance == Distance::Euclidean {
            distances.mapv_inplace(|d| d / self.frame.factor);
        }
    }
}

impl Frame {
    fn euclidean(x: ArrayView2<'_, f32>) -> Self {
        let largest = x.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        // The next power of two, from the exponent.
        let exponent = (largest.max(f32::MIN_POSITIVE).to_bits() >> 23) as i32 - 127;
        let factor = 2.0_f32.powi((-exponent - 1).clamp(-126, 126));
        // The product form of a distance cancels what rows have in common, so an offset costs
        // precision. The median, because a few massive rows, such as those of first tokens, would
        // dominate a mean.
        let step = x.nrows().div_ceil(SAMPLE).max(1);
        let mut column = Vec::with_capacity(SAMPLE);
        let offset = (0..x.ncols()).map(|j| {
            column.clear();
            column.extend(x.column(j).iter().step_by(step).map(|v| v * factor));
            let middle = column.len() / 2;
            if column.is_empty() {
                return 0.0;
            }
            *column.select_nth_unstable_by(middle, f32::total_cmp).1
        });
        Self {
            distance: Distance::Euclidean,
            offset: offset.collect(),
            factor,
            zeros: false,
        }
    }
}

/// Rows that the median is taken over: it need not be exact.
const SAMPLE: usize = 255;
