use serde::{Deserialize, Serialize};

/// The distance between rows. Between points it is always Euclidean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Distance {
    /// The Euclidean distance.
    #[default]
    Euclidean,
    /// 1 − the cosine of the angle between two rows, which are not centered first.
    Cosine,
}

mri_core::enum_names! {
    Distance, "metric";
    Euclidean => "euclidean",
    Cosine => "cosine",
}
