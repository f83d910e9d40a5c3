//! Byte-level byte-pair encoding, as of GPT-2.

use serde_json::{Map, Value, json};

use super::merges;
use super::vocabulary::{Parts, Vocabulary};
use crate::gguf::error::GgufError;
use crate::tokenizer_parts::QWEN2_WORDS;

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How a vocabulary's texts are cut into words, and the names that files have for it.
struct Words {
    names: &'static [&'static str],
    pattern: Pattern,
    /// Words that are tokens stay whole, and texts start with a token if the file does not say
    /// otherwise.
    whole_words: bool,
}

enum Pattern {
    /// GPT-2's.
    Gpt2,
    Split(&'static str),
    Falcon,
}

const WORDS: &[Words] = &[
    Words {
        names: &[
            "default",
            "gpt-2",
            "gpt2",
            "olmo",
            "mpt",
            "phi-2",
            "jais",
            "roberta-bpe",
            "jina-es",
            "jina-de",
            "jina-v1-en",
            "jina-v2-es",
            "jina-v2-de",
            "jina-v2-code",
            "a.x-4.0",
            "mellum",
            "modern-bert",
            "stablelm",
            "smollm",
            "starcoder",
            "refact",
            "command-r",
            "codeshell",
            "exaone",
            "minerva-7b",
        ],
        pattern: Pattern::Gpt2,
        whole_words: false,
    },
    Words {
        names: &[
            "llama3",
            "llama-v3",
            "llama-bpe",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
        ],
        pattern: Pattern::Split(LLAMA3),
        whole_words: true,
    },
    Words {
        names: &["dbrx", "smaug-bpe"],
        pattern: Pattern::Split(LLAMA3),
        whole_words: false,
    },
    Words {
        names: &[
            "qwen2",
            "deepseek-r1-qwen",
            "kormo",
            "f2llmv2",
            "megrez",
            "stablelm2",
            "hunyuan",
        ],
        pattern: Pattern::Split(QWEN2_WORDS),
        whole_words: false,
    },
    Words {
        names: &["tekken"],
        pattern: Pattern::Split(TEKKEN),
        whole_words: true,
    },
    Words {
        names: &["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
        pattern: Pattern::Split(GPT4O),
        whole_words: false,
    },
    Words {
        names: &["falcon"],
        pattern: Pattern::Falcon,
        whole_words: false,
    },
];

/// The character that stands for a byte: itself where it is printable, else one from 256 on.
fn spelled(byte: u8) -> char {
    match byte {
        b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => char::from(byte),
        _ => {
            let others = u32::from(byte);
            // The unprintable ones before this one.
            let before = match byte {
                0..=32 => others,
                0x7F..=0xA0 => others - 0x7F + 33,
                _ => 33 + 34,
            };
            char::from_u32(256 + before).unwrap_or_default()
        }
    }
}

/// Whether a token consists of characters that stand for bytes.
fn in_alphabet(token: &str) -> bool {
    let stands = |c: char| {
        let code = u32::from(c);
        matches!(code, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF | 0x100..=0x143)
    };
    token.chars().all(stands)
}

pub(super) fn parts(vocabulary: &Vocabulary<'_>) -> Result<Parts, GgufError> {
    let gguf = vocabulary.gguf;
    let key = "tokenizer.ggml.pre";
    let name = gguf.text(key)?.unwrap_or("default");
    let Some(words) = WORDS.iter().find(|words| words.names.contains(&name)) else {
        let names = WORDS.iter().flat_map(|words| words.names);
        return Err(GgufError::UnsupportedTokenizer {
            path: gguf.path().to_owned(),
            key,
            value: name.to_owned(),
            supported: names.copied().collect::<Vec<_>>().join(", "),
        });
    };
    let mut ids = Map::new();
    for (id, token) in vocabulary.tokens.iter().enumerate() {
        let token = match in_alphabet(token) {
            true => (*token).to_owned(),
            false => token.bytes().map(spelled).collect(),
        };
        ids.insert(token, id.into());
    }
    let merges = gguf.required("tokenizer.ggml.merges", merges::listed(vocabulary)?)?;
    let bytes = |cut: bool| {
        json!({
            "type": "ByteLevel",
            "add_prefix_space": false,
            "trim_offsets": true,
            "use_regex": cut,
        })
    };
    let split = |pattern: &str| {
        json!({
            "type": "Split",
            "pattern": {"Regex": pattern},
            "behavior": "Isolated",
            "invert": false,
        })
    };
    let steps = match words.pattern {
        Pattern::Gpt2 => vec![bytes(true)],
        Pattern::Split(pattern) => vec![split(pattern), bytes(false)],
        Pattern::Falcon => vec![
            json!({"type": "Punctuation", "behavior": "Contiguous"}),
            bytes(true),
            json!({"type": "Digits", "individual_digits": false}),
            split("[0-9][0-9][0-9]"),
        ],
    };
    let encoder = gguf.text("general.architecture")? == Some("bert");
    Ok(Parts {
        normalizer: Value::Null,
        pre_tokenizer: json!({"type": "Sequence", "pretokenizers": steps}),
        model: json!({
            "type": "BPE",
            "dropout": null,
            "unk_token": null,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "ignore_merges": words.whole_words,
            "vocab": ids,
            "merges": merges,
        }),
        ends: (words.whole_words || encoder, encoder),
        is_spelled: in_alphabet,
        blanks: Vec::new(),
    })
}
