//! What of a very large scan is left out unless it is asked for, so that every scan ends.

use std::cmp::Reverse;
use std::fmt;

use mri_core::Labels;
use mri_graph::Significance;
use mri_render::MAX_DRAWN_SIDE;

/// Categories with pictures and tests of their own. A folder of more pictures is not looked at, and
/// each takes seconds.
pub(crate) const MAX_SHOWN_CATEGORIES: usize = 30;

/// Categories of a scan: tables have a column for each, which is 100 MB per table here.
pub(crate) const MAX_CATEGORIES: usize = 10_000;

/// Categories up to which there may be nearly as many as texts: a few texts to try things out on.
const MAX_FREE_CATEGORIES: usize = 10;

/// Regions up to which graphs are drawn: beyond, circles cover each other, and a picture has tens
/// of megabytes.
pub(crate) const MAX_DRAWN_REGIONS: usize = 50_000;

/// Regions beyond which the graph is not measured on request: projections take cubic time, some ten
/// minutes here.
pub(crate) const MAX_REGIONS_OF_METRICS: usize = 12_000;

/// Regions times transitions up to which betweenness is computed, which takes as many steps: half a
/// minute.
pub(crate) const MAX_BETWEENNESS_WORK: usize = 2_000_000_000;

/// Texts × layers × contrasts × permutations by default, some ten seconds on two cores; and the
/// least permutations, with which p can still fall to 0.01.
const MAX_TEST_WORK: usize = 2_000_000_000;
const MIN_PERMUTATIONS: usize = 100;

/// Something that is left out of the files of a scan, since it would take too long or could not be
/// seen. Its text says what and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Omission {
    /// Pictures and tests of each category but the largest.
    Categories {
        /// Categories with pictures and tests of their own.
        shown: usize,
        /// All categories.
        of: usize,
    },
    /// Heatmaps and contact sheets.
    Heatmaps {
        /// Cells per side of the grid.
        side: usize,
    },
    /// Pictures of the graph.
    Graphs {
        /// Regions of the graph.
        regions: usize,
    },
    /// Some of the permutations and resamples of the tests.
    Permutations {
        /// Those that are made.
        made: usize,
        /// Those that are usual.
        usual: usize,
    },
    /// The ends of long texts in the report.
    Texts {
        /// Bytes after which a text is cut.
        limit: usize,
    },
}

impl fmt::Display for Omission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Categories { shown, of } => write!(
                f,
                "of {of} labels the {shown} largest have pictures and tests of their own"
            ),
            Self::Heatmaps { side } => write!(
                f,
                "no heatmaps: {side} cells per side could not be seen (at most {MAX_DRAWN_SIDE})"
            ),
            Self::Graphs { regions } => write!(
                f,
                "no pictures of the graph: {regions} regions would cover each other (at most {MAX_DRAWN_REGIONS})"
            ),
            Self::Permutations { made, usual } => write!(
                f,
                "tests have {made} permutations instead of {usual}, since there are many texts"
            ),
            Self::Texts { limit } => write!(
                f,
                "report.html has the first {limit} bytes of longer texts; corpus.csv has all"
            ),
        }
    }
}

/// The categories with pictures and tests of their own: all that are named, else the largest.
pub(crate) fn shown_categories(categories: &[usize], named: bool, labels: &Labels) -> Vec<usize> {
    let mut shown = categories.to_vec();
    if !named && shown.len() > MAX_SHOWN_CATEGORIES {
        let counts = labels.category_counts();
        shown.sort_by_key(|&category| Reverse(counts[category]));
        shown.truncate(MAX_SHOWN_CATEGORIES);
        shown.sort_unstable();
    }
    shown
}

/// The usual tests, with fewer permutations and resamples where they would take too long.
pub(crate) fn usual_tests(labels: &Labels, layers: usize) -> Significance {
    let usual = Significance::default();
    let used = labels.category_counts().iter().filter(|&&n| n > 0).count();
    let contrasts = match used {
        0..=2 => 1,
        more => more.min(MAX_SHOWN_CATEGORIES),
    };
    let each = labels.len().max(1) * layers.max(1) * contrasts;
    let affordable = (MAX_TEST_WORK / each).max(MIN_PERMUTATIONS);
    let permutations = usual.permutations.min(affordable);
    usual
        .with_permutations(permutations)
        .with_resamples(permutations)
}

/// Whether there are so many categories that the labels are probably those of another column.
pub(crate) fn is_doubtful(labels: &Labels) -> bool {
    let n = labels.n_categories();
    n > MAX_FREE_CATEGORIES && 2 * n > labels.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(n_texts: usize, n_categories: usize) -> Labels {
        Labels::from_names((0..n_texts).map(|row| (row % n_categories).to_string())).unwrap()
    }

    #[test]
    fn tests_take_bounded_work() {
        let permutations = |texts, categories, layers| {
            usual_tests(&labels(texts, categories), layers).permutations
        };
        assert_eq!(permutations(1_000, 3, 13), 1_000);
        assert_eq!(permutations(10_000, 10, 13), 1_000);
        assert_eq!(permutations(200_000, 2, 50), 200);
        assert_eq!(permutations(100_000, 2_000, 33), 100);
    }

    #[test]
    fn as_many_labels_as_texts_are_doubtful() {
        assert!(is_doubtful(&labels(100, 51)) && !is_doubtful(&labels(100, 50)));
        assert!(is_doubtful(&labels(11, 11)) && !is_doubtful(&labels(10, 10)));
    }

    #[test]
    fn the_largest_categories_are_shown_unless_others_are_named() {
        // Category 40 has the most texts, category 0 the fewest.
        let names = (0..41).flat_map(|c: usize| vec![format!("{c:02}"); c + 1]);
        let labels = Labels::from_names(names).unwrap();
        let all: Vec<usize> = (0..41).collect();
        assert_eq!(shown_categories(&all, false, &labels), all[11..]);
        assert_eq!(shown_categories(&all, true, &labels), all);
        assert_eq!(shown_categories(&all[..30], false, &labels), all[..30]);
    }
}
