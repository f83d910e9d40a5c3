use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::ModelError;
use crate::regular::read_regular;

/// The limit of every count in a configuration. The largest vocabularies have 2^18 entries, the
/// widest models 2^15 columns; the limit keeps products of two counts within `i64` and the memory
/// that a damaged file can request bounded.
const MAX_COUNT: u64 = 1 << 24;

/// The limit of the number of blocks; the deepest models in use have 128.
const MAX_BLOCKS: usize = 4096;

/// A model's `config.json` with typed access to its entries. An entry that is `null` counts as
/// absent.
pub(crate) struct Config {
    path: PathBuf,
    json: Value,
    /// The top-level entries that were asked for.
    asked: RefCell<BTreeSet<String>>,
}

impl Config {
    /// Reads the `config.json` in a model's folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, ModelError> {
        if !folder.is_dir() {
            return Err(ModelError::MissingFolder {
                path: folder.to_owned(),
            });
        }
        let path = folder.join("config.json");
        let text = read_regular(&path).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                ModelError::MissingFile {
                    path: path.clone(),
                    remedy: "a model's folder holds config.json, tokenizer.json and model.safetensors, as save_pretrained writes them",
                }
            } else {
                ModelError::Read {
                    path: path.clone(),
                    source,
                }
            }
        })?;
        Self::parse(path, &text)
    }

    /// Parses the text of the file at `path`.
    pub(crate) fn parse(path: PathBuf, text: &[u8]) -> Result<Self, ModelError> {
        match serde_json::from_slice(text) {
            Ok(json) => Ok(Self {
                path,
                json,
                asked: RefCell::default(),
            }),
            Err(source) => Err(ModelError::BadJson { path, source }),
        }
    }

    /// A configuration that is stated in another spelling in the file at `path`.
    pub(crate) fn of(path: PathBuf, json: Value) -> Self {
        Self {
            path,
            json,
            asked: RefCell::default(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The entry of this name, unless it is absent or `null`. Dots in a name separate nested
    /// objects.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let top = key.split('.').next().unwrap_or(key);
        if !self.asked.borrow().contains(top) {
            self.asked.borrow_mut().insert(top.to_owned());
        }
        key.split('.')
            .try_fold(&self.json, |value, part| value.get(part))
            .filter(|value| !value.is_null())
    }

    /// The top-level entries that hold something and that nothing has asked for yet.
    pub(crate) fn unasked(&self) -> Vec<(&str, &Value)> {
        let asked = self.asked.borrow();
        let entries = self.json.as_object().into_iter().flatten();
        let unasked = entries.filter(|(key, value)| !value.is_null() && !asked.contains(*key));
        unasked.map(|(key, value)| (key.as_str(), value)).collect()
    }

    /// The error for an entry that is missing or invalid.
    pub(crate) fn bad(&self, key: &str, problem: impl Into<String>) -> ModelError {
        ModelError::BadConfig {
            path: self.path.clone(),
            key: key.to_owned(),
            problem: problem.into(),
        }
    }

    /// The error for a setting that the engine does not support.
    pub(crate) fn unsupported(&self, key: &str, hint: &'static str) -> ModelError {
        ModelError::UnsupportedSetting {
            path: self.path.clone(),
            key: key.to_owned(),
            value: self.get(key).map(Value::to_string).unwrap_or_default(),
            hint,
        }
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ModelError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(self.bad(key, format!("{value} is not {expected}"))),
        }
    }

    /// An optional count, at least 1.
    pub(crate) fn count_opt(&self, key: &str) -> Result<Option<usize>, ModelError> {
        let read = |v: &Value| v.as_u64().filter(|n| (1..=MAX_COUNT).contains(n));
        let n = self.typed(key, "a count between 1 and 16777216", read)?;
        Ok(n.map(|n| usize::try_from(n).expect("at most 2^24")))
    }

    /// A required count, at least 1.
    pub(crate) fn count(&self, key: &str) -> Result<usize, ModelError> {
        self.count_opt(key)?
            .ok_or_else(|| self.bad(key, "missing; the model cannot be built without it"))
    }

    pub(crate) fn count_or(&self, key: &str, default: usize) -> Result<usize, ModelError> {
        Ok(self.count_opt(key)?.unwrap_or(default))
    }

    /// The number of blocks.
    pub(crate) fn blocks(&self, key: &str) -> Result<usize, ModelError> {
        let n = self.count(key)?;
        if n > MAX_BLOCKS {
            return Err(self.bad(key, format!("{n} blocks; at most {MAX_BLOCKS} make sense")));
        }
        Ok(n)
    }

    /// An optional number that may be 0, such as a token id. A negative one counts as absent, since
    /// some configurations write -1 for "none".
    pub(crate) fn u32_opt(&self, key: &str) -> Result<Option<u32>, ModelError> {
        let n = self.typed(key, "a whole number", Value::as_i64)?;
        Ok(n.and_then(|n| u32::try_from(n).ok()))
    }

    /// An optional list of `count` strings.
    pub(crate) fn strings(&self, key: &str, count: usize) -> Result<Option<Vec<&str>>, ModelError> {
        let texts = self.typed(key, "a list of strings", |value| {
            let list = value.as_array()?;
            list.iter().map(Value::as_str).collect::<Option<Vec<_>>>()
        })?;
        match texts {
            Some(texts) if texts.len() != count => {
                let problem = format!("lists {} entries for {count} blocks", texts.len());
                Err(self.bad(key, problem))
            }
            texts => Ok(texts),
        }
    }

    /// A list of block numbers; empty if absent.
    pub(crate) fn indices(&self, key: &str) -> Result<Vec<usize>, ModelError> {
        let list = self.typed(key, "a list of block numbers", |value| {
            let one = |v: &Value| v.as_u64().and_then(|n| usize::try_from(n).ok());
            value
                .as_array()?
                .iter()
                .map(one)
                .collect::<Option<Vec<_>>>()
        })?;
        Ok(list.unwrap_or_default())
    }

    pub(crate) fn float_opt(&self, key: &str) -> Result<Option<f64>, ModelError> {
        self.typed(key, "a finite number", |v| {
            v.as_f64().filter(|x| x.is_finite())
        })
    }

    pub(crate) fn float_or(&self, key: &str, default: f64) -> Result<f64, ModelError> {
        Ok(self.float_opt(key)?.unwrap_or(default))
    }

    /// The number that a norm adds to the variance before it takes the root.
    pub(crate) fn epsilon_or(&self, key: &str, default: f64) -> Result<f64, ModelError> {
        let read = |v: &Value| v.as_f64().filter(|&x| x > 0.0 && x <= 1.0);
        let eps = self.typed(key, "a positive number up to 1", read)?;
        Ok(eps.unwrap_or(default))
    }

    /// An optional number above 0, such as the limit of a softcap.
    pub(crate) fn positive_opt(&self, key: &str) -> Result<Option<f64>, ModelError> {
        let read = |v: &Value| v.as_f64().filter(|&x| x.is_finite() && x > 0.0);
        self.typed(key, "a positive number", read)
    }

    /// Checks that an entry, if it is there, has entries of its own.
    pub(crate) fn check_object(&self, key: &str) -> Result<(), ModelError> {
        self.typed(key, "an object of settings", Value::as_object)?;
        Ok(())
    }

    pub(crate) fn bool_or(&self, key: &str, default: bool) -> Result<bool, ModelError> {
        let flag = self.typed(key, "true or false", Value::as_bool)?;
        Ok(flag.unwrap_or(default))
    }

    pub(crate) fn string_opt(&self, key: &str) -> Result<Option<&str>, ModelError> {
        self.typed(key, "a string", Value::as_str)
    }

    /// `a / b`; an error if `b` does not divide `a`.
    pub(crate) fn exact_quotient(
        &self,
        key: &str,
        a: usize,
        b: usize,
    ) -> Result<usize, ModelError> {
        if a.is_multiple_of(b) {
            Ok(a / b)
        } else {
            Err(self.bad(key, format!("{b} does not divide {a}")))
        }
    }
}
