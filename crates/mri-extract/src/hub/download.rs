//! One file of the hub, into the cache.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use mri_core::{Cancelled, Progress, Watch};
use ureq::Body;
use ureq::http::Response;

use super::cache::ModelCache;
use super::client::{ATTEMPTS, Client, RequestError, wait};

/// Bytes between two reports to the watch.
const STEP: u64 = 1 << 20;

/// Bytes per read.
const BUFFER: usize = 1 << 16;

/// Why a file could not be fetched.
pub(super) enum DownloadError {
    Request(RequestError),
    Io(io::Error),
    Cancelled(Cancelled),
}

impl From<RequestError> for DownloadError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<io::Error> for DownloadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Cancelled> for DownloadError {
    fn from(error: Cancelled) -> Self {
        Self::Cancelled(error)
    }
}

/// What the hub says of a file before it is fetched.
struct Announced {
    /// The name of its contents: their SHA-256 for weights, for others the hash that git has.
    etag: String,
    size: Option<u64>,
}

/// Fetches a file of a commit into the cache, and returns its length. A transfer that broke off
/// resumes where it stopped, also in a later process.
pub(super) fn download(
    client: &Client<'_>,
    url: &str,
    cache: &ModelCache,
    (commit, name): (&str, &str),
    watch: &dyn Watch,
) -> Result<u64, DownloadError> {
    let stage = format!("fetch {name}");
    watch.check(&stage, 0, 0)?;
    let announced = announced(&client.head(url)?)?;
    let blob = cache.blob(&announced.etag);
    if !blob.exists() {
        fs::create_dir_all(blob.parent().unwrap_or(Path::new(".")))?;
        // The name that the Python client uses; both resume each other's.
        let part = cache.blob(&format!("{}.incomplete", announced.etag));
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&part)?;
        // Another process that fetches the same file is waited for; file systems without locks
        // have to do without.
        match file.lock() {
            Err(e) if e.kind() != io::ErrorKind::Unsupported => return Err(e.into()),
            _ => {}
        }
        if !blob.exists() {
            transfer(client, url, &mut file, announced.size, &stage, watch)?;
            file.sync_all()?;
            fs::rename(&part, &blob)?;
        }
    }
    let length = fs::metadata(&blob)?.len();
    cache.link(commit, name, &announced.etag)?;
    Ok(announced.size.unwrap_or(length))
}

fn announced(response: &Response<Body>) -> Result<Announced, RequestError> {
    let header = |name: &str| response.headers().get(name)?.to_str().ok();
    let etag = header("x-linked-etag").or_else(|| header("etag"));
    let etag = etag.unwrap_or_default().trim_start_matches("W/");
    let etag = etag.trim_matches('"');
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if etag.is_empty() || etag.len() > 128 || !etag.chars().all(is_name) {
        return Err(RequestError::other(format!("an ETag of {etag:?}")));
    }
    let linked = header("x-linked-size");
    let size = if response.status().is_redirection() {
        linked
    } else {
        linked.or_else(|| header("content-length"))
    };
    Ok(Announced {
        etag: etag.to_owned(),
        size: size.and_then(|size| size.parse().ok()),
    })
}

/// Fills a file, from the end of what it has on.
fn transfer(
    client: &Client<'_>,
    url: &str,
    file: &mut File,
    size: Option<u64>,
    stage: &str,
    watch: &dyn Watch,
) -> Result<(), DownloadError> {
    let mut attempt = 0;
    loop {
        let mut have = file.metadata()?.len();
        if size.is_some_and(|size| have > size) {
            file.set_len(0)?;
            have = 0;
        }
        if have > 0 && size == Some(have) {
            return Ok(());
        }
        let error = match piece(client, url, file, have, size, &mut |done| {
            let total = size.unwrap_or(done);
            if watch.step(Progress { stage, done, total }) {
                Ok(())
            } else {
                Err(Cancelled)
            }
        }) {
            Ok(()) => return Ok(()),
            Err(DownloadError::Request(error)) if error.may_pass() => error,
            Err(other) => return Err(other),
        };
        let came = file.metadata()?.len() > have;
        attempt = if came { 0 } else { attempt + 1 };
        if attempt + 1 >= ATTEMPTS {
            return Err(error.into());
        }
        tracing::debug!(stage, have, "transfer broke off");
        wait(attempt);
    }
}

/// One request for the rest of a file.
fn piece(
    client: &Client<'_>,
    url: &str,
    file: &mut File,
    from: u64,
    size: Option<u64>,
    told: &mut dyn FnMut(u64) -> Result<(), Cancelled>,
) -> Result<(), DownloadError> {
    let response = client.get_from(url, from)?;
    let mut done = match response.status().as_u16() {
        206 if starts_at(&response, from) => from,
        200 => 0,
        // What is there is not the start of this file.
        206 | 416 => {
            file.set_len(0)?;
            return Err(RequestError::other("the hub sent another part of the file").into());
        }
        status => return Err(RequestError::Status(status).into()),
    };
    file.set_len(done)?;
    file.seek(SeekFrom::Start(done))?;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; BUFFER];
    let mut last = done;
    loop {
        let n = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(RequestError::other(e).into()),
        };
        file.write_all(&buffer[..n])?;
        done += n as u64;
        if done >= last + STEP || size == Some(done) {
            last = done;
            told(done)?;
        }
    }
    match size {
        Some(size) if done < size => {
            let problem = format!("the transfer ended after {done} of {size} bytes");
            Err(RequestError::other(problem).into())
        }
        _ => Ok(()),
    }
}

/// Whether a part begins at this byte.
fn starts_at(response: &Response<Body>, from: u64) -> bool {
    let range = response.headers().get("content-range");
    let range = range.and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next());
    start.and_then(|start| start.trim().parse().ok()) == Some(from)
}
