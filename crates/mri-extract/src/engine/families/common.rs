//! What the families share in reading `config.json`.

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

/// The `model_type`.
pub(super) fn family(config: &Config) -> Result<String, ModelError> {
    Ok(config
        .string_opt("model_type")?
        .unwrap_or_default()
        .to_owned())
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
