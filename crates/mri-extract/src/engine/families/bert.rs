//! Post-norm encoders with learned positions: BERT and the models derived from it.

use mri_core::ModelKind;

use super::common::{activation, family};
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, EmbeddingProjection, LearnedPositions, Mlp, Norm,
    NormKind, QkvLayout, ScoreBias, TokenEmbedding, TransformerSpec, WeightNames, WeightRole,
};

const BERT_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embeddings.word_embeddings"),
    (WeightRole::Positions, "embeddings.position_embeddings"),
    (WeightRole::TokenTypes, "embeddings.token_type_embeddings"),
    (WeightRole::EmbeddingNorm, "embeddings.LayerNorm"),
    (WeightRole::EmbeddingProjection, "embeddings_project"),
    (WeightRole::Query, "encoder.layer.{}.attention.self.query"),
    (WeightRole::Key, "encoder.layer.{}.attention.self.key"),
    (WeightRole::Value, "encoder.layer.{}.attention.self.value"),
    (
        WeightRole::Output,
        "encoder.layer.{}.attention.output.dense",
    ),
    (
        WeightRole::AfterAttn,
        "encoder.layer.{}.attention.output.LayerNorm",
    ),
    (WeightRole::Up, "encoder.layer.{}.intermediate.dense"),
    (WeightRole::Down, "encoder.layer.{}.output.dense"),
    (WeightRole::AfterMlp, "encoder.layer.{}.output.LayerNorm"),
];

const DISTILBERT_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embeddings.word_embeddings"),
    (WeightRole::Positions, "embeddings.position_embeddings"),
    (WeightRole::EmbeddingNorm, "embeddings.LayerNorm"),
    (WeightRole::Query, "transformer.layer.{}.attention.q_lin"),
    (WeightRole::Key, "transformer.layer.{}.attention.k_lin"),
    (WeightRole::Value, "transformer.layer.{}.attention.v_lin"),
    (WeightRole::Output, "transformer.layer.{}.attention.out_lin"),
    (WeightRole::AfterAttn, "transformer.layer.{}.sa_layer_norm"),
    (WeightRole::Up, "transformer.layer.{}.ffn.lin1"),
    (WeightRole::Down, "transformer.layer.{}.ffn.lin2"),
    (
        WeightRole::AfterMlp,
        "transformer.layer.{}.output_layer_norm",
    ),
];

const MPNET_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embeddings.word_embeddings"),
    (WeightRole::Positions, "embeddings.position_embeddings"),
    (WeightRole::EmbeddingNorm, "embeddings.LayerNorm"),
    (WeightRole::RelativeBias, "encoder.relative_attention_bias"),
    (WeightRole::Query, "encoder.layer.{}.attention.attn.q"),
    (WeightRole::Key, "encoder.layer.{}.attention.attn.k"),
    (WeightRole::Value, "encoder.layer.{}.attention.attn.v"),
    (WeightRole::Output, "encoder.layer.{}.attention.attn.o"),
    (
        WeightRole::AfterAttn,
        "encoder.layer.{}.attention.LayerNorm",
    ),
    (WeightRole::Up, "encoder.layer.{}.intermediate.dense"),
    (WeightRole::Down, "encoder.layer.{}.output.dense"),
    (WeightRole::AfterMlp, "encoder.layer.{}.output.LayerNorm"),
];

/// The entries of `config.json`, which the families call differently.
struct Entries {
    width: &'static str,
    heads: &'static str,
    blocks: &'static str,
    neurons: &'static str,
    activation: &'static str,
}

const ENTRIES: Entries = Entries {
    width: "hidden_size",
    heads: "num_attention_heads",
    blocks: "num_hidden_layers",
    neurons: "intermediate_size",
    activation: "hidden_act",
};

/// BERT (Devlin et al. 2019, arXiv:1810.04805).
pub(super) fn bert(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut spec = encoder(config, &ENTRIES, BERT_WEIGHTS, &["", "bert."])?;
    spec.embedding.token_types = Some(config.count_or("type_vocab_size", 2)?);
    Ok(spec)
}

/// RoBERTa (Liu et al. 2019, arXiv:1907.11692) and XLM-RoBERTa: positions start
/// after the padding id.
pub(super) fn roberta(config: &Config) -> Result<TransformerSpec, ModelError> {
    let prefixes = &["", "roberta.", "xlm_roberta."];
    let mut spec = encoder(config, &ENTRIES, BERT_WEIGHTS, prefixes)?;
    spec.embedding.token_types = Some(config.count_or("type_vocab_size", 2)?);
    shift_positions(
        config,
        &mut spec,
        config.u32_opt("pad_token_id")?.unwrap_or(1),
    )?;
    Ok(spec)
}

/// ELECTRA (Clark et al. 2020, arXiv:2003.10555): a narrower embedding and a
/// projection to the width of the blocks.
pub(super) fn electra(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut spec = encoder(config, &ENTRIES, BERT_WEIGHTS, &["", "electra."])?;
    spec.embedding.token_types = Some(config.count_or("type_vocab_size", 2)?);
    spec.embedding.width = config.count_or("embedding_size", 128)?;
    if spec.embedding.width != spec.width {
        spec.embedding.projection = Some(EmbeddingProjection {
            bias: true,
            before_positions: false,
        });
    }
    Ok(spec)
}

/// DistilBERT (Sanh et al. 2019, arXiv:1910.01108).
pub(super) fn distilbert(config: &Config) -> Result<TransformerSpec, ModelError> {
    let entries = Entries {
        width: "dim",
        heads: "n_heads",
        blocks: "n_layers",
        neurons: "hidden_dim",
        activation: "activation",
    };
    encoder(config, &entries, DISTILBERT_WEIGHTS, &["", "distilbert."])
}

/// MPNet (Song et al. 2020, arXiv:2004.09297): positions start after the padding id, and a
/// learned bias by relative position is added to the scores.
pub(super) fn mpnet(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut spec = encoder(config, &ENTRIES, MPNET_WEIGHTS, &["", "mpnet."])?;
    // A constant of the architecture, not of the configuration.
    const PADDING: u32 = 1;
    shift_positions(config, &mut spec, PADDING)?;
    let rows = config.count_or("relative_attention_num_buckets", 32)?;
    if rows < 32 {
        return Err(config.unsupported("relative_attention_num_buckets", "; 32 or more are"));
    }
    for block in &mut spec.blocks {
        block.attention.bias = ScoreBias::Relative {
            buckets: 32,
            max_distance: 128,
            rows,
        };
    }
    Ok(spec)
}

/// Position embeddings start at `padding + 1`; padding tokens get row `padding` and do not count.
fn shift_positions(
    config: &Config,
    spec: &mut TransformerSpec,
    padding: u32,
) -> Result<(), ModelError> {
    let Some(positions) = &mut spec.embedding.positions else {
        return Ok(());
    };
    positions.offset = padding as usize + 1;
    positions.uncounted = Some(padding);
    if positions.rows <= positions.offset {
        return Err(config.bad(
            "max_position_embeddings",
            "leaves no position for any token",
        ));
    }
    spec.max_length = Some(positions.rows - positions.offset);
    Ok(())
}

fn encoder(
    config: &Config,
    entries: &Entries,
    names: &'static [(WeightRole, &'static str)],
    prefixes: &'static [&'static str],
) -> Result<TransformerSpec, ModelError> {
    if config.bool_or("is_decoder", false)? {
        return Err(config.unsupported("is_decoder", "; only encoders are"));
    }
    if !matches!(
        config.string_opt("position_embedding_type")?,
        None | Some("absolute")
    ) {
        return Err(config.unsupported("position_embedding_type", "; only absolute is"));
    }
    let width = config.count(entries.width)?;
    let heads = config.count(entries.heads)?;
    let head_width = config.exact_quotient(entries.heads, width, heads)?;
    let norm = Norm {
        kind: NormKind::Layer { bias: true },
        eps: config.epsilon_or("layer_norm_eps", 1e-12)?,
    };
    let rows = config.count("max_position_embeddings")?;
    let attention = Attention {
        qkv_bias: true,
        out_bias: true,
        causal: false,
        ..Attention::new(heads, heads, head_width, QkvLayout::Separate)
    };
    let mlp = Mlp::Plain {
        width: config.count(entries.neurons)?,
        activation: activation(config, entries.activation, Activation::Gelu)?,
        bias: true,
    };
    let block = Block {
        norms: BlockNorms::post(norm),
        ..Block::new(attention, mlp)
    };
    Ok(TransformerSpec {
        family: family(config)?,
        kind: ModelKind::Encoder,
        vocab_size: config.count("vocab_size")?,
        width,
        max_length: Some(rows),
        embedding: TokenEmbedding {
            positions: Some(LearnedPositions {
                rows,
                offset: 0,
                uncounted: None,
            }),
            norm: Some(norm),
            ..TokenEmbedding::new(width)
        },
        blocks: vec![block; config.blocks(entries.blocks)?],
        final_norm: None,
        weights: WeightNames {
            prefixes,
            names,
            transposed: false,
        },
        tied: false,
        quantization: None,
        unread: Vec::new(),
    })
}
