use std::path::{Path, PathBuf};

use mri_core::{Backend, Pooling, Reducer, Shard, Site};
use mri_corpus::{Corpus, CorpusOptions};
#[cfg(all(feature = "tch", feature = "hub"))]
use mri_extract::ModelSource;
#[cfg(feature = "tch")]
use mri_extract::{Device, Dtype, TchOptions};
use mri_extract::{RecordOptions, TextTokenizer};
use mri_grid::Binning;
use mri_reduce::ReducerSpec;
use mri_store::{StoreDtype, StoreOptions};

use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::input::{ModelInput, TextInput};

/// The options of a [`Scan`]; [`ScanBuilder::run`] makes it.
///
/// A model and texts are required. The defaults: the model's own pooling, PCA to two components of
/// standardized columns, a uniform grid of 10 × 10, the libtorch engine in `f32` on a GPU if there
/// is one.
pub struct ScanBuilder {
    pub(crate) model: Option<ModelInput>,
    #[cfg(all(feature = "tch", feature = "hub"))]
    pub(crate) base: Option<ModelSource>,
    pub(crate) texts: Option<TextInput>,
    pub(crate) corpus_options: CorpusOptions,
    pub(crate) reducer: ReducerChoice,
    pub(crate) binning: Binning,
    pub(crate) record: RecordOptions,
    pub(crate) max_length: Option<usize>,
    #[cfg(feature = "tch")]
    pub(crate) engine: TchOptions,
    pub(crate) activations_only: bool,
    pub(crate) any_labels: bool,
    pub(crate) keep_path: bool,
    pub(crate) out: Option<PathBuf>,
    pub(crate) store: StoreOptions,
    pub(crate) shard: Option<Shard>,
}

/// What makes the maps.
pub(crate) enum ReducerChoice {
    Spec(ReducerSpec),
    Reducer(Box<dyn Reducer>, usize),
}

impl ReducerChoice {
    pub(crate) fn components(&self) -> usize {
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
            #[cfg(all(feature = "tch", feature = "hub"))]
            base: None,
            texts: None,
            corpus_options: CorpusOptions::default(),
            reducer: ReducerChoice::Spec(ReducerSpec::default()),
            binning: Binning::default(),
            record: RecordOptions::default(),
            max_length: None,
            #[cfg(feature = "tch")]
            engine: TchOptions::default(),
            activations_only: false,
            any_labels: false,
            keep_path: false,
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
        self.model = Some(ModelInput::Folder(folder.as_ref().to_owned()));
        self
    }

    /// A model by name: a folder, or a model of the Hugging Face hub, which is fetched after the
    /// texts are read. The usual environment variables configure the hub
    /// ([`HubOptions::from_env`](crate::HubOptions::from_env)).
    #[cfg(all(feature = "tch", feature = "hub"))]
    #[must_use]
    pub fn model_source(mut self, source: ModelSource) -> Self {
        self.model = Some(ModelInput::Source(source));
        self
    }

    /// The base of a LoRA adapter that is given as the model; the default is the weights beside the
    /// adapter, or else the model that it names.
    #[cfg(all(feature = "tch", feature = "hub"))]
    #[must_use]
    pub fn base(mut self, base: ModelSource) -> Self {
        self.base = Some(base);
        self
    }

    /// A TorchScript module that returns hidden states, run by libtorch
    /// ([`TorchScriptBackend`](mri_extract::TorchScriptBackend)), and the folder that holds the
    /// `tokenizer.json` of its model. A module is a program: load only those you trust.
    #[cfg(feature = "tch")]
    #[must_use]
    pub fn torchscript(mut self, module: impl AsRef<Path>, tokenizer: impl AsRef<Path>) -> Self {
        let [module, tokenizer] = [module.as_ref(), tokenizer.as_ref()].map(Path::to_owned);
        self.model = Some(ModelInput::Module(module, tokenizer));
        self
    }

    /// An inference engine of your own, and the tokenizer of its model.
    #[must_use]
    pub fn backend(mut self, backend: impl Backend + 'static, tokenizer: TextTokenizer) -> Self {
        self.model = Some(ModelInput::Engine(Box::new(backend), Box::new(tokenizer)));
        self
    }

    /// The file or folder of the labeled texts; see [`Corpus::open`].
    #[must_use]
    pub fn data(mut self, path: impl AsRef<Path>) -> Self {
        self.texts = Some(TextInput::Path(path.as_ref().to_owned()));
        self
    }

    /// How [`ScanBuilder::data`] is read: names of columns, treatment of missing values, samples.
    #[must_use]
    pub fn corpus_options(mut self, options: CorpusOptions) -> Self {
        self.corpus_options = options;
        self
    }

    /// Labeled texts that are already read.
    #[must_use]
    pub fn corpus(mut self, corpus: Corpus) -> Self {
        self.texts = Some(TextInput::Corpus(corpus));
        self
    }

    /// A reducer of this workspace by its options.
    #[must_use]
    pub fn reduce(mut self, spec: &ReducerSpec) -> Self {
        self.reducer = ReducerChoice::Spec(spec.clone());
        self
    }

    /// Any reducer, and the number of its components.
    #[must_use]
    pub fn reducer(mut self, reducer: impl Reducer + 'static, components: usize) -> Self {
        self.reducer = ReducerChoice::Reducer(Box::new(reducer), components);
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

    /// How the token states of a text become one row; the default is the model's own.
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

    /// libtorch's compute dtype. A TorchScript module computes in the dtype it was exported with.
    #[cfg(feature = "tch")]
    #[must_use]
    pub fn dtype(mut self, dtype: Dtype) -> Self {
        self.engine.dtype = dtype;
        self
    }

    /// The number of libtorch's threads.
    #[cfg(feature = "tch")]
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.engine.threads = Some(threads);
        self
    }

    /// Record the activations and stop there. With [`ScanBuilder::out`] the texts of a file are
    /// then streamed from it, so that memory does not grow with their number.
    #[must_use]
    pub fn activations_only(mut self) -> Self {
        self.activations_only = true;
        self
    }

    /// Takes the labels even if there are more than half as many as texts, which otherwise is an
    /// error ([`ScanError::DoubtfulLabels`]): a column of numbers or names was probably given by
    /// mistake.
    #[must_use]
    pub fn any_labels(mut self, any: bool) -> Self {
        self.any_labels = any;
        self
    }

    /// Keeps the path of the texts in the manifest, instead of the name of their file alone: a path
    /// tells readers of the folder who made it, and where.
    #[must_use]
    pub fn keep_path(mut self, keep: bool) -> Self {
        self.keep_path = keep;
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

    /// Whether rows with values that are not finite are recorded; by default the first of them is
    /// an error.
    #[must_use]
    pub fn keep_non_finite(mut self, keep: bool) -> Self {
        self.record.keep_non_finite = keep;
        self
    }

    /// Whether the last residual layer of a pre-norm model is taken after the final norm, as
    /// transformers does (the default), or as the bare residual stream.
    #[must_use]
    pub fn final_norm(mut self, apply: bool) -> Self {
        self.record.final_norm = apply;
        self
    }

    /// Keep the scan in a folder, as the program does: activations are written as batches finish,
    /// so that an interrupted run resumes and a finished recording is reused; maps, regions and
    /// figures follow. Without it the scan stays in memory.
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

    /// PCA and SVD give at most as many components as the matrix has rows or columns.
    pub(crate) fn check_components(&self, texts: usize, width: usize) -> Result<(), ScanError> {
        let components = self.reducer.components();
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

impl Scan {
    /// Starts a scan.
    #[must_use]
    pub fn builder() -> ScanBuilder {
        ScanBuilder::default()
    }
}
