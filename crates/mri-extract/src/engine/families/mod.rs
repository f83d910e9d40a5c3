//! The architectures: one table entry each.
//!
//! A family is a `model_type`, a function that turns `config.json` into a
//! [`TransformerSpec`], and a table of weight names. Everything an engine has to know stands in the
//! description; to add a family, add its entry to [`FAMILIES`] and a golden case to the tests.

use std::path::Path;

use super::ModelError;
use super::config::Config;
use super::spec::{Activation, TransformerSpec};

mod bert;

/// A `model_type` and the function that describes its models.
type Family = (
    &'static str,
    fn(&Config) -> Result<TransformerSpec, ModelError>,
);

/// Every supported architecture.
const FAMILIES: &[Family] = &[("bert", bert::bert)];

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

fn describe(config: &Config) -> Result<TransformerSpec, ModelError> {
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
