//! What a scan starts from: texts that are known to be sound, and a model that is ready to run them.

use std::collections::BTreeMap;
use std::path::PathBuf;
#[cfg(feature = "tch")]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "tch")]
use std::thread;

#[cfg(feature = "tch")]
use mri_core::Progress;
use mri_core::{Backend, Watch};
use mri_extract::{Corpus, CorpusFile, TextSource, TextTokenizer, TokenizedCorpus};
#[cfg(all(feature = "tch", feature = "hub"))]
use mri_extract::{HubOptions, ModelSource};
#[cfg(feature = "tch")]
use mri_extract::{TchBackend, TransformerSpec};

use super::ScanBuilder;
use crate::ScanError;

/// What runs the texts.
pub(super) enum Model {
    #[cfg(feature = "tch")]
    Folder(PathBuf),
    #[cfg(all(feature = "tch", feature = "hub"))]
    Source(ModelSource),
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
        let out = self.out.as_deref();
        let tokenise = |tokenizer: &TextTokenizer, watch: &dyn Watch| {
            tokenizer.encode_corpus(texts, out, watch)
        };
        match model {
            #[cfg(feature = "tch")]
            Model::Folder(folder) => {
                let failed = mri_extract::ExtractError::Model;
                let info = TransformerSpec::read(&folder)
                    .map_err(failed)?
                    .model_info(&folder);
                self.check_components(texts.labels().len(), info.width)?;
                let tokenizer = TextTokenizer::open(&folder, &info, self.max_length)?;
                // Tokenising a large corpus takes minutes that a model which cannot be loaded is not worth.
                let useless = AtomicBool::new(false);
                let watch = |progress: Progress<'_>| {
                    !useless.load(Ordering::Relaxed) && watch.step(progress)
                };
                let (backend, texts, model_hash) = thread::scope(|scope| {
                    let texts = scope.spawn(|| tokenise(&tokenizer, &watch));
                    let hash = scope.spawn(|| mri_extract::model_hash(&folder));
                    let backend = TchBackend::load(&folder, &self.engine)
                        .inspect_err(|_| useless.store(true, Ordering::Relaxed))
                        .map_err(failed);
                    Ok::<_, ScanError>((backend?, joined(texts)?, joined(hash)?))
                })?;
                let engine = [
                    ("engine", "libtorch".to_owned()),
                    ("device", backend.device().to_string()),
                    ("dtype", self.engine.dtype.to_string()),
                ];
                let engine = engine.map(|(key, value)| (key.to_owned(), value)).into();
                Ok(Loaded {
                    backend: Box::new(backend),
                    tokenizer,
                    texts,
                    model_hash,
                    engine,
                })
            }
            #[cfg(all(feature = "tch", feature = "hub"))]
            model @ Model::Source(_) => self.load(fetched(model, watch)?, texts, watch),
            Model::Engine(backend, tokenizer) => Ok(Loaded {
                // What an engine computes cannot be seen from outside: its name has to do.
                model_hash: backend.model().name.clone(),
                engine: [("engine".to_owned(), "of the caller".to_owned())].into(),
                backend,
                texts: tokenise(&tokenizer, watch)?,
                tokenizer: *tokenizer,
            }),
        }
    }
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
