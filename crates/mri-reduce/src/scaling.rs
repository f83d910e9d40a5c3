use mri_core::ReduceError;
use ndarray::{Array1, Array2, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use crate::check::check_finite;

/// How columns are scaled before they are reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Not at all.
    None,
    /// Subtract the column mean.
    Center,
    /// Subtract the column mean and divide by the population standard deviation (denominator n).
    /// Columns without variance become 0.
    Standardize,
    /// Map each column's range to 0 … 1. Columns without range become 0.
    MinMax,
}

mri_core::enum_names! {
    Scaling, "scaling";
    None => "none",
    Center => "center",
    Standardize => "standardize",
    MinMax => "min-max" | "min_max",
}

/// A [`Scaling`] fitted to the columns of a matrix: `(x - offset) * factor` per column.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaler {
    offset: Array1<f64>,
    factor: Array1<f64>,
}

/// A column counts as constant if its spread is below this share of its largest absolute value:
/// such a spread is rounding of `f32`, which division would amplify to noise of size 1.
const CONSTANT: f64 = 1e-7;

impl Scaler {
    /// Fits a scaling to the columns of `x`, of shape (rows, width). Sums are taken in `f64`.
    #[must_use]
    pub fn fit(x: ArrayView2<'_, f32>, scaling: Scaling) -> Self {
        let width = x.ncols();
        let mean = column_means(x);
        let mut squares = Array1::<f64>::zeros(width);
        let mut low = Array1::from_elem(width, f32::INFINITY);
        let mut high = Array1::from_elem(width, f32::NEG_INFINITY);
        for row in x.rows() {
            Zip::from(&mut squares)
                .and(&mut low)
                .and(&mut high)
                .and(&mean)
                .and(row)
                .for_each(|s, low, high, &m, &v| {
                    *s += (f64::from(v) - m) * (f64::from(v) - m);
                    *low = low.min(v);
                    *high = high.max(v);
                });
        }
        Self::from_columns(scaling, x.nrows(), &mean, &squares, &low, &high)
    }

    /// [`Scaler::fit`] from the columns' means, sums of squares about them, minima and maxima.
    pub(crate) fn from_columns(
        scaling: Scaling,
        rows: usize,
        mean: &Array1<f64>,
        squares: &Array1<f64>,
        low: &Array1<f32>,
        high: &Array1<f32>,
    ) -> Self {
        let width = mean.len();
        if rows == 0 || scaling == Scaling::None {
            return Self {
                offset: Array1::zeros(width),
                factor: Array1::ones(width),
            };
        }
        let mut factor = Array1::ones(width);
        for (column, f) in factor.iter_mut().enumerate() {
            let (low, high) = (f64::from(low[column]), f64::from(high[column]));
            let spread = match scaling {
                Scaling::None | Scaling::Center => continue,
                Scaling::Standardize => (squares[column] / rows as f64).sqrt(),
                Scaling::MinMax => high - low,
            };
            let constant = spread <= CONSTANT * low.abs().max(high.abs());
            *f = if constant { 0.0 } else { 1.0 / spread };
        }
        let offset = match scaling {
            Scaling::MinMax => low.mapv(f64::from),
            _ => mean.clone(),
        };
        Self { offset, factor }
    }

    /// What is subtracted from each column.
    #[must_use]
    pub fn offset(&self) -> &Array1<f64> {
        &self.offset
    }

    /// What each column is then multiplied by; 0 for a column without spread.
    #[must_use]
    pub fn factor(&self) -> &Array1<f64> {
        &self.factor
    }

    /// Applies the scaling to rows of the same width.
    ///
    /// # Errors
    /// [`ReduceError::WidthMismatch`] or [`ReduceError::NonFinite`].
    pub fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let fitted = self.offset.len();
        if x.ncols() != fitted {
            return Err(ReduceError::WidthMismatch {
                given: x.ncols(),
                fitted,
            });
        }
        check_finite(x)?;
        let mut out = Array2::zeros(x.dim());
        for (mut to, from) in out.rows_mut().into_iter().zip(x.rows()) {
            Zip::from(&mut to)
                .and(from)
                .and(&self.offset)
                .and(&self.factor)
                .for_each(|t, &v, &o, &f| *t = ((f64::from(v) - o) * f) as f32);
        }
        Ok(out)
    }
}

/// The mean of each column, summed in `f64`.
pub(crate) fn column_means(x: ArrayView2<'_, f32>) -> Array1<f64> {
    let mut means = Array1::<f64>::zeros(x.ncols());
    for row in x.rows() {
        Zip::from(&mut means)
            .and(row)
            .for_each(|m, &v| *m += f64::from(v));
    }
    means / x.nrows().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn standardized_columns_have_mean_0_and_variance_1() {
        let x = array![[1.0_f32, 5.0, 1e6], [2.0, 5.0, 1e6], [6.0, 5.0, 1e6 + 3.0]];
        let z = Scaler::fit(x.view(), Scaling::Standardize)
            .transform(x.view())
            .unwrap();
        let column = z.column(0);
        assert!(column.sum().abs() < 1e-6);
        assert!((column.iter().map(|v| v * v).sum::<f32>() / 3.0 - 1.0).abs() < 1e-6);
        assert!(
            z.column(1).iter().all(|&v| v == 0.0),
            "a constant column becomes 0"
        );
        assert!(
            z.column(2)[2] > 1.0,
            "a small spread on a large offset is not constant"
        );
    }

    #[test]
    fn centering_takes_the_mean_away_and_nothing_takes_nothing() {
        let x = array![[1.0_f32, -4.0], [2.0, 0.0], [6.0, 1.0]];
        let scale = |scaling| Scaler::fit(x.view(), scaling).transform(x.view()).unwrap();
        assert_eq!(scale(Scaling::None), x);
        assert_eq!(
            scale(Scaling::Center),
            array![[-2.0, -3.0], [-1.0, 1.0], [3.0, 2.0]]
        );
        // New rows are scaled by what was fitted, not by themselves.
        let scaler = Scaler::fit(x.view(), Scaling::Center);
        assert_eq!(
            scaler.transform(array![[3.0, -1.0]].view()).unwrap(),
            array![[0.0, 0.0]]
        );
        let wide = scaler.transform(array![[1.0, 2.0, 3.0]].view());
        assert!(matches!(
            wide,
            Err(ReduceError::WidthMismatch {
                given: 3,
                fitted: 2
            })
        ));
        let bad = scaler.transform(array![[1.0, f32::NAN]].view());
        assert!(matches!(
            bad,
            Err(ReduceError::NonFinite {
                row: 0,
                column: 1,
                ..
            })
        ));
    }

    #[test]
    fn rounding_is_not_blown_up_to_noise() {
        // One step of f32 at 1000 is 6e-5: such a column is constant.
        let step = f32::from_bits(1000.0_f32.to_bits() + 1);
        let x = array![[1000.0, 0.0], [step, 1e-9], [1000.0, 0.0]];
        for scaling in [Scaling::Standardize, Scaling::MinMax] {
            let z = Scaler::fit(x.view(), scaling).transform(x.view()).unwrap();
            assert!(z.column(0).iter().all(|&v| v == 0.0), "{scaling:?}");
            assert!(z[(1, 1)] >= 1.0, "small alone is not constant: {scaling:?}");
        }
    }

    #[test]
    fn min_max_reaches_both_ends() {
        let x = array![[-1.0_f32, 3.0], [3.0, 3.0], [1.0, 3.0]];
        let z = Scaler::fit(x.view(), Scaling::MinMax)
            .transform(x.view())
            .unwrap();
        assert_eq!(z, array![[0.0, 0.0], [1.0, 0.0], [0.5, 0.0]]);
    }
}
