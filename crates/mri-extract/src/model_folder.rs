use std::fs;
use std::path::{Path, PathBuf};

use mri_core::{ModelInfo, Pooling};

use crate::engine::ModelError;
use crate::engine::adapter_config::{ADAPTER_CONFIG, AdapterConfig};
use crate::engine::spec::TransformerSpec;
use crate::error::{ExtractError, OptionsProblem};
use crate::files::{model_hash, whole_hash};
use crate::gguf::Gguf;
use crate::notes::ModelNote;
use crate::sentence::{self, PoolingMode, SentenceSettings};
use crate::vocabulary_files;

/// The parts of a model's folder: configuration and weights, tokenizer, adapter, and what
/// sentence-transformers keeps beside them.
///
/// The folder is one of transformers, one of sentence-transformers (whose transformer may lie in
/// `0_Transformer`), or one of PEFT with a LoRA adapter, beside its base or alone. A GGUF file has
/// all parts in it.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    folder: PathBuf,
    transformer: PathBuf,
    tokenizer: PathBuf,
    adapter: Option<PathBuf>,
    sentence: Option<SentenceSettings>,
}

/// A file of which a folder with weights has one.
const WEIGHTS: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

impl ModelFolder {
    /// Finds the parts. `base` is the folder of the base model of an adapter; without it the base
    /// lies beside the adapter, or in the folder that the adapter names if there is such a folder.
    ///
    /// # Errors
    /// [`ModelError::MissingFolder`]; [`ModelError::NoBase`] for an adapter alone;
    /// [`ModelError::NoAdapter`] for a base without an adapter; [`ModelError::UnsupportedAdapter`];
    /// other [`ModelError`]s for files that cannot be read.
    pub fn open(folder: &Path, base: Option<&Path>) -> Result<Self, ModelError> {
        if Gguf::is_path(folder) {
            let path = folder.to_owned();
            return match base {
                Some(_) => Err(ModelError::NoAdapter { path }),
                None => Ok(Self {
                    folder: path.clone(),
                    transformer: path.clone(),
                    tokenizer: path,
                    adapter: None,
                    sentence: None,
                }),
            };
        }
        if !folder.is_dir() {
            return Err(ModelError::MissingFolder {
                path: folder.to_owned(),
            });
        }
        let own = sentence::transformer_folder(folder)?;
        let mut parts = Self {
            sentence: SentenceSettings::read(folder, &own)?,
            folder: folder.to_owned(),
            tokenizer: own.clone(),
            transformer: own,
            adapter: None,
        };
        if !parts.transformer.join(ADAPTER_CONFIG).exists() {
            return match base {
                None => Ok(parts),
                Some(_) => Err(ModelError::NoAdapter {
                    path: folder.to_owned(),
                }),
            };
        }
        let adapter = AdapterConfig::read(&parts.transformer)?;
        parts.adapter = Some(parts.transformer.clone());
        let beside = WEIGHTS
            .iter()
            .any(|name| parts.transformer.join(name).exists());
        let named = adapter.base.as_deref().map(Path::new);
        let base = match base {
            Some(base) => Some(base),
            None if beside => None,
            None => match named.filter(|named| named.is_dir()) {
                Some(named) => Some(named),
                None => {
                    return Err(ModelError::NoBase {
                        path: folder.to_owned(),
                        base: adapter.base,
                    });
                }
            },
        };
        if let Some(base) = base {
            let base = Self::open(base, None)?;
            parts.transformer = base.transformer;
            let own = vocabulary_files::chosen(|name| parts.tokenizer.join(name).exists());
            if own.is_none() {
                parts.tokenizer = base.tokenizer;
            }
            parts.sentence = parts.sentence.or(base.sentence);
        }
        Ok(parts)
    }

    /// The folder of `config.json` and the weights.
    #[must_use]
    pub fn transformer(&self) -> &Path {
        &self.transformer
    }

    /// The folder of the tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Path {
        &self.tokenizer
    }

    /// The folder of the adapter that is merged into the weights.
    #[must_use]
    pub fn adapter(&self) -> Option<&Path> {
        self.adapter.as_deref()
    }

    /// What sentence-transformers keeps beside the model.
    #[must_use]
    pub fn sentence(&self) -> Option<&SentenceSettings> {
        self.sentence.as_ref()
    }

    /// The description of the model.
    ///
    /// # Errors
    /// As [`TransformerSpec::read`].
    pub fn spec(&self) -> Result<TransformerSpec, ModelError> {
        TransformerSpec::read(&self.transformer)
    }

    /// The [`ModelInfo`] of the model, under the name of the folder that was opened.
    #[must_use]
    pub fn model_info(&self, spec: &TransformerSpec) -> ModelInfo {
        spec.model_info(&self.folder)
    }

    /// What its files decided that a user may not expect.
    #[must_use]
    pub fn notes(&self, spec: &TransformerSpec) -> Vec<ModelNote> {
        let unread = (!spec.unread.is_empty()).then(|| ModelNote::Unread {
            entries: spec.unread.clone(),
        });
        let adapter = self.adapter.as_ref().map(|adapter| ModelNote::Adapter {
            adapter: adapter.clone(),
            base: self.transformer.clone(),
        });
        unread.into_iter().chain(adapter).collect()
    }

    /// The pooling that the files of sentence-transformers set, and the file that does.
    ///
    /// # Errors
    /// [`OptionsProblem::PoolingMode`] for one that cannot be recorded.
    pub fn pooling(&self) -> Result<Option<(Pooling, PathBuf)>, OptionsProblem> {
        let mode = self.sentence.as_ref().and_then(|s| s.pooling.as_ref());
        match mode {
            None => Ok(None),
            Some((PoolingMode::Known(pooling), path)) => Ok(Some((*pooling, path.clone()))),
            Some((PoolingMode::Other(mode), path)) => Err(OptionsProblem::PoolingMode {
                path: path.clone(),
                mode: mode.clone(),
            }),
        }
    }

    /// The name of the model: that of the folder that was opened.
    pub(crate) fn named(&self) -> &Path {
        &self.folder
    }

    /// The SHA-256 of all that determines the states of the model, as 64 hexadecimal digits: that
    /// of [`model_hash`], and for an adapter its files too.
    ///
    /// # Errors
    /// [`ExtractError::Io`].
    pub fn hash(&self) -> Result<String, ExtractError> {
        let base = model_hash(&self.transformer)?;
        let Some(adapter) = &self.adapter else {
            return Ok(base);
        };
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(adapter).map_err(ExtractError::io(adapter))? {
            let path = entry.map_err(ExtractError::io(adapter))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("adapter_") {
                files.push(path);
            }
        }
        files.sort();
        whole_hash(&base, &files)
    }
}
