use std::path::{Path, PathBuf};
use std::time::Instant;

use mri_core::{Backend, Pooling, Reducer, Watch};
use mri_extract::{Corpus, CorpusOptions, RecordOptions, TextTokenizer, record};
#[cfg(feature = "tch")]
use mri_extract::{Device, Dtype, TchBackend, TchOptions};
use mri_graph::RegionGraph;
use mri_grid::{Binning, grid_stack};
use mri_reduce::{ReducerSpec, reduce_stack};

use crate::manifest::{CorpusNote, LayerNote, Manifest, OptionsNote, Timings};
use crate::{Scan, ScanError};

/// What runs the texts.
enum Model {
    #[cfg(feature = "tch")]
    Folder(PathBuf),
    Engine(Box<dyn Backend>, Box<TextTokenizer>),
}

/// Where the texts come from.
enum Texts {
    Path(PathBuf),
    Corpus(Corpus),
}

/// Says what a [`Scan`] is made of; [`ScanBuilder::run`] makes it.
///
/// Needed are a model and texts. The defaults: the model's own pooling, PCA to two components of
/// standardised columns, a uniform grid of 10 × 10, the libtorch engine in `f32` on a GPU if there
/// is one.
pub struct ScanBuilder {
    model: Option<Model>,
    texts: Option<Texts>,
    corpus_options: CorpusOptions,
    reducer: (Box<dyn Reducer>, usize),
    binning: Binning,
    record: RecordOptions,
    max_length: Option<usize>,
    #[cfg(feature = "tch")]
    engine: TchOptions,
    activations_only: bool,
}

impl Default for ScanBuilder {
    fn default() -> Self {
        let spec = ReducerSpec::default();
        Self {
            model: None,
            texts: None,
            corpus_options: CorpusOptions::default(),
            reducer: (spec.build(), spec.components),
            binning: Binning::default(),
            record: RecordOptions::default(),
            max_length: None,
            #[cfg(feature = "tch")]
            engine: TchOptions::default(),
            activations_only: false,
        }
    }
}

impl ScanBuilder {
    /// The model's folder, with `config.json`, `tokenizer.json` and safetensors weights; it is run
    /// by libtorch.
    #[cfg(feature = "tch")]
    #[must_use]
    pub fn model(mut self, folder: impl AsRef<Path>) -> Self {
        self.model = Some(Model::Folder(folder.as_ref().to_owned()));
        self
    }

    /// An inference engine of your own, and the tokenizer of its model.
    #[must_use]
    pub fn backend(mut self, backend: impl Backend + 'static, tokenizer: TextTokenizer) -> Self {
        self.model = Some(Model::Engine(Box::new(backend), Box::new(tokenizer)));
        self
    }

    /// The file or folder of the labelled texts; see [`Corpus::open`].
    #[must_use]
    pub fn data(mut self, path: impl AsRef<Path>) -> Self {
        self.texts = Some(Texts::Path(path.as_ref().to_owned()));
        self
    }

    /// How [`ScanBuilder::data`] is read: names of columns, what to do with missing values.
    #[must_use]
    pub fn corpus_options(mut self, options: CorpusOptions) -> Self {
        self.corpus_options = options;
        self
    }

    /// Labelled texts that are already read.
    #[must_use]
    pub fn corpus(mut self, corpus: Corpus) -> Self {
        self.texts = Some(Texts::Corpus(corpus));
        self
    }

    /// A reducer of this workspace by its options.
    #[must_use]
    pub fn reduce(mut self, spec: &ReducerSpec) -> Self {
        self.reducer = (spec.build(), spec.components);
        self
    }

    /// Any reducer, and how many components it gives.
    #[must_use]
    pub fn reducer(mut self, reducer: impl Reducer + 'static, components: usize) -> Self {
        self.reducer = (Box::new(reducer), components);
        self
    }

    /// A uniform grid of `side` × `side` cells.
    #[must_use]
    pub fn grid(self, side: usize) -> Self {
        self.binning(Binning::Uniform { side })
    }

    /// How maps are cut into cells.
    #[must_use]
    pub fn binning(mut self, binning: Binning) -> Self {
        self.binning = binning;
        self
    }

    /// How the token states of a text become one row; the default is what suits the model.
    #[must_use]
    pub fn pooling(mut self, pooling: Pooling) -> Self {
        self.record.pooling = Some(pooling);
        self
    }

    /// Tokens after which a text is cut; the default is 512, or the model's limit if smaller.
    #[must_use]
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.max_length = Some(tokens);
        self
    }

    /// Where libtorch runs the model.
    #[cfg(feature = "tch")]
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.engine.device = device;
        self
    }

    /// In what numbers libtorch computes.
    #[cfg(feature = "tch")]
    #[must_use]
    pub fn dtype(mut self, dtype: Dtype) -> Self {
        self.engine.dtype = dtype;
        self
    }

    /// Threads libtorch works with.
    #[cfg(feature = "tch")]
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.engine.threads = Some(threads);
        self
    }

    /// Record the activations and do nothing with them.
    #[must_use]
    pub fn activations_only(mut self) -> Self {
        self.activations_only = true;
        self
    }

    /// Makes the scan.
    ///
    /// # Errors
    /// [`ScanError`], the cheapest checks first: nothing is run before texts, options and model
    /// are known to be sound.
    pub fn run(self) -> Result<Scan, ScanError> {
        self.run_with(&())
    }

    /// Makes the scan, telling `watch` how far it has come.
    ///
    /// # Errors
    /// As [`ScanBuilder::run`]; `Cancelled` inside if the watch asks to stop.
    pub fn run_with(self, watch: &dyn Watch) -> Result<Scan, ScanError> {
        let started = Instant::now();
        let mut clock = Clock::default();
        let missing = |what, call| ScanError::Incomplete { what, call };
        let model = self.model.ok_or_else(|| missing("a model", "model()"))?;
        let texts = self.texts.ok_or_else(|| missing("texts", "data()"))?;
        let (reducer, components) = self.reducer;
        if components == 2 && !self.activations_only {
            self.binning.check()?;
        }
        let corpus = clock.time("read texts", || match texts {
            Texts::Path(path) => Corpus::open(&path, &self.corpus_options),
            Texts::Corpus(corpus) => Ok(corpus),
        })?;
        if !self.activations_only {
            check_components(components, corpus.texts().len(), usize::MAX)?;
        }

        #[cfg(feature = "tch")]
        let engine_note = match &model {
            Model::Folder(_) => Some((
                self.engine.device.to_string(),
                self.engine.dtype.to_string(),
            )),
            Model::Engine(..) => None,
        };
        #[cfg(not(feature = "tch"))]
        let engine_note: Option<(String, String)> = None;
        let (mut backend, tokenizer) = clock.time("load model", || match model {
            #[cfg(feature = "tch")]
            Model::Folder(folder) => {
                let backend = TchBackend::load(&folder, &self.engine)
                    .map_err(mri_extract::ExtractError::Model)?;
                let tokenizer = TextTokenizer::open(&folder, backend.model(), self.max_length)?;
                Ok::<(Box<dyn Backend>, _), ScanError>((Box::new(backend), tokenizer))
            }
            Model::Engine(backend, tokenizer) => Ok((backend, *tokenizer)),
        })?;
        let info = backend.model().clone();
        if !self.activations_only {
            check_components(components, corpus.texts().len(), info.width)?;
        }

        let tokens = clock.time("tokenise", || tokenizer.encode(corpus.texts()))?;
        let recording = clock.time("forward pass", || {
            record(
                backend.as_mut(),
                &tokens.tokens,
                corpus.labels(),
                &self.record,
                watch,
            )
        })?;
        let activations = recording.activations;
        let mut layers: Vec<LayerNote> = activations
            .iter()
            .map(|(layer, rows)| LayerNote {
                layer,
                width: rows.size().1,
                degenerate: false,
                explained_variance_ratio: Vec::new(),
            })
            .collect();

        let mut reduced = None;
        let (mut grids, mut graph) = (None, None);
        if !self.activations_only {
            let result = clock.time("reduce", || {
                reduce_stack(&activations, reducer.as_ref(), components, watch)
            })?;
            for (note, (_, points)) in layers.iter_mut().zip(result.embedding.iter()) {
                note.degenerate = points.degenerate;
                note.explained_variance_ratio = points
                    .axes
                    .iter()
                    .filter_map(|axis| axis.explained_variance_ratio)
                    .collect();
            }
            if components == 2 {
                let cut = clock.time("grid", || grid_stack(&result.embedding, self.binning))?;
                graph = Some(clock.time("graph", || RegionGraph::co_activation(&cut)));
                grids = Some(cut);
            }
            reduced = Some(result);
        }

        let labels = corpus.labels();
        let manifest = Manifest {
            format: 1,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: info,
            corpus: CorpusNote {
                source: corpus.source().to_owned(),
                sha256: corpus.hash(),
                dropped: corpus.dropped(),
                categories: labels.names().to_vec(),
                texts_per_category: labels.counts(),
            },
            options: OptionsNote {
                sites: self.record.sites.clone(),
                pooling: recording.pooling,
                max_length: tokenizer.max_length(),
                final_norm: self.record.final_norm,
                tokenizer_sha256: tokenizer.hash().to_owned(),
                device: engine_note.as_ref().map(|(device, _)| device.clone()),
                dtype: engine_note.map(|(_, dtype)| dtype),
                reducer: reduced.as_ref().map(|_| reducer.name().to_owned()),
                components: reduced.as_ref().map(|_| components),
                grid: grids.as_ref().map(|_| self.binning),
            },
            counts: recording.stats,
            truncated: tokens.truncated,
            layers,
            timings: clock.finish(started),
        };
        Ok(Scan {
            corpus,
            activations,
            reduced,
            grids,
            graph,
            manifest,
        })
    }
}

/// PCA and its kin give at most as many components as the matrix has rows or columns.
fn check_components(components: usize, texts: usize, width: usize) -> Result<(), ScanError> {
    let limit = texts.min(width);
    if components > limit {
        return Err(ScanError::TooManyComponents {
            components,
            texts,
            width,
            limit,
        });
    }
    Ok(())
}

/// Seconds per stage.
#[derive(Default)]
struct Clock(Timings);

impl Clock {
    fn time<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.0
            .insert(stage.to_owned(), round(start.elapsed().as_secs_f64()));
        result
    }

    fn finish(mut self, started: Instant) -> Timings {
        self.0
            .insert("total".to_owned(), round(started.elapsed().as_secs_f64()));
        self.0
    }
}

/// Milliseconds are all that a run on a shared machine can tell.
fn round(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}
