use serde::{Deserialize, Serialize};

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
    /// [`Pacmap`](crate::Pacmap).
    Pacmap,
}

mri_core::enum_names! {
    ReducerKind, "reducer";
    Pca => "pca",
    Svd => "svd",
    RandomProjection => "random-projection",
    Umap => "umap",
    Tsne => "tsne",
    Pacmap => "pacmap",
}
