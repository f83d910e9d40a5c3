use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The reducers of this crate by name, for programs and configuration files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ReducerKind {
    /// [`Pca`](crate::Pca).
    Pca,
    /// [`Svd`](crate::Svd).
    Svd,
    /// [`RandomProjection`](crate::RandomProjection).
    #[serde(rename = "random-projection")]
    RandomProjection,
    /// [`Umap`](crate::Umap).
    Umap,
    /// [`Tsne`](crate::Tsne).
    Tsne,
}

impl ReducerKind {
    /// All of them, in the order of listings.
    pub const ALL: [Self; 5] = [
        Self::Pca,
        Self::Svd,
        Self::RandomProjection,
        Self::Umap,
        Self::Tsne,
    ];

    /// The name in configuration files and of [`FromStr`].
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

/// The error of an unknown name.
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
