//! Which files of a model on the hub are fetched.

use super::HubError;
use crate::engine::adapter_config::{ADAPTER_CONFIG, ADAPTER_WEIGHTS};
use crate::sentence::{LENGTH_FILES, MODULES};
use crate::vocabulary_files::{self, CONFIGURATION, TOKENIZER};

pub(super) const CONFIG: &str = "config.json";
pub(super) const INDEX: &str = "model.safetensors.index.json";
const WEIGHTS: &str = "model.safetensors";
const PICKLES: [&str; 2] = ["pytorch_model.bin", "pytorch_model.bin.index.json"];
const ADAPTER_PICKLE: &str = "adapter_model.bin";

/// Where an old folder of sentence-transformers keeps the transformer.
const OLD_TRANSFORMER: &str = "0_Transformer/";

/// Files of a whole model of sentence-transformers.
const SENTENCE: [&str; 2] = [MODULES, "1_Pooling/config.json"];

/// The files of a model.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Their names, the smallest first.
    pub(super) files: Vec<String>,
    /// The index that lists further files.
    pub(super) index: Option<String>,
}

/// Chooses from the names of all files of the model `id`.
pub(super) fn wanted(id: &str, names: &[&str]) -> Result<Wanted, HubError> {
    let missing = |file: &str, remedy| HubError::MissingFile {
        id: id.to_owned(),
        file: file.to_owned(),
        remedy,
    };
    let has = |name: &str| names.contains(&name);
    let within = |folder: &str| {
        names
            .iter()
            .any(|name| *name == format!("{folder}{CONFIG}"))
    };
    let pickle = |file: &str| HubError::PickleOnly {
        id: id.to_owned(),
        file: file.to_owned(),
    };
    let sentence = SENTENCE.into_iter().filter(|name| has(name));
    let mut files: Vec<String> = sentence.map(str::to_owned).collect();
    if !within("") && !within(OLD_TRANSFORMER) && has(ADAPTER_CONFIG) {
        if !has(ADAPTER_WEIGHTS) {
            return Err(match has(ADAPTER_PICKLE) {
                true => pickle(ADAPTER_PICKLE),
                false => missing(ADAPTER_WEIGHTS, "the adapter has no weights"),
            });
        }
        files.extend([ADAPTER_CONFIG, ADAPTER_WEIGHTS].map(str::to_owned));
        files.extend(tokenizer("", names).unwrap_or_default());
        return Ok(Wanted { files, index: None });
    }
    let folder = if within("") { "" } else { OLD_TRANSFORMER };
    if !within(folder) {
        return Err(missing(CONFIG, "it is not a model of transformers"));
    }
    let there = |name: &&str| {
        names
            .iter()
            .any(|other| *other == format!("{folder}{name}"))
    };
    let Some(weights) = [WEIGHTS, INDEX].into_iter().find(there) else {
        return Err(match PICKLES.into_iter().find(there) {
            Some(file) => pickle(file),
            None => missing(WEIGHTS, "weights are read in the safetensors format only"),
        });
    };
    let Some(tokenizer) = tokenizer(folder, names) else {
        let remedy = "and no vocabulary that a tokenizer can be made of";
        return Err(missing(TOKENIZER, remedy));
    };
    files.push(format!("{folder}{CONFIG}"));
    files.extend(tokenizer);
    if has(ADAPTER_CONFIG) && has(ADAPTER_WEIGHTS) {
        files.extend([ADAPTER_CONFIG, ADAPTER_WEIGHTS].map(str::to_owned));
    }
    let weights = format!("{folder}{weights}");
    files.push(weights.clone());
    Ok(Wanted {
        files,
        index: weights.ends_with(INDEX).then_some(weights),
    })
}

/// The files of the tokenizer in a folder of the model, and those beside it that set options;
/// `None` without a vocabulary.
fn tokenizer(folder: &str, names: &[&str]) -> Option<Vec<String>> {
    let full = |name: &str| format!("{folder}{name}");
    let there = |name: &str| names.contains(&full(name).as_str());
    let vocabulary = vocabulary_files::chosen(there)?;
    let settings = CONFIGURATION.into_iter().chain(LENGTH_FILES);
    let settings = settings.filter(|name| there(name));
    Some(settings.chain(vocabulary).map(full).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<String> {
        wanted("org/tiny", names).unwrap().files
    }

    #[test]
    fn what_is_fetched_follows_from_what_is_there() {
        let bert = [
            "config.json",
            "model.safetensors",
            "vocab.txt",
            "tokenizer_config.json",
            "README.md",
        ];
        assert_eq!(
            files(&bert),
            [
                "config.json",
                "tokenizer_config.json",
                "vocab.txt",
                "model.safetensors"
            ]
        );
        let both = [
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "vocab.json",
            "merges.txt",
        ];
        assert_eq!(
            files(&both),
            ["config.json", "tokenizer.json", "model.safetensors"]
        );
        let old = [
            "modules.json",
            "1_Pooling/config.json",
            "0_Transformer/config.json",
            "0_Transformer/model.safetensors",
            "0_Transformer/vocab.txt",
        ];
        assert_eq!(files(&old).len(), 5);
        // Names that only one of the readers of a folder would have asked for.
        let pieces = [
            "config.json",
            "model.safetensors",
            "sentence_roberta_config.json",
            "sentencepiece.model",
        ];
        assert_eq!(files(&pieces).len(), 4);
        let adapter = [
            "adapter_config.json",
            "adapter_model.safetensors",
            "README.md",
        ];
        assert_eq!(files(&adapter), adapter[..2]);
        let half = ["config.json", "model.safetensors", "vocab.json"];
        assert!(matches!(
            wanted("a/b", &half),
            Err(HubError::MissingFile { .. })
        ));
        let pickle = ["adapter_config.json", "adapter_model.bin"];
        assert!(matches!(
            wanted("a/b", &pickle),
            Err(HubError::PickleOnly { .. })
        ));
    }
}
