use std::fmt;
use std::path::{Path, PathBuf};

use super::HubError;
use crate::gguf::Gguf;

/// The default branch.
const MAIN: &str = "main";

/// Where a model is loaded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// A folder as `save_pretrained` writes it, or a GGUF file.
    Folder(PathBuf),
    /// A model of the Hugging Face hub.
    Hub {
        /// Its id, such as `sentence-transformers/all-MiniLM-L6-v2`.
        id: String,
        /// A branch, a tag or a commit.
        revision: String,
    },
}

impl ModelSource {
    /// Parses a name: a folder if one of that name exists or if it can only be a path, a file if it
    /// ends with `.gguf`, else an id of the hub, `org/name` or for the oldest models `name` alone.
    ///
    /// ```
    /// # use mri_extract::ModelSource;
    /// let source = ModelSource::parse("HuggingFaceTB/SmolLM2-135M", Some("main"))?;
    /// assert_eq!(source.to_string(), "HuggingFaceTB/SmolLM2-135M");
    /// assert!(matches!(ModelSource::parse("./models/mine", None)?, ModelSource::Folder(_)));
    /// # Ok::<(), mri_extract::HubError>(())
    /// ```
    ///
    /// # Errors
    /// [`HubError::RevisionOfFolder`], [`HubError::BadRevision`].
    pub fn parse(given: &str, revision: Option<&str>) -> Result<Self, HubError> {
        let path = Path::new(given);
        if path.is_dir() || Gguf::is_path(path) || !is_id(given) {
            return match revision {
                None => Ok(Self::Folder(path.to_owned())),
                Some(_) => Err(HubError::RevisionOfFolder {
                    path: path.to_owned(),
                }),
            };
        }
        let revision = revision.unwrap_or(MAIN);
        if !is_revision(revision) {
            return Err(HubError::BadRevision {
                revision: revision.to_owned(),
            });
        }
        Ok(Self::Hub {
            id: given.to_owned(),
            revision: revision.to_owned(),
        })
    }

    /// The folder of the model, which is fetched first if it is on the hub and not yet in the
    /// cache. Progress is reported to `watch` in bytes of each file; cancelling takes effect
    /// between files.
    ///
    /// # Errors
    /// [`HubError`].
    #[cfg(feature = "hub")]
    pub fn fetch(
        &self,
        options: &super::HubOptions,
        watch: &dyn mri_core::Watch,
    ) -> Result<PathBuf, HubError> {
        match self {
            Self::Folder(path) => Ok(path.clone()),
            Self::Hub { id, revision } => super::fetch::fetch(id, revision, options, watch),
        }
    }
}

impl fmt::Display for ModelSource {
    /// The folder or the id, with the revision if it is not the main one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Hub { id, revision } if revision == MAIN => f.write_str(id),
            Self::Hub { id, revision } => write!(f, "{id}@{revision}"),
        }
    }
}

/// Whether this is an id as the hub allows them. No such id leads out of a folder.
fn is_id(given: &str) -> bool {
    let is_name = |part: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        part.chars().all(inner)
            && part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && !part.contains("..")
            && !part.contains("--")
    };
    given.len() <= 96 && given.split('/').count() <= 2 && given.split('/').all(is_name)
}

/// Whether this can be a branch, a tag or a commit; parts such as `..` would lead out of the cache.
fn is_revision(given: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'))
    };
    given.len() <= 200 && given.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_paths_are_distinguished() {
        for id in ["gpt2", "org/name", "HuggingFaceTB/SmolLM2-135M", "a/b.c_d"] {
            let hub = ModelSource::parse(id, None).unwrap();
            assert!(matches!(hub, ModelSource::Hub { .. }), "{id}");
            assert_eq!(hub.to_string(), id);
        }
        for path in [
            "./x",
            "/x/y",
            "a/b/c",
            "../x",
            "a/../b",
            "a//b",
            "",
            "a b",
            "org/",
            ".models/x",
            "a\\b",
            "m.gguf",
            "org/m-Q4_1.gguf",
        ] {
            let folder = ModelSource::parse(path, None).unwrap();
            assert_eq!(folder, ModelSource::Folder(path.into()), "{path}");
            assert!(ModelSource::parse(path, Some("main")).is_err(), "{path}");
        }
        let pinned = ModelSource::parse("org/name", Some("refs/pr/3")).unwrap();
        assert_eq!(pinned.to_string(), "org/name@refs/pr/3");
        for revision in ["", "..", "a/../b", "/a", "a b", "a?b"] {
            assert!(
                ModelSource::parse("org/name", Some(revision)).is_err(),
                "{revision}"
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().to_str().unwrap();
        assert_eq!(
            ModelSource::parse(there, None).unwrap(),
            ModelSource::Folder(there.into())
        );
    }
}
