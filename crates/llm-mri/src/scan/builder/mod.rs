mod clock;
mod load;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use mri_core::{Activations, Backend, Labels, Pooling, Reducer, Shard, Site, Watch};
use mri_corpus::{Corpus, CorpusOptions};
#[cfg(all(feature = "tch", feature = "hub"))]
use mri_extract::ModelSource;
#[cfg(feature = "tch")]
use mri_extract::{Device, Dtype, TchOptions};
use mri_extract::{RecordOptions, TextTokenizer, TokenSource, record, record_to_store};
use mri_grid::Binning;
use mri_reduce::ReducerSpec;
use mri_store::{LayerEntry, Manifest, Provenance, RecordingEntry, StoreDtype, StoreOptions};

use self::clock::Clock;
#[cfg(all(feature = "tch", feature = "hub"))]
use self::load::fetched;
use self::load::{Model, Texts};
use crate::error::ScanError;
use crate::folder::Stage;
use crate::folder::sections::ScanNotes;
use crate::scan::Scan;

/// Says what a [`Scan`] is made of; [`ScanBuilder::run`] makes it.
///
/// Needed are a model and texts. The defaults: the model's own pooling, PCA to two components of
/// standardised columns, a uniform grid of 10 × 10, the libtorch engine in `f32` on a GPU if there
/// is one.
pub struct ScanBuilder {
    model: Option<Model>,
    texts: Option<Texts>,
    corpus_options: CorpusOptions,
    maps: Maps,
    binning: Binning,
    record: RecordOptions,
    max_length: Option<usize>,
    #[cfg(feature = "tch")]
    engine: TchOptions,
    activations_only: bool,
    out: Option<PathBuf>,
    store: StoreOptions,
    shard: Option<Shard>,
}

/// What makes the maps.
enum Maps {
    Spec(ReducerSpec),
    Reducer(Box<dyn Reducer>, usize),
}

impl Maps {
    fn components(&self) -> usize {
        match self {
            Self::Spec(spec) => spec.components,
            Self::Reducer(_, components) => *components,
        }
    }
}

impl Default for ScanBuilder {
    fn default() -> Self {
        Self {
            model: None,
            texts: None,
            corpus_options: CorpusOptions::default(),
            maps: Maps::Spec(ReducerSpec::default()),
            binning: Binning::default(),
            record: RecordOptions::default(),
            max_length: None,
            #[cfg(feature = "tch")]
            engine: TchOptions::default(),
            activations_only: false,
            out: None,
            store: StoreOptions::default(),
            shard: None,
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

    /// A model by name: a folder, or a model of the Hugging Face hub, which is fetched once the texts
    /// are read. How the hub is reached is for its usual variables to say
    /// ([`HubOptions::from_env`](crate::HubOptions::from_env)).
    #[cfg(all(feature = "tch", feature = "hub"))]
    #[must_use]
    pub fn model_source(mut self, source: ModelSource) -> Self {
        self.model = Some(Model::Source(source));
        self
    }

    /// A TorchScript module that returns hidden states, run by libtorch
    /// ([`TorchScriptBackend`](mri_extract::TorchScriptBackend)), and the folder that holds the
    /// `tokenizer.json` of its model. A module is a program: load only those you trust.
    #[cfg(feature = "tch")]
    #[must_use]
    pub fn torchscript(mut self, module: impl AsRef<Path>, tokenizer: impl AsRef<Path>) -> Self {
        let [module, tokenizer] = [module.as_ref(), tokenizer.as_ref()].map(Path::to_owned);
        self.model = Some(Model::Module(module, tokenizer));
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
        self.maps = Maps::Spec(spec.clone());
        self
    }

    /// Any reducer, and how many components it gives.
    #[must_use]
    pub fn reducer(mut self, reducer: impl Reducer + 'static, components: usize) -> Self {
        self.maps = Maps::Reducer(Box::new(reducer), components);
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

    /// In what numbers libtorch computes. A TorchScript module computes in those it was exported in.
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

    /// Record the activations and do nothing with them. Into a folder ([`ScanBuilder::out`]) texts of a
    /// file are then recorded as they are read, so that memory does not grow with them.
    #[must_use]
    pub fn activations_only(mut self) -> Self {
        self.activations_only = true;
        self
    }

    /// Record only a shard of the texts; [`crate::merge_stores`] joins the folders of all shards.
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = Some(shard);
        self
    }

    /// The sites of the model to record, all of them in one forward pass; the default is the
    /// residual stream.
    #[must_use]
    pub fn sites(mut self, sites: impl IntoIterator<Item = Site>) -> Self {
        self.record.sites = sites.into_iter().collect();
        self
    }

    /// Whether the last residual layer of a pre-norm model is taken after the final norm, as
    /// transformers does (the default), or as the bare residual stream.
    #[must_use]
    pub fn final_norm(mut self, apply: bool) -> Self {
        self.record.final_norm = apply;
        self
    }

    /// Keep the scan in a folder, as the program does: activations are written there as batches
    /// finish, so that a run that was stopped is gone on with and a finished recording is not made
    /// again; maps, regions and pictures follow. Without it the scan stays in memory.
    #[must_use]
    pub fn out(mut self, folder: impl AsRef<Path>) -> Self {
        self.out = Some(folder.as_ref().to_owned());
        self
    }

    /// Replace what [`ScanBuilder::out`] holds of another scan, instead of refusing it.
    #[must_use]
    pub fn replace(mut self, replace: bool) -> Self {
        self.store.replace = replace;
        self
    }

    /// The number format in which [`ScanBuilder::out`] keeps activations.
    #[must_use]
    pub fn store_dtype(mut self, dtype: StoreDtype) -> Self {
        self.store.dtype = dtype;
        self
    }

    /// Makes the scan.
    ///
    /// # Errors
    /// [`ScanError`], the cheapest checks first: nothing is run or written before texts, options
    /// and model are known to be sound.
    pub fn run(self) -> Result<Scan, ScanError> {
        self.run_with(&())
    }

    /// Makes the scan, telling `watch` how far it has come.
    ///
    /// # Errors
    /// As [`ScanBuilder::run`]; `Cancelled` inside if the watch asks to stop.
    pub fn run_with(mut self, watch: &dyn Watch) -> Result<Scan, ScanError> {
        let started = Instant::now();
        let mut clock = Clock::default();
        let missing = |what, call| ScanError::Incomplete { what, call };
        let model = self
            .model
            .take()
            .ok_or_else(|| missing("a model", "model()"))?;
        let texts = self
            .texts
            .take()
            .ok_or_else(|| missing("texts", "data()"))?;
        if let Some(folder) = &self.out {
            Scan::check_out(folder, self.store.replace)?;
        }
        let planar = self.maps.components() == 2;
        if planar && !self.activations_only {
            self.binning.check()?;
        }
        if let Maps::Spec(spec) = &self.maps {
            spec.build()?;
        }
        let texts = clock.time("read texts", || self.open_texts(texts))?;
        let n_texts = texts.source().labels().len();
        self.check_components(n_texts, usize::MAX)?;
        #[cfg(all(feature = "tch", feature = "hub"))]
        let model = clock.time("fetch model", || fetched(model, watch))?;
        let mut loaded = clock.time("load model", || self.load(model, texts.source(), watch))?;
        let width = loaded.backend.model().width;
        self.check_components(n_texts, width)?;

        let mut from = loaded
            .texts
            .provenance(loaded.model_hash, &loaded.tokenizer);
        from.engine = loaded.engine;
        let (manifest, activations) = clock.time("forward pass", || {
            let tokens = loaded.texts.tokens.as_ref();
            let labels = texts.source().labels();
            self.record(loaded.backend.as_mut(), tokens, labels, &from, watch)
        })?;
        let folder = self.out.take();
        let replaced = folder.is_some() && ScanNotes::of(&manifest)? == ScanNotes::default();
        let texts = texts.into_texts();
        let mut scan = Scan::of_recording(manifest, activations, texts, folder);
        if let Some(folder) = scan.folder.as_deref().filter(|_| replaced) {
            Scan::clear_stages(folder)?;
        }
        if self.activations_only {
            // What else the folder holds of this very recording stays.
            scan.notes = ScanNotes::of(&scan.manifest)?;
            scan.notes.timings = clock.finish(started);
            scan.save_notes()?;
            return Ok(scan);
        }
        scan = clock.time("reduce", || match &self.maps {
            Maps::Spec(spec) => scan.with_maps(spec, watch),
            Maps::Reducer(reducer, components) => {
                scan.with_maps_by(reducer.as_ref(), *components, watch)
            }
        })?;
        if planar {
            scan = clock.time("regions", || scan.with_grid(self.binning))?;
        }
        if let Some(folder) = &scan.folder {
            clock.time("write", || {
                scan.save_texts(folder)?;
                scan.update(Stage::Maps, watch)
            })?;
        }
        scan.notes.timings = clock.finish(started);
        scan.save_notes()?;
        Ok(scan)
    }

    /// Records into the folder, if there is one, or else in memory.
    fn record(
        &self,
        backend: &mut dyn Backend,
        tokens: &dyn TokenSource,
        labels: &Arc<Labels>,
        from: &Provenance,
        watch: &dyn Watch,
    ) -> Result<(Manifest, Activations), ScanError> {
        if let Some(folder) = &self.out {
            let stored = record_to_store(
                backend,
                tokens,
                labels,
                from,
                folder,
                &self.record,
                &self.store,
                watch,
            )?;
            return Ok((stored.manifest, stored.activations));
        }
        let recording = record(backend, tokens, labels, &self.record, watch)?;
        let layers = recording
            .activations
            .iter()
            .map(|(layer, rows)| LayerEntry {
                layer,
                width: rows.size().1,
            });
        let manifest = Manifest::new(
            backend.model().clone(),
            labels,
            RecordingEntry {
                layers: layers.collect(),
                pooling: recording.pooling,
                final_norm: self.record.final_norm,
                dtype: StoreDtype::F32,
                tokens_per_batch: recording.tokens_per_batch,
                engine: from.engine.clone(),
            },
            recording.stats,
            from,
        );
        Ok((manifest, recording.activations))
    }

    /// PCA and its kin give at most as many components as the matrix has rows or columns.
    fn check_components(&self, texts: usize, width: usize) -> Result<(), ScanError> {
        let components = self.maps.components();
        let limit = texts.min(width);
        if components > limit && !self.activations_only {
            return Err(ScanError::TooManyComponents {
                components,
                texts,
                width,
                limit,
            });
        }
        Ok(())
    }
}
