use mri_core::{Backend, BackendError, Capture, Layer, ModelInfo, ModelKind, Site, TokenBatch};
use ndarray::Array2;

/// A backend without a model: a small deterministic function of the tokens, for tests.
///
/// It has blocks, all sites, limits and every pooling, and needs no files and no device. States are
/// sines of the token, its position, the mean of the tokens it sees, the layer and the column, so
/// that different texts have different rows and equal texts equal ones.
#[derive(Debug, Clone)]
pub struct FakeBackend {
    info: ModelInfo,
}

impl Default for FakeBackend {
    /// An encoder of 3 blocks with 8 columns and 16 neurons, a vocabulary of 1000 and texts of up
    /// to 64 tokens.
    fn default() -> Self {
        Self::new(ModelKind::Encoder, 3, 8)
    }
}

impl FakeBackend {
    /// A model with `n_blocks` blocks of `width` columns and `2 · width` neurons.
    #[must_use]
    pub fn new(kind: ModelKind, n_blocks: usize, width: usize) -> Self {
        Self {
            info: ModelInfo {
                name: "fake".to_owned(),
                family: "fake".to_owned(),
                kind,
                n_blocks,
                width,
                mlp_width: Some(2 * width),
                sites: Site::ALL.to_vec(),
                vocab_size: 1000,
                max_length: Some(64),
            },
        }
    }

    /// Sets the vocabulary size and the maximum length of a text.
    #[must_use]
    pub fn with_limits(mut self, vocab_size: usize, max_length: Option<usize>) -> Self {
        self.info.vocab_size = vocab_size;
        self.info.max_length = max_length;
        self
    }

    /// The states of one text, of shape (tokens, width of the layer).
    fn states(&self, text: &[u32], layer: Layer, final_norm: bool) -> Array2<f32> {
        let width = self.info.layer_width(layer).unwrap_or(0);
        let site = Site::ALL.iter().position(|&site| site == layer.site);
        let phase = layer.index as f32 + 10.0 * site.unwrap_or(0) as f32;
        let mean =
            |tokens: &[u32]| tokens.iter().map(|&id| id as f32).sum::<f32>() / tokens.len() as f32;
        Array2::from_shape_fn((text.len(), width), |(i, column)| {
            // The mean of the tokens seen: of all, or of those so far; of itself at layer 0.
            let seen = match self.info.kind {
                _ if layer == Layer::resid(0) => text[i] as f32,
                ModelKind::Encoder => mean(text),
                ModelKind::Decoder => mean(&text[..=i]),
            };
            let x = (0.37 * text[i] as f32 + 0.11 * seen + 0.7 * i as f32) * (1.0 + phase);
            let value = (x + column as f32).sin();
            let last = layer == Layer::resid(self.info.n_blocks);
            if last && !final_norm {
                3.0 * value
            } else {
                value
            }
        })
    }
}

impl Backend for FakeBackend {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError> {
        batch.check(&self.info, capture)?;
        let layers = capture.layers.iter().map(|&layer| {
            let width = self.info.layer_width(layer).unwrap_or(0);
            let pooled = batch.iter().flat_map(|text| {
                let states = self.states(text, layer, capture.final_norm);
                capture.pooling.pool(states.view()).unwrap_or_default()
            });
            let rows: Vec<f32> = pooled.collect();
            let n = rows.len().checked_div(width).unwrap_or(0);
            Array2::from_shape_vec((n, width), rows).map_err(|e| BackendError::Engine {
                engine: "fake",
                source: Box::new(e),
            })
        });
        layers.collect()
    }
}
