//! The merges of byte-pair encoding.

use std::collections::HashMap;

use super::vocabulary::Vocabulary;
use crate::gguf::error::GgufError;

/// The pairs of the file, first to merge first.
pub(super) fn listed<'a>(
    vocabulary: &Vocabulary<'a>,
) -> Result<Option<Vec<(&'a str, &'a str)>>, GgufError> {
    let key = "tokenizer.ggml.merges";
    let Some(merges) = vocabulary.gguf.texts(key)? else {
        return Ok(None);
    };
    let pair = |merge: &'a str| {
        let problem = || {
            vocabulary
                .gguf
                .bad(key, format!("{merge:?} is not two tokens"))
        };
        merge.split_once(' ').ok_or_else(problem)
    };
    merges
        .into_iter()
        .map(pair)
        .collect::<Result<_, _>>()
        .map(Some)
}

/// The merges that a vocabulary with scores implies: every cut of a token into two tokens, those of
/// the highest scores first, and of one token those with longer parts first.
pub(super) fn implied(tokens: &[String], scores: &[f64]) -> Vec<(String, String)> {
    struct Cut<'a> {
        score: f64,
        lengths: (usize, usize),
        parts: (&'a str, &'a str),
    }
    let ids: HashMap<&str, usize> = tokens.iter().map(String::as_str).zip(0..).collect();
    let mut cuts = Vec::new();
    for (id, (token, &score)) in tokens.iter().zip(scores).enumerate() {
        if ids[token.as_str()] != id {
            continue;
        }
        let length = token.chars().count();
        let places = token.char_indices().skip(1).map(|(at, _)| at);
        let mut own: Vec<(usize, usize, Cut<'_>)> = places
            .enumerate()
            .filter_map(|(i, at)| {
                let parts = token.split_at(at);
                let lengths = (i + 1, length - i - 1);
                let cut = Cut {
                    score,
                    lengths,
                    parts,
                };
                Some((*ids.get(parts.0)?, *ids.get(parts.1)?, cut))
            })
            .collect();
        own.sort_by_key(|&(left, right, _)| (left, right));
        cuts.extend(own.into_iter().map(|(_, _, cut)| cut));
    }
    cuts.sort_by(|a, b| {
        let order = b.score.total_cmp(&a.score);
        order.then_with(|| b.lengths.cmp(&a.lengths))
    });
    let owned = cuts.into_iter().map(|cut| cut.parts);
    owned.map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}
