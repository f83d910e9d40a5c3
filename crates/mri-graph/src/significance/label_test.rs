use std::ops::Range;

use mri_core::Labels;
use mri_grid::{Cell, GridStack};
use mri_stats::{Partition, TwoSample, benjamini_hochberg};
use serde::{Deserialize, Serialize};

use crate::error::GraphError;
use crate::significance::contrast::Contrast;

/// Settings of the test of whether the two sides of a [`Contrast`] differ by more than chance.
///
/// The null hypothesis: labels are assigned to the texts of both sides at random. For a cell or an
/// edge the statistic is the share of A's texts that are there less the share of B's, and its p
/// over *all* permutations of the labels has a closed form (hypergeometric). For a whole layer the
/// statistic is the total variation distance, half the sum of the absolute differences over its
/// cells, and its p is estimated from random permutations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Significance {
    /// Random permutations of the labels; p of a layer cannot fall below `1 / (permutations + 1)`.
    pub permutations: usize,
    /// Bootstrap resamples of the texts, drawn within each side.
    pub resamples: usize,
    /// Coverage of the intervals, such as 0.95.
    pub confidence: f64,
    /// A cell or edge with so few texts that no labels could bring its p down to this is not
    /// tested: it would only raise the adjusted p of the others. The criterion does not use the
    /// labels, so it does not select among results.
    pub alpha: f64,
    /// Determines permutations and resamples, whatever the number of threads.
    pub seed: u64,
}

impl Default for Significance {
    /// 1,000 permutations and resamples, 95 % intervals, tests at 5 %, seed 0.
    fn default() -> Self {
        Self {
            permutations: 1000,
            resamples: 1000,
            confidence: 0.95,
            alpha: 0.05,
            seed: 0,
        }
    }
}

/// The test of one layer, or of the transitions from one layer to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerTest<T> {
    /// The position of the layer in the stack; for transitions that of the earlier one.
    #[serde(rename = "layer")]
    pub position: usize,
    /// Total variation distance of the two sides, from 0 (equal shares everywhere) to 1 (no cell in
    /// common).
    pub distance: f64,
    /// Its p estimated from the permutations, `(1 + hits) / (1 + permutations)`, where a hit is a
    /// permutation whose distance is at least as large.
    pub p: f64,
    /// `p` adjusted over the layers ([`benjamini_hochberg`]).
    pub q: f64,
    /// The tests of its cells or edges, of those with at least one text of either side.
    pub items: Vec<CellTest<T>>,
}

/// The test of one cell or edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellTest<T> {
    /// The cell, or the cells at the two ends of the edge.
    pub item: T,
    /// Texts of side A.
    pub texts_a: u32,
    /// Texts of side B.
    pub texts_b: u32,
    /// The share of A's texts that are here less the share of B's, from −1 to 1.
    pub effect: f64,
    /// The percentile bootstrap interval of the effect, ascending.
    pub interval: [f64; 2],
    /// The probability of an absolute effect at least as large under random labels, exact over all
    /// permutations.
    pub p: f64,
    /// The same estimated from the random permutations, `(1 + hits) / (1 + permutations)`: a check
    /// of `p`.
    pub p_permuted: f64,
    /// `p` adjusted over the tested cells of the layer, or the tested edges of the graph
    /// ([`benjamini_hochberg`]). `None` if it has too few texts, see [`Significance::alpha`].
    pub q: Option<f64>,
    /// The share of bootstrap resamples in which any text is here, from 0 to 1.
    pub stability: f64,
}

impl Significance {
    /// These settings with another number of permutations; 0 leaves the p of layers at 1.
    #[must_use]
    pub fn with_permutations(mut self, permutations: usize) -> Self {
        self.permutations = permutations;
        self
    }

    /// These settings with another number of resamples; 0 leaves intervals and stabilities NaN.
    #[must_use]
    pub fn with_resamples(mut self, resamples: usize) -> Self {
        self.resamples = resamples;
        self
    }

    /// These settings with another coverage of the intervals, from 0 to 1.
    #[must_use]
    pub fn with_confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    /// These settings with another level below which a p must be able to fall to be tested.
    #[must_use]
    pub fn with_alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// These settings with another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Tests every cell, layer by layer. Within a layer, p are adjusted for the number of its
    /// cells.
    ///
    /// # Errors
    /// [`GraphError::UnknownCategory`], [`GraphError::BothSides`], or [`GraphError::TooFewTexts`]
    /// if a side has none.
    pub fn cells(
        &self,
        grids: &GridStack,
        contrast: &Contrast,
    ) -> Result<Vec<LayerTest<Cell>>, GraphError> {
        let partitions: Vec<Partition<Cell>> = grids
            .iter()
            .map(|(_, grid)| Partition::new(grid.cells().iter().copied()))
            .collect();
        self.test(&partitions, grids.labels(), contrast, Family::Layer)
    }

    /// Tests every edge of the co-activation graph. p are adjusted over the edges of the whole
    /// graph.
    ///
    /// # Errors
    /// As [`Significance::cells`].
    pub fn edges(
        &self,
        grids: &GridStack,
        contrast: &Contrast,
    ) -> Result<Vec<LayerTest<(Cell, Cell)>>, GraphError> {
        let cells: Vec<&[Cell]> = grids.iter().map(|(_, grid)| grid.cells()).collect();
        let partitions: Vec<Partition<(Cell, Cell)>> = cells
            .windows(2)
            .map(|pair| Partition::new(pair[0].iter().copied().zip(pair[1].iter().copied())))
            .collect();
        self.test(&partitions, grids.labels(), contrast, Family::Graph)
    }

    fn test<T: Ord + Copy>(
        &self,
        partitions: &[Partition<T>],
        labels: &Labels,
        contrast: &Contrast,
        family: Family,
    ) -> Result<Vec<LayerTest<T>>, GraphError> {
        let [a, b] = contrast.rows(labels)?;
        let sample = TwoSample::new(partitions, &a, &b)?;
        let p: Vec<f64> = (0..sample.n_parts()).map(|i| sample.p_value(i)).collect();
        let q = self.adjusted(&sample, &p, partitions.len(), family);
        let hits = sample.permute(self.permutations, self.seed);
        let resampled = sample.bootstrap(self.resamples, self.seed);

        let share = |hits: u32| f64::from(hits + 1) / (self.permutations + 1) as f64;
        let mut tests: Vec<LayerTest<T>> = partitions
            .iter()
            .enumerate()
            .map(|(position, partition)| {
                let parts = sample.parts_of(position).zip(partition.parts());
                let items = parts.filter_map(|(part, &item)| {
                    let [texts_a, texts_b] = sample.counts(part);
                    (texts_a + texts_b > 0).then(|| CellTest {
                        item,
                        texts_a,
                        texts_b,
                        effect: sample.effect(part),
                        interval: resampled.interval(part, self.confidence),
                        p: p[part],
                        p_permuted: share(hits.parts[part]),
                        q: q[part],
                        stability: resampled.stability(part),
                    })
                });
                LayerTest {
                    position,
                    distance: sample.total_variation(position),
                    p: share(hits.partitions[position]),
                    q: 0.0,
                    items: items.collect(),
                }
            })
            .collect();
        let p: Vec<f64> = tests.iter().map(|test| test.p).collect();
        for (test, adjusted) in tests.iter_mut().zip(benjamini_hochberg(&p)) {
            test.q = adjusted;
        }
        Ok(tests)
    }

    /// The adjusted p of every part that has enough texts to be tested.
    fn adjusted(
        &self,
        sample: &TwoSample,
        p: &[f64],
        n_partitions: usize,
        family: Family,
    ) -> Vec<Option<f64>> {
        let mut q = vec![None; sample.n_parts()];
        let mut adjust = |parts: Range<usize>| {
            let tested: Vec<usize> = parts
                .filter(|&part| sample.min_p_value(part) <= self.alpha)
                .collect();
            let p: Vec<f64> = tested.iter().map(|&part| p[part]).collect();
            for (part, adjusted) in tested.into_iter().zip(benjamini_hochberg(&p)) {
                q[part] = Some(adjusted);
            }
        };
        match family {
            Family::Layer => (0..n_partitions).for_each(|layer| adjust(sample.parts_of(layer))),
            Family::Graph => adjust(0..sample.n_parts()),
        }
        q
    }
}

/// The tests that p are adjusted over.
#[derive(Clone, Copy)]
enum Family {
    Layer,
    Graph,
}
