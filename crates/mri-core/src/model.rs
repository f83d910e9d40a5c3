use serde::{Deserialize, Serialize};

use crate::layer::{Layer, Site};

/// What a model is: its size, its limits and the way it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// A name to show, such as the folder's or the hub id.
    pub name: String,
    /// The architecture, as `model_type` in `config.json` calls it.
    pub family: String,
    /// Whether texts are read in both directions or from left to right.
    pub kind: ModelKind,
    /// The number of transformer blocks; the residual stream has one layer more.
    pub n_blocks: usize,
    /// The width of the residual stream.
    pub width: usize,
    /// The number of neurons per block ([`Site::MlpAct`]); `None` where they cannot be recorded.
    pub mlp_width: Option<usize>,
    /// The sites that the engine can record for this model.
    pub sites: Vec<Site>,
    /// Token ids are below this number.
    pub vocab_size: usize,
    /// The longest text the model takes, in tokens; `None` where there is no limit.
    pub max_length: Option<usize>,
}

impl ModelInfo {
    /// All layers of a site, in order; empty where the site cannot be recorded.
    #[must_use]
    pub fn layers(&self, site: Site) -> Vec<Layer> {
        if !self.sites.contains(&site) {
            return Vec::new();
        }
        (site.first_index()..=self.n_blocks)
            .map(|index| Layer { site, index })
            .collect()
    }

    /// The columns of a layer's matrix, or `None` if this model does not have that layer.
    #[must_use]
    pub fn layer_width(&self, layer: Layer) -> Option<usize> {
        let exists = self.sites.contains(&layer.site)
            && (layer.site.first_index()..=self.n_blocks).contains(&layer.index);
        match layer.site {
            _ if !exists => None,
            Site::MlpAct => self.mlp_width,
            Site::Resid | Site::AttnOut | Site::MlpOut => Some(self.width),
        }
    }
}

/// In which direction a model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Every token sees every other (BERT and the like).
    Encoder,
    /// Every token sees only those before it (GPT, Llama and the like).
    Decoder,
}
