//! A stand-in for the hub on loopback: the answers that a client needs, and a log of what it asked.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha256};

pub(super) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What the hub holds and how it behaves.
#[derive(Default)]
pub(super) struct Content {
    /// The files of the model `org/tiny`.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The token without which everything is refused.
    pub(super) token: Option<String>,
    /// A file and after how many bytes its next transfer breaks off.
    pub(super) break_off: Option<(String, usize)>,
    /// What the large files' host does before it answers, if it answers at all.
    pub(super) silent: bool,
    /// Requests that are answered by a server error first.
    pub(super) failures: usize,
    /// Every request: path (after `HEAD ` for those), `Range` and `Authorization`.
    pub(super) log: Vec<(String, String, String)>,
}

/// A running server, and another host (a port of its own) for large files; their threads end with
/// the process.
#[derive(Clone)]
pub(super) struct Hub {
    pub(super) endpoint: String,
    other_host: String,
    pub(super) content: Arc<Mutex<Content>>,
}

impl Hub {
    pub(super) fn start(files: &[(&str, Vec<u8>)]) -> Self {
        let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
        let listeners = [bind(), bind()];
        let [endpoint, other_host] = [&listeners[0], &listeners[1]]
            .map(|listener| format!("http://{}", listener.local_addr().unwrap()));
        let content = Content {
            files: files
                .iter()
                .map(|(name, bytes)| ((*name).to_owned(), bytes.clone()))
                .collect(),
            ..Content::default()
        };
        let hub = Self {
            endpoint,
            other_host,
            content: Arc::new(Mutex::new(content)),
        };
        for listener in listeners {
            let server = hub.clone();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    // A client that goes away is its own affair.
                    let _ = server.answer(stream);
                }
            });
        }
        hub
    }

    /// The paths asked for since the last call.
    pub(super) fn take_log(&self) -> Vec<(String, String, String)> {
        std::mem::take(&mut self.content.lock().unwrap().log)
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let (method, path, headers) = read_request(&stream)?;
        let stream = Reply {
            stream,
            headers_only: method == "HEAD",
        };
        let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
        let (range, token) = (header("range"), header("authorization"));
        let mut content = self.content.lock().unwrap();
        let logged = match method.as_str() {
            "HEAD" => format!("HEAD {path}"),
            _ => path.clone(),
        };
        content.log.push((logged, range.clone(), token.clone()));
        if content.silent && path.starts_with("/cdn/") {
            drop(content);
            // Longer than any client of the tests waits.
            thread::sleep(std::time::Duration::from_secs(20));
            return Ok(());
        }
        if content.failures > 0 {
            content.failures -= 1;
            return plain(stream, "503 Service Unavailable", "", b"");
        }
        if let Some(wanted) = &content.token
            && !path.starts_with("/cdn/")
            && token != format!("Bearer {wanted}")
        {
            return plain(stream, "401 Unauthorized", "", b"");
        }
        // A model that was renamed.
        if let Some(rest) = path.strip_prefix("/old/tiny/") {
            let to = format!("Location: /org/tiny/{rest}\r\n");
            return plain(stream, "307 Temporary Redirect", &to, b"");
        }
        if let Some(rest) = path.strip_prefix("/api/models/old/tiny/") {
            let to = format!("Location: /api/models/org/tiny/{rest}\r\n");
            return plain(stream, "307 Temporary Redirect", &to, b"");
        }
        if let Some(revision) = path.strip_prefix("/api/models/org/tiny/revision/") {
            if !["main", "v1", "refs%2Fpr%2F2", COMMIT].contains(&revision) {
                return plain(stream, "404 Not Found", "", b"");
            }
            let siblings: Vec<_> = content
                .files
                .keys()
                .map(|name| serde_json::json!({"rfilename": name}))
                .collect();
            let info = serde_json::json!({"id": "org/tiny", "sha": COMMIT, "siblings": siblings});
            return plain(stream, "200 OK", "", info.to_string().as_bytes());
        }
        self.answer_with_file(stream, &path, &range, content)
    }

    fn answer_with_file(
        &self,
        stream: Reply,
        path: &str,
        range: &str,
        mut content: MutexGuard<'_, Content>,
    ) -> std::io::Result<()> {
        let resolved = path.strip_prefix(&format!("/org/tiny/resolve/{COMMIT}/"));
        let fetched = path.strip_prefix("/cdn/");
        let Some(name) = resolved.or(fetched) else {
            return plain(stream, "404 Not Found", "", b"");
        };
        let Some(bytes) = content.files.get(name).cloned() else {
            return plain(stream, "404 Not Found", "", b"");
        };
        let commit = format!("X-Repo-Commit: {COMMIT}\r\n");
        if resolved.is_some() && name.ends_with(".safetensors") {
            // Large files lie elsewhere and are known by the hash of their contents.
            let extra = format!(
                "{commit}X-Linked-Size: {}\r\nX-Linked-Etag: \"{}\"\r\nLocation: {}/cdn/{name}\r\n",
                bytes.len(),
                sha256(&bytes),
                self.other_host
            );
            return plain(stream, "302 Found", &extra, b"");
        }
        let (from, to) = ends(range, bytes.len());
        if from >= bytes.len() {
            return plain(stream, "416 Range Not Satisfiable", "", b"");
        }
        let extra = format!(
            "{commit}ETag: \"{}\"\r\nContent-Range: bytes {from}-{}/{}\r\n",
            git_hash(&bytes),
            to - 1,
            bytes.len()
        );
        let whole = &bytes[from..to];
        let sent = if stream.headers_only {
            whole.len()
        } else {
            content.bytes_until_break(name, whole.len())
        };
        drop(content);
        let part = &whole[..sent];
        let status = if range.is_empty() {
            "200 OK"
        } else {
            "206 Partial Content"
        };
        send(stream, status, &extra, whole.len(), part)
    }
}

impl Content {
    /// How many of the bytes of a file are sent before the connection breaks off, which it does
    /// once.
    fn bytes_until_break(&mut self, name: &str, n_bytes: usize) -> usize {
        match &self.break_off {
            Some((broken, at)) if broken == name && n_bytes > *at => {
                let sent = *at;
                self.break_off = None;
                sent
            }
            _ => n_bytes,
        }
    }
}

/// A connection that an answer goes to.
struct Reply {
    stream: TcpStream,
    /// `HEAD` is answered without a body.
    headers_only: bool,
}

/// Method and path of a request, and its headers by their names in lower case.
fn read_request(stream: &TcpStream) -> std::io::Result<(String, String, HashMap<String, String>)> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let mut words = first.split(' ').map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let mut headers = HashMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    Ok((method, path, headers))
}

/// The first and one past the last byte of `bytes=FROM-` or `bytes=FROM-TO`.
fn ends(range: &str, length: usize) -> (usize, usize) {
    let (from, to) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
        .unwrap_or(("0", ""));
    let to = to
        .parse()
        .map_or(length, |last: usize| length.min(last + 1));
    (from.parse().unwrap_or(0), to)
}

fn plain(stream: Reply, status: &str, extra: &str, body: &[u8]) -> std::io::Result<()> {
    send(stream, status, extra, body.len(), body)
}

fn send(
    mut reply: Reply,
    status: &str,
    extra: &str,
    length: usize,
    body: &[u8],
) -> std::io::Result<()> {
    write!(
        reply.stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{extra}Connection: close\r\n\r\n"
    )?;
    if !reply.headers_only {
        reply.stream.write_all(body)?;
    }
    reply.stream.flush()
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash by which git, and so the hub, names small files.
pub(super) fn git_hash(bytes: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", bytes.len()));
    hash.update(bytes);
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
