use mri_core::{Component, Fitted, ReduceError, Reducer, RowSource, Watch};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::fit::project_all;
use super::model::LinearModel;
use super::projection::LinearProjection;
use crate::check::check_size;
use crate::random::normal;
use crate::row_blocks::RowBlocks;
use crate::scaling::Scaling;

/// A Gaussian random projection (Johnson & Lindenstrauss 1984): distances are preserved up to an
/// error that falls with the number of components, whatever the data.
///
/// In two dimensions it is a baseline for other reducers; with some hundred components it is a
/// cheap step before a slow one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomProjection {
    /// The number of components, from 1 to the width.
    pub n_components: usize,
    /// The scaling of the columns.
    pub scaling: Scaling,
    /// The seed of the directions.
    pub seed: u64,
}

impl Default for RandomProjection {
    /// Two components of centered columns, seed 0.
    fn default() -> Self {
        Self::new(2, 0)
    }
}

impl RandomProjection {
    /// A projection of centered columns.
    #[must_use]
    pub fn new(n_components: usize, seed: u64) -> Self {
        Self {
            n_components,
            scaling: Scaling::Center,
            seed,
        }
    }

    fn fit_any(&self, rows: &RowBlocks<'_>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        let (n, width) = rows.size();
        let k = self.n_components;
        check_size((n, width))?;
        if k == 0 {
            return Err(ReduceError::Parameter {
                parameter: "n_components",
                value: k.to_string(),
                expected: "at least 1",
            });
        }
        if k > width {
            return Err(ReduceError::TooManyComponents {
                components: k,
                rows: n,
                columns: width,
                limit: width,
            });
        }
        let scaler = rows.columns(watch)?.scaler(self.scaling);
        // Entries of variance 1/k keep squared distances the same on average.
        let shrink = 1.0 / (k as f64).sqrt();
        let directions = Array2::from_shape_fn((k, width), |(i, j)| {
            normal(self.seed, (i * width + j) as u64) * shrink
        });
        let model = LinearModel {
            components: (1..=k)
                .map(|i| Component {
                    name: format!("RP{i}"),
                    explained_variance_ratio: None,
                })
                .collect(),
            explained_variance: Vec::new(),
            projection: LinearProjection::new(scaler.offset().clone(), scaler.factor(), directions),
        };
        project_all(rows, model, watch)
    }
}

impl Reducer for RandomProjection {
    fn name(&self) -> &str {
        "Random projection"
    }

    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        self.fit_any(&RowBlocks::View(x), watch)
    }

    /// Streams: two passes over the rows.
    fn fit_rows(&self, rows: &dyn RowSource, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        self.fit_any(&RowBlocks::of(rows), watch)
    }
}
