use std::sync::Arc;

use mri_core::{
    Activations, Backend, BackendError, Capture, Labels, Layer, Pooling, Site, TokenBatch, Watch,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::ExtractError;
use crate::batch::plan_batches;

/// What is recorded, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordOptions {
    /// The sites whose layers are recorded, all of them in one forward pass.
    pub sites: Vec<Site>,
    /// How the token states of a text become one row; `None` for what suits the model
    /// ([`Pooling::default_for`]).
    pub pooling: Option<Pooling>,
    /// Whether the last residual layer of a pre-norm model is taken after the final norm, as
    /// transformers does.
    pub final_norm: bool,
    /// Tokens per batch, padding counted.
    pub tokens_per_batch: usize,
}

impl Default for RecordOptions {
    /// The residual stream under the model's own pooling.
    fn default() -> Self {
        Self {
            sites: vec![Site::Resid],
            pooling: None,
            final_norm: true,
            // Large enough for full speed on a CPU, small enough for some hundred MB of states.
            tokens_per_batch: 8_192,
        }
    }
}

/// Counts of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecordStats {
    /// Texts of the corpus.
    pub texts: usize,
    /// Texts that differ from each other in their tokens; only these went through the model.
    pub distinct_texts: usize,
    /// Tokens of all texts.
    pub tokens: usize,
    /// Tokens that went through the model.
    pub tokens_run: usize,
    /// Batches run.
    pub batches: usize,
}

/// The activations of a corpus.
pub struct Recording {
    /// One matrix per recorded layer.
    pub activations: Activations,
    /// The pooling that was used.
    pub pooling: Pooling,
    /// What was run.
    pub stats: RecordStats,
}

/// Runs texts through a model and keeps the layers asked for, in memory.
///
/// Texts are run in batches of similar length, equal texts once; the rows come back in corpus
/// order. `watch` is told of the tokens that went through.
///
/// # Errors
/// What the engine reports, with the row of the text at fault; [`ExtractError::Unsupported`] for
/// [`Pooling::Tokens`], which does not give one row per text, or where the model has none of the
/// sites; [`mri_core::CoreError::RowMismatch`] if there are not as many labels as texts.
pub fn record(
    backend: &mut dyn Backend,
    texts: &TokenBatch,
    labels: &Arc<Labels>,
    options: &RecordOptions,
    watch: &dyn Watch,
) -> Result<Recording, ExtractError> {
    let model = backend.model();
    let pooling = options.pooling.unwrap_or(Pooling::default_for(model.kind));
    if pooling == Pooling::Tokens {
        return Err(ExtractError::Unsupported(
            "pooling `tokens` gives one row per token, not one per text; choose another pooling",
        ));
    }
    let layers: Vec<Layer> = options
        .sites
        .iter()
        .flat_map(|&site| model.layers(site))
        .collect();
    if layers.is_empty() {
        return Err(ExtractError::Unsupported(
            "the model has none of the sites asked for",
        ));
    }
    let capture = Capture {
        layers,
        pooling,
        final_norm: options.final_norm,
    };
    let mut matrices: Vec<Array2<f32>> = capture
        .layers
        .iter()
        .map(|&layer| Array2::zeros((texts.len(), model.layer_width(layer).unwrap_or(0))))
        .collect();

    let plan = plan_batches(texts, options.tokens_per_batch);
    let tokens_of = |row: usize| texts.get(row).unwrap_or_default();
    let total = plan
        .batches
        .iter()
        .flatten()
        .map(|&row| tokens_of(row).len() as u64)
        .sum();
    let mut done = 0;
    watch.check("forward pass", 0, total)?;
    for rows in &plan.batches {
        let batch: TokenBatch = rows.iter().map(|&row| tokens_of(row)).collect();
        let results = backend
            .forward(&batch, &capture)
            .map_err(|e| name_row(e, rows))?;
        fill(&mut matrices, rows, results, &capture)?;
        done += batch.n_tokens() as u64;
        watch.check("forward pass", done, total)?;
    }
    for (row, &source) in plan.source.iter().enumerate() {
        if source != row {
            for matrix in &mut matrices {
                let copy = matrix.row(source).to_owned();
                matrix.row_mut(row).assign(&copy);
            }
        }
    }
    let stats = RecordStats {
        texts: texts.len(),
        distinct_texts: plan.batches.iter().map(Vec::len).sum(),
        tokens: texts.n_tokens(),
        tokens_run: done as usize,
        batches: plan.batches.len(),
    };
    let entries = capture.layers.iter().copied().zip(matrices);
    Ok(Recording {
        activations: Activations::from_arrays(labels.clone(), entries)?,
        pooling,
        stats,
    })
}

/// Puts the rows of a batch where they belong, checking their shape first: an engine may be
/// somebody else's.
fn fill(
    matrices: &mut [Array2<f32>],
    rows: &[usize],
    results: Vec<Array2<f32>>,
    capture: &Capture,
) -> Result<(), ExtractError> {
    let none = Array2::zeros((0, 0));
    for (i, (&layer, matrix)) in capture.layers.iter().zip(matrices).enumerate() {
        let result = results.get(i).unwrap_or(&none);
        let expected = (rows.len(), matrix.ncols());
        if result.dim() != expected {
            return Err(ExtractError::BadMatrix {
                layer,
                found: format!("{:?}", result.dim()),
                expected: format!("{expected:?}"),
            });
        }
        for (&row, values) in rows.iter().zip(result.rows()) {
            matrix.row_mut(row).assign(&values);
        }
    }
    Ok(())
}

/// Adds the corpus row to an error that speaks of a text of the batch.
fn name_row(source: BackendError, rows: &[usize]) -> ExtractError {
    let text = match source {
        BackendError::EmptyText { text }
        | BackendError::TextTooLong { text, .. }
        | BackendError::UnknownToken { text, .. }
        | BackendError::PositionPastEnd { text, .. } => rows.get(text),
        _ => None,
    };
    match text {
        Some(&row) => ExtractError::Text { row, source },
        None => ExtractError::Backend(source),
    }
}
