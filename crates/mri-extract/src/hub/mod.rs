//! Models by name: a folder, or an id of the Hugging Face hub.

#[cfg(feature = "hub")]
mod cache;
#[cfg(feature = "hub")]
mod client;
#[cfg(feature = "hub")]
mod download;
mod error;
#[cfg(feature = "hub")]
mod fetch;
#[cfg(feature = "hub")]
mod options;
mod source;
#[cfg(feature = "hub")]
mod wanted;

pub use error::HubError;
#[cfg(feature = "hub")]
pub use options::HubOptions;
pub use source::ModelSource;
