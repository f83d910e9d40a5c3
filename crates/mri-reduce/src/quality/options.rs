use serde::{Deserialize, Serialize};

use crate::distance::Distance;

/// Whether quality is measured exactly or from samples, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityOptions {
    /// The size k of a neighborhood, at least 1 and below half of the rows.
    #[serde(rename = "neighbours")]
    pub neighbors: usize,
    /// The distance of the rows; that of points is Euclidean.
    pub distance: Distance,
    /// The number of rows, a random sample, whose neighborhoods are measured. Each is compared with
    /// **all** rows, so that means are unbiased. Values above the number of rows mean all.
    pub anchors: usize,
    /// Random triplets per measured row; `None` means all, by counting inversions.
    pub triplets: Option<usize>,
    /// Random pairs of rows for the correlation of distances; values above the number of pairs mean
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
