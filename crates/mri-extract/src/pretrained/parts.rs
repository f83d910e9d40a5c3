//! The parts of a tokenizer that a class brings along, in the format of `tokenizer.json`.

use serde_json::{Map, Value, json};

use super::class::Class;
use super::sentencepiece::PieceModel;
use super::settings::Settings;
use super::vocabulary::Vocabulary;
use crate::tokenizer_parts::{QWEN2_WORDS, SPACE, precompiled};

/// A tokenizer without added tokens and post-processor.
pub(super) fn assemble(
    class: Class,
    settings: &Settings,
    vocabulary: Vocabulary,
) -> Result<Value, String> {
    if let (Class::Backend, Vocabulary::Pieces(pieces)) = (class, &vocabulary) {
        let legacy = settings.flag("legacy").unwrap_or(true);
        return by_pieces(pieces, legacy);
    }
    let charsmap = match &vocabulary {
        Vocabulary::Json { charsmap, .. } => charsmap.clone(),
        Vocabulary::Pieces(pieces) => precompiled(&pieces.charsmap)?,
        Vocabulary::Words(_) | Vocabulary::Merges(..) => None,
    };
    let (normalizer, pre_tokenizer) = normalizer_and_words(class, settings, charsmap);
    Ok(whole(
        model(class, settings, vocabulary)?,
        normalizer,
        pre_tokenizer,
    ))
}

fn whole(model: Value, normalizer: Value, pre_tokenizer: Value) -> Value {
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": null,
        "decoder": null,
        "model": model,
    })
}

/// Normalization and the division into words.
fn normalizer_and_words(
    class: Class,
    settings: &Settings,
    charsmap: Option<Value>,
) -> (Value, Value) {
    let space = |default| settings.flag("add_prefix_space").unwrap_or(default);
    let bytes = |use_regex| {
        json!({"type": "ByteLevel", "add_prefix_space": space(false), "trim_offsets": true,
            "use_regex": use_regex})
    };
    let metaspace = |scheme: &str, split: bool| json!({"type": "Metaspace", "replacement": SPACE, "prepend_scheme": scheme, "split": split});
    let words_and_spaces = |scheme: &str| {
        json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
            metaspace(scheme, true)]})
    };
    let always = |add: bool| if add { "always" } else { "never" };
    match class {
        Class::Bert | Class::MpNet => (
            json!({
                "type": "BertNormalizer",
                "clean_text": true,
                "handle_chinese_chars": settings.flag("tokenize_chinese_chars").unwrap_or(true),
                "strip_accents": settings.flag("strip_accents"),
                "lowercase": settings.flag("do_lower_case").unwrap_or(true),
            }),
            json!({"type": "BertPreTokenizer"}),
        ),
        Class::Gpt2 | Class::Roberta => (Value::Null, bytes(true)),
        Class::GptNeoX => (json!({"type": "NFC"}), bytes(true)),
        Class::Qwen2 => {
            let words = json!({"type": "Split", "pattern": {"Regex": QWEN2_WORDS},
                "behavior": "Isolated", "invert": false});
            let both = json!({"type": "Sequence", "pretokenizers": [words, bytes(false)]});
            (json!({"type": "NFC"}), both)
        }
        Class::Llama => {
            let scheme = match (space(true), settings.flag("legacy").unwrap_or(false)) {
                (false, _) => "never",
                (true, true) => "always",
                (true, false) => "first",
            };
            (Value::Null, metaspace(scheme, false))
        }
        Class::Gemma => (
            json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE}),
            json!({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
                "invert": false}),
        ),
        Class::T5 => (charsmap.unwrap_or_default(), words_and_spaces("always")),
        Class::XlmRoberta => {
            let words = words_and_spaces(always(space(true)));
            (charsmap.unwrap_or_default(), words)
        }
        Class::Backend => (Value::Null, Value::Null),
    }
}

/// The model with the class's own options.
fn model(class: Class, settings: &Settings, vocabulary: Vocabulary) -> Result<Value, String> {
    let token = |name: &str| {
        let token = settings.named(name, class.default_token(name));
        token.map(|token| token.content)
    };
    match class.model() {
        Some("WordPiece") => {
            let vocab = match vocabulary {
                Vocabulary::Json { mut model, .. } => model["vocab"].take(),
                Vocabulary::Words(words) | Vocabulary::Merges(words, _) => Value::Object(words),
                Vocabulary::Pieces(_) => {
                    return Err("a SentencePiece model has no words".to_owned());
                }
            };
            Ok(json!({
                "type": "WordPiece",
                "unk_token": token("unk_token").unwrap_or_default(),
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": vocab,
            }))
        }
        Some("Unigram") => {
            let vocab = match vocabulary {
                Vocabulary::Json { mut model, .. } => model["vocab"].take(),
                Vocabulary::Pieces(pieces) => {
                    Value::Array(unigram(class, &pieces, &token, settings))
                }
                _ => return Err("this tokenizer is made of a SentencePiece model".to_owned()),
            };
            let unk_id = if class == Class::T5 { 2 } else { 3 };
            Ok(json!({"type": "Unigram", "unk_id": unk_id, "vocab": vocab, "byte_fallback": false}))
        }
        _ => {
            let (vocab, merges) = match vocabulary {
                Vocabulary::Json { mut model, .. } => {
                    (model["vocab"].take(), model["merges"].take())
                }
                Vocabulary::Merges(words, merges) => (Value::Object(words), Value::Array(merges)),
                Vocabulary::Words(words) => (Value::Object(words), json!([])),
                Vocabulary::Pieces(pieces) => (
                    Value::Object(numbered(&pieces)),
                    Value::Array(pieces.merges()),
                ),
            };
            let unk = (class == Class::Gemma)
                .then(|| token("unk_token"))
                .flatten();
            let by_bytes = matches!(class, Class::Llama | Class::Gemma);
            let part = (!by_bytes).then_some("");
            Ok(json!({
                "type": "BPE",
                "dropout": null,
                "unk_token": unk,
                "continuing_subword_prefix": part,
                "end_of_word_suffix": part,
                "fuse_unk": by_bytes,
                "byte_fallback": by_bytes,
                "ignore_merges": false,
                "vocab": vocab,
                "merges": merges,
            }))
        }
    }
}

/// The pieces and scores of a unigram model, with what the class puts before and after them.
fn unigram(
    class: Class,
    model: &PieceModel,
    token: &dyn Fn(&str) -> Option<String>,
    settings: &Settings,
) -> Vec<Value> {
    let pieces = model.pieces.iter();
    let pieces = pieces.map(|piece| json!([piece.text, piece.score]));
    let special = |name: &str| json!([token(name).unwrap_or_default(), 0.0]);
    if class == Class::T5 {
        let extra = settings.get("extra_ids").and_then(Value::as_u64);
        let extra = (0..extra.unwrap_or(100)).rev();
        let extra = extra.map(|i| json!([format!("<extra_id_{i}>"), 0.0]));
        return pieces.chain(extra).collect();
    }
    // The first three pieces are of fairseq, which numbers them otherwise.
    let first = ["bos_token", "pad_token", "eos_token", "unk_token"].map(special);
    let last = [special("mask_token")];
    first
        .into_iter()
        .chain(pieces.skip(3))
        .chain(last)
        .collect()
}

fn numbered(model: &PieceModel) -> Map<String, Value> {
    let pieces = model.pieces.iter().enumerate();
    pieces
        .map(|(id, piece)| (piece.text.clone(), json!(id)))
        .collect()
}

/// A tokenizer that follows a SentencePiece model's own settings.
fn by_pieces(pieces: &PieceModel, legacy: bool) -> Result<Value, String> {
    let user_defined: Vec<&str> = pieces
        .pieces
        .iter()
        .filter(|piece| piece.is_user_defined())
        .map(|piece| piece.text.as_str())
        .collect();
    let model = if pieces.is_bpe {
        json!({
            "type": "BPE",
            "dropout": null,
            "unk_token": pieces.unk,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": true,
            "byte_fallback": pieces.byte_fallback,
            "ignore_merges": !user_defined.is_empty(),
            "vocab": numbered(pieces),
            "merges": pieces.merges_by_score(),
        })
    } else {
        let vocab = pieces.pieces.iter();
        let vocab: Vec<Value> = vocab
            .map(|piece| json!([piece.text, piece.score]))
            .collect();
        json!({
            "type": "Unigram",
            "unk_id": pieces.unk_id,
            "vocab": vocab,
            "byte_fallback": pieces.byte_fallback,
        })
    };
    let replace = |pattern: Value, content: &str| json!({"type": "Replace", "pattern": pattern, "content": content});
    let mut normalizers: Vec<Value> = precompiled(&pieces.charsmap)?.into_iter().collect();
    if pieces.remove_extra_whitespaces {
        normalizers.push(replace(json!({"Regex": r"\A +| +\z"}), ""));
        normalizers.push(replace(json!({"Regex": " {2,}"}), " "));
    }
    if pieces.escape_whitespaces {
        normalizers.push(replace(json!({"String": " "}), SPACE));
    }
    let mut words = Vec::new();
    if pieces.add_dummy_prefix {
        if legacy {
            normalizers.push(replace(json!({"Regex": r"\A▁"}), "▁▁"));
        }
        let scheme = if legacy { "always" } else { "first" };
        words.push(
            json!({"type": "Metaspace", "replacement": SPACE, "prepend_scheme": scheme,
            "split": false}),
        );
    }
    if !user_defined.is_empty() {
        let mut longest_first = user_defined;
        longest_first.sort_by_key(|text| std::cmp::Reverse(text.chars().count()));
        let escaped: Vec<String> = longest_first.iter().map(|text| escape(text)).collect();
        words.push(
            json!({"type": "Split", "pattern": {"Regex": escaped.join("|")},
            "behavior": "Isolated", "invert": false}),
        );
    }
    let words = match words.is_empty() {
        true => Value::Null,
        false => json!({"type": "Sequence", "pretokenizers": words}),
    };
    let normalizer = json!({"type": "Sequence", "normalizers": normalizers});
    Ok(whole(model, normalizer, words))
}

/// A text as a regular expression that matches it.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        // No others: `\<` and `\>` are the ends of words.
        if r"\.+*?()|[]{}^$#&-~".contains(c) || c.is_ascii_whitespace() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
