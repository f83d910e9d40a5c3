use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::GridError;

/// How the axes of a map are cut into bins. Its text form is `uniform:10` or `quantile:10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Binning {
    /// Bins of equal width over the range of the points, as in pandas' `cut(x, side)`: closed on
    /// the right, with the lowest edge lowered by 0.1 % of the range so that it includes the
    /// smallest value. If all values equal `v`, the range is widened by `0.001·|v|` on both sides
    /// (by 0.001 if `v` is 0).
    Uniform {
        /// Bins per axis.
        side: usize,
    },
    /// Bins of equal counts: edges at the quantiles of the values (linear interpolation), so that
    /// an outlier does not push all others into one cell. Equal values share a bin, so counts
    /// differ where there are ties.
    Quantile {
        /// Bins per axis.
        side: usize,
    },
}

impl Default for Binning {
    /// Ten bins of equal width.
    fn default() -> Self {
        Self::Uniform { side: 10 }
    }
}

impl Binning {
    /// The number of bins per axis.
    #[must_use]
    pub fn side(self) -> usize {
        match self {
            Self::Uniform { side } | Self::Quantile { side } => side,
        }
    }

    /// Checks that the side is from 1 to 65,535, what the indices of a [`Cell`](crate::Cell) can
    /// hold.
    ///
    /// # Errors
    /// [`GridError::BadSide`].
    pub fn check(self) -> Result<(), GridError> {
        let side = self.side();
        if (1..=usize::from(u16::MAX)).contains(&side) {
            Ok(())
        } else {
            Err(GridError::BadSide { side })
        }
    }

    /// The `side + 1` edges of the bins for at least one value.
    pub(crate) fn edges(self, values: &[f64]) -> Vec<f64> {
        match self {
            Self::Uniform { side } => uniform_edges(values, side),
            Self::Quantile { side } => quantile_edges(values, side),
        }
    }
}

/// The share of the range by which pandas lowers the lowest edge.
const ADJUSTMENT: f64 = 0.001;

fn uniform_edges(values: &[f64], side: usize) -> Vec<f64> {
    let mut low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let mut high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let constant = low == high;
    if constant {
        let widening = if low == 0.0 {
            ADJUSTMENT
        } else {
            ADJUSTMENT * low.abs()
        };
        low -= widening;
        high += widening;
    }
    // The same operations as numpy's `linspace`, so that edges are equal to the bit.
    let step = (high - low) / side as f64;
    let mut edges: Vec<f64> = (0..=side).map(|i| i as f64 * step + low).collect();
    edges[side] = high;
    if !constant {
        edges[0] -= (high - low) * ADJUSTMENT;
    }
    edges
}

/// Quantiles at `0, 1/side, .. 1`, as `mri_stats::quantile_of_sorted` has them; these few lines are
/// cheaper than a dependency on its crate.
fn quantile_edges(values: &[f64], side: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    (0..=side)
        .map(|i| {
            let position = i as f64 / side as f64 * last as f64;
            let below = (position.floor() as usize).min(last);
            let above = (below + 1).min(last);
            let fraction = position - below as f64;
            sorted[below] + (sorted[above] - sorted[below]) * fraction
        })
        .collect()
}

/// The bin of a value: bins are closed on the right; values beyond the edges go to the end bins.
pub(crate) fn bin(edges: &[f64], value: f64) -> u16 {
    let below = edges.partition_point(|&edge| edge < value);
    below.saturating_sub(1).min(edges.len() - 2) as u16
}

impl fmt::Display for Binning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform { side } => write!(f, "uniform:{side}"),
            Self::Quantile { side } => write!(f, "quantile:{side}"),
        }
    }
}

impl FromStr for Binning {
    type Err = GridError;

    fn from_str(text: &str) -> Result<Self, GridError> {
        let bad = || GridError::BadBinning {
            text: text.to_owned(),
        };
        let (kind, side) = text.split_once(':').ok_or_else(bad)?;
        let side = side.parse().map_err(|_| bad())?;
        let binning = match kind {
            "uniform" => Self::Uniform { side },
            "quantile" => Self::Quantile { side },
            _ => return Err(bad()),
        };
        binning.check().map_err(|_| bad())?;
        Ok(binning)
    }
}

impl From<Binning> for String {
    fn from(binning: Binning) -> Self {
        binning.to_string()
    }
}

impl TryFrom<String> for Binning {
    type Error = GridError;

    fn try_from(text: String) -> Result<Self, GridError> {
        text.parse()
    }
}
