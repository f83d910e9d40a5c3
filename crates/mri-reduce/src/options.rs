use mri_core::ReduceError;
use serde::{Deserialize, Serialize};

use crate::distance::Distance;
use crate::kind::ReducerKind;
use crate::neighbor_embedding::Init;

/// The options that only some reducers have, named as their fields; `None` means the reducer's
/// default.
///
/// An option that the reducer does not have is an error.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReducerOptions {
    /// The size of a neighborhood; see [`Umap::n_neighbors`](crate::Umap::n_neighbors) and
    /// [`Pacmap::n_neighbors`](crate::Pacmap::n_neighbors), which count differently.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_neighbors: Option<usize>,
    /// The distance below which points attract no further; see
    /// [`Umap::min_dist`](crate::Umap::min_dist).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_dist: Option<f64>,
    /// The scale of the distances between neighbors; see [`Umap::spread`](crate::Umap::spread).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// Mid-near pairs per near pair; see [`Pacmap::mn_ratio`](crate::Pacmap::mn_ratio).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mn_ratio: Option<f64>,
    /// Further pairs per near pair; see [`Pacmap::fp_ratio`](crate::Pacmap::fp_ratio).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fp_ratio: Option<f64>,
    /// The step size; see [`Pacmap::learning_rate`](crate::Pacmap::learning_rate).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// The effective number of neighbors; see [`Tsne::perplexity`](crate::Tsne::perplexity).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perplexity: Option<f64>,
    /// The number of epochs; see [`Umap::n_epochs`](crate::Umap::n_epochs) and
    /// [`Tsne::n_epochs`](crate::Tsne::n_epochs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_epochs: Option<usize>,
    /// The distance that defines neighbors; see [`Umap::metric`](crate::Umap::metric) and
    /// [`Tsne::metric`](crate::Tsne::metric).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<Distance>,
    /// The initial points; see [`Umap::init`](crate::Umap::init).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
}

impl ReducerOptions {
    /// Whether all are `None`.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Rejects options that `kind` does not have.
    ///
    /// # Errors
    /// [`ReduceError::Parameter`].
    pub(crate) fn check(&self, kind: ReducerKind) -> Result<(), ReduceError> {
        // The given options, and the reducers that have them.
        let given = [
            ("n_neighbors", text(self.n_neighbors), UMAP_AND_PACMAP),
            ("min_dist", text(self.min_dist), ONLY_UMAP),
            ("spread", text(self.spread), ONLY_UMAP),
            ("mn_ratio", text(self.mn_ratio), ONLY_PACMAP),
            ("fp_ratio", text(self.fp_ratio), ONLY_PACMAP),
            ("learning_rate", text(self.learning_rate), ONLY_PACMAP),
            ("perplexity", text(self.perplexity), ONLY_TSNE),
            ("n_epochs", text(self.n_epochs), NEIGHBOR_EMBEDDINGS),
            ("metric", text(self.metric), NEIGHBOR_EMBEDDINGS),
            ("init", text(self.init), ONLY_UMAP),
        ];
        for (parameter, value, (owners, expected)) in given {
            if let Some(value) = value.filter(|_| !owners.contains(&kind)) {
                return Err(ReduceError::Parameter {
                    parameter,
                    value,
                    expected,
                });
            }
        }
        Ok(())
    }
}

type Owners = (&'static [ReducerKind], &'static str);

const ONLY_UMAP: Owners = (
    &[ReducerKind::Umap],
    "only umap has this option; leave it out or choose that reducer",
);

const ONLY_TSNE: Owners = (
    &[ReducerKind::Tsne],
    "only tsne has this option; leave it out or choose that reducer",
);

const ONLY_PACMAP: Owners = (
    &[ReducerKind::Pacmap],
    "only pacmap has this option; leave it out or choose that reducer",
);

const UMAP_AND_PACMAP: Owners = (
    &[ReducerKind::Umap, ReducerKind::Pacmap],
    "only umap and pacmap have this option; leave it out or choose one of those reducers",
);

const NEIGHBOR_EMBEDDINGS: Owners = (
    &[ReducerKind::Umap, ReducerKind::Tsne, ReducerKind::Pacmap],
    "only umap, tsne and pacmap have this option; leave it out or choose one of those reducers",
);

fn text<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}
