//! Llama and Mistral, and the base of the decoders derived from them: rotary positions, RMSNorm,
//! gated MLP.

use mri_core::ModelKind;

use super::common::{activation, family, sliding_blocks};
use super::rotary::RotaryReader;
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Mlp, Norm, NormKind, QkNorm, QkNormOver, QkvLayout,
    TokenEmbedding, TransformerSpec, WeightNames, WeightRole,
};

/// The names that most derived families share; roles that a family lacks are never looked up.
pub(super) const LLAMA_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embed_tokens"),
    (WeightRole::AttnIn, "layers.{}.input_layernorm"),
    (WeightRole::Query, "layers.{}.self_attn.q_proj"),
    (WeightRole::Key, "layers.{}.self_attn.k_proj"),
    (WeightRole::Value, "layers.{}.self_attn.v_proj"),
    (WeightRole::QueryNorm, "layers.{}.self_attn.q_norm"),
    (WeightRole::KeyNorm, "layers.{}.self_attn.k_norm"),
    (WeightRole::Output, "layers.{}.self_attn.o_proj"),
    (WeightRole::MlpIn, "layers.{}.post_attention_layernorm"),
    (WeightRole::Gate, "layers.{}.mlp.gate_proj"),
    (WeightRole::Up, "layers.{}.mlp.up_proj"),
    (WeightRole::Down, "layers.{}.mlp.down_proj"),
    (WeightRole::Router, "layers.{}.mlp.gate"),
    (
        WeightRole::ExpertGate,
        "layers.{}.mlp.experts.{e}.gate_proj",
    ),
    (WeightRole::ExpertUp, "layers.{}.mlp.experts.{e}.up_proj"),
    (
        WeightRole::ExpertDown,
        "layers.{}.mlp.experts.{e}.down_proj",
    ),
    (WeightRole::FinalNorm, "norm"),
];

pub(super) const RMS: NormKind = NormKind::Rms { one_plus: false };

/// What derived families start from: Llama without biases, all blocks equal.
pub(super) struct LlamaBase<'a> {
    pub(super) config: &'a Config,
    pub(super) width: usize,
    pub(super) norm: Norm,
    pub(super) attention: Attention,
    pub(super) rotary: RotaryReader<'a>,
    pub(super) n_blocks: usize,
}

impl<'a> LlamaBase<'a> {
    /// Reads the common entries of `config.json`; `eps` is the entry of the norms' epsilon.
    pub(super) fn read(config: &'a Config, kind: NormKind, eps: &str) -> Result<Self, ModelError> {
        let width = config.count("hidden_size")?;
        let heads = config.count("num_attention_heads")?;
        let kv_heads = config.count_or("num_key_value_heads", heads)?;
        config.exact_quotient("num_key_value_heads", heads, kv_heads)?;
        let head_width = match config.count_opt("head_dim")? {
            Some(width) => width,
            None => config.exact_quotient("num_attention_heads", width, heads)?,
        };
        Ok(Self {
            config,
            width,
            norm: Norm {
                kind,
                eps: config.epsilon_or(eps, 1e-6)?,
            },
            attention: Attention::new(heads, kv_heads, head_width, QkvLayout::Separate),
            rotary: RotaryReader::new(config, head_width),
            n_blocks: config.blocks("num_hidden_layers")?,
        })
    }

    /// A SwiGLU network without biases.
    pub(super) fn gated(&self) -> Result<Mlp, ModelError> {
        Ok(Mlp::Gated {
            width: self.config.count("intermediate_size")?,
            activation: activation(self.config, "hidden_act", Activation::Silu)?,
            bias: false,
            stacked: false,
        })
    }

    /// A pre-norm block.
    pub(super) fn block(&self, mlp: Mlp) -> Result<Block, ModelError> {
        let attention = Attention {
            rotary: Some(self.rotary.read()?),
            ..self.attention.clone()
        };
        Ok(Block {
            norms: BlockNorms::pre(self.norm),
            ..Block::new(attention, mlp)
        })
    }

    /// A pre-norm block whose attention and MLP may have biases, as `attention_bias` and `mlp_bias`
    /// say.
    pub(super) fn biased_block(&self) -> Result<Block, ModelError> {
        let mut mlp = self.gated()?;
        if let Mlp::Gated { bias, .. } = &mut mlp {
            *bias = self.config.bool_or("mlp_bias", false)?;
        }
        let mut block = self.block(mlp)?;
        let bias = self.config.bool_or("attention_bias", false)?;
        (block.attention.qkv_bias, block.attention.out_bias) = (bias, bias);
        Ok(block)
    }

    /// The whole model.
    pub(super) fn spec(
        self,
        blocks: Vec<Block>,
        names: &'static [(WeightRole, &'static str)],
    ) -> Result<TransformerSpec, ModelError> {
        let config = self.config;
        // A family that reads the entry has made its blocks so.
        let causal = blocks.iter().all(|block| block.attention.causal);
        if config.bool_or("use_bidirectional_attention", false)? && causal {
            return Err(config.unsupported("use_bidirectional_attention", "; only false is"));
        }
        Ok(TransformerSpec {
            family: family(config)?,
            kind: match causal {
                true => ModelKind::Decoder,
                false => ModelKind::Encoder,
            },
            vocab_size: config.count("vocab_size")?,
            width: self.width,
            max_length: config.count_opt("max_position_embeddings")?,
            embedding: TokenEmbedding::new(self.width),
            blocks,
            final_norm: Some(self.norm),
            weights: WeightNames {
                prefixes: &["model.", ""],
                names,
                transposed: false,
            },
            tied: false,
            quantization: None,
            unread: Vec::new(),
        })
    }

    /// A norm over each head of queries and keys.
    pub(super) fn head_norm(&self) -> QkNorm {
        QkNorm {
            norm: self.norm,
            over: QkNormOver::Head,
        }
    }
}

/// The blocks of a model some of which have a sliding window; `default` says which if the
/// configuration does not.
pub(super) fn with_windows(
    config: &Config,
    block: &Block,
    n_blocks: usize,
    default: impl Fn(usize) -> bool,
) -> Result<Vec<Block>, ModelError> {
    let window = config.count_opt("sliding_window")?;
    let sliding = sliding_blocks(config, n_blocks, default)?.into_iter();
    let blocks = sliding.map(|sliding| {
        let mut block = block.clone();
        block.attention.window = window.filter(|_| sliding);
        block
    });
    Ok(blocks.collect())
}

/// Llama 1 to 3 (Touvron et al. 2023, arXiv:2302.13971), SmolLM and many others.
pub(super) fn llama(config: &Config) -> Result<TransformerSpec, ModelError> {
    let base = LlamaBase::read(config, RMS, "rms_norm_eps")?;
    let blocks = vec![base.biased_block()?; base.n_blocks];
    base.spec(blocks, LLAMA_WEIGHTS)
}

/// Mistral (Jiang et al. 2023, arXiv:2310.06825): Llama with a sliding window.
pub(super) fn mistral(config: &Config) -> Result<TransformerSpec, ModelError> {
    let base = LlamaBase::read(config, RMS, "rms_norm_eps")?;
    let block = base.block(base.gated()?)?;
    let blocks = with_windows(config, &block, base.n_blocks, |_| true)?;
    base.spec(blocks, LLAMA_WEIGHTS)
}

/// Sets the width of a head that `head_dim` or else the family defines.
pub(super) fn default_head_width(base: &mut LlamaBase<'_>, width: usize) -> Result<(), ModelError> {
    let width = base.config.count_or("head_dim", width)?;
    let Attention {
        heads, kv_heads, ..
    } = base.attention;
    base.attention = Attention::new(heads, kv_heads, width, QkvLayout::Separate);
    base.rotary.head_width = width;
    Ok(())
}

/// The experts that a router selects per token.
pub(super) fn experts_per_token(
    config: &Config,
    count: usize,
    default: usize,
) -> Result<usize, ModelError> {
    let per_token = config.count_or("num_experts_per_tok", default)?;
    if per_token > count {
        let problem = format!("{per_token} of {count} experts");
        return Err(config.bad("num_experts_per_tok", problem));
    }
    Ok(per_token)
}
