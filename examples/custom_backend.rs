//! An inference engine of your own, with `mri-core` as the only dependency.
//!
//! ```text
//! cargo run -p examples --example custom_backend
//! ```
//!
//! The engine runs a toy model: made-up embeddings, and two blocks that add to each token the mean
//! of what came before. It is a complete backend all the same: it passes the conformance suite, so
//! everything of llm-mri can be done with it. docs/backends.md goes through it step by step.

#![allow(clippy::print_stdout, reason = "an example is a program")]

use mri_core::conformance::BackendSuite;
use mri_core::{
    Backend, BackendError, Capture, Layer, ModelInfo, ModelKind, Pooling, Site, TokenBatch,
};
use ndarray::{Array2, Axis, concatenate};

const BLOCKS: usize = 2;
const WIDTH: usize = 6;

/// The engine: what the model is, and its weights.
struct RunningMean {
    info: ModelInfo,
    /// One row per token of the vocabulary.
    embeddings: Array2<f32>,
}

impl RunningMean {
    fn new(vocab_size: usize) -> Self {
        let info = ModelInfo {
            name: "running mean".to_owned(),
            family: "toy".to_owned(),
            // Each token sees only those before it; the suite checks that.
            kind: ModelKind::Decoder,
            n_blocks: BLOCKS,
            width: WIDTH,
            // There is nothing to record but the residual stream, so no other site is offered.
            mlp_width: None,
            sites: vec![Site::Resid],
            vocab_size,
            max_length: Some(64),
        };
        let value = |(token, column): (usize, usize)| ((token * WIDTH + column) as f32).sin();
        Self {
            info,
            embeddings: Array2::from_shape_fn((vocab_size, WIDTH), value),
        }
    }

    /// The states of one text after every block, the embedding output first.
    fn run(&self, text: &[u32]) -> Vec<Array2<f32>> {
        let ids: Vec<usize> = text.iter().map(|&id| id as usize).collect();
        let mut states = self.embeddings.select(Axis(0), &ids);
        let mut layers = vec![states.clone()];
        for _ in 0..BLOCKS {
            let mut sum = ndarray::Array1::zeros(WIDTH);
            for (i, mut state) in states.rows_mut().into_iter().enumerate() {
                sum += &state;
                state += &(&sum / (i + 1) as f32);
            }
            layers.push(states.clone());
        }
        layers
    }
}

impl Backend for RunningMean {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError> {
        // Refuses what this model cannot run or record, with the errors that callers expect.
        batch.check(&self.info, capture)?;
        // One text after the other needs no padding, and so no mask. An engine that pads has to see
        // to it that no row depends on the neighbours.
        let mut rows: Vec<Vec<Array2<f32>>> = vec![Vec::new(); capture.layers.len()];
        for text in batch.iter() {
            let states = self.run(text);
            for (rows, layer) in rows.iter_mut().zip(&capture.layers) {
                // Pooled at once, so that no more than one text's states are kept.
                rows.extend(capture.pooling.pool(states[layer.index].view()));
            }
        }
        let matrices = rows.iter().map(|rows| {
            let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
            if views.is_empty() {
                return Ok(Array2::zeros((0, WIDTH)));
            }
            concatenate(Axis(0), &views).map_err(|e| BackendError::Engine {
                engine: "running mean",
                source: Box::new(e),
            })
        });
        matrices.collect()
    }
}

fn main() -> anyhow::Result<()> {
    let mut backend = RunningMean::new(1000);
    BackendSuite::default().check(&mut backend)?;
    println!("{} passes the conformance suite", backend.model().name);

    let batch: TokenBatch = [&[1_u32, 2, 3][..], &[7, 8]].into_iter().collect();
    let capture = Capture {
        layers: vec![Layer::resid(0), Layer::resid(BLOCKS)],
        pooling: Pooling::Last,
        final_norm: true,
    };
    for (layer, rows) in capture
        .layers
        .iter()
        .zip(backend.forward(&batch, &capture)?)
    {
        println!("{layer}:\n{rows:.2}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_conforms() {
        for seed in 0..3 {
            let suite = BackendSuite {
                seed,
                ..BackendSuite::default()
            };
            suite.check(&mut RunningMean::new(1000)).unwrap();
        }
    }
}
