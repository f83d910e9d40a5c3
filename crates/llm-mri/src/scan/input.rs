//! What a scan is made from: a model and texts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mri_core::{Backend, Pooling};
use mri_corpus::{Corpus, CorpusFile, CorpusNotes, TextSource};
#[cfg(all(feature = "tch", feature = "hub"))]
use mri_extract::ModelSource;
use mri_extract::{ModelNote, TextTokenizer, TokenizedCorpus};

/// The model, as the builder was given it.
pub(crate) enum ModelInput {
    #[cfg(feature = "tch")]
    Folder(PathBuf),
    #[cfg(all(feature = "tch", feature = "hub"))]
    Source(ModelSource),
    /// A TorchScript module, and the folder of its tokenizer.
    #[cfg(feature = "tch")]
    Module(PathBuf, PathBuf),
    Engine(Box<dyn Backend>, Box<TextTokenizer>),
}

/// The texts, as the builder was given them.
pub(crate) enum TextInput {
    Path(PathBuf),
    Corpus(Corpus),
}

impl ModelInput {
    /// The file or folder of the model, where it is known before it is loaded.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            #[cfg(feature = "tch")]
            Self::Folder(folder) => Some(folder),
            #[cfg(all(feature = "tch", feature = "hub"))]
            Self::Source(ModelSource::Folder(folder)) => Some(folder),
            #[cfg(all(feature = "tch", feature = "hub"))]
            Self::Source(ModelSource::Hub { .. }) => None,
            #[cfg(feature = "tch")]
            Self::Module(module, _) => Some(module),
            Self::Engine(..) => None,
        }
    }
}

impl TextInput {
    /// The file or folder of the texts.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Corpus(_) => None,
        }
    }
}

/// Texts that were read and checked once.
pub(crate) enum OpenedTexts {
    /// Held in memory, for the stages after the recording.
    InMemory(Corpus),
    /// Left in their file; only the recording reads them.
    Stored(CorpusFile),
}

/// A model that is ready to run, its tokenized texts, and what determines its results.
pub(crate) struct LoadedModel {
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) texts: TokenizedCorpus,
    pub(crate) model_hash: String,
    pub(crate) engine: BTreeMap<String, String>,
    /// The pooling of the model's own files, where the caller leaves the choice to them.
    pub(crate) pooling: Option<Pooling>,
    /// What its files decided.
    pub(crate) notes: Vec<ModelNote>,
}

impl OpenedTexts {
    pub(crate) fn source(&self) -> &dyn TextSource {
        match self {
            Self::InMemory(corpus) => corpus,
            Self::Stored(file) => file,
        }
    }

    pub(crate) fn notes(&self) -> &CorpusNotes {
        match self {
            Self::InMemory(corpus) => corpus.notes(),
            Self::Stored(file) => file.notes(),
        }
    }

    pub(crate) fn into_texts(self) -> Option<Vec<String>> {
        match self {
            Self::InMemory(corpus) => Some(corpus.into_texts()),
            Self::Stored(_) => None,
        }
    }
}
