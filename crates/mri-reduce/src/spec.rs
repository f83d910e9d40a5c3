use mri_core::{ReduceError, Reducer};
use serde::{Deserialize, Serialize};

use crate::kind::ReducerKind;
use crate::linear::{Pca, RandomProjection, Svd};
use crate::options::ReducerOptions;
use crate::pacmap::Pacmap;
use crate::scaling::Scaling;
use crate::tsne::Tsne;
use crate::umap::Umap;

/// A reducer of this crate and its parameters, as plain data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReducerSpec {
    /// Which reducer.
    pub kind: ReducerKind,
    /// The number of components.
    pub components: usize,
    /// The scaling of the columns; `None` means the reducer's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// The seed; PCA and SVD do not use it.
    #[serde(default)]
    pub seed: u64,
    /// Whether the maps of several layers are aligned: applied by
    /// [`reduce_stack_aligned`](crate::reduce_stack_aligned), ignored by [`ReducerSpec::build`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub align: bool,
    /// Options that only some reducers have.
    #[serde(default, skip_serializing_if = "ReducerOptions::is_default")]
    pub options: ReducerOptions,
}

impl Default for ReducerSpec {
    fn default() -> Self {
        Self {
            kind: ReducerKind::Pca,
            components: 2,
            scaling: None,
            seed: 0,
            align: false,
            options: ReducerOptions::default(),
        }
    }
}

impl ReducerSpec {
    /// The reducer.
    ///
    /// # Errors
    /// [`ReduceError::Parameter`] for an option that the reducer does not have or whose value is
    /// out of range for all rows.
    pub fn build(&self) -> Result<Box<dyn Reducer>, ReduceError> {
        self.options.check(self.kind)?;
        Ok(match self.kind {
            ReducerKind::Pca => {
                let mut pca = Pca::new(self.components);
                pca.scaling = self.scaling.unwrap_or(pca.scaling);
                Box::new(pca)
            }
            ReducerKind::Svd => {
                let mut svd = Svd::new(self.components);
                svd.scaling = self.scaling.unwrap_or(svd.scaling);
                Box::new(svd)
            }
            ReducerKind::RandomProjection => {
                let mut projection = RandomProjection::new(self.components, self.seed);
                projection.scaling = self.scaling.unwrap_or(projection.scaling);
                Box::new(projection)
            }
            ReducerKind::Umap => Box::new(self.umap()?),
            ReducerKind::Tsne => Box::new(self.tsne()?),
            ReducerKind::Pacmap => Box::new(self.pacmap()?),
        })
    }

    fn umap(&self) -> Result<Umap, ReduceError> {
        let plain = Umap::new(self.components, self.seed);
        let given = self.options;
        let umap = Umap {
            scaling: self.scaling.unwrap_or(plain.scaling),
            n_neighbors: given.n_neighbors.unwrap_or(plain.n_neighbors),
            min_dist: given.min_dist.unwrap_or(plain.min_dist),
            spread: given.spread.unwrap_or(plain.spread),
            n_epochs: given.n_epochs.or(plain.n_epochs),
            metric: given.metric.unwrap_or(plain.metric),
            init: given.init.unwrap_or(plain.init),
            ..plain
        };
        umap.check()?;
        Ok(umap)
    }

    fn tsne(&self) -> Result<Tsne, ReduceError> {
        let plain = Tsne::new(self.components, self.seed);
        let given = self.options;
        let tsne = Tsne {
            scaling: self.scaling.unwrap_or(plain.scaling),
            perplexity: given.perplexity.unwrap_or(plain.perplexity),
            n_epochs: given.n_epochs.unwrap_or(plain.n_epochs),
            metric: given.metric.unwrap_or(plain.metric),
            ..plain
        };
        tsne.check()?;
        Ok(tsne)
    }

    fn pacmap(&self) -> Result<Pacmap, ReduceError> {
        let plain = Pacmap::new(self.components, self.seed);
        let given = self.options;
        let pacmap = Pacmap {
            scaling: self.scaling.unwrap_or(plain.scaling),
            n_neighbors: given.n_neighbors.or(plain.n_neighbors),
            mn_ratio: given.mn_ratio.unwrap_or(plain.mn_ratio),
            fp_ratio: given.fp_ratio.unwrap_or(plain.fp_ratio),
            n_epochs: given.n_epochs.unwrap_or(plain.n_epochs),
            learning_rate: given.learning_rate.unwrap_or(plain.learning_rate),
            metric: given.metric.unwrap_or(plain.metric),
            ..plain
        };
        pacmap.check()?;
        Ok(pacmap)
    }
}
