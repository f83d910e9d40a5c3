//! Fetching the files of a model into the cache, with the crate hf-hub.
//!
//! One request gives the commit and its files; all files are then fetched from that commit, so that
//! a model never mixes two. The branch is written into the cache only once all files are in it.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use hf_hub::api::Progress as Transfer;
use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, CacheRepo, Repo, RepoType};
use mri_core::{Progress, Watch};
use sha2::{Digest, Sha256};

use super::{HubError, HubOptions};
use crate::engine::weights::parse_index;
use crate::files::{HashWriter, hex};

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const PICKLES: [&str; 2] = ["pytorch_model.bin", "pytorch_model.bin.index.json"];

/// Retries per transfer.
const RETRIES: usize = 3;

/// Bytes between two reports to the watch.
const STEP: u64 = 1 << 20;

/// The folder of a model in the cache, after fetching what is not there yet.
pub(super) fn fetch(
    id: &str,
    revision: &str,
    options: &HubOptions,
    watch: &dyn Watch,
) -> Result<PathBuf, HubError> {
    let hub = Hub {
        id,
        revision,
        options,
        watch,
    };
    if options.offline {
        return hub.cached();
    }
    let mut api = ApiBuilder::from_cache(Cache::new(options.cache.clone()));
    if let Some(endpoint) = &options.endpoint {
        api = api.with_endpoint(endpoint.clone());
    }
    let api = api
        .with_token(options.token.clone())
        .with_retries(RETRIES)
        .with_progress(false)
        .with_user_agent("llm-mri", env!("CARGO_PKG_VERSION"))
        .build()
        .map_err(|e| hub.failed("the connection", e))?;
    let info = match api.repo(hub.repo(revision)).info() {
        Ok(info) => info,
        // Without a network, a model in the cache still works.
        Err(ApiError::RequestError(e)) if !matches!(*e, ureq::Error::StatusCode(_)) => {
            let error = hub.failed("its list of files", ApiError::RequestError(e));
            return hub.cached().map_err(|_| error);
        }
        Err(e) => return Err(hub.failed("its list of files", e)),
    };
    if !is_commit(&info.sha) {
        let problem = format!("{:?} is no commit", info.sha).into();
        return Err(hub.transfer("its list of files", problem));
    }
    let names: Vec<&str> = info.siblings.iter().map(|s| s.rfilename.as_str()).collect();
    let weights = hub.weights(&names)?;
    let repo = api.repo(hub.repo(&info.sha));
    let folder = hub.cache(&info.sha).pointer_path(&info.sha);
    for file in [CONFIG, TOKENIZER, weights] {
        hub.file(&repo, &folder, file)?;
    }
    if weights == INDEX {
        for shard in shards(&folder)? {
            hub.file(&repo, &folder, &shard)?;
        }
    }
    hub.cache(revision)
        .create_ref(&info.sha)
        .map_err(|source| HubError::Io {
            path: options.cache.clone(),
            source,
        })?;
    Ok(folder)
}

/// A model and how to reach it.
struct Hub<'a> {
    id: &'a str,
    revision: &'a str,
    options: &'a HubOptions,
    watch: &'a dyn Watch,
}

impl Hub<'_> {
    fn repo(&self, revision: &str) -> Repo {
        Repo::with_revision(self.id.to_owned(), RepoType::Model, revision.to_owned())
    }

    fn cache(&self, revision: &str) -> CacheRepo {
        Cache::new(self.options.cache.clone()).repo(self.repo(revision))
    }

    /// The folder of a model that is in the cache as a whole.
    fn cached(&self) -> Result<PathBuf, HubError> {
        let absent = |missing| HubError::Offline {
            id: self.id.to_owned(),
            revision: self.revision.to_owned(),
            cache: self.options.cache.clone(),
            missing,
        };
        let cache = self.cache(self.revision);
        let model = self
            .options
            .cache
            .join(self.repo(self.revision).folder_name());
        let commit = fs::read_to_string(model.join("refs").join(self.revision));
        let commit = commit.unwrap_or_else(|_| self.revision.to_owned());
        let folder = cache.pointer_path(commit.trim());
        if !is_commit(commit.trim()) || !folder.is_dir() {
            return Err(absent(None));
        }
        let there = |name: &&str| folder.join(name).exists();
        let names = [CONFIG, TOKENIZER, WEIGHTS, INDEX, PICKLES[0], PICKLES[1]];
        let names: Vec<&str> = names.into_iter().filter(there).collect();
        let weights = self.weights(&names).map_err(|e| match e {
            HubError::MissingFile { file, .. } => absent(Some(file)),
            other => other,
        })?;
        if weights == INDEX {
            let shards = shards(&folder)?;
            if let Some(shard) = shards.into_iter().find(|name| !folder.join(name).exists()) {
                return Err(absent(Some(shard)));
            }
        }
        Ok(folder)
    }

    /// Which of the files are the weights, after checking that all others are there.
    fn weights(&self, names: &[&str]) -> Result<&'static str, HubError> {
        let missing = |file: &str, remedy| HubError::MissingFile {
            id: self.id.to_owned(),
            file: file.to_owned(),
            remedy,
        };
        if !names.contains(&CONFIG) {
            return Err(missing(CONFIG, "it is not a model of transformers"));
        }
        if let Some(weights) = [WEIGHTS, INDEX].into_iter().find(|w| names.contains(w)) {
            if !names.contains(&TOKENIZER) {
                let remedy = "models without a fast tokenizer get one from python: \
                              AutoModel and AutoTokenizer, .from_pretrained(ID).save_pretrained(DIR)";
                return Err(missing(TOKENIZER, remedy));
            }
            return Ok(weights);
        }
        match PICKLES.into_iter().find(|p| names.contains(p)) {
            Some(file) => Err(HubError::PickleOnly {
                id: self.id.to_owned(),
                file: file.to_owned(),
            }),
            None => Err(missing(
                WEIGHTS,
                "weights are read in the safetensors format only",
            )),
        }
    }

    /// Fetches a file unless it is there.
    fn file(&self, repo: &ApiRepo, folder: &Path, name: &str) -> Result<(), HubError> {
        let place = folder.join(name);
        let stage = format!("fetch {name}");
        if place.exists() {
            return Ok(());
        }
        self.watch.check(&stage, 0, 0)?;
        let size = Cell::new(0);
        let bytes = Bytes {
            watch: self.watch,
            stage,
            size: &size,
            done: 0,
            told: 0,
        };
        repo.download_with_progress(name, bytes)
            .map_err(|e| self.failed(name, e))?;
        verify(&place, size.get())
    }

    fn failed(&self, what: &str, error: ApiError) -> HubError {
        let (id, endpoint) = (self.id.to_owned(), self.options.hub_name());
        let inner = match &error {
            ApiError::TooManyRetries(inner) => inner,
            other => other,
        };
        let status = match inner {
            ApiError::RequestError(e) => match **e {
                ureq::Error::StatusCode(status) => Some(status),
                _ => None,
            },
            _ => None,
        };
        match status {
            Some(404) => HubError::NotFound {
                id,
                revision: self.revision.to_owned(),
                endpoint,
            },
            Some(status @ (401 | 403)) => HubError::Denied {
                id,
                endpoint,
                status,
                with_token: self.options.token.is_some(),
            },
            _ => self.transfer(what, error.into()),
        }
    }

    fn transfer(&self, what: &str, source: Box<dyn std::error::Error + Send + Sync>) -> HubError {
        HubError::Transfer {
            id: self.id.to_owned(),
            what: what.to_owned(),
            endpoint: self.options.hub_name(),
            source,
        }
    }
}

/// The weight files that the index in a folder lists.
fn shards(folder: &Path) -> Result<Vec<String>, HubError> {
    let path = folder.join(INDEX);
    let text = fs::read(&path).map_err(|source| HubError::Io {
        path: path.clone(),
        source,
    })?;
    parse_index(&path, &text).map_err(|e| HubError::Index(Box::new(e)))
}

/// Checks a file that was just fetched: its length, and its contents where the hub names their
/// SHA-256, as it does for weights. What is wrong is removed, since it would be taken for whole.
fn verify(place: &Path, size: u64) -> Result<(), HubError> {
    let io = |source| HubError::Io {
        path: place.to_owned(),
        source,
    };
    // The cache keeps contents under the name that the hub gives them, and links to them.
    let blob = fs::canonicalize(place).map_err(io)?;
    let mut file = fs::File::open(&blob).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let name = blob.file_name().map(|name| name.to_string_lossy());
    let sha = name.filter(|name| name.len() == 64 && name.chars().all(|c| c.is_ascii_hexdigit()));
    let problem = if length != size {
        Some(format!("{length} bytes where the hub has {size}"))
    } else if let Some(sha) = sha {
        let mut hash = Sha256::new();
        std::io::copy(&mut file, &mut HashWriter(&mut hash)).map_err(io)?;
        let found = hex(&hash.finalize());
        (found != sha.to_ascii_lowercase())
            .then(|| "its contents are not those of the hub".to_owned())
    } else {
        None
    };
    let Some(problem) = problem else {
        return Ok(());
    };
    for path in [place, &blob] {
        // Where the system has no links both are the same file.
        let _ = fs::remove_file(path);
    }
    Err(HubError::Damaged {
        path: place.to_owned(),
        problem,
    })
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// Tells a watch how many bytes have come.
struct Bytes<'a> {
    watch: &'a dyn Watch,
    stage: String,
    size: &'a Cell<u64>,
    done: u64,
    told: u64,
}

impl Transfer for Bytes<'_> {
    fn init(&mut self, size: usize, _: &str) {
        self.size.set(size as u64);
        (self.done, self.told) = (0, 0);
    }

    fn update(&mut self, bytes: usize) {
        self.done += bytes as u64;
        if self.done >= self.told + STEP || self.done == self.size.get() {
            self.told = self.done;
            // The transfer cannot be stopped from here; the watch is asked again before the next
            // file.
            let _ = self.watch.step(Progress {
                stage: &self.stage,
                done: self.done,
                total: self.size.get(),
            });
        }
    }

    fn finish(&mut self) {}
}
