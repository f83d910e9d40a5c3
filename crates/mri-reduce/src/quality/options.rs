use serde::{Deserialize, Serialize};

use crate::distance::Distance;

/// How quality is measured: exactly, or from samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityOptions {
    /// The size k of a neighborhood, at least 1 and below half of the rows.
    #[serde(rename = "neighbours")]
    pub neighbors: usize,
    /// What counts as near among the rows.
    pub distance: Distance,
    /// How many rows, chosen by chance, have their neighborhoods judged (each against **all** rows,
    /// so that the mean is without bias); more than there are means all.
    pub anchors: usize,
    /// How many triplets are drawn per judged row; `None` means all, by counting inversions.
    pub triplets: Option<usize>,
    /// How many pairs of rows the correlation of distances is taken over; more than there are means
    /// all.
    pub pairs: usize,
    /// The seed of all samples.
    pub seed: u64,
}

impl Default for QualityOptions {
    /// Neighborhoods of 15, exact up to 2,000 rows and 100,000 pairs, sampled beyond: the standard
    /// error of every mean is then a few thousandths at most.
    fn default() -> Self {
        Self {
            neighbors: 15,
            distance: Distance::Euclidean,
            anchors: 2_000,
            triplets: Some(50),
            pairs: 100_000,
            seed: 0,
        }
    }
}

impl QualityOptions {
    /// Everything exact: O(n²·(width + log n)) time, and memory for n²/2 pairs of distances.
    #[must_use]
    pub fn exact() -> Self {
        Self {
            anchors: usize::MAX,
            triplets: None,
            pairs: usize::MAX,
            ..Self::default()
        }
    }
}
