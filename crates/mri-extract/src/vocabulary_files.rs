//! The names of a tokenizer's files.

/// The whole tokenizer in the format of the crate tokenizers.
pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// The files of configuration, which are hashed with the rest.
pub(crate) const CONFIGURATION: [&str; 3] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
];

/// The names of SentencePiece models.
pub(crate) const PIECES: [&str; 4] = [
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "sentencepiece.model",
];

/// Vocabularies, the most complete first: alone, or with a file of merges.
pub(crate) const VOCABULARIES: [(&str, Option<&str>); 2] =
    [("vocab.txt", None), ("vocab.json", Some("merges.txt"))];

/// The files that a tokenizer is made of, its configuration apart, where `has` says which there
/// are; `None` if there is no tokenizer.
pub(crate) fn chosen(has: impl Fn(&str) -> bool) -> Option<Vec<&'static str>> {
    let alone = [TOKENIZER].into_iter().chain(PIECES);
    let sets = alone.map(|name| (name, None)).chain(VOCABULARIES);
    let mut sets = sets.map(|(name, merges)| [Some(name), merges].into_iter().flatten());
    let set = sets.find(|set| set.clone().all(&has))?;
    Some(set.collect())
}
