//! Reads the texts of a scan and loads its model.

use std::path::Path;
#[cfg(feature = "tch")]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "tch")]
use std::thread;

#[cfg(feature = "tch")]
use mri_core::{Backend, ModelInfo, Progress};
use mri_core::{Labels, Watch};
use mri_corpus::{ColumnProblem, Corpus, CorpusError, CorpusFile, CorpusOptions, TextSource};
#[cfg(feature = "tch")]
use mri_extract::{
    Device, ExtractError, ModelError, ModelFolder, ModelNote, TchBackend, TextTokenizer,
    TorchScriptBackend,
};
#[cfg(all(feature = "tch", feature = "hub"))]
use mri_extract::{HubOptions, ModelSource};

use crate::error::ScanError;
use crate::scan::bounds::{MAX_CATEGORIES, is_doubtful};
use crate::scan::builder::ScanBuilder;
use crate::scan::input::{LoadedModel, ModelInput, OpenedTexts, TextInput};

impl ScanBuilder {
    /// Reads the texts. Where only a recording on disk needs them, they stay in their file.
    pub(crate) fn open_texts(&self, texts: TextInput) -> Result<OpenedTexts, ScanError> {
        let _span = tracing::info_span!("read texts").entered();
        let streamed = self.activations_only && self.out.is_some();
        let opened = match texts {
            TextInput::Path(path) if streamed => {
                let file = CorpusFile::open(&path, &self.corpus_options)?;
                OpenedTexts::Stored(match self.shard {
                    Some(shard) => file.shard(shard)?,
                    None => file,
                })
            }
            texts => {
                let corpus = match texts {
                    TextInput::Path(path) => Corpus::open(&path, &self.corpus_options)?,
                    TextInput::Corpus(corpus) => corpus,
                };
                OpenedTexts::InMemory(match self.shard {
                    Some(shard) => corpus.shard(shard)?,
                    None => corpus,
                })
            }
        };
        Ok(opened)
    }

    /// Refuses labels that are probably those of another column, and more than can be handled.
    pub(crate) fn check_labels(
        &self,
        labels: &Labels,
        path: Option<&Path>,
    ) -> Result<(), ScanError> {
        let n = labels.n_categories();
        let table = path.filter(|_| !self.any_labels && is_doubtful(labels));
        // Texts in memory, and folders of a label each, have no columns to be mistaken for.
        if let Some(mut others) = table.and_then(|path| columns_of(path, &self.corpus_options)) {
            let column = &self.corpus_options.label_column;
            others.retain(|name| name != column && *name != self.corpus_options.text_column);
            return Err(ScanError::DoubtfulLabels {
                labels: n,
                texts: labels.len(),
                column: column.clone(),
                others,
            });
        }
        match n > MAX_CATEGORIES && !self.activations_only {
            true => Err(ScanError::TooManyLabels {
                labels: n,
                limit: MAX_CATEGORIES,
            }),
            false => Ok(()),
        }
    }

    /// Loads the model while its texts are tokenized and its weights hashed.
    pub(crate) fn load(
        &self,
        model: ModelInput,
        texts: &dyn TextSource,
        watch: &dyn Watch,
    ) -> Result<LoadedModel, ScanError> {
        match model {
            #[cfg(feature = "tch")]
            ModelInput::Folder(folder) => self.load_folder(&folder, texts, watch),
            #[cfg(all(feature = "tch", feature = "hub"))]
            model @ ModelInput::Source(_) => {
                let (model, _) = fetch(model, None, watch)?;
                self.load(model, texts, watch)
            }
            #[cfg(feature = "tch")]
            ModelInput::Module(module, tokenizer) => {
                let plan = LoadPlan {
                    info: TorchScriptBackend::describe(&module).map_err(ExtractError::Model)?,
                    tokenizer: &|info| TextTokenizer::open(&tokenizer, info, self.max_length),
                    hash: &|| TorchScriptBackend::hash(&module),
                    backend: &|| {
                        let backend = TorchScriptBackend::load(&module, &self.engine)?;
                        let device = backend.device();
                        Ok((Box::new(backend), device))
                    },
                };
                self.load_concurrently(&plan, "torchscript", texts, watch)
            }
            ModelInput::Engine(backend, tokenizer) => Ok(LoadedModel {
                // The facade cannot inspect an engine of the caller; its name identifies it.
                model_hash: backend.model().name.clone(),
                engine: [("engine".to_owned(), "of the caller".to_owned())].into(),
                backend,
                texts: tokenizer.encode_corpus(texts, self.out.as_deref(), watch)?,
                pooling: None,
                notes: Vec::new(),
            }),
        }
    }

    /// Loads a model of transformers from its folder.
    #[cfg(feature = "tch")]
    fn load_folder(
        &self,
        folder: &Path,
        texts: &dyn TextSource,
        watch: &dyn Watch,
    ) -> Result<LoadedModel, ScanError> {
        #[cfg(feature = "hub")]
        let base = match &self.base {
            Some(ModelSource::Folder(base)) => Some(base.as_path()),
            _ => None,
        };
        #[cfg(not(feature = "hub"))]
        let base = None;
        let folder = ModelFolder::open(folder, base).map_err(ExtractError::Model)?;
        let spec = folder.spec().map_err(ExtractError::Model)?;
        let mut notes = folder.notes(&spec);
        let plan = LoadPlan {
            info: folder.model_info(&spec),
            tokenizer: &|info| TextTokenizer::of_model(&folder, info, self.max_length),
            hash: &|| folder.hash(),
            backend: &|| {
                let backend = TchBackend::load_folder(&folder, &self.engine)?;
                let device = backend.device();
                Ok((Box::new(backend), device))
            },
        };
        let pooling = match self.record.pooling {
            Some(_) => None,
            None => folder.pooling().map_err(ExtractError::Options)?,
        };
        if let Some((pooling, path)) = &pooling {
            notes.push(ModelNote::Pooling {
                pooling: *pooling,
                path: path.clone(),
            });
        }
        let mut loaded = self.load_concurrently(&plan, "libtorch", texts, watch)?;
        let dtype = self.engine.dtype.to_string();
        loaded.engine.insert("dtype".to_owned(), dtype);
        loaded.pooling = pooling.map(|(pooling, _)| pooling);
        loaded.notes = notes;
        Ok(loaded)
    }

    /// Loads a libtorch model, tokenizes its texts and hashes its weights, in a thread each.
    #[cfg(feature = "tch")]
    fn load_concurrently(
        &self,
        plan: &LoadPlan<'_>,
        engine: &str,
        texts: &dyn TextSource,
        watch: &dyn Watch,
    ) -> Result<LoadedModel, ScanError> {
        self.check_components(texts.labels().len(), plan.info.width)?;
        let tokenizer = (plan.tokenizer)(&plan.info)?;
        let out = self.out.as_deref();
        // Tokenizing a large corpus takes minutes, which are saved if the model fails to load.
        let failed = AtomicBool::new(false);
        let watch =
            |progress: Progress<'_>| !failed.load(Ordering::Relaxed) && watch.step(progress);
        let encode = || tokenizer.encode_corpus(texts, out, &watch);
        let ((backend, device), texts, model_hash) = thread::scope(|scope| {
            let texts = beside(scope, &encode);
            let hash = beside(scope, plan.hash);
            let span = tracing::info_span!("load model", engine, model = plan.info.name).entered();
            let backend = (plan.backend)()
                .inspect_err(|_| failed.store(true, Ordering::Relaxed))
                .map_err(ExtractError::Model);
            drop(span);
            Ok::<_, ScanError>((backend?, texts()?, hash()?))
        })?;
        let engine = [
            ("engine", engine.to_owned()),
            ("device", device.to_string()),
        ];
        Ok(LoadedModel {
            backend,
            texts,
            model_hash,
            engine: engine.map(|(key, value)| (key.to_owned(), value)).into(),
            pooling: None,
            notes: Vec::new(),
        })
    }
}

/// How a libtorch model is loaded.
#[cfg(feature = "tch")]
struct LoadPlan<'a> {
    info: ModelInfo,
    /// Opens its tokenizer.
    tokenizer: &'a dyn Fn(&ModelInfo) -> Result<TextTokenizer, ExtractError>,
    hash: &'a (dyn Fn() -> Result<String, ExtractError> + Sync),
    backend: &'a dyn Fn() -> Result<(Box<dyn Backend>, Device), ModelError>,
}

/// Fetches a model of the hub into its local folder, and the base of an adapter that has none
/// beside it; other models are returned unchanged.
#[cfg(all(feature = "tch", feature = "hub"))]
pub(crate) fn fetch(
    model: ModelInput,
    base: Option<ModelSource>,
    watch: &dyn Watch,
) -> Result<(ModelInput, Option<ModelSource>), ScanError> {
    let source = match model {
        ModelInput::Source(source) => source,
        ModelInput::Folder(folder) => ModelSource::Folder(folder),
        other => return Ok((other, base)),
    };
    let fetch = |source: ModelSource| match source {
        ModelSource::Folder(folder) => Ok(folder),
        source => HubOptions::from_env()
            .and_then(|options| source.fetch(&options, watch))
            .map_err(ExtractError::Hub),
    };
    let folder = fetch(source)?;
    let base = match base {
        Some(base) => Some(base),
        None => match ModelFolder::open(&folder, None) {
            Err(ModelError::NoBase {
                base: Some(name), ..
            }) => {
                let base = ModelSource::parse(&name, None).map_err(ExtractError::Hub)?;
                // A folder on the machine of the adapter's author is no source.
                matches!(base, ModelSource::Hub { .. }).then_some(base)
            }
            _ => None,
        },
    };
    let base = base.map(fetch).transpose()?.map(ModelSource::Folder);
    Ok((ModelInput::Folder(folder), base))
}

/// Runs `work` in a thread of its own, or later in the caller where the system gives no more
/// threads. The result waits for it; a panic in it continues in the caller.
#[cfg(feature = "tch")]
fn beside<'scope, T: Send + 'scope, F: Fn() -> T + Sync + ?Sized>(
    scope: &'scope thread::Scope<'scope, '_>,
    work: &'scope F,
) -> impl FnOnce() -> T + 'scope {
    let started = thread::Builder::new().spawn_scoped(scope, work);
    move || match started {
        Ok(thread) => thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        Err(_) => work(),
    }
}

/// The columns of a table, `None` for texts that are not in a table. A column that no table has is
/// asked for: the readers answer with those that there are.
fn columns_of(path: &Path, options: &CorpusOptions) -> Option<Vec<String>> {
    if !path.exists() {
        return None;
    }
    let options = options.clone().with_label_column("\0");
    match Corpus::open(path, &options) {
        Err(CorpusError::Column {
            problem: ColumnProblem::Missing { columns },
            ..
        }) => Some(columns),
        _ => None,
    }
}
