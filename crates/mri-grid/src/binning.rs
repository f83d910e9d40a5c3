use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::GridError;

/// How an axis is cut into bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Binning {
    /// Bins of equal width over the range of the points, as pandas' `cut(x, side)` makes them:
    /// closed on the right, the lowest edge lowered by 0.1 % of the range so that the least point
    /// is inside. Where all points are equal to `v`, the range is widened by `0.001·|v|` to both
    /// sides (by 0.001 where `v` is 0).
    Uniform {
        /// Bins per axis.
        side: usize,
    },
    /// Bins of equal counts, with edges at the quantiles of the points (linear interpolation), so
    /// that an outlier does not press all others into one cell. Equal points share a bin, so
    /// counts differ where there are ties.
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

    /// Refuses a side of 0 or one that no [`Cell`](crate::Cell) can count to.
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

    /// The `side + 1` edges of the bins for these values, of which there is at least one.
    pub(crate) fn edges(self, values: &[f64]) -> Vec<f64> {
        match self {
            Self::Uniform { side } => uniform_edges(values, side),
            Self::Quantile { side } => quantile_edges(values, side),
        }
    }
}

/// The lowest edge is lowered by this share of the range.
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
    // Step by step as numpy's `linspace` does it, so that the edges are the same bits.
    let step = (high - low) / side as f64;
    let mut edges: Vec<f64> = (0..=side).map(|i| i as f64 * step + low).collect();
    edges[side] = high;
    if !constant {
        edges[0] -= (high - low) * ADJUSTMENT;
    }
    edges
}

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
