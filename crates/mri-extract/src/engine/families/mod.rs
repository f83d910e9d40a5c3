//! The supported architectures, one entry of [`FAMILIES`] each.
//!
//! A family is a `model_type`, a function that turns `config.json` into a [`TransformerSpec`], and
//! a table of weight names. To add one, follow "A new model family" in CONTRIBUTING.md.

use std::path::Path;

use super::config::Config;
use super::error::ModelError;
use super::spec::TransformerSpec;

mod bert;
mod common;
mod decoder;
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

/// The `model_type` of every supported architecture.
#[must_use]
pub fn supported_families() -> Vec<&'static str> {
    FAMILIES.iter().map(|(name, _)| *name).collect()
}

impl TransformerSpec {
    /// Reads the description of the model in a folder from its `config.json`. Weights are not read.
    ///
    /// # Errors
    /// [`ModelError`] if there is no such folder or no `config.json`, if the architecture or a
    /// setting is not supported, or if a value is out of range.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        describe(&Config::read(folder)?)
    }
}

/// The description of a model by its configuration.
pub(super) fn describe(config: &Config) -> Result<TransformerSpec, ModelError> {
    let family = config
        .string_opt("model_type")?
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
