//! WordPiece, as of BERT.

use serde_json::{Map, json};

use super::vocabulary::{Parts, Vocabulary};
use crate::gguf::error::GgufError;

pub(super) fn parts(vocabulary: &Vocabulary<'_>) -> Result<Parts, GgufError> {
    let mut ids = Map::new();
    let mut capitals = false;
    for (id, token) in vocabulary.tokens.iter().enumerate() {
        // Files mark the start of a word, vocabularies of BERT its continuation.
        let token = match token.strip_prefix('\u{2581}') {
            Some(start) => {
                capitals |= start.chars().any(char::is_uppercase);
                start.to_owned()
            }
            None if token.starts_with('[') && token.ends_with(']') => (*token).to_owned(),
            None => format!("##{token}"),
        };
        ids.insert(token, id.into());
    }
    let unknown = vocabulary.token_of("unknown_token_id")?;
    Ok(Parts {
        normalizer: json!({
            "type": "BertNormalizer",
            "clean_text": true,
            "handle_chinese_chars": true,
            "strip_accents": null,
            // No file says so, but a vocabulary without capitals is for texts without them.
            "lowercase": !capitals,
        }),
        pre_tokenizer: json!({"type": "BertPreTokenizer"}),
        model: json!({
            "type": "WordPiece",
            "unk_token": unknown.map_or("[UNK]", |(_, token)| token),
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        }),
        ends: (true, true),
        is_spelled: |token| token.starts_with('['),
        blanks: Vec::new(),
    })
}
