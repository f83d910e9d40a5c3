//! Requests to the hub: time limits, repeated attempts, and a token for the hub's own host alone.

use std::io::Read;
use std::thread::sleep;
use std::time::Duration;

use ureq::http::Response;
use ureq::{Agent, Body};

use super::HubOptions;

/// The address of the public hub.
const PUBLIC: &str = "https://huggingface.co";

/// Redirects that are followed for one request.
const REDIRECTS: usize = 10;

/// Attempts per request, and per piece of a file that brings nothing new.
pub(super) const ATTEMPTS: u32 = 5;

/// The wait before the second attempt; it doubles from one to the next.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The limit of the list of a model's files: the largest repositories list some 100,000 names.
const LIST_BYTES: u64 = 64 << 20;

/// Why a request failed.
#[derive(Debug)]
pub(super) enum RequestError {
    /// The hub answered with this HTTP status.
    Status(u16),
    /// No answer, or one that makes no sense.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl RequestError {
    pub(super) fn other(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(problem.into())
    }

    /// Whether the hub is busy or broken, which may pass.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::Other(_) => true,
        }
    }
}

/// A client of one hub.
pub(super) struct Client<'a> {
    agent: Agent,
    endpoint: &'a str,
    token: Option<&'a str>,
}

#[derive(Clone, Copy)]
enum Method {
    Head,
    Get,
}

impl<'a> Client<'a> {
    pub(super) fn new(options: &'a HubOptions) -> Self {
        let version = concat!("llm-mri/", env!("CARGO_PKG_VERSION"));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Redirects are followed here, where it is known who may have the token.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(version)
            .timeout_resolve(Some(options.timeout))
            .timeout_connect(Some(options.timeout))
            .timeout_recv_response(Some(options.timeout))
            .timeout_per_read(Some(options.timeout))
            .build();
        Self {
            agent: config.into(),
            endpoint: options.endpoint.as_deref().unwrap_or(PUBLIC),
            token: options.token.as_deref(),
        }
    }

    pub(super) fn endpoint(&self) -> &str {
        self.endpoint
    }

    /// The body of a small answer. Without a network the cache serves, and nobody wants to wait for
    /// it: only a hub that answers is asked again.
    pub(super) fn get(&self, url: &str) -> Result<Vec<u8>, RequestError> {
        let is_busy = |e: &RequestError| e.may_pass() && matches!(e, RequestError::Status(_));
        let response = attempts(is_busy, || self.send(Method::Get, url, 0).and_then(ok))?;
        let mut bytes = Vec::new();
        let mut body = response.into_body().into_reader().take(LIST_BYTES);
        body.read_to_end(&mut bytes).map_err(RequestError::other)?;
        Ok(bytes)
    }

    /// The headers of a file. Where the hub keeps it elsewhere they are those of the redirect,
    /// which names its hash and length.
    pub(super) fn head(&self, url: &str) -> Result<Response<Body>, RequestError> {
        attempts(RequestError::may_pass, || {
            let response = self.send(Method::Head, url, 0)?;
            match response.status().is_redirection() {
                true => Ok(response),
                false => ok(response),
            }
        })
    }

    /// A file from byte `from` on, if the server can do that; else the whole.
    pub(super) fn get_from(&self, url: &str, from: u64) -> Result<Response<Body>, RequestError> {
        self.send(Method::Get, url, from)
    }

    fn send(&self, method: Method, url: &str, from: u64) -> Result<Response<Body>, RequestError> {
        let mut url = url.to_owned();
        for _ in 0..=REDIRECTS {
            let mut request = match method {
                Method::Head => self.agent.head(&url),
                Method::Get => self.agent.get(&url),
            };
            // As the Python client: whoever the hub redirects to is not told the token.
            if let Some(token) = self.token
                && origin(&url) == origin(self.endpoint)
            {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            // A compressed file would have another length.
            request = request.header("Accept-Encoding", "identity");
            if from > 0 {
                request = request.header("Range", format!("bytes={from}-"));
            }
            let response = request.call().map_err(RequestError::other)?;
            let is_found =
                matches!(method, Method::Head) && response.headers().contains_key("x-linked-etag");
            if is_found || !response.status().is_redirection() {
                return Ok(response);
            }
            let to = response.headers().get("location");
            let to = to.and_then(|to| to.to_str().ok()).unwrap_or_default();
            url = join(&url, to)
                .ok_or_else(|| RequestError::other(format!("a redirect to {to:?}")))?;
        }
        Err(RequestError::other(format!(
            "more than {REDIRECTS} redirects"
        )))
    }
}

/// Makes a request up to [`ATTEMPTS`] times, as long as it fails in a way that `may_pass`.
fn attempts<T>(
    may_pass: impl Fn(&RequestError) -> bool,
    request: impl Fn() -> Result<T, RequestError>,
) -> Result<T, RequestError> {
    let mut attempt = 0;
    loop {
        match request() {
            Err(e) if may_pass(&e) && attempt + 1 < ATTEMPTS => wait(attempt),
            done => return done,
        }
        attempt += 1;
    }
}

/// Waits before the next attempt.
pub(super) fn wait(attempt: u32) {
    sleep(FIRST_WAIT * 2_u32.saturating_pow(attempt.min(8)));
}

fn ok(response: Response<Body>) -> Result<Response<Body>, RequestError> {
    let status = response.status();
    if status.is_success() {
        Ok(response)
    } else {
        Err(RequestError::Status(status.as_u16()))
    }
}

/// Scheme, host and port of an address; `None` if it is none, or has a user in it.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    let known = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
    (known && !host.is_empty() && !host.contains('@'))
        .then(|| format!("{scheme}://{host}").to_ascii_lowercase())
}

/// The address that a redirect leads to.
fn join(from: &str, to: &str) -> Option<String> {
    if origin(to).is_some() {
        return Some(to.to_owned());
    }
    let own = to.starts_with('/') && !to.starts_with("//");
    own.then(|| Some(origin(from)? + to)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_told_apart() {
        let hub = origin("https://Hub.example/a");
        assert_eq!(hub, origin("https://hub.example?x"));
        for other in [
            "http://hub.example/a",
            "https://hub.example.evil.org/a",
            "https://hub.example:444/a",
            "https://hub.example@evil.org/",
            "https://evil.org\\@hub.example/",
            "ftp://hub.example/",
            "hub.example/a",
            "",
        ] {
            assert_ne!(origin(other), hub, "{other}");
        }
    }

    #[test]
    fn redirects_lead_to_an_address_or_to_a_place_of_the_same_host() {
        let from = "http://hub:80/a/b?c";
        assert_eq!(join(from, "/d").as_deref(), Some("http://hub:80/d"));
        assert_eq!(
            join(from, "https://cdn/e").as_deref(),
            Some("https://cdn/e")
        );
        for nowhere in ["", "e", "//cdn/e", "file:///etc/passwd"] {
            assert_eq!(join(from, nowhere), None, "{nowhere}");
        }
    }
}
