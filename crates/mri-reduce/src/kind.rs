use std::fmt;
use std::str::FromStr;

use mri_core::{ReduceError, Reducer};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Pca, RandomProjection, ReducerOptions, Scaling, Svd, Tsne, Umap};

/// The reducers of this crate by name, for programs and configuration files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ReducerKind {
    /// [`Pca`].
    Pca,
    /// [`Svd`].
    Svd,
    /// [`RandomProjection`].
    #[serde(rename = "random-projection")]
    RandomProjection,
    /// [`Umap`].
    Umap,
    /// [`Tsne`].
    Tsne,
}

impl ReducerKind {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 5] = [
        Self::Pca,
        Self::Svd,
        Self::RandomProjection,
        Self::Umap,
        Self::Tsne,
    ];

    /// The name in configuration files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pca => "pca",
            Self::Svd => "svd",
            Self::RandomProjection => "random-projection",
            Self::Umap => "umap",
            Self::Tsne => "tsne",
        }
    }
}

impl fmt::Display for ReducerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no reducer's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{given:?} is not a reducer; known are {known}")]
pub struct ParseReducerError {
    given: String,
    known: String,
}

impl FromStr for ReducerKind {
    type Err = ParseReducerError;

    fn from_str(text: &str) -> Result<Self, ParseReducerError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| ParseReducerError {
                given: text.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            })
    }
}

/// A reducer of this crate with its options, as plain data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReducerSpec {
    /// Which reducer.
    pub kind: ReducerKind,
    /// How many components.
    pub components: usize,
    /// What is done to the columns first; `None` takes the reducer's own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// The seed of whatever is random in the reducer; PCA and SVD have nothing random.
    #[serde(default)]
    pub seed: u64,
    /// Whether maps of several layers share one frame: see
    /// [`reduce_stack_aligned`](crate::reduce_stack_aligned). It is for whoever reduces them to heed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub align: bool,
    /// What only some reducers have.
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
    /// The reducer that the options describe.
    ///
    /// # Errors
    /// [`ReduceError::Parameter`] for an option that the reducer does not have, or whose value is wrong
    /// whatever the rows.
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
}
