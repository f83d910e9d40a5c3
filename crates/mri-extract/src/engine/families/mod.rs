//! The architectures: one table entry each.
//!
//! A family is a `model_type`, a function that turns `config.json` into a
//! [`TransformerSpec`], and a table of weight names. Everything an engine has to know stands in the
//! description; to add a family, add its entry to [`FAMILIES`] and a golden case to the tests.

use std::path::Path;

use super::ModelError;
use super::config::Config;
use super::spec::{Activation, Attention, Embedding, QkvLayout, ScoreBias, TransformerSpec};

mod bert;
mod gemma;
mod gpt;
mod llama;
mod modernbert;
mod rotary;
mod t5;

/// A `model_type` and the function that describes its models.
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
    ("opt", gpt::opt),
    ("falcon", gpt::falcon),
    ("llama", llama::llama),
    ("mistral", llama::mistral),
    ("qwen2", llama::qwen2),
    ("qwen3", llama::qwen3),
    ("gemma", gemma::gemma),
    ("gemma2", gemma::gemma2),
    ("gemma3_text", gemma::gemma3),
    ("phi", llama::phi),
    ("phi3", llama::phi3),
    ("olmo2", llama::olmo2),
    ("stablelm", llama::stablelm),
    ("mixtral", llama::mixtral),
    ("qwen3_moe", llama::qwen3_moe),
];

/// The `model_type` of every supported architecture.
#[must_use]
pub fn supported_families() -> Vec<&'static str> {
    FAMILIES.iter().map(|(name, _)| *name).collect()
}

impl TransformerSpec {
    /// The description of the model in a folder, read from its `config.json`. No weights are read.
    ///
    /// # Errors
    /// [`ModelError`]: no such folder, no `config.json`, an architecture or a setting that is not
    /// supported, or a value that makes no sense.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        describe(&Config::read(folder)?)
    }
}

/// The description of the model with this configuration.
pub(super) fn describe(config: &Config) -> Result<TransformerSpec, ModelError> {
    let family = config
        .text_opt("model_type")?
        .ok_or_else(|| config.bad("model_type", "missing; it names the architecture"))?;
    let Some((_, describe)) = FAMILIES.iter().find(|(name, _)| *name == family) else {
        return Err(ModelError::UnsupportedFamily {
            path: config.path().to_owned(),
            family: family.to_owned(),
            supported: supported_families().join(", "),
        });
    };
    describe(config)
}

/// The activation that an entry names.
fn activation(config: &Config, key: &str, default: Activation) -> Result<Activation, ModelError> {
    Ok(match config.text_opt(key)? {
        None => default,
        Some("gelu" | "gelu_python") => Activation::Gelu,
        Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" | "gelu_accurate") => {
            Activation::GeluTanh
        }
        Some("quick_gelu") => Activation::QuickGelu,
        Some("relu") => Activation::Relu,
        Some("relu2") => Activation::ReluSquared,
        Some("silu" | "swish") => Activation::Silu,
        Some("tanh") => Activation::Tanh,
        Some(_) => {
            let hint = "; supported are gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, relu, relu2, silu and tanh";
            return Err(config.unsupported(key, hint));
        }
    })
}

fn family(config: &Config) -> Result<String, ModelError> {
    Ok(config
        .text_opt("model_type")?
        .unwrap_or_default()
        .to_owned())
}

/// A causal attention without any extras, for a family to alter.
fn attention(heads: usize, kv_heads: usize, head_width: usize, layout: QkvLayout) -> Attention {
    Attention {
        heads,
        kv_heads,
        head_width,
        layout,
        qkv_bias: false,
        out_bias: false,
        scale: 1.0 / (head_width as f64).sqrt(),
        causal: true,
        window: None,
        rotary: None,
        qk_norm: None,
        bias: ScoreBias::None,
        softcap: None,
    }
}

/// A token embedding without any extras, for a family to alter.
fn embedding(width: usize) -> Embedding {
    Embedding {
        width,
        scale: None,
        positions: None,
        token_types: None,
        norm: None,
        projection: None,
    }
}

/// The name of a kind of layer that looks at a window only.
const SLIDING: &str = "sliding_attention";

/// Which blocks look at a window only: as `layer_types` says, else as `default` does.
fn sliding_blocks(
    config: &Config,
    n_blocks: usize,
    default: impl Fn(usize) -> bool,
) -> Result<Vec<bool>, ModelError> {
    let Some(kinds) = config.texts("layer_types", n_blocks)? else {
        return Ok((0..n_blocks).map(default).collect());
    };
    let kinds = kinds.into_iter().map(|kind| match kind {
        SLIDING => Ok(true),
        "full_attention" => Ok(false),
        _ => Err(config.unsupported("layer_types", "; full_attention and sliding_attention are")),
    });
    kinds.collect()
}
