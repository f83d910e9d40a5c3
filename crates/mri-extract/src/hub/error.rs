use std::path::PathBuf;

use mri_core::Cancelled;
use thiserror::Error;

/// Why a model could not be fetched from the hub.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HubError {
    /// A revision was named for a folder.
    #[error("{}: a folder has no revisions", .path.display())]
    RevisionOfFolder {
        /// The folder.
        path: PathBuf,
    },
    /// What was given cannot be a revision.
    #[error("{revision:?} is no revision; give a branch, a tag or a commit, such as main")]
    BadRevision {
        /// What was given.
        revision: String,
    },
    /// There is no such model or revision.
    #[error(
        "{id}: no folder of this name, and no model at {endpoint} in revision {revision}; check both names"
    )]
    NotFound {
        /// The model.
        id: String,
        /// The revision.
        revision: String,
        /// The hub.
        endpoint: String,
    },
    /// The hub wants to know who asks.
    #[error(
        "{id}: {endpoint} wants a token ({status}): there is no such public model, or its terms have to be accepted on its page; \
         {}",
        if *.with_token { "the token sent does not open it" } else { "set HF_TOKEN, or log in once with `hf auth login`" }
    )]
    Denied {
        /// The model.
        id: String,
        /// The hub.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// The model lacks a file that is needed.
    #[error("{id}: has no {file}; {remedy}")]
    MissingFile {
        /// The model.
        id: String,
        /// The file.
        file: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The weights are only there as a pickle, which can run any code when it is read.
    #[error(
        "{id}: has pickled weights only ({file}), which are not read, since a pickle can run any code; convert them once with python: \
         `from transformers import AutoModel, AutoTokenizer; AutoModel.from_pretrained({id:?}).save_pretrained(\"DIR\"); \
         AutoTokenizer.from_pretrained({id:?}).save_pretrained(\"DIR\")`, and use that folder"
    )]
    PickleOnly {
        /// The model.
        id: String,
        /// The pickle found.
        file: String,
    },
    /// The hub is not to be asked, and the cache does not hold the whole model.
    #[error(
        "{id}: not in {} in revision {revision}{}, and HF_HUB_OFFLINE forbids to fetch it; unset it, or fetch the model elsewhere and copy the cache",
        .cache.display(),
        .missing.as_ref().map(|file| format!(" ({file} is missing)")).unwrap_or_default()
    )]
    Offline {
        /// The model.
        id: String,
        /// The revision.
        revision: String,
        /// The cache.
        cache: PathBuf,
        /// The first file that is missing; `None` if nothing of that revision is there.
        missing: Option<String>,
    },
    /// No folder for the cache is known.
    #[error("no home folder is known to keep models in; set HF_HOME to a folder")]
    NoCache,
    /// The hub could not be reached, or the transfer broke off.
    #[error("{id}: {what} from {endpoint}: {source}; a repeated transfer resumes where it stopped")]
    Transfer {
        /// The model.
        id: String,
        /// What was fetched.
        what: String,
        /// The hub.
        endpoint: String,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file is not what the hub says it is.
    #[error("{}: {problem}; it was removed from the cache", .path.display())]
    Damaged {
        /// The file in the cache.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file of the cache is not the one that was fetched.
    #[error("{}: damaged: it has other contents than it is named by", .path.display())]
    DamagedBlob {
        /// The file, in the folder `blobs` of its model.
        path: PathBuf,
    },
    /// A file of the cache could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An index of weight files makes no sense.
    #[error(transparent)]
    Index(Box<crate::engine::ModelError>),
    /// The watch asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
