use mri_core::{Labels, ReduceError, Watch};
use ndarray::ArrayView2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::correlation;
use super::distance_table::DistanceTable;
use super::options::QualityOptions;
use super::row_quality::{self, RowQuality};
use crate::check::{check_finite, check_size};
use crate::distance::Distance;
use crate::random;

/// The measures of one reduction. All but the correlation lie between 0 and 1, and 1 is best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Whether neighbors among the points are near among the rows (Venna & Kaski 2001):
    /// `1 − 2/(nk(2n−3k−1)) · Σ (rank − k)` over points' neighbors that are not rows' neighbors.
    pub trustworthiness: f64,
    /// Whether neighbors among the rows are near among the points: the same with the roles changed.
    pub continuity: f64,
    /// The share of the k nearest rows that are among the k nearest points.
    pub recall: f64,
    /// The share of the k nearest points that have the label of the point (Paulovich et al. 2008);
    /// `None` without labels.
    #[serde(rename = "neighbourhood_hit")]
    pub neighborhood_hit: Option<f64>,
    /// The share of triplets (i, j, l) in which the nearer of j and l to i is the same among the
    /// rows and among the points (Wang et al. 2021).
    pub triplet_accuracy: f64,
    /// Spearman's rank correlation of the pairwise distances, from −1 to 1. Where all distances of
    /// one side are equal it is undefined, as in scipy, and given as 0: the points keep no
    /// distance.
    pub distance_correlation: f64,
}

/// The same measures for single rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointQuality {
    /// The measured rows, ascending.
    pub rows: Vec<usize>,
    /// Values whose mean is [`Quality::trustworthiness`].
    pub trustworthiness: Vec<f64>,
    /// Values whose mean is [`Quality::continuity`].
    pub continuity: Vec<f64>,
    /// Values whose mean is [`Quality::recall`].
    pub recall: Vec<f64>,
    /// Values whose mean is [`Quality::neighborhood_hit`].
    #[serde(rename = "neighbourhood_hit")]
    pub neighborhood_hit: Option<Vec<f64>>,
    /// Values whose mean is [`Quality::triplet_accuracy`].
    pub triplet_accuracy: Vec<f64>,
}

/// Measures a reduction of `rows`, of shape (n, width), to `points`, of shape (n, components).
///
/// Equal distances are ordered by index; the result does not depend on the number of threads.
///
/// # Errors
/// [`ReduceError::TooSmall`] and [`ReduceError::NonFinite`] for either matrix, and
/// [`ReduceError::Parameter`] if the points or labels are not as many as the rows, or if k is 0 or
/// not below half of the rows.
///
/// # Complexity
/// O(anchors · n · width) time, O(n · (width + threads)) memory.
///
/// ```
/// use mri_reduce::{Pca, QualityOptions, Reducer, quality};
/// let x = ndarray::Array2::from_shape_fn((40, 5), |(i, j)| ((i * (j + 3)) % 17) as f32);
/// let points = Pca::new(2).fit(x.view(), &())?.points;
/// let options = QualityOptions { neighbors: 5, ..QualityOptions::default() };
/// let (mean, by_point) = quality(x.view(), points.view(), None, &options, &())?;
/// assert!(mean.trustworthiness > 0.5 && by_point.rows.len() == 40);
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
pub fn quality(
    rows: ArrayView2<'_, f32>,
    points: ArrayView2<'_, f32>,
    labels: Option<&Labels>,
    options: &QualityOptions,
    watch: &dyn Watch,
) -> Result<(Quality, PointQuality), ReduceError> {
    check(rows, points, labels, options)?;
    let n = rows.nrows();
    let before = DistanceTable::new(rows, options.distance);
    let after = DistanceTable::new(points, Distance::Euclidean);
    let anchors = sample(n, options.anchors, options.seed);
    let done = std::sync::atomic::AtomicUsize::new(0);
    let measured: Vec<RowQuality> = anchors
        .par_chunks(DistanceTable::BLOCK)
        .map(|block| {
            let so_far = done.fetch_add(block.len(), std::sync::atomic::Ordering::Relaxed);
            watch.check("quality", so_far, anchors.len())?;
            let (high, low) = (before.distances(block), after.distances(block));
            let measure = |(i, &row): (usize, &usize)| {
                let ids = labels.map(Labels::row_categories);
                row_quality::of_row(row, high.row(i), low.row(i), ids, options)
            };
            Ok(block.iter().enumerate().map(measure).collect::<Vec<_>>())
        })
        .collect::<Result<Vec<_>, ReduceError>>()?
        .concat();
    let column = |f: fn(&RowQuality) -> f64| measured.iter().map(f).collect::<Vec<f64>>();
    let by_point = PointQuality {
        rows: anchors,
        trustworthiness: column(|a| a.trustworthiness),
        continuity: column(|a| a.continuity),
        recall: column(|a| a.recall),
        neighborhood_hit: labels.map(|_| column(|a| a.hit)),
        triplet_accuracy: column(|a| a.triplets),
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let quality = Quality {
        trustworthiness: mean(&by_point.trustworthiness),
        continuity: mean(&by_point.continuity),
        recall: mean(&by_point.recall),
        neighborhood_hit: by_point.neighborhood_hit.as_deref().map(mean),
        triplet_accuracy: mean(&by_point.triplet_accuracy),
        distance_correlation: correlation::of_distances(&before, &after, options),
    };
    Ok((quality, by_point))
}

fn check(
    rows: ArrayView2<'_, f32>,
    points: ArrayView2<'_, f32>,
    labels: Option<&Labels>,
    options: &QualityOptions,
) -> Result<(), ReduceError> {
    let n = rows.nrows();
    for matrix in [rows, points] {
        check_size(matrix.dim())?;
        check_finite(matrix)?;
    }
    let counts = [
        ("points", points.nrows()),
        ("labels", labels.map_or(n, Labels::len)),
    ];
    for (parameter, count) in counts {
        if count != n {
            return Err(ReduceError::Parameter {
                parameter,
                value: format!("{count} for {n} rows"),
                expected: "one per row",
            });
        }
    }
    if options.neighbors == 0 || 2 * options.neighbors >= n {
        return Err(ReduceError::Parameter {
            parameter: "neighbors",
            value: format!("{} of {n} rows", options.neighbors),
            expected: "at least 1 and below half of the rows",
        });
    }
    if options.anchors == 0 || options.pairs < 2 || options.triplets == Some(0) || n < 3 {
        return Err(ReduceError::Parameter {
            parameter: "sample",
            value: format!("{options:?} of {n} rows"),
            expected: "at least 1 anchor, 2 pairs, 1 triplet and 3 rows",
        });
    }
    Ok(())
}

/// A random sample of `count` of the numbers below `n`, ascending; all if `count` is not smaller.
fn sample(n: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    if count >= n {
        return all;
    }
    // A partial Fisher–Yates shuffle.
    for i in 0..count {
        all.swap(i, i + random::below(seed, i as u64, n - i));
    }
    all.truncate(count);
    all.sort_unstable();
    all
}
