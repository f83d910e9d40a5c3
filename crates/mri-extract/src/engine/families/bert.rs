//! Encoders of BERT's kind: learned positions, a norm after each part of a block.

use mri_core::ModelKind;

use super::activation;
use crate::engine::ModelError;
use crate::engine::config::Config;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Embedding, LearnedPositions, Mlp, Norm, NormKind,
    Part, QkvLayout, TransformerSpec, WeightNames,
};

const BERT_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embeddings.word_embeddings"),
    (Part::Positions, "embeddings.position_embeddings"),
    (Part::TokenTypes, "embeddings.token_type_embeddings"),
    (Part::EmbeddingNorm, "embeddings.LayerNorm"),
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

/// BERT (Devlin et al. 2019, arXiv:1810.04805).
pub(super) fn bert(config: &Config) -> Result<TransformerSpec, ModelError> {
    if config.flag_or("is_decoder", false)? {
        return Err(config.unsupported("is_decoder", "; only encoders are"));
    }
    if !matches!(
        config.text_opt("position_embedding_type")?,
        None | Some("absolute")
    ) {
        return Err(config.unsupported("position_embedding_type", "; only absolute is"));
    }
    let width = config.count("hidden_size")?;
    let heads = config.count("num_attention_heads")?;
    let head_width = config.even("num_attention_heads", width, heads)?;
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
            heads,
            kv_heads: heads,
            head_width,
            layout: QkvLayout::Separate,
            qkv_bias: true,
            out_bias: true,
            scale: 1.0 / (head_width as f64).sqrt(),
            causal: false,
            window: None,
        },
        mlp: Mlp::Plain {
            width: config.count("intermediate_size")?,
            activation: activation(config, "hidden_act", Activation::Gelu)?,
            bias: true,
        },
        parallel: false,
    };
    Ok(TransformerSpec {
        family: "bert".to_owned(),
        kind: ModelKind::Encoder,
        vocab_size: config.count("vocab_size")?,
        width,
        max_length: Some(rows),
        embedding: Embedding {
            width,
            scale: None,
            positions: Some(LearnedPositions {
                rows,
                offset: 0,
                uncounted: None,
            }),
            token_types: Some(config.count_or("type_vocab_size", 2)?),
            norm: Some(norm),
            projection: None,
        },
        blocks: vec![block; config.blocks("num_hidden_layers")?],
        final_norm: None,
        weights: WeightNames {
            prefixes: &["", "bert."],
            parts: BERT_PARTS,
            transposed: false,
        },
    })
}
