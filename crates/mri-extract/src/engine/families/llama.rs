//! Decoders of Llama's kind: rotary positions, root mean square norms, gated neurons.

use mri_core::ModelKind;

use super::rotary::RotaryReader;
use super::{activation, attention, embedding, family, sliding_blocks};
use crate::engine::ModelError;
use crate::engine::config::Config;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Mlp, Norm, NormKind, Part, QkNorm, QkNormOver,
    QkvLayout, TransformerSpec, WeightNames,
};

/// Names that most of the kin share; parts that a family lacks are never asked for.
pub(super) const LLAMA_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embed_tokens"),
    (Part::AttnIn, "layers.{}.input_layernorm"),
    (Part::Query, "layers.{}.self_attn.q_proj"),
    (Part::Key, "layers.{}.self_attn.k_proj"),
    (Part::Value, "layers.{}.self_attn.v_proj"),
    (Part::QueryNorm, "layers.{}.self_attn.q_norm"),
    (Part::KeyNorm, "layers.{}.self_attn.k_norm"),
    (Part::Output, "layers.{}.self_attn.o_proj"),
    (Part::MlpIn, "layers.{}.post_attention_layernorm"),
    (Part::Gate, "layers.{}.mlp.gate_proj"),
    (Part::Up, "layers.{}.mlp.up_proj"),
    (Part::Down, "layers.{}.mlp.down_proj"),
    (Part::Router, "layers.{}.mlp.gate"),
    (Part::ExpertGate, "layers.{}.mlp.experts.{e}.gate_proj"),
    (Part::ExpertUp, "layers.{}.mlp.experts.{e}.up_proj"),
    (Part::ExpertDown, "layers.{}.mlp.experts.{e}.down_proj"),
    (Part::FinalNorm, "norm"),
];

/// Norms after each part only.
const OLMO2_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embed_tokens"),
    (Part::Query, "layers.{}.self_attn.q_proj"),
    (Part::Key, "layers.{}.self_attn.k_proj"),
    (Part::Value, "layers.{}.self_attn.v_proj"),
    (Part::QueryNorm, "layers.{}.self_attn.q_norm"),
    (Part::KeyNorm, "layers.{}.self_attn.k_norm"),
    (Part::Output, "layers.{}.self_attn.o_proj"),
    (Part::AttnOut, "layers.{}.post_attention_layernorm"),
    (Part::Gate, "layers.{}.mlp.gate_proj"),
    (Part::Up, "layers.{}.mlp.up_proj"),
    (Part::Down, "layers.{}.mlp.down_proj"),
    (Part::MlpOut, "layers.{}.post_feedforward_layernorm"),
    (Part::FinalNorm, "norm"),
];

const STABLELM_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embed_tokens"),
    (Part::AttnIn, "layers.{}.input_layernorm"),
    (Part::Query, "layers.{}.self_attn.q_proj"),
    (Part::Key, "layers.{}.self_attn.k_proj"),
    (Part::Value, "layers.{}.self_attn.v_proj"),
    (Part::QueryNorm, "layers.{}.self_attn.q_layernorm.norms.{h}"),
    (Part::KeyNorm, "layers.{}.self_attn.k_layernorm.norms.{h}"),
    (Part::Output, "layers.{}.self_attn.o_proj"),
    (Part::MlpIn, "layers.{}.post_attention_layernorm"),
    (Part::Gate, "layers.{}.mlp.gate_proj"),
    (Part::Up, "layers.{}.mlp.up_proj"),
    (Part::Down, "layers.{}.mlp.down_proj"),
    (Part::FinalNorm, "norm"),
];

const PHI_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embed_tokens"),
    (Part::AttnIn, "layers.{}.input_layernorm"),
    (Part::Query, "layers.{}.self_attn.q_proj"),
    (Part::Key, "layers.{}.self_attn.k_proj"),
    (Part::Value, "layers.{}.self_attn.v_proj"),
    (Part::QueryNorm, "layers.{}.self_attn.q_layernorm"),
    (Part::KeyNorm, "layers.{}.self_attn.k_layernorm"),
    (Part::Output, "layers.{}.self_attn.dense"),
    (Part::Up, "layers.{}.mlp.fc1"),
    (Part::Down, "layers.{}.mlp.fc2"),
    (Part::FinalNorm, "final_layernorm"),
];

const PHI3_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embed_tokens"),
    (Part::AttnIn, "layers.{}.input_layernorm"),
    (Part::Qkv, "layers.{}.self_attn.qkv_proj"),
    (Part::Output, "layers.{}.self_attn.o_proj"),
    (Part::MlpIn, "layers.{}.post_attention_layernorm"),
    (Part::GateUp, "layers.{}.mlp.gate_up_proj"),
    (Part::Down, "layers.{}.mlp.down_proj"),
    (Part::FinalNorm, "norm"),
];

const MIXTRAL_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embed_tokens"),
    (Part::AttnIn, "layers.{}.input_layernorm"),
    (Part::Query, "layers.{}.self_attn.q_proj"),
    (Part::Key, "layers.{}.self_attn.k_proj"),
    (Part::Value, "layers.{}.self_attn.v_proj"),
    (Part::Output, "layers.{}.self_attn.o_proj"),
    (Part::MlpIn, "layers.{}.post_attention_layernorm"),
    (Part::Router, "layers.{}.block_sparse_moe.gate"),
    (
        Part::ExpertGate,
        "layers.{}.block_sparse_moe.experts.{e}.w1",
    ),
    (Part::ExpertUp, "layers.{}.block_sparse_moe.experts.{e}.w3"),
    (
        Part::ExpertDown,
        "layers.{}.block_sparse_moe.experts.{e}.w2",
    ),
    (Part::FinalNorm, "norm"),
];

const RMS: NormKind = NormKind::Rms { one_plus: false };

/// What a family starts from: Llama without biases, all blocks alike.
pub(super) struct Base<'a> {
    pub(super) config: &'a Config,
    pub(super) width: usize,
    pub(super) norm: Norm,
    pub(super) attention: Attention,
    pub(super) rotary: RotaryReader<'a>,
    pub(super) n_blocks: usize,
}

impl<'a> Base<'a> {
    pub(super) fn read(config: &'a Config, kind: NormKind, eps: &str) -> Result<Self, ModelError> {
        let width = config.count("hidden_size")?;
        let heads = config.count("num_attention_heads")?;
        let kv_heads = config.count_or("num_key_value_heads", heads)?;
        config.even("num_key_value_heads", heads, kv_heads)?;
        let head_width = match config.count_opt("head_dim")? {
            Some(width) => width,
            None => config.even("num_attention_heads", width, heads)?,
        };
        Ok(Self {
            config,
            width,
            norm: Norm {
                kind,
                eps: config.float_or(eps, 1e-6)?,
            },
            attention: attention(heads, kv_heads, head_width, QkvLayout::Separate),
            rotary: RotaryReader::new(config, head_width),
            n_blocks: config.blocks("num_hidden_layers")?,
        })
    }

    fn gated(&self) -> Result<Mlp, ModelError> {
        Ok(Mlp::Gated {
            width: self.config.count("intermediate_size")?,
            activation: activation(self.config, "hidden_act", Activation::Silu)?,
            bias: false,
            stacked: false,
        })
    }

    /// A pre-norm block.
    pub(super) fn block(&self, mlp: Mlp) -> Result<Block, ModelError> {
        Ok(Block {
            norms: BlockNorms {
                attn_in: Some(self.norm),
                mlp_in: Some(self.norm),
                ..BlockNorms::default()
            },
            attention: Attention {
                rotary: Some(self.rotary.read()?),
                ..self.attention.clone()
            },
            mlp,
            parallel: false,
        })
    }

    pub(super) fn spec(
        self,
        blocks: Vec<Block>,
        parts: &'static [(Part, &'static str)],
    ) -> Result<TransformerSpec, ModelError> {
        let config = self.config;
        if config.flag_or("use_bidirectional_attention", false)? {
            return Err(config.unsupported("use_bidirectional_attention", "; only false is"));
        }
        Ok(TransformerSpec {
            family: family(config)?,
            kind: ModelKind::Decoder,
            vocab_size: config.count("vocab_size")?,
            width: self.width,
            max_length: config.count_opt("max_position_embeddings")?,
            embedding: embedding(self.width),
            blocks,
            final_norm: Some(self.norm),
            weights: WeightNames {
                prefixes: &["model.", ""],
                parts,
                transposed: false,
            },
        })
    }

    /// The norm of each head of queries and keys.
    pub(super) fn head_norm(&self) -> QkNorm {
        QkNorm {
            norm: self.norm,
            over: QkNormOver::Head,
        }
    }
}

/// The blocks of a model in which some look at a window only.
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
    let base = Base::read(config, RMS, "rms_norm_eps")?;
    let mut mlp = base.gated()?;
    if let Mlp::Gated { bias, .. } = &mut mlp {
        *bias = config.flag_or("mlp_bias", false)?;
    }
    let mut block = base.block(mlp)?;
    let bias = config.flag_or("attention_bias", false)?;
    (block.attention.qkv_bias, block.attention.out_bias) = (bias, bias);
    let blocks = vec![block; base.n_blocks];
    base.spec(blocks, LLAMA_PARTS)
}

/// Mistral (Jiang et al. 2023, arXiv:2310.06825): Llama with a window.
pub(super) fn mistral(config: &Config) -> Result<TransformerSpec, ModelError> {
    let base = Base::read(config, RMS, "rms_norm_eps")?;
    let block = base.block(base.gated()?)?;
    let blocks = with_windows(config, &block, base.n_blocks, |_| true)?;
    base.spec(blocks, LLAMA_PARTS)
}

/// Whether Qwen gives a block a window, where `layer_types` does not say.
fn qwen_window(config: &Config) -> Result<impl Fn(usize) -> bool, ModelError> {
    let used = config.flag_or("use_sliding_window", false)?;
    let first = config.index_opt("max_window_layers")?.unwrap_or(28) as usize;
    Ok(move |i| used && i >= first)
}

/// Qwen 2 and 2.5 (Yang et al. 2024, arXiv:2407.10671): biases on queries, keys and values.
pub(super) fn qwen2(config: &Config) -> Result<TransformerSpec, ModelError> {
    let base = Base::read(config, RMS, "rms_norm_eps")?;
    let mut block = base.block(base.gated()?)?;
    block.attention.qkv_bias = true;
    let blocks = with_windows(config, &block, base.n_blocks, qwen_window(config)?)?;
    base.spec(blocks, LLAMA_PARTS)
}

/// An attention as Qwen 3 has it.
fn qwen3_block(base: &Base<'_>, mlp: Mlp) -> Result<Block, ModelError> {
    let mut block = base.block(mlp)?;
    let bias = base.config.flag_or("attention_bias", false)?;
    (block.attention.qkv_bias, block.attention.out_bias) = (bias, bias);
    block.attention.qk_norm = Some(base.head_norm());
    Ok(block)
}

/// Qwen 3 (Yang et al. 2025, arXiv:2505.09388): norms of queries and keys.
pub(super) fn qwen3(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = Base::read(config, RMS, "rms_norm_eps")?;
    default_head_width(&mut base, 128)?;
    let block = qwen3_block(&base, base.gated()?)?;
    let blocks = with_windows(config, &block, base.n_blocks, qwen_window(config)?)?;
    base.spec(blocks, LLAMA_PARTS)
}

/// The width of a head where the configuration leaves it to the family.
pub(super) fn default_head_width(base: &mut Base<'_>, width: usize) -> Result<(), ModelError> {
    let width = base.config.count_or("head_dim", width)?;
    let Attention {
        heads, kv_heads, ..
    } = base.attention;
    base.attention = attention(heads, kv_heads, width, QkvLayout::Separate);
    base.rotary.head_width = width;
    Ok(())
}

/// Qwen 3 with experts.
pub(super) fn qwen3_moe(config: &Config) -> Result<TransformerSpec, ModelError> {
    let base = Base::read(config, RMS, "rms_norm_eps")?;
    let count = match config.count_opt("num_experts")? {
        Some(count) => count,
        None => config.count_or("num_local_experts", 128)?,
    };
    let experts = Mlp::Experts {
        count,
        per_token: experts_per_token(config, count, 8)?,
        width: config.count_or("moe_intermediate_size", 768)?,
        activation: activation(config, "hidden_act", Activation::Silu)?,
        normalised: config.flag_or("norm_topk_prob", false)?,
    };
    let step = config.count_or("decoder_sparse_step", 1)?;
    let dense = config.indices("mlp_only_layers")?;
    let sparse_block = qwen3_block(&base, experts)?;
    let dense_block = qwen3_block(&base, base.gated()?)?;
    let window = qwen_window(config)?;
    let sparse = with_windows(config, &sparse_block, base.n_blocks, &window)?;
    let plain = with_windows(config, &dense_block, base.n_blocks, &window)?;
    let pairs = sparse.into_iter().zip(plain).enumerate();
    let blocks = pairs.map(|(i, (sparse, plain))| {
        if dense.contains(&i) || (i + 1) % step != 0 {
            plain
        } else {
            sparse
        }
    });
    base.spec(blocks.collect(), LLAMA_PARTS)
}

fn experts_per_token(config: &Config, count: usize, default: usize) -> Result<usize, ModelError> {
    let per_token = config.count_or("num_experts_per_tok", default)?;
    if per_token > count {
        let problem = format!("{per_token} of {count} experts");
        return Err(config.bad("num_experts_per_tok", problem));
    }
    Ok(per_token)
}

/// Mixtral (Jiang et al. 2024, arXiv:2401.04088).
pub(super) fn mixtral(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = Base::read(config, RMS, "rms_norm_eps")?;
    base.norm.eps = config.float_or("rms_norm_eps", 1e-5)?;
    base.rotary.default_base = 1e6;
    let count = config.count_or("num_local_experts", 8)?;
    let block = base.block(Mlp::Experts {
        count,
        per_token: experts_per_token(config, count, 2)?,
        width: config.count("intermediate_size")?,
        activation: activation(config, "hidden_act", Activation::Silu)?,
        normalised: true,
    })?;
    let blocks = with_windows(config, &block, base.n_blocks, |_| true)?;
    base.spec(blocks, MIXTRAL_PARTS)
}

/// Phi 1 to 2 (Li et al. 2023, arXiv:2309.05463): parts in parallel after one norm.
pub(super) fn phi(config: &Config) -> Result<TransformerSpec, ModelError> {
    let layer = NormKind::Layer { bias: true };
    let mut base = Base::read(config, layer, "layer_norm_eps")?;
    base.norm.eps = config.float_or("layer_norm_eps", 1e-5)?;
    base.rotary.default_share = 0.5;
    let mut block = base.block(Mlp::Plain {
        width: config.count("intermediate_size")?,
        activation: activation(config, "hidden_act", Activation::GeluTanh)?,
        bias: true,
    })?;
    block.norms.mlp_in = None;
    block.parallel = true;
    (block.attention.qkv_bias, block.attention.out_bias) = (true, true);
    if config.flag_or("qk_layernorm", false)? {
        block.attention.qk_norm = Some(base.head_norm());
    }
    let blocks = vec![block; base.n_blocks];
    base.spec(blocks, PHI_PARTS)
}

/// Phi 3 and 4 (Abdin et al. 2024, arXiv:2404.14219): fused matrices, LongRoPE.
pub(super) fn phi3(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = Base::read(config, RMS, "rms_norm_eps")?;
    base.norm.eps = config.float_or("rms_norm_eps", 1e-5)?;
    base.attention.layout = QkvLayout::Stacked;
    let mut mlp = base.gated()?;
    if let Mlp::Gated { stacked, .. } = &mut mlp {
        *stacked = true;
    }
    let block = base.block(mlp)?;
    let blocks = with_windows(config, &block, base.n_blocks, |_| true)?;
    base.spec(blocks, PHI3_PARTS)
}

/// OLMo 2 (OLMo et al. 2024, arXiv:2501.00656): norms on what each part adds.
pub(super) fn olmo2(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = Base::read(config, RMS, "rms_norm_eps")?;
    base.norm.eps = config.float_or("rms_norm_eps", 1e-5)?;
    let mut block = base.block(base.gated()?)?;
    let bias = config.flag_or("attention_bias", false)?;
    (block.attention.qkv_bias, block.attention.out_bias) = (bias, bias);
    block.attention.qk_norm = Some(QkNorm {
        norm: base.norm,
        over: QkNormOver::AllHeads,
    });
    block.norms = BlockNorms {
        attn_out: Some(base.norm),
        mlp_out: Some(base.norm),
        ..BlockNorms::default()
    };
    let blocks = vec![block; base.n_blocks];
    base.spec(blocks, OLMO2_PARTS)
}

/// StableLM 2 (Bellagente et al. 2024, arXiv:2402.17834).
pub(super) fn stablelm(config: &Config) -> Result<TransformerSpec, ModelError> {
    let layer = NormKind::Layer { bias: true };
    let mut base = Base::read(config, layer, "layer_norm_eps")?;
    base.norm.eps = config.float_or("layer_norm_eps", 1e-5)?;
    base.rotary.default_share = 0.25;
    let mut block = base.block(base.gated()?)?;
    block.attention.qkv_bias = config.flag_or("use_qkv_bias", false)?;
    if config.flag_or("qk_layernorm", false)? {
        block.attention.qk_norm = Some(QkNorm {
            norm: Norm {
                kind: NormKind::Layer { bias: false },
                ..base.norm
            },
            over: QkNormOver::EachHead,
        });
    }
    if config.flag_or("use_parallel_residual", false)? {
        block.parallel = true;
        block.norms.mlp_in = None;
    }
    let blocks = vec![block; base.n_blocks];
    base.spec(blocks, STABLELM_PARTS)
}
