//! Entries of `config.json` that no family reads: known to be harmless, refused, or unknown.
//!
//! What a family reads is what its function asks of [`Config`] for. Of the rest, an entry that is
//! known to change the states of a model is an error unless its value switches it off; one that is
//! known to change nothing is passed over; all others are listed for the caller to name.

use serde_json::Value;

use crate::engine::config::Config;
use crate::engine::error::ModelError;

/// Entries that change what some transformer computes. A family that understands one reads it.
const REFUSED: &[&str] = &[
    "add_cross_attention",
    "alibi",
    "apply_residual_connection_post_layernorm",
    "attention_bias",
    "attention_chunk_size",
    "attention_multiplier",
    "attn_logit_softcapping",
    "attn_output_gate",
    "attn_temperature_tuning",
    "clip_qkv",
    "embedding_multiplier",
    "first_k_dense_replace",
    "hidden_size_per_layer_input",
    "kv_lora_rank",
    "layer_norm_type",
    "memory_length",
    "mlp_bias",
    "n_shared_experts",
    "no_rope_layer_interval",
    "no_rope_layers",
    "num_kv_shared_layers",
    "num_memory_tokens",
    "per_layer_config",
    "post_layer_norm",
    "prefix_lm",
    "pruned_heads",
    "q_lora_rank",
    "residual_multiplier",
    "rope_interleaved",
    "rotary_interleaved",
    "scale_depth",
    "scale_emb",
    "scale_embedding",
    "shared_expert_intermediate_size",
    "use_bidirectional_attention",
    "use_mrope",
    "use_qk_norm",
];

/// Entries that change no state: training, generation, heads, names, and defaults of the class of
/// all configurations in transformers. Entries of rotary positions are read where they apply, and
/// `tie_last_hidden_states` only chooses which of two recorded states transformers shows.
const HARMLESS: &[&str] = &[
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_flash_attn_2_enabled",
    "_name_or_path",
    "_num_labels",
    "_remove_final_layer_norm",
    "_sliding_window_pattern",
    "adapters",
    "architectures",
    "attention_dropout",
    "attention_probs_dropout_prob",
    "attention_types",
    "attn_implementation",
    "attn_pdrop",
    "bad_words_ids",
    "begin_suppress_tokens",
    "bos_token",
    "bos_token_id",
    "cache_implementation",
    "chunk_size_feed_forward",
    "classifier_activation",
    "classifier_bias",
    "classifier_dropout",
    "classifier_dropout_prob",
    "classifier_pooling",
    "cls_token_id",
    "cross_attention_hidden_size",
    "decoder_bias",
    "decoder_start_token_id",
    "dense_act_fn",
    "deterministic_flash_attn",
    "directionality",
    "diversity_penalty",
    "do_sample",
    "dropout",
    "dropout_rate",
    "dtype",
    "early_stopping",
    "embd_pdrop",
    "embed_dropout",
    "embedding_dropout",
    "encoder_no_repeat_ngram_size",
    "eos_token",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "final_logit_softcapping",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "global_attn_every_n_layers",
    "global_rope_theta",
    "gradient_checkpointing",
    "gradient_checkpointing_use_reentrant",
    "hidden_dropout",
    "hidden_dropout_prob",
    "id2label",
    "init_std",
    "initializer_cutoff_factor",
    "initializer_factor",
    "initializer_range",
    "is_causal",
    "is_composition",
    "is_decoder",
    "is_encoder_decoder",
    "is_gated_act",
    "is_llama_config",
    "label2id",
    "label_smoothing",
    "language",
    "layer_norm_eps",
    "layer_types",
    "layerdrop",
    "length_penalty",
    "local_rope_theta",
    "logits_scaling",
    "max_length",
    "max_new_tokens",
    "max_position_embeddings",
    "max_sequence_length",
    "max_window_layers",
    "min_length",
    "mlp_dropout",
    "model_max_length",
    "model_type",
    "multi_query",
    "n_ctx",
    "n_positions",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_decoder_layers",
    "num_kv_heads",
    "num_labels",
    "num_return_sequences",
    "original_max_position_embeddings",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "output_router_logits",
    "output_scores",
    "pad_token_id",
    "partial_rotary_factor",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
    "position_embedding_type",
    "predict_special_tokens",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "qa_dropout",
    "quantization_config",
    "reference_compile",
    "remove_invalid_values",
    "reorder_and_upcast_attn",
    "repad_logits_with_grad",
    "repetition_penalty",
    "resid_dropout",
    "resid_pdrop",
    "return_dict",
    "return_dict_in_generate",
    "rope_local_base_freq",
    "rope_parameters",
    "rope_scaling",
    "rope_theta",
    "rotary",
    "rotary_emb_base",
    "rotary_pct",
    "router_aux_loss_coef",
    "router_jitter_noise",
    "scale_attn_weights",
    "scale_decoder_outputs",
    "sep_token_id",
    "seq_classif_dropout",
    "sinusoidal_pos_embds",
    "sliding_window",
    "sparse_pred_ignore_index",
    "sparse_prediction",
    "summary_activation",
    "summary_first_dropout",
    "summary_last_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tie_encoder_decoder",
    "tie_last_hidden_states",
    "tie_weights_",
    "tie_word_embeddings",
    "tokenizer_class",
    "top_k",
    "top_p",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_js_config",
    "transformers_version",
    "type_vocab_size",
    "typical_p",
    "unsloth_fixed",
    "unsloth_version",
    "use_bfloat16",
    "use_cache",
    "use_flash_attention",
    "use_flash_attn",
    "vocab_size",
    "xla_device",
];

/// The unknown entries of a configuration, after its family has read its own.
pub(super) fn unread(config: &Config) -> Result<Vec<String>, ModelError> {
    let mut unknown = Vec::new();
    for (key, value) in config.unasked() {
        if HARMLESS.binary_search(&key).is_ok() {
            continue;
        }
        if REFUSED.contains(&key) {
            if is_on(value) {
                let hint = "; it changes what the model computes, and this family does not read it";
                return Err(config.unsupported(key, hint));
            }
            continue;
        }
        unknown.push(key.to_owned());
    }
    Ok(unknown)
}

/// Whether a value switches something on.
fn is_on(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_disjoint() {
        assert!(HARMLESS.is_sorted() && REFUSED.is_sorted());
        assert!(
            REFUSED
                .iter()
                .all(|key| HARMLESS.binary_search(key).is_err())
        );
    }
}
