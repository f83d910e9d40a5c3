//! Tokens that are never cut, and those at the ends of every text.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::vocabulary::{Parts, Vocabulary};
use crate::gguf::error::GgufError;

const CONTROL: f64 = 3.0;
const USER_DEFINED: f64 = 4.0;

/// The tokens that are found in texts as a whole: control tokens, those of the metadata and those
/// of the user. What is spelled otherwise in the vocabulary would become another token.
pub(super) fn added_tokens(
    vocabulary: &Vocabulary<'_>,
    parts: &Parts,
) -> Result<Vec<Value>, GgufError> {
    let blanks = parts.blanks.iter();
    let mut added: BTreeMap<u64, (&str, bool)> = blanks
        .map(|(id, token)| (*id, (token.as_str(), true)))
        .collect();
    let numbered = vocabulary.tokens.iter().zip(&vocabulary.types);
    for (id, (token, kind)) in (0_u64..).zip(numbered) {
        if (*kind == CONTROL || *kind == USER_DEFINED) && (parts.is_spelled)(token) {
            added.insert(id, (*token, *kind == CONTROL));
        }
    }
    for key in [
        "bos",
        "eos",
        "unknown",
        "padding",
        "cls",
        "seperator",
        "mask",
    ] {
        let named = vocabulary.token_of(&format!("{key}_token_id"))?;
        if let Some((id, token)) = named.filter(|(_, token)| (parts.is_spelled)(token)) {
            added.insert(id, (token, true));
        }
    }
    let shown = added.into_iter().map(|(id, (content, special))| {
        json!({
            "id": id,
            "content": content,
            "single_word": false,
            "lstrip": false,
            "rstrip": false,
            "normalized": false,
            "special": special,
        })
    });
    Ok(shown.filter(|token| token["content"] != "").collect())
}

/// The special tokens at the start and the end of a text; `default` says whether there are any if
/// the file does not.
pub(super) fn template(
    vocabulary: &Vocabulary<'_>,
    default: (bool, bool),
) -> Result<Value, GgufError> {
    let first = |keys: &[&str]| {
        let found = keys.iter().map(|key| vocabulary.token_of(key));
        found.filter_map(Result::transpose).next().transpose()
    };
    let flag = |key: &str, default| {
        let flag = vocabulary.gguf.flag(&format!("tokenizer.ggml.{key}"))?;
        Ok::<_, GgufError>(flag.unwrap_or(default))
    };
    let start = first(&["cls_token_id", "bos_token_id"])?;
    let end = first(&["seperator_token_id", "eos_token_id"])?;
    let bos = vocabulary.token_of("bos_token_id")?;
    let eos = vocabulary.token_of("eos_token_id")?;
    let is_encoder = vocabulary.gguf.text("general.architecture")? == Some("bert");
    let start = start.filter(|_| is_encoder).or(bos);
    let end = end.filter(|_| is_encoder).or(eos);
    let has_start = flag("add_bos_token", default.0)?;
    let has_end = flag("add_eos_token", default.1)?;
    let start = start.filter(|_| has_start);
    let end = end.filter(|_| has_end);
    let mut specials = serde_json::Map::new();
    let mut special = |(id, token): (u64, &str)| {
        let entry = json!({"id": token, "ids": [id], "tokens": [token]});
        specials.insert(token.to_owned(), entry);
        json!({"SpecialToken": {"id": token, "type_id": 0}})
    };
    let mut single = Vec::new();
    single.extend(start.map(&mut special));
    single.push(json!({"Sequence": {"id": "A", "type_id": 0}}));
    single.extend(end.map(&mut special));
    Ok(json!({
        "type": "TemplateProcessing",
        "single": single,
        "pair": [
            {"Sequence": {"id": "A", "type_id": 0}},
            {"Sequence": {"id": "B", "type_id": 1}},
        ],
        "special_tokens": specials,
    }))
}
