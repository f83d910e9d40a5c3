//! A tokenizer's vocabulary, from whichever file has it.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::files;
use super::sentencepiece::PieceModel;
use crate::error::ExtractError;
use crate::vocabulary_files::{PIECES, VOCABULARIES};

/// What a vocabulary is read from.
pub(super) enum Vocabulary {
    /// The `model` of `tokenizer.json`, and the normalizer's SentencePiece rules if it has any.
    Json {
        model: Value,
        charsmap: Option<Value>,
    },
    /// Words and parts of words.
    Words(Map<String, Value>),
    /// Words with the merges that make them.
    Merges(Map<String, Value>, Vec<Value>),
    /// A SentencePiece model.
    Pieces(PieceModel),
}

impl Vocabulary {
    /// Reads the files of a folder without `tokenizer.json`, and returns those that were read.
    pub(super) fn find(folder: &Path) -> Result<Option<(Self, Vec<PathBuf>)>, ExtractError> {
        for name in PIECES {
            let path = folder.join(name);
            if let Some(bytes) = files::read(&path)? {
                let model = PieceModel::parse(&bytes).map_err(|e| files::invalid(&path, &e))?;
                return Ok(Some((Self::Pieces(model), vec![path])));
            }
        }
        for (name, merges) in VOCABULARIES {
            let path = folder.join(name);
            let Some(bytes) = files::read(&path)? else {
                continue;
            };
            let text = String::from_utf8(bytes).map_err(|e| files::invalid(&path, &e))?;
            let Some(merges) = merges else {
                return Ok(Some((Self::Words(lines(&text)), vec![path])));
            };
            let merges_path = folder.join(merges);
            let Some(bytes) = files::read(&merges_path)? else {
                continue;
            };
            let words = serde_json::from_str(&text).map_err(|e| files::invalid(&path, &e))?;
            let merges = String::from_utf8(bytes).map_err(|e| files::invalid(&merges_path, &e))?;
            let merges = pairs(&merges).map_err(|line| files::invalid(&merges_path, &line))?;
            return Ok(Some((Self::Merges(words, merges), vec![path, merges_path])));
        }
        Ok(None)
    }
}

/// The words of a file, one per line, numbered from 0.
fn lines(text: &str) -> Map<String, Value> {
    let lines = text.lines().enumerate();
    lines
        .map(|(id, line)| (line.trim_end().to_owned(), json!(id)))
        .collect()
}

/// The merges of a file, one pair per line.
fn pairs(text: &str) -> Result<Vec<Value>, String> {
    let lines = text.lines().filter(|line| !line.starts_with("#version"));
    let pair = |line: &str| match line.split(' ').collect::<Vec<_>>().as_slice() {
        &[left, right] => Ok(json!([left, right])),
        _ => Err(format!("{line:?} is no pair of tokens")),
    };
    lines.map(pair).collect()
}
