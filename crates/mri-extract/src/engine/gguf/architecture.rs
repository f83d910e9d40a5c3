//! The architectures of GGUF files, and the family that each is.

use serde_json::Value;

use super::config_writer::ConfigWriter;
use super::names::{FALCON_NAMES, NAMES};
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::families;
use crate::engine::spec::{Mlp, QkvLayout, TransformerSpec, WeightNames};
use crate::gguf::{Gguf, GgufError};

/// A `general.architecture`, the family that it is, and the entries that it has beside those of
/// all.
struct Architecture {
    name: &'static str,
    model_type: &'static str,
    write: fn(&mut ConfigWriter<'_>) -> Result<(), GgufError>,
}

const ARCHITECTURES: &[Architecture] = &[
    of("llama", "llama", llama),
    of("qwen2", "qwen2", rotary_decoder),
    of("qwen3", "qwen3", rotary_decoder),
    of("qwen3moe", "qwen3_moe", qwen3_moe),
    of("gemma", "gemma", rotary_decoder),
    of("gemma2", "gemma2", gemma2),
    of("gemma3", "gemma3_text", gemma3),
    of("phi3", "phi3", phi3),
    of("gpt2", "gpt2", gpt2),
    of("gptneox", "gpt_neox", gpt_neox),
    of("falcon", "falcon", falcon),
    of("stablelm", "stablelm", stablelm),
    of("olmo2", "olmo2", rotary_decoder),
    of("bert", "bert", bert),
];

const fn of(
    name: &'static str,
    model_type: &'static str,
    write: fn(&mut ConfigWriter<'_>) -> Result<(), GgufError>,
) -> Architecture {
    Architecture {
        name,
        model_type,
        write,
    }
}

/// The `general.architecture` of every GGUF file that can be run.
pub(crate) fn supported_architectures() -> Vec<&'static str> {
    ARCHITECTURES.iter().map(|a| a.name).collect()
}

/// The description of the model in a file. Weights are not read.
pub(crate) fn describe(gguf: &Gguf) -> Result<TransformerSpec, ModelError> {
    let mut spec = families::describe(&config(gguf)?)?;
    spec.weights = WeightNames {
        prefixes: &[""],
        names: match spec.family.as_str() {
            "falcon" => FALCON_NAMES,
            _ => NAMES,
        },
        transposed: false,
    };
    if !gguf.contains("token_types.weight") {
        spec.embedding.token_types = None;
    }
    for (i, block) in spec.blocks.iter_mut().enumerate() {
        let has = |name: &str| gguf.contains(&format!("blk.{i}.{name}.bias"));
        let attention = &mut block.attention;
        attention.qkv_bias = has("attn_q") || has("attn_qkv");
        attention.out_bias = has("attn_output");
        if attention.layout == QkvLayout::Grouped {
            // Whoever writes the file sorts the heads.
            attention.layout = QkvLayout::Stacked;
        }
        if let Mlp::Plain { bias, .. } | Mlp::Gated { bias, .. } = &mut block.mlp {
            *bias = has("ffn_up");
        }
    }
    // All entries were written for the family.
    spec.unread.clear();
    Ok(spec)
}

/// The metadata of a file as a `config.json` of the family.
fn config(gguf: &Gguf) -> Result<Config, GgufError> {
    let key = "general.architecture";
    let name = gguf.required(key, gguf.text(key)?)?;
    let Some(architecture) = ARCHITECTURES.iter().find(|a| a.name == name) else {
        return Err(GgufError::UnsupportedArchitecture {
            path: gguf.path().to_owned(),
            architecture: name.to_owned(),
            supported: supported_architectures().join(", "),
        });
    };
    let mut writer = ConfigWriter::new(gguf, name, architecture.model_type);
    writer.rows("token_embd.weight", "vocab_size");
    (architecture.write)(&mut writer)?;
    Ok(writer.finish())
}

/// What all families but GPT-2 call the same.
fn common(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    writer.count("block_count", "num_hidden_layers")?;
    writer.count("embedding_length", "hidden_size")?;
    writer.count("attention.head_count", "num_attention_heads")?;
    writer.count_opt("feed_forward_length", "intermediate_size")?;
    writer.count_opt("context_length", "max_position_embeddings")?;
    writer.float_opt("attention.layer_norm_epsilon", "layer_norm_eps")
}

/// Llama and its kin.
fn rotary_decoder(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    common(writer)?;
    writer.count_opt("attention.head_count_kv", "num_key_value_heads")?;
    let head = writer.head_width()?;
    writer.set("head_dim", head);
    writer.float_opt("attention.layer_norm_rms_epsilon", "rms_norm_eps")?;
    writer.float_opt("rope.freq_base", "rope_theta")?;
    writer.rotary_scaling()
}

/// Llama, Mistral and, with experts, Mixtral.
fn llama(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    rotary_decoder(writer)?;
    if writer.count_of("expert_count")?.is_some_and(|n| n > 0) {
        writer.set("model_type", "mixtral");
        writer.count("expert_count", "num_local_experts")?;
        writer.count("expert_used_count", "num_experts_per_tok")?;
    }
    if writer.float_of("rope.freq_base")?.is_none() {
        writer.set("rope_theta", 10_000.0);
    }
    Ok(())
}

fn qwen3_moe(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    rotary_decoder(writer)?;
    writer.count("expert_count", "num_experts")?;
    writer.count("expert_used_count", "num_experts_per_tok")?;
    writer.count("expert_feed_forward_length", "moe_intermediate_size")?;
    // The files do not say so, and all such models do it.
    writer.set("norm_topk_prob", true);
    Ok(())
}

/// Gemma's scale of scores, which the files do not say: the width of a head, except in the largest
/// model of a generation, which has `blocks` blocks.
fn gemma_scale(writer: &mut ConfigWriter<'_>, blocks: u64) -> Result<(), GgufError> {
    let heads = writer.count_of("attention.head_count")?.unwrap_or(0).max(1);
    let scale = if writer.count_of("block_count")? == Some(blocks) {
        writer.count_of("embedding_length")?.unwrap_or(0) / heads
    } else {
        writer.head_width()?
    };
    writer.set("query_pre_attn_scalar", scale);
    writer.count_opt("attention.sliding_window", "sliding_window")
}

fn gemma2(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    rotary_decoder(writer)?;
    writer.float_opt("attn_logit_softcapping", "attn_logit_softcapping")?;
    gemma_scale(writer, 46)
}

fn gemma3(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    rotary_decoder(writer)?;
    gemma_scale(writer, 62)?;
    writer.float_opt("rope.freq_base_swa", "rope_local_base_freq")?;
    match writer.numbers_of("attention.sliding_window_pattern")? {
        Some(every) if every.len() == 1 => {
            writer.count_opt("attention.sliding_window_pattern", "sliding_window_pattern")
        }
        Some(windows) => {
            let kind = |&window: &f64| match window {
                0.0 => "full_attention",
                _ => "sliding_attention",
            };
            let kinds = windows.iter().map(kind).collect::<Vec<_>>();
            writer.set("layer_types", kinds);
            Ok(())
        }
        None => Ok(()),
    }
}

fn phi3(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    rotary_decoder(writer)?;
    writer.rotated_fraction("partial_rotary_factor")?;
    if writer.count_of("attention.sliding_window")? != Some(0) {
        writer.count_opt("attention.sliding_window", "sliding_window")?;
    }
    Ok(())
}

fn gpt2(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    writer.count("block_count", "n_layer")?;
    writer.count("embedding_length", "n_embd")?;
    writer.count("attention.head_count", "n_head")?;
    writer.count_opt("feed_forward_length", "n_inner")?;
    writer.rows("position_embd.weight", "n_positions");
    writer.float_opt("attention.layer_norm_epsilon", "layer_norm_epsilon")
}

fn gpt_neox(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    common(writer)?;
    writer.flag_opt("use_parallel_residual", "use_parallel_residual")?;
    writer.float_opt("rope.freq_base", "rotary_emb_base")?;
    writer.rotated_fraction("rotary_pct")
}

fn falcon(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    common(writer)?;
    let keys = writer.count_of("attention.head_count_kv")?.unwrap_or(1);
    // The first generation has one key head, the second several.
    writer.set("new_decoder_architecture", keys > 1);
    writer.set("num_kv_heads", keys);
    let own_norm = writer.gguf.contains("blk.0.attn_norm_2.weight");
    writer.set("num_ln_in_parallel_attn", if own_norm { 2 } else { 1 });
    writer.count_opt("feed_forward_length", "ffn_hidden_size")?;
    writer.float_opt("attention.layer_norm_epsilon", "layer_norm_epsilon")?;
    writer.float_opt("rope.freq_base", "rope_theta")
}

fn stablelm(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    rotary_decoder(writer)?;
    writer.rotated_fraction("partial_rotary_factor")?;
    writer.flag_opt("use_parallel_residual", "use_parallel_residual")?;
    let normed = writer.gguf.contains("blk.0.attn_q_norm.weight");
    writer.set("qk_layernorm", normed);
    Ok(())
}

/// BERT, RoBERTa and XLM-RoBERTa, whose tables of positions lack the unused rows.
fn bert(writer: &mut ConfigWriter<'_>) -> Result<(), GgufError> {
    common(writer)?;
    writer.rows("position_embd.weight", "max_position_embeddings");
    writer.rows("token_types.weight", "type_vocab_size");
    writer.set("is_decoder", Value::Bool(false));
    Ok(())
}
