use std::sync::Arc;

use mri_core::{
    Activations, Backend, BackendError, Capture, Labels, Layer, ModelInfo, Pooling, Site, Watch,
};
use mri_store::RecordStats;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::batch::{BatchLimits, BatchPlan, plan_batches};
use crate::error::ExtractError;
use crate::tokens::TokenSource;

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
    /// Tokens per batch, padding counted; `None` for what suits the engine and its memory
    /// ([`Backend::tokens_per_batch`]), or what a recording was begun with.
    pub tokens_per_batch: Option<usize>,
}

impl Default for RecordOptions {
    /// The residual stream under the model's own pooling.
    fn default() -> Self {
        Self {
            sites: vec![Site::Resid],
            pooling: None,
            final_norm: true,
            tokens_per_batch: None,
        }
    }
}

/// The activations of a corpus.
pub struct Recording {
    /// One matrix per recorded layer.
    pub activations: Activations,
    /// The pooling that was used.
    pub pooling: Pooling,
    /// The tokens per batch that were used.
    pub tokens_per_batch: usize,
    /// What was run.
    pub stats: RecordStats,
}

/// Runs texts through a model and keeps the layers asked for, in memory.
///
/// Texts are run in batches of similar length, equal texts once; the rows come back in corpus
/// order. `watch` is told of the tokens that went through. For more than fits the memory, or for
/// what must outlive a killed process, see [`crate::record_to_store`].
///
/// # Errors
/// What the engine reports, with the row of the text at fault; [`ExtractError::Unsupported`] for
/// [`Pooling::Tokens`], which does not give one row per text, or where the model has none of the
/// sites; [`mri_core::CoreError::RowMismatch`] if there are not as many labels as texts.
pub fn record(
    backend: &mut dyn Backend,
    texts: &dyn TokenSource,
    labels: &Arc<Labels>,
    options: &RecordOptions,
    watch: &dyn Watch,
) -> Result<Recording, ExtractError> {
    let model = backend.model();
    let capture = options.capture(model)?;
    let mut matrices: Vec<Array2<f32>> = capture
        .layers
        .iter()
        .map(|&layer| Array2::zeros((texts.len(), model.layer_width(layer).unwrap_or(0))))
        .collect();
    let tokens = options
        .tokens_per_batch
        .unwrap_or_else(|| backend.tokens_per_batch());
    let plan = plan_batches(texts, limits(model, &capture, tokens))?;
    let mut keep = |_: usize, rows: &[usize], results: &[Array2<f32>]| {
        for (matrix, result) in matrices.iter_mut().zip(results) {
            for (&row, values) in rows.iter().zip(result.rows()) {
                matrix.row_mut(row).assign(&values);
            }
        }
        Ok(())
    };
    run(
        backend,
        texts,
        &plan,
        &capture,
        &|_| false,
        watch,
        &mut keep,
    )?;
    for matrix in &mut matrices {
        for &(source, row) in &plan.copies {
            let copy = matrix.row(source).to_owned();
            matrix.row_mut(row).assign(&copy);
        }
    }
    let entries = capture.layers.iter().copied().zip(matrices);
    Ok(Recording {
        activations: Activations::from_arrays(labels.clone(), entries)?,
        pooling: capture.pooling,
        tokens_per_batch: tokens,
        stats: stats_of(texts, &plan),
    })
}

/// The recorded rows of a batch take at most about this many bytes of memory, however short its
/// texts and wide its layers are: enough for thousands of texts of a small model, and little beside
/// the states of a large one.
const ROWS_OF_A_BATCH: usize = 1 << 25;

/// How large batches may be if they are to have so many `tokens`.
pub(crate) fn limits(model: &ModelInfo, capture: &Capture, tokens: usize) -> BatchLimits {
    let widths = capture.layers.iter();
    let width: usize = widths
        .map(|&layer| model.layer_width(layer).unwrap_or(0))
        .sum();
    BatchLimits {
        tokens,
        texts: (ROWS_OF_A_BATCH / size_of::<f32>() / width.max(1)).max(1),
    }
}

impl RecordOptions {
    /// What these options ask of a model.
    pub(crate) fn capture(&self, model: &ModelInfo) -> Result<Capture, ExtractError> {
        let pooling = self.pooling.unwrap_or(Pooling::default_for(model.kind));
        if pooling == Pooling::Tokens {
            return Err(ExtractError::Unsupported(
                "pooling `tokens` gives one row per token, not one per text; choose another pooling",
            ));
        }
        let sites = self.sites.iter().enumerate();
        let layers: Vec<Layer> = sites
            .filter(|&(i, site)| !self.sites[..i].contains(site))
            .flat_map(|(_, &site)| model.layers(site))
            .collect();
        if layers.is_empty() {
            return Err(ExtractError::Unsupported(
                "the model has none of the sites asked for",
            ));
        }
        Ok(Capture {
            layers,
            pooling,
            final_norm: self.final_norm,
        })
    }
}

/// The counts of running a plan to its end.
pub(crate) fn stats_of(texts: &dyn TokenSource, plan: &BatchPlan) -> RecordStats {
    let rows = plan.batches.iter().flatten();
    RecordStats {
        texts: texts.len(),
        distinct_texts: plan.batches.iter().map(Vec::len).sum(),
        tokens: texts.n_tokens(),
        tokens_run: rows.map(|&row| texts.length(row)).sum(),
        batches: plan.batches.len(),
    }
}

/// Takes the index of a finished batch, its rows, and one checked matrix per layer.
pub(crate) type Sink<'a> =
    dyn FnMut(usize, &[usize], &[Array2<f32>]) -> Result<(), ExtractError> + 'a;

/// Runs the batches of a plan that are not `finished` yet and hands their results to `sink`.
pub(crate) fn run(
    backend: &mut dyn Backend,
    texts: &dyn TokenSource,
    plan: &BatchPlan,
    capture: &Capture,
    finished: &dyn Fn(usize) -> bool,
    watch: &dyn Watch,
    sink: &mut Sink<'_>,
) -> Result<(), ExtractError> {
    let widths: Vec<usize> = capture
        .layers
        .iter()
        .map(|&layer| backend.model().layer_width(layer).unwrap_or(0))
        .collect();
    let tokens = |rows: &[usize]| rows.iter().map(|&row| texts.length(row)).sum::<usize>();
    let total = plan.batches.iter().map(|rows| tokens(rows)).sum();
    let mut done = 0;
    let span = tracing::info_span!("record", batches = plan.batches.len(), tokens = total);
    let _span = span.entered();
    watch.check("forward pass", 0, total)?;
    for (index, rows) in plan.batches.iter().enumerate() {
        if !finished(index) {
            let span = tracing::debug_span!("batch", index, texts = rows.len());
            let _span = span.entered();
            let batch = texts.batch(rows)?;
            let results = backend
                .forward(&batch, capture)
                .map_err(|e| name_row(e, rows))?;
            check(&results, rows.len(), &widths, capture)?;
            sink(index, rows, &results)?;
        }
        done += tokens(rows);
        watch.check("forward pass", done, total)?;
    }
    Ok(())
}

/// Checks the shapes that an engine returned: it may be somebody else's.
fn check(
    results: &[Array2<f32>],
    n_rows: usize,
    widths: &[usize],
    capture: &Capture,
) -> Result<(), ExtractError> {
    for (i, (&layer, &width)) in capture.layers.iter().zip(widths).enumerate() {
        let found = results.get(i).map(Array2::dim);
        if found != Some((n_rows, width)) {
            return Err(ExtractError::BadMatrix {
                layer,
                found: found.map_or("no matrix".to_owned(), |dim| format!("{dim:?}")),
                expected: format!("{:?}", (n_rows, width)),
            });
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
