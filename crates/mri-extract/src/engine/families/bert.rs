//! Encoders of BERT's kind: learned positions, a norm after each part of a block.

use mri_core::ModelKind;

use super::activation;
use crate::engine::ModelError;
use crate::engine::config::Config;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Embedding, LearnedPositions, Mlp, Norm, NormKind,
    Part, Projection, QkvLayout, ScoreBias, TransformerSpec, WeightNames,
};

const BERT_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embeddings.word_embeddings"),
    (Part::Positions, "embeddings.position_embeddings"),
    (Part::TokenTypes, "embeddings.token_type_embeddings"),
    (Part::EmbeddingNorm, "embeddings.LayerNorm"),
    (Part::EmbeddingProjection, "embeddings_project"),
    (Part::Query, "encoder.layer.{}.attention.self.query"),
    (Part::Key, "encoder.layer.{}.attention.self.key"),
    (Part::Value, "encoder.layer.{}.attention.self.value"),
    (Part::Output, "encoder.layer.{}.attention.output.dense"),
    (
        Part::AfterAttn,
        "encoder.layer.{}.attention.output.LayerNorm",
    ),
    (Part::Up, "encoder.layer.{}.intermediate.dense"),
    (Part::Down, "encoder.layer.{}.output.dense"),
    (Part::AfterMlp, "encoder.layer.{}.output.LayerNorm"),
];

const DISTILBERT_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embeddings.word_embeddings"),
    (Part::Positions, "embeddings.position_embeddings"),
    (Part::EmbeddingNorm, "embeddings.LayerNorm"),
    (Part::Query, "transformer.layer.{}.attention.q_lin"),
    (Part::Key, "transformer.layer.{}.attention.k_lin"),
    (Part::Value, "transformer.layer.{}.attention.v_lin"),
    (Part::Output, "transformer.layer.{}.attention.out_lin"),
    (Part::AfterAttn, "transformer.layer.{}.sa_layer_norm"),
    (Part::Up, "transformer.layer.{}.ffn.lin1"),
    (Part::Down, "transformer.layer.{}.ffn.lin2"),
    (Part::AfterMlp, "transformer.layer.{}.output_layer_norm"),
];

const MPNET_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embeddings.word_embeddings"),
    (Part::Positions, "embeddings.position_embeddings"),
    (Part::EmbeddingNorm, "embeddings.LayerNorm"),
    (Part::RelativeBias, "encoder.relative_attention_bias"),
    (Part::Query, "encoder.layer.{}.attention.attn.q"),
    (Part::Key, "encoder.layer.{}.attention.attn.k"),
    (Part::Value, "encoder.layer.{}.attention.attn.v"),
    (Part::Output, "encoder.layer.{}.attention.attn.o"),
    (Part::AfterAttn, "encoder.layer.{}.attention.LayerNorm"),
    (Part::Up, "encoder.layer.{}.intermediate.dense"),
    (Part::Down, "encoder.layer.{}.output.dense"),
    (Part::AfterMlp, "encoder.layer.{}.output.LayerNorm"),
];

/// What the members of the kin call their entries.
struct Names {
    width: &'static str,
    heads: &'static str,
    blocks: &'static str,
    neurons: &'static str,
    activation: &'static str,
}

const NAMES: Names = Names {
    width: "hidden_size",
    heads: "num_attention_heads",
    blocks: "num_hidden_layers",
    neurons: "intermediate_size",
    activation: "hidden_act",
};

/// BERT (Devlin et al. 2019, arXiv:1810.04805).
pub(super) fn bert(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut spec = encoder(config, &NAMES, BERT_PARTS, &["", "bert."])?;
    spec.embedding.token_types = Some(config.count_or("type_vocab_size", 2)?);
    Ok(spec)
}

/// RoBERTa (Liu et al. 2019, arXiv:1907.11692) and XLM-RoBERTa: positions start after the padding
/// id.
pub(super) fn roberta(config: &Config) -> Result<TransformerSpec, ModelError> {
    let prefixes = &["", "roberta.", "xlm_roberta."];
    let mut spec = encoder(config, &NAMES, BERT_PARTS, prefixes)?;
    spec.embedding.token_types = Some(config.count_or("type_vocab_size", 2)?);
    shift_positions(
        config,
        &mut spec,
        config.index_opt("pad_token_id")?.unwrap_or(1),
    )?;
    Ok(spec)
}

/// ELECTRA (Clark et al. 2020, arXiv:2003.10555): a narrower embedding with a map to the blocks.
pub(super) fn electra(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut spec = encoder(config, &NAMES, BERT_PARTS, &["", "electra."])?;
    spec.embedding.token_types = Some(config.count_or("type_vocab_size", 2)?);
    spec.embedding.width = config.count_or("embedding_size", 128)?;
    if spec.embedding.width != spec.width {
        spec.embedding.projection = Some(Projection {
            bias: true,
            before_positions: false,
        });
    }
    Ok(spec)
}

/// DistilBERT (Sanh et al. 2019, arXiv:1910.01108).
pub(super) fn distilbert(config: &Config) -> Result<TransformerSpec, ModelError> {
    let names = Names {
        width: "dim",
        heads: "n_heads",
        blocks: "n_layers",
        neurons: "hidden_dim",
        activation: "activation",
    };
    encoder(config, &names, DISTILBERT_PARTS, &["", "distilbert."])
}

/// MPNet (Song et al. 2020, arXiv:2004.09297): positions start after the padding id, and learned
/// numbers by distance are added to the scores.
pub(super) fn mpnet(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut spec = encoder(config, &NAMES, MPNET_PARTS, &["", "mpnet."])?;
    // Fixed by the architecture, whatever the configuration says.
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

/// Positions start one after the padding id, which tokens of that id get and do not count in.
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
    names: &Names,
    parts: &'static [(Part, &'static str)],
    prefixes: &'static [&'static str],
) -> Result<TransformerSpec, ModelError> {
    if config.flag_or("is_decoder", false)? {
        return Err(config.unsupported("is_decoder", "; only encoders are"));
    }
    if !matches!(
        config.text_opt("position_embedding_type")?,
        None | Some("absolute")
    ) {
        return Err(config.unsupported("position_embedding_type", "; only absolute is"));
    }
    let width = config.count(names.width)?;
    let heads = config.count(names.heads)?;
    let head_width = config.even(names.heads, width, heads)?;
    let norm = Norm {
        kind: NormKind::Layer { bias: true },
        eps: config.float_or("layer_norm_eps", 1e-12)?,
    };
    let rows = config.count("max_position_embeddings")?;
    let block = Block {
        norms: BlockNorms {
            after_attn: Some(norm),
            after_mlp: Some(norm),
            ..BlockNorms::default()
        },
        attention: Attention {
            qkv_bias: true,
            out_bias: true,
            causal: false,
            ..super::attention(heads, heads, head_width, QkvLayout::Separate)
        },
        mlp: Mlp::Plain {
            width: config.count(names.neurons)?,
            activation: activation(config, names.activation, Activation::Gelu)?,
            bias: true,
        },
        parallel: false,
    };
    Ok(TransformerSpec {
        family: super::family(config)?,
        kind: ModelKind::Encoder,
        vocab_size: config.count("vocab_size")?,
        width,
        max_length: Some(rows),
        embedding: Embedding {
            positions: Some(LearnedPositions {
                rows,
                offset: 0,
                uncounted: None,
            }),
            norm: Some(norm),
            ..super::embedding(width)
        },
        blocks: vec![block; config.blocks(names.blocks)?],
        final_norm: None,
        weights: WeightNames {
            prefixes,
            parts,
            transposed: false,
        },
    })
}
