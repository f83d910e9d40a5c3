//! Counts, means, sums of squares and ranges of columns, in one pass over the rows.

use mri_core::ReduceError;
use mri_simd::{F64_LANES as LANES, F64x8, Kernel, Simd, dispatch};
use ndarray::{Array1, ArrayView2};

use crate::block::PaddedVec;
use crate::check::check_finite;
use crate::scaling::{Scaler, Scaling};

/// The statistics of columns that scalings need.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    pub(crate) rows: usize,
    pub(crate) mean: Array1<f64>,
    /// Sums of squares about the mean.
    pub(crate) squares: Array1<f64>,
    low: Array1<f32>,
    high: Array1<f32>,
}

impl Columns {
    /// The statistics of no rows.
    pub(crate) fn new(width: usize) -> Self {
        Self {
            rows: 0,
            mean: Array1::zeros(width),
            squares: Array1::zeros(width),
            low: Array1::from_elem(width, f32::INFINITY),
            high: Array1::from_elem(width, f32::NEG_INFINITY),
        }
    }

    /// The statistics of at least one row.
    ///
    /// Sums are taken after subtracting the first row, which is about as near to the mean as the
    /// rows are to each other, so that an offset costs no precision.
    ///
    /// # Errors
    /// [`ReduceError::NonFinite`] with the row as counted within `rows`.
    pub(crate) fn of(rows: ArrayView2<'_, f32>) -> Result<Self, ReduceError> {
        let (n, width) = rows.dim();
        let flat = rows.as_standard_layout();
        let flat = flat.as_slice().unwrap_or(&[]);
        let first = PaddedVec::new(flat.iter().take(width).map(|&v| f64::from(v)));
        let mut groups = vec![Group::default(); width.div_ceil(LANES)];
        dispatch(Pass {
            rows: flat,
            width,
            first: first.groups(),
            groups: &mut groups,
        });
        let count = n as f64;
        let mut columns = Self::new(width);
        columns.rows = n;
        for j in 0..width {
            let (group, lane) = (&groups[j / LANES], j % LANES);
            let sum = group.sum[lane];
            columns.mean[j] = first.groups()[j / LANES][lane] + sum / count;
            columns.squares[j] = (group.squares[lane] - sum * sum / count).max(0.0);
            columns.low[j] = group.low[lane] as f32;
            columns.high[j] = group.high[lane] as f32;
            // NaN and infinity propagate to the sums; sums of finite `f32` in `f64` cannot
            // overflow.
            if !group.squares[lane].is_finite() {
                check_finite(rows)?;
            }
        }
        Ok(columns)
    }

    /// Merges the statistics of other rows (Chan, Golub & LeVeque 1983).
    pub(crate) fn join(&mut self, other: &Self) {
        let (before, added) = (self.rows as f64, other.rows as f64);
        if other.rows == 0 {
            return;
        }
        let weight = before * added / (before + added);
        for j in 0..self.mean.len() {
            let delta = other.mean[j] - self.mean[j];
            self.squares[j] += other.squares[j] + weight * delta * delta;
            self.mean[j] += delta * (added / (before + added));
            self.low[j] = self.low[j].min(other.low[j]);
            self.high[j] = self.high[j].max(other.high[j]);
        }
        self.rows += other.rows;
    }

    /// The scaling that [`Scaler::fit`] would find.
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
}

/// Sums of eight columns, of their values less the first row's.
#[derive(Clone)]
struct Group {
    sum: [f64; LANES],
    squares: [f64; LANES],
    low: [f64; LANES],
    high: [f64; LANES],
}

impl Default for Group {
    fn default() -> Self {
        Self {
            sum: [0.0; LANES],
            squares: [0.0; LANES],
            low: [f64::INFINITY; LANES],
            high: [f64::NEG_INFINITY; LANES],
        }
    }
}

struct Pass<'a> {
    rows: &'a [f32],
    width: usize,
    first: &'a [[f64; LANES]],
    groups: &'a mut [Group],
}

impl Kernel for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        /// Rows for which the sums of a group are kept in registers: few, so that rows are still
        /// read nearly in the order in which they lie in memory.
        const TILE: usize = 8;
        if self.width == 0 {
            return;
        }
        for tile in self.rows.chunks(TILE * self.width) {
            for (g, (group, first)) in self.groups.iter_mut().zip(self.first).enumerate() {
                let shift = S::F64::load(first);
                let (mut sum, mut squares) =
                    (S::F64::load(&group.sum), S::F64::load(&group.squares));
                let (mut low, mut high) = (S::F64::load(&group.low), S::F64::load(&group.high));
                for row in tile.chunks_exact(self.width) {
                    let (whole, rest) = row.as_chunks::<LANES>();
                    let x = match whole.get(g) {
                        Some(eight) => S::F64::load_f32(eight),
                        None => {
                            let mut eight = [0.0; LANES];
                            eight[..rest.len()].copy_from_slice(rest);
                            S::F64::load_f32(&eight)
                        }
                    };
                    let d = x.sub(shift);
                    sum = sum.add(d);
                    squares = d.mul_add(d, squares);
                    low = low.min(x);
                    high = high.max(x);
                }
                sum.store(&mut group.sum);
                squares.store(&mut group.squares);
                low.store(&mut group.low);
                high.store(&mut group.high);
            }
        }
    }
}
