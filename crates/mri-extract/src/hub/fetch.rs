//! Fetching the files of a model into the cache.
//!
//! The hub's crate hf-hub 0.5 sends the token along redirects to other hosts and sets no time
//! limit, so that requests are made here, with ureq.
//!
//! One request gives the commit and its files; all files are then fetched from that commit, so that
//! a model never mixes two. The branch is written into the cache only once all files are in it.

use std::fs;
use std::path::{Path, PathBuf};

use mri_core::Watch;
use serde::Deserialize;

use super::cache::ModelCache;
use super::client::{Client, RequestError};
use super::download::{DownloadError, download};
use super::wanted::{INDEX, wanted};
use super::{HubError, HubOptions};
use crate::blob;
use crate::engine::weights::parse_index;

/// What is read of the hub's answer on a model.
#[derive(Deserialize)]
struct ModelInfo {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

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
    let client = Client::new(options);
    let list = format!(
        "{}/api/models/{id}/revision/{}",
        client.endpoint(),
        revision.replace('/', "%2F")
    );
    let info = match client.get(&list) {
        Ok(bytes) => serde_json::from_slice::<ModelInfo>(&bytes)
            .map_err(|e| hub.transfer("its list of files", e.into()))?,
        // Without a network, a model in the cache still works.
        Err(error @ RequestError::Other(_)) => {
            let error = hub.failed("its list of files", error);
            return hub.cached().map_err(|_| error);
        }
        Err(error) => return Err(hub.failed("its list of files", error)),
    };
    if !is_commit(&info.sha) {
        let problem = format!("{:?} is no commit", info.sha).into();
        return Err(hub.transfer("its list of files", problem));
    }
    let names: Vec<&str> = info.siblings.iter().map(|s| s.rfilename.as_str()).collect();
    let wanted = wanted(id, &names)?;
    for file in &wanted.files {
        hub.file(&client, &info.sha, file)?;
    }
    let folder = hub.cache().snapshot(&info.sha);
    if let Some(index) = &wanted.index {
        for shard in shards(&folder, index)? {
            hub.file(&client, &info.sha, &shard)?;
        }
    }
    let noted = hub.cache().set_commit(revision, &info.sha);
    noted.map_err(hub.io())?;
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
    fn cache(&self) -> ModelCache {
        ModelCache::new(&self.options.cache, self.id)
    }

    fn io(&self) -> impl FnOnce(std::io::Error) -> HubError + '_ {
        |source| HubError::Io {
            path: self.options.cache.clone(),
            source,
        }
    }

    /// The folder of a model that is in the cache as a whole.
    fn cached(&self) -> Result<PathBuf, HubError> {
        let absent = |missing| HubError::Offline {
            id: self.id.to_owned(),
            revision: self.revision.to_owned(),
            cache: self.options.cache.clone(),
            missing,
        };
        let cache = self.cache();
        let commit = cache.commit(self.revision);
        let commit = commit.unwrap_or_else(|| self.revision.to_owned());
        let folder = cache.snapshot(&commit);
        if !is_commit(&commit) || !folder.is_dir() {
            return Err(absent(None));
        }
        let names = files_below(&folder);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let wanted = wanted(self.id, &names).map_err(|e| match e {
            HubError::MissingFile { file, .. } => absent(Some(file)),
            other => other,
        })?;
        for file in &wanted.files {
            check(&folder.join(file))?;
        }
        if let Some(index) = &wanted.index {
            let shards = shards(&folder, index)?;
            if let Some(shard) = shards.into_iter().find(|name| !folder.join(name).exists()) {
                return Err(absent(Some(shard)));
            }
        }
        Ok(folder)
    }

    /// Fetches a file of a commit unless it is there, and whole as far as that is quick to see.
    fn file(&self, client: &Client<'_>, commit: &str, name: &str) -> Result<(), HubError> {
        let place = self.cache().snapshot(commit).join(name);
        if place.exists() {
            return check(&place);
        }
        let url = format!("{}/{}/resolve/{commit}/{name}", client.endpoint(), self.id);
        let cache = self.cache();
        let size =
            download(client, &url, &cache, (commit, name), self.watch).map_err(
                |error| match error {
                    DownloadError::Request(error) => self.failed(name, error),
                    DownloadError::Io(source) => self.io()(source),
                    DownloadError::Cancelled(cancelled) => cancelled.into(),
                },
            )?;
        verify(&place, size)
    }

    fn failed(&self, what: &str, error: RequestError) -> HubError {
        let (id, endpoint) = (self.id.to_owned(), self.options.hub_name());
        match error {
            RequestError::Status(404) => HubError::NotFound {
                id,
                revision: self.revision.to_owned(),
                endpoint,
            },
            RequestError::Status(status @ (401 | 403)) => HubError::Denied {
                id,
                endpoint,
                status,
                with_token: self.options.token.is_some(),
            },
            RequestError::Status(status) => {
                self.transfer(what, format!("HTTP status {status}").into())
            }
            RequestError::Other(source) => self.transfer(what, source),
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

/// The names of the files in a folder of the cache and in the folders within it.
fn files_below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if path.is_dir() {
            let inner = fs::read_dir(path).into_iter().flatten().flatten();
            names.extend(
                inner.map(|inner| format!("{name}/{}", inner.file_name().to_string_lossy())),
            );
        } else if path.exists() {
            names.push(name);
        }
    }
    names
}

/// The weight files that an index in a folder lists, which lie beside it.
fn shards(folder: &Path, index: &str) -> Result<Vec<String>, HubError> {
    let path = folder.join(index);
    let text = fs::read(&path).map_err(|source| HubError::Io {
        path: path.clone(),
        source,
    })?;
    let names = parse_index(&path, &text).map_err(|e| HubError::Index(Box::new(e)))?;
    let beside = index.strip_suffix(INDEX).unwrap_or_default();
    Ok(names.iter().map(|name| format!("{beside}{name}")).collect())
}

/// Compares a file of the cache with the hash that it is named by. Weights are left to the pass
/// over them that identifies the model ([`crate::model_hash`]).
fn check(place: &Path) -> Result<(), HubError> {
    if place.extension() == Some("safetensors".as_ref()) {
        return Ok(());
    }
    match blob::damaged(place) {
        Ok(None) => Ok(()),
        Ok(Some(path)) => Err(HubError::DamagedBlob { path }),
        Err(source) => Err(HubError::Io {
            path: place.to_owned(),
            source,
        }),
    }
}

/// Checks a file that was just fetched: its length, and its contents where the hub names it by
/// their hash. What is wrong is removed, since it would be taken for whole.
fn verify(place: &Path, size: u64) -> Result<(), HubError> {
    let io = |source| HubError::Io {
        path: place.to_owned(),
        source,
    };
    // The cache keeps contents under the name that the hub gives them, and links to them.
    let blob = fs::canonicalize(place).map_err(io)?;
    let length = fs::metadata(&blob).map_err(io)?.len();
    let problem = if length != size {
        format!("{length} bytes where the hub has {size}")
    } else if blob::damaged(&blob).map_err(io)?.is_some() {
        "its contents are not those of the hub".to_owned()
    } else {
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
