//! A model's tokenizer from the files beside it, as transformers 5 puts it together.
//!
//! A class of transformers takes the vocabulary from `tokenizer.json`, or from the file that came
//! before it, and brings normalization, division into words and special tokens along;
//! `tokenizer_config.json` sets their options. The general class takes `tokenizer.json` as it is.
//! Without a `tokenizer_config.json` this is also done here for every class, so that a tokenizer
//! whose other files were not kept works as it was saved.

mod class;
mod ends;
mod files;
mod parts;
mod sentencepiece;
mod settings;
mod vocabulary;

use std::path::{Path, PathBuf};

use mri_core::guarded;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokenizers::{AddedToken, Tokenizer};

use self::class::{Class, class_of};
use self::settings::{NAMED, Settings};
use self::vocabulary::Vocabulary;
use crate::engine::ModelError;
use crate::error::{ExtractError, TokenizerProblem};
use crate::files::{hash_of, hex};
use crate::gguf::{Gguf, tokenizer_json};
use crate::normalizer_growth::check_growth;
use crate::vocabulary_files::{CONFIGURATION, TOKENIZER};

/// A tokenizer without truncation, and what its files say about it.
pub(crate) struct Pretrained {
    pub(crate) tokenizer: Tokenizer,
    /// Its main file.
    pub(crate) path: PathBuf,
    /// The SHA-256 of its files.
    pub(crate) hash: String,
    /// `model_max_length`, if it is a limit.
    pub(crate) max_length: Option<usize>,
}

/// Loads the tokenizer in a folder, or that of a GGUF file.
pub(crate) fn load(folder: &Path) -> Result<Pretrained, ExtractError> {
    if Gguf::is_path(folder) {
        return of_gguf(folder);
    }
    let path = folder.join(TOKENIZER);
    let Some(bytes) = files::read(&path)? else {
        return guarded(|| of_vocabulary(folder)).map_err(|e| files::invalid(folder, &e))?;
    };
    check_growth(&bytes).map_err(|growth| ExtractError::Tokenizer {
        path: path.clone(),
        problem: TokenizerProblem::Growth { growth },
    })?;
    let read = guarded(|| of_json(folder, path.clone(), &bytes));
    read.map_err(|panic| files::invalid(&path, &panic))?
}

/// The tokenizer that a GGUF file describes. Its hash is that of what the file says about it.
fn of_gguf(path: &Path) -> Result<Pretrained, ExtractError> {
    let gguf = Gguf::open(path).map_err(ModelError::from)?;
    let panicked = |panic| files::invalid(path, &panic);
    let json = guarded(|| tokenizer_json(&gguf)).map_err(panicked)?;
    let json = json.map_err(ModelError::from)?;
    let tokenizer = guarded(|| Tokenizer::from_bytes(json.to_string())).map_err(panicked)?;
    let mut hash = Sha256::new();
    for (key, value) in gguf.stored("tokenizer.ggml.") {
        for part in [key.as_bytes(), value] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    Ok(Pretrained {
        tokenizer: tokenizer.map_err(|e| files::invalid(path, &e))?,
        path: path.to_owned(),
        hash: hex(&hash.finalize()),
        max_length: None,
    })
}

/// The tokenizer of a folder with `tokenizer.json`.
fn of_json(folder: &Path, path: PathBuf, bytes: &[u8]) -> Result<Pretrained, ExtractError> {
    let mut json: Value = serde_json::from_slice(bytes).map_err(|e| files::invalid(&path, &e))?;
    let settings = Settings::read(folder, json.get("added_tokens"))?;
    let model_type = model_type(folder)?;
    let mut class = class_of(model_type.as_deref(), &settings, is_byte_level(&json));
    // A file that holds another kind of model is no file of the class, and a class without options
    // would only guess them.
    if !settings.present || class.model() != Some(kind_of_model(&json["model"])) {
        class = Class::Backend;
    }
    let mut tokenizer = if class == Class::Backend {
        Tokenizer::from_bytes(bytes).map_err(|e| files::invalid(&path, &e))?
    } else {
        let saved = json["post_processor"].take();
        let charsmap = charsmap(&json["normalizer"]);
        let model = json["model"].take();
        let vocabulary = Vocabulary::Json { model, charsmap };
        let mut built = build(class, &settings, vocabulary, &path)?;
        ends::set(&mut built, saved).map_err(|e| files::invalid(&path, &e))?;
        built
    };
    if settings.present {
        add_tokens(&mut tokenizer, class, &settings, &[]);
        ends::finish(&mut tokenizer, class, &settings, true)
            .map_err(|e| files::invalid(&path, &e))?;
    }
    let mut read = files::present(folder, &CONFIGURATION);
    let hash = if read.is_empty() {
        hex(&Sha256::digest(bytes))
    } else {
        read.push(path.clone());
        hash_of(&read)?
    };
    Ok(Pretrained {
        tokenizer,
        path,
        hash,
        max_length: settings.model_max_length(),
    })
}

/// The tokenizer of a folder with the files that came before `tokenizer.json`.
fn of_vocabulary(folder: &Path) -> Result<Pretrained, ExtractError> {
    let Some((vocabulary, mut read)) = Vocabulary::find(folder)? else {
        return Err(ExtractError::Tokenizer {
            path: folder.join(TOKENIZER),
            problem: TokenizerProblem::NotFound,
        });
    };
    let path = read[0].clone();
    let mut settings = Settings::read(folder, None)?;
    let class = class_of(model_type(folder)?.as_deref(), &settings, false);
    let class = match (&vocabulary, class) {
        (Vocabulary::Words(_), class) if class.model() != Some("WordPiece") => Class::Bert,
        (Vocabulary::Merges(..), class) if class.model() != Some("BPE") => Class::Gpt2,
        (_, class) => class,
    };
    let mut pieces = Vec::new();
    if let Vocabulary::Pieces(model) = &vocabulary {
        let added = model.pieces.iter();
        // The general class leaves pieces of users to the division into words.
        let user_defined = class != Class::Backend;
        let added =
            added.filter(|piece| piece.is_control() || (user_defined && piece.is_user_defined()));
        pieces = added
            .map(|piece| AddedToken::from(piece.text.clone(), piece.is_control()).normalized(false))
            .collect();
        if class == Class::Backend {
            let ends = [("bos_token", &model.bos), ("eos_token", &model.eos)];
            for (name, piece) in ends {
                settings.set_default(name, piece.as_deref());
            }
            settings.set_default("unk_token", Some(&model.unk));
        }
    }
    let mut tokenizer = build(class, &settings, vocabulary, &path)?;
    add_tokens(&mut tokenizer, class, &settings, &pieces);
    ends::finish(&mut tokenizer, class, &settings, false).map_err(|e| files::invalid(&path, &e))?;
    read.extend(files::present(folder, &CONFIGURATION));
    Ok(Pretrained {
        tokenizer,
        path,
        hash: hash_of(&read)?,
        max_length: settings.model_max_length(),
    })
}

fn build(
    class: Class,
    settings: &Settings,
    vocabulary: Vocabulary,
    path: &Path,
) -> Result<Tokenizer, ExtractError> {
    let json = parts::assemble(class, settings, vocabulary);
    let json = json.map_err(|e| files::invalid(path, &e))?;
    Tokenizer::from_bytes(json.to_string()).map_err(|e| files::invalid(path, &e))
}

/// Adds the tokens that the configuration lists by their ids, then special ones that are not there
/// yet.
fn add_tokens(tokenizer: &mut Tokenizer, class: Class, settings: &Settings, pieces: &[AddedToken]) {
    let mut tokens: Vec<AddedToken> = settings.added.values().cloned().collect();
    let named = NAMED.map(|name| settings.named(name, class.default_token(name)));
    let mut special: Vec<AddedToken> = named.into_iter().flatten().collect();
    special.extend(settings.unnamed());
    special.extend(pieces.iter().cloned());
    if class == Class::T5 && settings.get("additional_special_tokens").is_none() {
        let extra = settings.get("extra_ids").and_then(Value::as_u64);
        let extra = (0..extra.unwrap_or(100)).rev();
        special.extend(extra.map(|i| AddedToken::from(format!("<extra_id_{i}>"), true)));
    }
    for token in special {
        if !tokens.iter().any(|known| known.content == token.content) {
            tokens.push(token);
        }
    }
    tokenizer.add_tokens(&tokens);
    if settings.flag("split_special_tokens") == Some(true) {
        tokenizer.set_encode_special_tokens(true);
    }
}

/// The `model_type` of the model beside the tokenizer, if there is one.
fn model_type(folder: &Path) -> Result<Option<String>, ExtractError> {
    let config = files::json(&folder.join("config.json"))?;
    Ok(config.and_then(|config| config["model_type"].as_str().map(str::to_owned)))
}

/// The kind of model in a `tokenizer.json`; the oldest files do not name it.
fn kind_of_model(model: &Value) -> &str {
    match model["type"].as_str() {
        Some(kind) => kind,
        None if model["vocab"].is_array() => "Unigram",
        None if model["merges"].is_array() => "BPE",
        None => "WordPiece",
    }
}

/// Whether a `tokenizer.json` works on bytes.
fn is_byte_level(json: &Value) -> bool {
    let named = |part: &Value| part["type"].as_str() == Some("ByteLevel");
    let parts = [
        (&json["pre_tokenizer"], "pretokenizers"),
        (&json["decoder"], "decoders"),
    ];
    parts.iter().any(|(part, list)| {
        let within = part[*list].as_array().into_iter().flatten();
        named(part) || within.into_iter().any(named)
    })
}

/// SentencePiece's rules among the normalizers of a `tokenizer.json`.
fn charsmap(normalizer: &Value) -> Option<Value> {
    let within = normalizer["normalizers"].as_array().into_iter().flatten();
    let mut all = std::iter::once(normalizer).chain(within);
    all.find(|part| part["type"].as_str() == Some("Precompiled"))
        .cloned()
}
