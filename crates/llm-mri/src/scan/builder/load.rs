//! What a scan starts from: texts that are known to be sound, and a model that is ready to run them.

use std::collections::BTreeMap;
#[cfg(feature = "tch")]
use std::path::Path;
use std::path::PathBuf;
#[cfg(feature = "tch")]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "tch")]
use std::thread;

use mri_core::{Backend, Watch};
#[cfg(feature = "tch")]
use mri_core::{ModelInfo, Progress};
use mri_corpus::{Corpus, CorpusFile, TextSource};
#[cfg(feature = "tch")]
use mri_extract::{
    Device, ExtractError, ModelError, TchBackend, TorchScriptBackend, TransformerSpec, model_hash,
};
#[cfg(all(feature = "tch", feature = "hub"))]
use mri_extract::{HubOptions, ModelSource};
use mri_extract::{TextTokenizer, TokenizedCorpus};

use super::ScanBuilder;
use crate::error::ScanError;

/// What runs the texts.
pub(super) enum Model {
    #[cfg(feature = "tch")]
    Folder(PathBuf),
    #[cfg(all(feature = "tch", feature = "hub"))]
    Source(ModelSource),
    /// A TorchScript module, and the folder of its tokenizer.
    #[cfg(feature = "tch")]
    Module(PathBuf, PathBuf),
    Engine(Box<dyn Backend>, Box<TextTokenizer>),
}

/// Where the texts come from.
pub(super) enum Texts {
    Path(PathBuf),
    Corpus(Corpus),
}

/// Texts all of which were read once.
pub(super) enum Opened {
    /// What comes after the recording needs them.
    InMemory(Corpus),
    /// Nothing but the recording does.
    Stored(CorpusFile),
}

/// A model that is ready to run, its texts, and what decides its numbers.
pub(super) struct Loaded {
    pub(super) backend: Box<dyn Backend>,
    pub(super) tokenizer: TextTokenizer,
    pub(super) texts: TokenizedCorpus,
    pub(super) model_hash: String,
    pub(super) engine: BTreeMap<String, String>,
}

impl Opened {
    pub(super) fn source(&self) -> &dyn TextSource {
        match self {
            Self::InMemory(corpus) => corpus,
            Self::Stored(file) => file,
        }
    }

    pub(super) fn into_texts(self) -> Option<Vec<String>> {
        match self {
            Self::InMemory(corpus) => Some(corpus.into_texts()),
            Self::Stored(_) => None,
        }
    }
}

impl ScanBuilder {
    /// Reads the texts. Those that nothing but a recording on disk needs stay where they are.
    pub(super) fn open_texts(&self, texts: Texts) -> Result<Opened, ScanError> {
        let stays = self.activations_only && self.out.is_some();
        let opened = match texts {
            Texts::Path(path) if stays => {
                let file = CorpusFile::open(&path, &self.corpus_options)?;
                Opened::Stored(match self.shard {
                    Some(shard) => file.shard(shard)?,
                    None => file,
                })
            }
            texts => {
                let corpus = match texts {
                    Texts::Path(path) => Corpus::open(&path, &self.corpus_options)?,
                    Texts::Corpus(corpus) => corpus,
                };
                Opened::InMemory(match self.shard {
                    Some(shard) => corpus.shard(shard)?,
                    None => corpus,
                })
            }
        };
        Ok(opened)
    }

    /// Loads the model; meanwhile its texts are tokenised and its weights hashed.
    pub(super) fn load(
        &self,
        model: Model,
        texts: &dyn TextSource,
        watch: &dyn Watch,
    ) -> Result<Loaded, ScanError> {
        match model {
            #[cfg(feature = "tch")]
            Model::Folder(folder) => {
                let info = TransformerSpec::read(&folder).map_err(ExtractError::Model)?;
                let load = Load {
                    info: info.model_info(&folder),
                    tokenizer: &folder,
                    hash: &|| model_hash(&folder),
                    backend: &|| {
                        let backend = TchBackend::load(&folder, &self.engine)?;
                        let device = backend.device();
                        Ok((Box::new(backend), device))
                    },
                };
                let mut loaded = self.load_beside(&load, "libtorch", texts, watch)?;
                let dtype = self.engine.dtype.to_string();
                loaded.engine.insert("dtype".to_owned(), dtype);
                Ok(loaded)
            }
            #[cfg(all(feature = "tch", feature = "hub"))]
            model @ Model::Source(_) => self.load(fetched(model, watch)?, texts, watch),
            #[cfg(feature = "tch")]
            Model::Module(module, tokenizer) => {
                let load = Load {
                    info: TorchScriptBackend::describe(&module).map_err(ExtractError::Model)?,
                    tokenizer: &tokenizer,
                    hash: &|| TorchScriptBackend::hash(&module),
                    backend: &|| {
                        let backend = TorchScriptBackend::load(&module, &self.engine)?;
                        let device = backend.device();
                        Ok((Box::new(backend), device))
                    },
                };
                self.load_beside(&load, "torchscript", texts, watch)
            }
            Model::Engine(backend, tokenizer) => Ok(Loaded {
                // What an engine computes cannot be seen from outside: its name has to do.
                model_hash: backend.model().name.clone(),
                engine: [("engine".to_owned(), "of the caller".to_owned())].into(),
                backend,
                texts: tokenizer.encode_corpus(texts, self.out.as_deref(), watch)?,
                tokenizer: *tokenizer,
            }),
        }
    }

    /// Loads a model of libtorch's while its texts are tokenised and its weights hashed.
    #[cfg(feature = "tch")]
    fn load_beside(
        &self,
        load: &Load<'_>,
        engine: &str,
        texts: &dyn TextSource,
        watch: &dyn Watch,
    ) -> Result<Loaded, ScanError> {
        self.check_components(texts.labels().len(), load.info.width)?;
        let tokenizer = TextTokenizer::open(load.tokenizer, &load.info, self.max_length)?;
        let out = self.out.as_deref();
        // Tokenising a large corpus takes minutes that a model which cannot be loaded is not worth.
        let useless = AtomicBool::new(false);
        let watch =
            |progress: Progress<'_>| !useless.load(Ordering::Relaxed) && watch.step(progress);
        let ((backend, device), texts, model_hash) = thread::scope(|scope| {
            let texts = scope.spawn(|| tokenizer.encode_corpus(texts, out, &watch));
            let hash = scope.spawn(load.hash);
            let backend = (load.backend)()
                .inspect_err(|_| useless.store(true, Ordering::Relaxed))
                .map_err(ExtractError::Model);
            Ok::<_, ScanError>((backend?, joined(texts)?, joined(hash)?))
        })?;
        let engine = [
            ("engine", engine.to_owned()),
            ("device", device.to_string()),
        ];
        Ok(Loaded {
            backend,
            tokenizer,
            texts,
            model_hash,
            engine: engine.map(|(key, value)| (key.to_owned(), value)).into(),
        })
    }
}

/// How a model of libtorch's is loaded.
#[cfg(feature = "tch")]
struct Load<'a> {
    info: ModelInfo,
    /// The folder of its tokenizer.
    tokenizer: &'a Path,
    hash: &'a (dyn Fn() -> Result<String, ExtractError> + Sync),
    backend: &'a dyn Fn() -> Result<(Box<dyn Backend>, Device), ModelError>,
}

/// The folder of a model that was given by name; any other model as it is.
#[cfg(all(feature = "tch", feature = "hub"))]
pub(super) fn fetched(model: Model, watch: &dyn Watch) -> Result<Model, ScanError> {
    let Model::Source(source) = model else {
        return Ok(model);
    };
    let folder = match source {
        ModelSource::Folder(folder) => folder,
        source => HubOptions::from_env()
            .and_then(|options| source.fetch(&options, watch))
            .map_err(mri_extract::ExtractError::Hub)?,
    };
    Ok(Model::Folder(folder))
}

/// What a thread returns; should it have panicked, so does its caller.
#[cfg(feature = "tch")]
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
