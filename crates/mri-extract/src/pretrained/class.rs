//! Which of transformers' classes loads a tokenizer.

use super::settings::Settings;

/// A class that builds a tokenizer from its vocabulary with parts of its own, or
/// [`Class::Backend`], which takes `tokenizer.json` as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Backend,
    Bert,
    MpNet,
    Gpt2,
    Roberta,
    GptNeoX,
    Qwen2,
    Llama,
    Gemma,
    T5,
    XlmRoberta,
}

/// The class that is registered for a `model_type`; the other families have none or the general
/// one.
const REGISTERED: &[(&str, Class)] = &[
    ("bert", Class::Bert),
    ("distilbert", Class::Bert),
    ("electra", Class::Bert),
    ("mpnet", Class::MpNet),
    ("roberta", Class::Roberta),
    ("xlm-roberta", Class::XlmRoberta),
    ("t5", Class::T5),
    ("gpt2", Class::Gpt2),
    ("gpt_neo", Class::Gpt2),
    ("gptj", Class::Gpt2),
    ("opt", Class::Gpt2),
    ("phi", Class::Gpt2),
    ("gpt_neox", Class::GptNeoX),
    ("qwen2", Class::Qwen2),
    ("qwen3", Class::Qwen2),
    ("qwen3_moe", Class::Qwen2),
    ("gemma", Class::Gemma),
    ("gemma2", Class::Gemma),
    ("gemma3_text", Class::Gemma),
    ("mistral", Class::Backend),
    ("mixtral", Class::Backend),
    ("modernbert", Class::Backend),
    ("granite", Class::Backend),
    ("olmo2", Class::Backend),
    ("phi3", Class::Backend),
    ("stablelm", Class::Backend),
];

/// The families whose files name a wrong class, which transformers passes over.
const WRONGLY_NAMED: &[&str] = &["modernbert", "phi3", "qwen2"];

/// The families for which byte-level tokenizers under Llama's name keep that class.
const MISTRALS: &[&str] = &["mistral", "mixtral"];

/// The class of a model's tokenizer. `byte_level` says whether `tokenizer.json` works on bytes.
pub(super) fn class_of(model_type: Option<&str>, settings: &Settings, byte_level: bool) -> Class {
    let model_type = model_type.unwrap_or_default();
    let registered = REGISTERED.iter().find(|(name, _)| *name == model_type);
    let registered = registered.map(|&(_, class)| class);
    let wrongly_named = WRONGLY_NAMED.contains(&model_type);
    let Some(declared) = settings.text("tokenizer_class") else {
        return registered.unwrap_or(Class::Backend);
    };
    let declared = by_name(declared);
    if declared == Class::Llama && byte_level && !wrongly_named && !MISTRALS.contains(&model_type) {
        return Class::Backend;
    }
    match registered {
        Some(Class::Backend) => Class::Backend,
        Some(registered) if wrongly_named => registered,
        _ => declared,
    }
}

/// A class by its name, which may end in `Fast`.
pub(super) fn by_name(name: &str) -> Class {
    match name.strip_suffix("Fast").unwrap_or(name) {
        "BertTokenizer"
        | "DistilBertTokenizer"
        | "ElectraTokenizer"
        | "LayoutLMTokenizer"
        | "MobileBertTokenizer"
        | "SqueezeBertTokenizer" => Class::Bert,
        "MPNetTokenizer" => Class::MpNet,
        "GPT2Tokenizer" => Class::Gpt2,
        "RobertaTokenizer" | "BartTokenizer" => Class::Roberta,
        "GPTNeoXTokenizer" => Class::GptNeoX,
        "Qwen2Tokenizer" => Class::Qwen2,
        "LlamaTokenizer" => Class::Llama,
        "GemmaTokenizer" => Class::Gemma,
        "T5Tokenizer" => Class::T5,
        "XLMRobertaTokenizer" => Class::XlmRoberta,
        _ => Class::Backend,
    }
}

/// Whether a class has always added the tokens that `add_bos_token` and `add_eos_token` ask for,
/// whatever `tokenizer.json` says.
pub(super) fn adds_ends(name: &str) -> bool {
    let name = name.strip_suffix("Fast").unwrap_or(name);
    matches!(
        name,
        "LlamaTokenizer"
            | "CodeLlamaTokenizer"
            | "GemmaTokenizer"
            | "CohereTokenizer"
            | "GPTNeoXTokenizer"
    )
}

impl Class {
    /// The kind of model that the class builds; a file with another kind is taken as it is.
    pub(super) fn model(self) -> Option<&'static str> {
        match self {
            Self::Backend => None,
            Self::Bert | Self::MpNet => Some("WordPiece"),
            Self::T5 | Self::XlmRoberta => Some("Unigram"),
            Self::Gpt2
            | Self::Roberta
            | Self::GptNeoX
            | Self::Qwen2
            | Self::Llama
            | Self::Gemma => Some("BPE"),
        }
    }

    /// The special token that the class gives a name where the configuration does not.
    pub(super) fn default_token(self, name: &str) -> Option<&'static str> {
        let tokens: &[(&str, &str)] = match self {
            Self::Backend => &[],
            Self::Bert => &[
                ("unk_token", "[UNK]"),
                ("sep_token", "[SEP]"),
                ("pad_token", "[PAD]"),
                ("cls_token", "[CLS]"),
                ("mask_token", "[MASK]"),
            ],
            Self::MpNet => &[
                ("bos_token", "<s>"),
                ("eos_token", "</s>"),
                ("sep_token", "</s>"),
                ("cls_token", "<s>"),
                ("unk_token", "[UNK]"),
                ("pad_token", "<pad>"),
                ("mask_token", "<mask>"),
            ],
            Self::Gpt2 => &[
                ("unk_token", "<|endoftext|>"),
                ("bos_token", "<|endoftext|>"),
                ("eos_token", "<|endoftext|>"),
            ],
            Self::GptNeoX => &[
                ("unk_token", "<|endoftext|>"),
                ("bos_token", "<|endoftext|>"),
                ("eos_token", "<|endoftext|>"),
                ("pad_token", "<|padding|>"),
            ],
            Self::Qwen2 => &[
                ("unk_token", "<|endoftext|>"),
                ("eos_token", "<|endoftext|>"),
                ("pad_token", "<|endoftext|>"),
            ],
            Self::Roberta | Self::XlmRoberta => &[
                ("bos_token", "<s>"),
                ("eos_token", "</s>"),
                ("sep_token", "</s>"),
                ("cls_token", "<s>"),
                ("unk_token", "<unk>"),
                ("pad_token", "<pad>"),
                ("mask_token", "<mask>"),
            ],
            Self::Llama => &[
                ("unk_token", "<unk>"),
                ("bos_token", "<s>"),
                ("eos_token", "</s>"),
            ],
            Self::Gemma => &[
                ("unk_token", "<unk>"),
                ("bos_token", "<bos>"),
                ("eos_token", "<eos>"),
                ("pad_token", "<pad>"),
                ("mask_token", "<mask>"),
            ],
            Self::T5 => &[
                ("eos_token", "</s>"),
                ("unk_token", "<unk>"),
                ("pad_token", "<pad>"),
            ],
        };
        let found = tokens.iter().find(|(given, _)| *given == name);
        found.map(|&(_, token)| token)
    }
}
