//! Reducers that are linear maps of scaled rows.

mod covariance;
mod fit;
mod incremental_pca;
mod krylov_pca;
mod model;
mod orthonormal;
mod pca;
mod projection;
mod random_projection;
mod svd;

pub use incremental_pca::IncrementalPca;
pub use model::LinearModel;
pub(crate) use orthonormal::orthonormal_rows;
pub use pca::Pca;
pub use projection::LinearProjection;
pub use random_projection::RandomProjection;
pub use svd::Svd;
