use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::HubError;

/// The time after which a silent hub is given up: a slow link still sends something in it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How the hub is reached and where models are cached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubOptions {
    /// The address of the hub, without a trailing slash; `None` for that of Hugging Face.
    pub endpoint: Option<String>,
    /// The cache folder, in the layout of the Python client, so that both share it.
    pub cache: PathBuf,
    /// The access token for private or gated models. It is sent to the host of the endpoint alone,
    /// not to those that downloads are redirected to.
    pub token: Option<String>,
    /// Use only the cache and make no request.
    pub offline: bool,
    /// How long the hub may be silent: while connecting, before its answer and between two pieces
    /// of it. A transfer as a whole may take any time.
    pub timeout: Duration,
}

impl HubOptions {
    /// The public hub without a token, cached in this folder.
    #[must_use]
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            endpoint: None,
            cache: cache.into(),
            token: None,
            offline: false,
            timeout: TIMEOUT,
        }
    }

    /// Sets [`HubOptions::endpoint`].
    #[must_use]
    pub fn with_endpoint(mut self, address: impl Into<Option<String>>) -> Self {
        self.endpoint = address.into();
        self
    }

    /// Sets [`HubOptions::token`].
    #[must_use]
    pub fn with_token(mut self, token: impl Into<Option<String>>) -> Self {
        self.token = token.into();
        self
    }

    /// Sets [`HubOptions::offline`].
    #[must_use]
    pub fn with_offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Sets [`HubOptions::timeout`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The name of the hub in errors.
    pub(crate) fn hub_name(&self) -> String {
        let named = self.endpoint.clone();
        named.unwrap_or_else(|| "the Hugging Face hub".to_owned())
    }

    /// Options from the environment variables of the Python client: `HF_ENDPOINT`, `HF_HUB_CACHE`
    /// (formerly `HUGGINGFACE_HUB_CACHE`), `HF_HOME`, `XDG_CACHE_HOME`, `HF_TOKEN` (formerly
    /// `HUGGING_FACE_HUB_TOKEN`), `HF_TOKEN_PATH`, `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`) and
    /// `HF_HUB_DOWNLOAD_TIMEOUT` in seconds. A `~` at the start of a folder is the home folder.
    /// Without them the cache is `~/.cache/huggingface/hub` and the token the one that `hf auth
    /// login` keeps.
    ///
    /// # Errors
    /// [`HubError::NoCache`] if neither a variable nor a home folder gives the cache.
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    /// As [`HubOptions::from_env`], with the variables given.
    pub(crate) fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, HubError> {
        let variable = |name| variable(name).filter(|value| !value.trim().is_empty());
        let user = env::home_dir();
        let folder = |name| variable(name).map(|path| expand(&path, user.as_deref()));
        let caches = folder("XDG_CACHE_HOME");
        let caches = caches.or_else(|| Some(user.as_ref()?.join(".cache")));
        let home = folder("HF_HOME").or_else(|| Some(caches?.join("huggingface")));
        let named = folder("HF_HUB_CACHE").or_else(|| folder("HUGGINGFACE_HUB_CACHE"));
        let cache = named.or_else(|| Some(home.as_ref()?.join("hub")));
        let cache = cache.ok_or(HubError::NoCache)?;
        let token_file = folder("HF_TOKEN_PATH").or_else(|| Some(home?.join("token")));
        let token = variable("HF_TOKEN").or_else(|| variable("HUGGING_FACE_HUB_TOKEN"));
        let token = token.or_else(|| fs::read_to_string(token_file?).ok());
        let token = token.map(|token| token.trim().to_owned());
        let endpoint = variable("HF_ENDPOINT");
        let is_set = |name| {
            variable(name).is_some_and(|value| {
                let value = value.to_ascii_lowercase();
                matches!(value.as_str(), "1" | "on" | "yes" | "true")
            })
        };
        let offline = is_set("HF_HUB_OFFLINE") || is_set("TRANSFORMERS_OFFLINE");
        let seconds = variable("HF_HUB_DOWNLOAD_TIMEOUT").and_then(|value| value.parse().ok());
        let seconds = seconds.filter(|seconds: &u64| *seconds > 0);
        Ok(Self {
            endpoint: endpoint.map(|address| address.trim_end_matches('/').to_owned()),
            cache,
            token: token.filter(|token| !token.is_empty()),
            offline,
            timeout: seconds.map_or(TIMEOUT, Duration::from_secs),
        })
    }
}

/// A path whose `~` is the home folder, as a shell would have it outside of quotes.
fn expand(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with(['/', '\\']) => home.join(&rest[1..]),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(variables: &[(&str, &str)]) -> HubOptions {
        HubOptions::from_variables(|name| {
            let found = variables.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    #[test]
    fn variables_are_those_of_the_python_client() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        fs::write(folder.path().join("token"), "from_file\n").unwrap();
        let plain = options(&[("HF_HOME", home)]);
        assert_eq!(plain.cache, folder.path().join("hub"));
        assert_eq!(plain.token.as_deref(), Some("from_file"));
        assert!(!plain.offline && plain.endpoint.is_none());
        let all = options(&[
            ("HF_HOME", home),
            ("HF_HUB_CACHE", "/elsewhere"),
            ("HF_TOKEN", "from_variable"),
            ("HF_ENDPOINT", "http://mirror/"),
            ("HF_HUB_OFFLINE", "True"),
        ]);
        assert_eq!(all.cache, PathBuf::from("/elsewhere"));
        assert_eq!(all.token.as_deref(), Some("from_variable"));
        assert_eq!(all.endpoint.as_deref(), Some("http://mirror"));
        assert!(all.offline);
        assert!(!options(&[("HF_HOME", home), ("HF_HUB_OFFLINE", "0")]).offline);
    }

    #[test]
    fn older_variables_and_other_cache_folders_count_too() {
        let xdg = options(&[("XDG_CACHE_HOME", "/caches")]);
        assert_eq!(xdg.cache, PathBuf::from("/caches/huggingface/hub"));
        let former = options(&[
            ("HF_HOME", "/home-of-hf"),
            ("HUGGINGFACE_HUB_CACHE", "/former"),
            ("HUGGING_FACE_HUB_TOKEN", "former"),
            ("TRANSFORMERS_OFFLINE", "1"),
            ("HF_HUB_DOWNLOAD_TIMEOUT", "7"),
        ]);
        assert_eq!(former.cache, PathBuf::from("/former"));
        assert_eq!(former.token.as_deref(), Some("former"));
        assert!(former.offline);
        assert_eq!(former.timeout, Duration::from_secs(7));
        let newer = options(&[
            ("HF_HUB_CACHE", "/new"),
            ("HUGGINGFACE_HUB_CACHE", "/former"),
        ]);
        assert_eq!(newer.cache, PathBuf::from("/new"));
        let home = env::home_dir().unwrap();
        let tilde = options(&[("HF_HOME", "~/models")]);
        assert_eq!(tilde.cache, home.join("models/hub"));
        assert_eq!(options(&[("HF_HUB_CACHE", "~")]).cache, home);
        assert_eq!(expand("~other/x", Some(&home)), PathBuf::from("~other/x"));
    }
}
