use std::fmt;
use std::str::FromStr;

use mri_core::ReduceError;
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

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Euclidean => "euclidean",
            Self::Cosine => "cosine",
        })
    }
}

impl FromStr for Distance {
    type Err = ReduceError;

    fn from_str(text: &str) -> Result<Self, ReduceError> {
        match text {
            "euclidean" => Ok(Self::Euclidean),
            "cosine" => Ok(Self::Cosine),
            _ => Err(ReduceError::Parameter {
                parameter: "metric",
                value: text.to_owned(),
                expected: "euclidean or cosine",
            }),
        }
    }
}
