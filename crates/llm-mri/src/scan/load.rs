//! Reads the texts of a scan and loads its model.

#[cfg(feature = "tch")]
use std::path::Path;
#[cfg(feature = "tch")]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "tch")]
use std::thread;

use mri_core::Watch;
#[cfg(feature = "tch")]
use mri_core::{Backend, ModelInfo, Progress};
use mri_corpus::{Corpus, CorpusFile, TextSource};
#[cfg(feature = "tch")]
use mri_extract::{
    Device, ExtractError, ModelError, TchBackend, TextTokenizer, TorchScriptBackend, model_hash,
    spec::TransformerSpec,
};
#[cfg(all(feature = "tch", feature = "hub"))]
use mri_extract::{HubOptions, ModelSource};

use crate::error::ScanError;
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

    /// Loads the model while its texts are tokenized and its weights hashed.
    pub(crate) fn load(
        &self,
        model: ModelInput,
        texts: &dyn TextSource,
        watch: &dyn Watch,
    ) -> Result<LoadedModel, ScanError> {
        match model {
            #[cfg(feature = "tch")]
            ModelInput::Folder(folder) => {
                let info = TransformerSpec::read(&folder).map_err(ExtractError::Model)?;
                let plan = LoadPlan {
                    info: info.model_info(&folder),
                    tokenizer: &folder,
                    hash: &|| model_hash(&folder),
                    backend: &|| {
                        let backend = TchBackend::load(&folder, &self.engine)?;
                        let device = backend.device();
                        Ok((Box::new(backend), device))
                    },
                };
                let mut loaded = self.load_concurrently(&plan, "libtorch", texts, watch)?;
                let dtype = self.engine.dtype.to_string();
                loaded.engine.insert("dtype".to_owned(), dtype);
                Ok(loaded)
            }
            #[cfg(all(feature = "tch", feature = "hub"))]
            model @ ModelInput::Source(_) => self.load(fetch(model, watch)?, texts, watch),
            #[cfg(feature = "tch")]
            ModelInput::Module(module, tokenizer) => {
                let plan = LoadPlan {
                    info: TorchScriptBackend::describe(&module).map_err(ExtractError::Model)?,
                    tokenizer: &tokenizer,
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
            }),
        }
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
        let tokenizer = TextTokenizer::open(plan.tokenizer, &plan.info, self.max_length)?;
        let out = self.out.as_deref();
        // Tokenizing a large corpus takes minutes, which are saved if the model fails to load.
        let failed = AtomicBool::new(false);
        let watch =
            |progress: Progress<'_>| !failed.load(Ordering::Relaxed) && watch.step(progress);
        let ((backend, device), texts, model_hash) = thread::scope(|scope| {
            let texts = scope.spawn(|| tokenizer.encode_corpus(texts, out, &watch));
            let hash = scope.spawn(plan.hash);
            let span = tracing::info_span!("load model", engine, model = plan.info.name).entered();
            let backend = (plan.backend)()
                .inspect_err(|_| failed.store(true, Ordering::Relaxed))
                .map_err(ExtractError::Model);
            drop(span);
            Ok::<_, ScanError>((backend?, join(texts)?, join(hash)?))
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
        })
    }
}

/// How a libtorch model is loaded.
#[cfg(feature = "tch")]
struct LoadPlan<'a> {
    info: ModelInfo,
    /// The folder of its tokenizer.
    tokenizer: &'a Path,
    hash: &'a (dyn Fn() -> Result<String, ExtractError> + Sync),
    backend: &'a dyn Fn() -> Result<(Box<dyn Backend>, Device), ModelError>,
}

/// Fetches a model of the hub into its local folder; other models are returned unchanged.
#[cfg(all(feature = "tch", feature = "hub"))]
pub(crate) fn fetch(model: ModelInput, watch: &dyn Watch) -> Result<ModelInput, ScanError> {
    let ModelInput::Source(source) = model else {
        return Ok(model);
    };
    let folder = match source {
        ModelSource::Folder(folder) => folder,
        source => HubOptions::from_env()
            .and_then(|options| source.fetch(&options, watch))
            .map_err(ExtractError::Hub)?,
    };
    Ok(ModelInput::Folder(folder))
}

/// The result of a thread; a panic in it continues in the caller.
#[cfg(feature = "tch")]
fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
