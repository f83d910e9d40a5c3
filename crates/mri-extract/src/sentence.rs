//! What sentence-transformers keeps beside a transformer: pooling, length, lower case.

use std::path::{Path, PathBuf};

use mri_core::Pooling;
use serde_json::Value;

use crate::engine::ModelError;
use crate::regular::read_regular;

/// The list of a model's modules.
pub(crate) const MODULES: &str = "modules.json";

/// Settings of the transformer module, under the names of its earlier classes too.
pub(crate) const LENGTH_FILES: [&str; 7] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
];

/// How a model of sentence-transformers (Reimers & Gurevych 2019, arXiv:1908.10084) makes one
/// vector of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentenceSettings {
    /// Its pooling, and the file that says so.
    pub pooling: Option<(PoolingMode, PathBuf)>,
    /// The tokens after which it truncates a text, special tokens included.
    pub max_length: Option<usize>,
    /// Whether texts are made lower case before they are tokenized.
    pub lower_case: bool,
}

/// A pooling by its name in sentence-transformers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolingMode {
    /// One that can be recorded.
    Known(Pooling),
    /// Another one, or several at once.
    Other(String),
}

/// The modes that can be recorded: the entry of older files, the name in newer ones.
const MODES: [(&str, &str, Pooling); 4] = [
    ("pooling_mode_cls_token", "cls", Pooling::First),
    ("pooling_mode_mean_tokens", "mean", Pooling::Mean),
    ("pooling_mode_max_tokens", "max", Pooling::Max),
    ("pooling_mode_lasttoken", "lasttoken", Pooling::Last),
];

impl SentenceSettings {
    /// Reads the settings in a folder whose transformer lies in `transformer`; `None` if it is no
    /// folder of sentence-transformers.
    pub(crate) fn read(folder: &Path, transformer: &Path) -> Result<Option<Self>, ModelError> {
        let modules = json(&folder.join(MODULES))?;
        let pooling = match &modules {
            Some(modules) => module(modules, "Pooling").map(|path| folder.join(path)),
            None => Some(folder.join("1_Pooling")),
        };
        let pooling = pooling.map(|path| path.join("config.json"));
        let pooling = match pooling {
            Some(path) => json(&path)?.map(|config| (mode(&config), path)),
            None => None,
        };
        let files = LENGTH_FILES.iter().map(|name| transformer.join(name));
        let settings = match files.into_iter().find(|path| path.exists()) {
            Some(path) => json(&path)?,
            None => None,
        };
        if modules.is_none() && pooling.is_none() && settings.is_none() {
            return Ok(None);
        }
        let entry = |name: &str| settings.as_ref().and_then(|settings| settings.get(name));
        let tokens = entry("max_seq_length").and_then(Value::as_u64);
        let tokens = tokens.and_then(|tokens| usize::try_from(tokens).ok());
        Ok(Some(Self {
            pooling,
            max_length: tokens.filter(|&tokens| tokens > 0),
            lower_case: entry("do_lower_case").and_then(Value::as_bool) == Some(true),
        }))
    }
}

/// The folder of a model's transformer: a module's, or the folder itself.
pub(crate) fn transformer_folder(folder: &Path) -> Result<PathBuf, ModelError> {
    if folder.join("config.json").exists() {
        return Ok(folder.to_owned());
    }
    let listed = json(&folder.join(MODULES))?;
    let listed = listed.and_then(|modules| module(&modules, "Transformer"));
    let candidates = [listed.unwrap_or_default(), "0_Transformer".to_owned()];
    let within = candidates.iter().filter(|name| is_inside(name));
    let mut within = within.map(|name| folder.join(name));
    let found = within.find(|path| path.join("config.json").exists());
    Ok(found.unwrap_or_else(|| folder.to_owned()))
}

/// The path of the first module of a class, if it lies in the model's folder.
fn module(modules: &Value, class: &str) -> Option<String> {
    let modules = modules.as_array()?;
    let of_class = |module: &&Value| {
        let name = module["type"].as_str().unwrap_or_default();
        name.rsplit('.').next() == Some(class)
    };
    let path = modules.iter().find(of_class)?["path"].as_str()?;
    is_inside(path).then(|| path.to_owned())
}

fn is_inside(path: &str) -> bool {
    let parts = Path::new(path).components();
    parts
        .into_iter()
        .all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn mode(config: &Value) -> PoolingMode {
    let known = |mode: Option<Pooling>, name: &str| match mode {
        Some(pooling) => PoolingMode::Known(pooling),
        None => PoolingMode::Other(name.to_owned()),
    };
    if let Some(name) = config["pooling_mode"].as_str() {
        let mode = MODES.iter().find(|(_, mode, _)| *mode == name);
        return known(mode.map(|&(.., pooling)| pooling), name);
    }
    let entries = config.as_object().into_iter().flatten();
    let on = entries
        .filter(|(key, value)| key.starts_with("pooling_mode_") && value.as_bool() == Some(true));
    let on: Vec<&str> = on.map(|(key, _)| key.as_str()).collect();
    match on.as_slice() {
        // The default of sentence-transformers.
        [] => PoolingMode::Known(Pooling::Mean),
        [only] => {
            let mode = MODES.iter().find(|(entry, ..)| entry == only);
            known(mode.map(|&(.., pooling)| pooling), only)
        }
        several => PoolingMode::Other(several.join(" and ")),
    }
}

fn json(path: &Path) -> Result<Option<Value>, ModelError> {
    let text = match read_regular(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) if e.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
        Err(source) => {
            return Err(ModelError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    match serde_json::from_slice(&text) {
        Ok(json) => Ok(Some(json)),
        Err(source) => Err(ModelError::BadJson {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn modes_of_both_spellings_are_understood() {
        for (config, expected) in [
            (
                json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}),
                Pooling::First,
            ),
            (
                json!({"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}),
                Pooling::Mean,
            ),
            (json!({"pooling_mode_lasttoken": true}), Pooling::Last),
            (json!({"pooling_mode": "max"}), Pooling::Max),
            (json!({"word_embedding_dimension": 3}), Pooling::Mean),
        ] {
            assert_eq!(mode(&config), PoolingMode::Known(expected), "{config}");
        }
        for config in [
            json!({"pooling_mode": "weightedmean"}),
            json!({"pooling_mode_mean_sqrt_len_tokens": true}),
            json!({"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true}),
        ] {
            assert!(matches!(mode(&config), PoolingMode::Other(_)), "{config}");
        }
    }
}
