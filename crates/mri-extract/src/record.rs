use std::sync::Arc;

use mri_core::{
    Activations, Backend, BackendError, Capture, Labels, Layer, ModelInfo, Pooling, Site, Watch,
};
use mri_store::RecordStats;
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::batch::{BatchLimits, BatchPlan, plan_batches};
use crate::error::{ExtractError, OptionsProblem};
use crate::tokens::TokenSource;

/// What is recorded, and how.
///
/// ```
/// use mri_core::{Pooling, Site};
/// use mri_extract::RecordOptions;
///
/// let options = RecordOptions::default()
///     .with_sites([Site::Resid, Site::MlpAct])
///     .with_pooling(Pooling::Mean);
/// assert_eq!(options.sites.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordOptions {
    /// The sites whose layers are recorded, all in one forward pass.
    pub sites: Vec<Site>,
    /// How the token states of a text become one row; `None` for the model's own
    /// ([`Pooling::default_for`]).
    pub pooling: Option<Pooling>,
    /// Whether the last residual layer of a pre-norm model is taken after the final norm, as in
    /// transformers.
    pub final_norm: bool,
    /// Tokens per batch, padding counted; `None` for what suits the engine and its memory
    /// ([`Backend::tokens_per_batch`]), or for that of the recording to resume.
    pub tokens_per_batch: Option<usize>,
    /// Whether rows with values that are not finite are recorded; by default the first of them is
    /// an error.
    #[serde(default)]
    pub keep_non_finite: bool,
}

impl Default for RecordOptions {
    /// The residual stream under the model's own pooling.
    fn default() -> Self {
        Self {
            sites: vec![Site::Resid],
            pooling: None,
            final_norm: true,
            tokens_per_batch: None,
            keep_non_finite: false,
        }
    }
}

impl RecordOptions {
    /// Sets [`RecordOptions::sites`].
    #[must_use]
    pub fn with_sites(mut self, sites: impl IntoIterator<Item = Site>) -> Self {
        self.sites = sites.into_iter().collect();
        self
    }

    /// Sets [`RecordOptions::pooling`].
    #[must_use]
    pub fn with_pooling(mut self, pooling: impl Into<Option<Pooling>>) -> Self {
        self.pooling = pooling.into();
        self
    }

    /// Sets [`RecordOptions::final_norm`].
    #[must_use]
    pub fn with_final_norm(mut self, apply: bool) -> Self {
        self.final_norm = apply;
        self
    }

    /// Sets [`RecordOptions::tokens_per_batch`].
    #[must_use]
    pub fn with_tokens_per_batch(mut self, tokens: impl Into<Option<usize>>) -> Self {
        self.tokens_per_batch = tokens.into();
        self
    }
}

impl RecordOptions {
    /// Sets [`RecordOptions::keep_non_finite`].
    #[must_use]
    pub fn with_keep_non_finite(mut self, keep: bool) -> Self {
        self.keep_non_finite = keep;
        self
    }
}

/// The activations of a corpus, in memory.
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

/// Runs texts through a model and keeps the requested layers in memory, one `f32` matrix of shape
/// (texts, width) per layer.
///
/// Texts are run in batches of similar length, equal texts once; row `i` is text `i` of the corpus.
/// Progress is reported to `watch` in tokens. For recordings larger than memory, or that must
/// survive a killed process, see [`record_to_store`](crate::record_to_store).
///
/// # Errors
/// The engine's error with the row of the text; [`ExtractError::NotFinite`] with the first row that
/// holds a value that is not finite, unless such rows are to be kept; [`ExtractError::Options`] for
/// [`Pooling::Tokens`], which does not give one row per text, or if the model has none of the
/// sites; [`ExtractError::Core`] if there are not as many labels as texts.
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
    let mut sink = |_: usize, rows: &[usize], results: &[Array2<f32>]| {
        for (matrix, result) in matrices.iter_mut().zip(results) {
            for (&row, values) in rows.iter().zip(result.rows()) {
                matrix.row_mut(row).assign(&values);
            }
        }
        Ok(())
    };
    let work = Work {
        texts,
        plan: &plan,
        capture: &capture,
        keep_non_finite: options.keep_non_finite,
    };
    run(backend, &work, &|_| false, watch, &mut sink)?;
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

/// The limit in bytes of the recorded rows of a batch, however short its texts and wide its layers
/// are: enough for thousands of texts of a small model, and little beside the states of a large
/// one.
const BATCH_ROWS_BYTES: usize = 1 << 25;

/// The limits of batches of `tokens` tokens.
pub(crate) fn limits(model: &ModelInfo, capture: &Capture, tokens: usize) -> BatchLimits {
    let widths = capture.layers.iter();
    let width: usize = widths
        .map(|&layer| model.layer_width(layer).unwrap_or(0))
        .sum();
    BatchLimits {
        tokens,
        texts: (BATCH_ROWS_BYTES / size_of::<f32>() / width.max(1)).max(1),
    }
}

impl RecordOptions {
    /// What these options capture of a model.
    pub(crate) fn capture(&self, model: &ModelInfo) -> Result<Capture, ExtractError> {
        let pooling = self.pooling.unwrap_or(Pooling::default_for(model.kind));
        if pooling == Pooling::Tokens {
            return Err(OptionsProblem::TokensPooling.into());
        }
        let sites = self.sites.iter().enumerate();
        let layers: Vec<Layer> = sites
            .filter(|&(i, site)| !self.sites[..i].contains(site))
            .flat_map(|(_, &site)| model.layers(site))
            .collect();
        if layers.is_empty() {
            return Err(OptionsProblem::NoSites.into());
        }
        Ok(Capture {
            layers,
            pooling,
            final_norm: self.final_norm,
        })
    }
}

/// The amount of work of a whole plan.
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

/// Consumes the index of a finished batch, its rows in the corpus, and one matrix per layer.
pub(crate) type BatchSink<'a> =
    dyn FnMut(usize, &[usize], &[Array2<f32>]) -> Result<(), ExtractError> + 'a;

/// The batches to run, and what is taken from them.
pub(crate) struct Work<'a> {
    pub(crate) texts: &'a dyn TokenSource,
    pub(crate) plan: &'a BatchPlan,
    pub(crate) capture: &'a Capture,
    pub(crate) keep_non_finite: bool,
}

/// Runs the batches of a plan that are not `finished` yet and passes their results to `sink`.
pub(crate) fn run(
    backend: &mut dyn Backend,
    work: &Work<'_>,
    finished: &dyn Fn(usize) -> bool,
    watch: &dyn Watch,
    sink: &mut BatchSink<'_>,
) -> Result<(), ExtractError> {
    let Work {
        texts,
        plan,
        capture,
        ..
    } = *work;
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
            check_shapes(&results, rows.len(), &widths, capture)?;
            if !work.keep_non_finite {
                check_finite(&results, rows, capture)?;
            }
            sink(index, rows, &results)?;
        }
        done += tokens(rows);
        watch.check("forward pass", done, total)?;
    }
    Ok(())
}

/// Refuses a batch in which a value is not finite, and names the first layer that has one: what
/// overflows there runs through all layers after it.
fn check_finite(
    results: &[Array2<f32>],
    rows: &[usize],
    capture: &Capture,
) -> Result<(), ExtractError> {
    for (&layer, result) in capture.layers.iter().zip(results) {
        let all_finite = |values: ArrayView1<'_, f32>| values.iter().all(|x| x.is_finite());
        let bad = result.rows().into_iter().zip(rows);
        let bad: Vec<usize> = bad
            .filter(|(values, _)| !all_finite(*values))
            .map(|(_, &row)| row)
            .collect();
        if let Some(&row) = bad.iter().min() {
            return Err(ExtractError::NotFinite {
                row,
                layer,
                rows: bad.len(),
                of: rows.len(),
            });
        }
    }
    Ok(())
}

/// Checks the shapes that an engine returned; engines may be third-party.
fn check_shapes(
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

/// Adds the row in the corpus to an error about a text of the batch.
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
