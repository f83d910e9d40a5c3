use std::env;
use std::fs;
use std::path::PathBuf;

use super::HubError;

/// How the hub is reached and where models are cached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubOptions {
    /// The address of the hub, without a trailing slash; `None` for that of Hugging Face.
    pub endpoint: Option<String>,
    /// The cache folder, in the layout of the Python client, so that both share it.
    pub cache: PathBuf,
    /// The access token for private or gated models. hf-hub 0.5 also sends it to the host that the
    /// hub redirects a download to: set it only for a hub whose redirects you trust.
    pub token: Option<String>,
    /// Use only the cache and make no request.
    pub offline: bool,
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

    /// The name of the hub in errors.
    pub(crate) fn hub_name(&self) -> String {
        let named = self.endpoint.clone();
        named.unwrap_or_else(|| "the Hugging Face hub".to_owned())
    }

    /// Options from the environment variables of the Python client: `HF_ENDPOINT`, `HF_HUB_CACHE`,
    /// `HF_HOME`, `HF_TOKEN`, `HF_TOKEN_PATH` and `HF_HUB_OFFLINE`. Without them the cache is
    /// `~/.cache/huggingface/hub` and the token the one that `hf auth login` keeps.
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
        let home = match variable("HF_HOME") {
            Some(home) => Some(PathBuf::from(home)),
            None => env::home_dir().map(|home| home.join(".cache").join("huggingface")),
        };
        let cache = match (variable("HF_HUB_CACHE"), &home) {
            (Some(cache), _) => PathBuf::from(cache),
            (None, Some(home)) => home.join("hub"),
            (None, None) => return Err(HubError::NoCache),
        };
        let token_file = match variable("HF_TOKEN_PATH") {
            Some(path) => Some(PathBuf::from(path)),
            None => home.map(|home| home.join("token")),
        };
        let token = variable("HF_TOKEN").or_else(|| fs::read_to_string(token_file?).ok());
        let token = token.map(|token| token.trim().to_owned());
        let endpoint = variable("HF_ENDPOINT");
        let offline = variable("HF_HUB_OFFLINE").is_some_and(|value| {
            matches!(
                value.to_ascii_lowercase().as_str(),
                "1" | "on" | "yes" | "true"
            )
        });
        Ok(Self {
            endpoint: endpoint.map(|address| address.trim_end_matches('/').to_owned()),
            cache,
            token: token.filter(|token| !token.is_empty()),
            offline,
        })
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
}
