//! The supported architectures, one entry of [`FAMILIES`] each.
//!
//! A family is a `model_type`, a function that turns `config.json` into a [`TransformerSpec`], and
//! a table of weight names. To add one, follow "A new model family" in CONTRIBUTING.md.

use mri_core::ModelKind;

use super::config::Config;
use super::error::ModelError;
use super::spec::TransformerSpec;

mod architectures;
mod bert;
mod common;
mod decoder;
mod entries;
mod falcon;
mod gemma;
mod gpt;
mod granite;
mod llama;
mod mixtral;
mod modernbert;
mod olmo;
mod opt;
mod phi;
mod quantization;
mod qwen;
mod rotary;
mod stablelm;
mod t5;

/// A `model_type` and the function that reads the description of its models.
type Family = (
    &'static str,
    fn(&Config) -> Result<TransformerSpec, ModelError>,
);

/// Every supported architecture.
const FAMILIES: &[Family] = &[
    ("bert", bert::bert),
    ("roberta", bert::roberta),
    ("xlm-roberta", bert::roberta),
    ("distilbert", bert::distilbert),
    ("electra", bert::electra),
    ("mpnet", bert::mpnet),
    ("modernbert", modernbert::modernbert),
    ("t5", t5::t5),
    ("gpt2", gpt::gpt2),
    ("gpt_neo", gpt::gpt_neo),
    ("gptj", gpt::gptj),
    ("gpt_neox", gpt::gpt_neox),
    ("opt", opt::opt),
    ("falcon", falcon::falcon),
    ("llama", llama::llama),
    ("granite", granite::granite),
    ("mistral", llama::mistral),
    ("qwen2", qwen::qwen2),
    ("qwen3", qwen::qwen3),
    ("gemma", gemma::gemma),
    ("gemma2", gemma::gemma2),
    ("gemma3_text", gemma::gemma3),
    ("phi", phi::phi),
    ("phi3", phi::phi3),
    ("olmo2", olmo::olmo2),
    ("stablelm", stablelm::stablelm),
    ("mixtral", mixtral::mixtral),
    ("qwen3_moe", qwen::qwen3_moe),
];

/// The families whose output embedding is a matrix of its own unless `tie_word_embeddings` says
/// otherwise.
const UNTIED: &[&str] = &[
    "gptj",
    "gpt_neox",
    "llama",
    "granite",
    "mistral",
    "qwen2",
    "qwen3",
    "phi",
    "phi3",
    "olmo2",
    "stablelm",
    "mixtral",
    "qwen3_moe",
];

/// The `model_type` of every supported architecture.
#[must_use]
pub fn supported_families() -> Vec<&'static str> {
    FAMILIES.iter().map(|(name, _)| *name).collect()
}

/// The description of a model by its configuration.
pub(super) fn describe(config: &Config) -> Result<TransformerSpec, ModelError> {
    let family = common::family(config)?;
    let Some((_, describe)) = FAMILIES.iter().find(|(name, _)| *name == family) else {
        return Err(ModelError::UnsupportedFamily {
            path: config.path().to_owned(),
            family,
            supported: supported_families().join(", "),
        });
    };
    let mut spec = describe(config)?;
    if spec.kind == ModelKind::Decoder && !config.bool_or("is_causal", true)? {
        see_both_ways(&mut spec);
    }
    spec.tied = config.bool_or("tie_word_embeddings", !UNTIED.contains(&family.as_str()))?;
    spec.quantization = quantization::quantization(config)?;
    spec.unread = entries::unread(config)?;
    Ok(spec)
}

/// Makes a decoder's attention bidirectional, as transformers 5 does for `is_causal: false`. A
/// window then reaches `sliding_window` tokens to either side, that many included.
fn see_both_ways(spec: &mut TransformerSpec) {
    spec.kind = ModelKind::Encoder;
    for block in &mut spec.blocks {
        block.attention.causal = false;
        block.attention.window = block.attention.window.map(|window| window + 1);
    }
}
