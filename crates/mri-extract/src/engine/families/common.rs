//! What the families share in reading `config.json`.

use serde_json::Value;

use super::architectures::model_type_of;
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::Activation;

/// The entry of `layer_types` for blocks with a sliding window.
pub(super) const SLIDING: &str = "sliding_attention";

/// The activation function that an entry names.
pub(super) fn activation(
    config: &Config,
    key: &str,
    default: Activation,
) -> Result<Activation, ModelError> {
    let Some(name) = config.string_opt(key)? else {
        return Ok(default);
    };
    name.parse().map_err(|_| {
        let hint = "; supported are gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, relu, relu2, silu and tanh";
        config.unsupported(key, hint)
    })
}

/// The `model_type`, or else that of the class that `architectures` names.
pub(super) fn family(config: &Config) -> Result<String, ModelError> {
    if let Some(family) = config.string_opt("model_type")? {
        return Ok(family.to_owned());
    }
    let classes = config.get("architectures").and_then(Value::as_array);
    let class = classes.and_then(|classes| classes.first()?.as_str());
    match class.and_then(model_type_of) {
        Some(family) => Ok(family.to_owned()),
        None => {
            let problem = match class {
                Some(class) => format!("missing, and architectures names {class:?}"),
                None => "missing, and so is architectures; one of them names the architecture"
                    .to_owned(),
            };
            Err(config.bad("model_type", problem))
        }
    }
}

/// Which blocks have a sliding window: by `layer_types`, else by `default`.
pub(super) fn sliding_blocks(
    config: &Config,
    n_blocks: usize,
    default: impl Fn(usize) -> bool,
) -> Result<Vec<bool>, ModelError> {
    let Some(kinds) = config.strings("layer_types", n_blocks)? else {
        return Ok((0..n_blocks).map(default).collect());
    };
    let kinds = kinds.into_iter().map(|kind| match kind {
        SLIDING => Ok(true),
        "full_attention" => Ok(false),
        _ => Err(config.unsupported("layer_types", "; full_attention and sliding_attention are")),
    });
    kinds.collect()
}
