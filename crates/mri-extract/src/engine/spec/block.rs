use super::attention::Attention;
use super::norm::Norm;

/// A transformer block: attention and MLP, each added to the residual stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Block {
    /// Where it normalizes.
    pub norms: BlockNorms,
    /// The attention.
    pub attention: Attention,
    /// The feed-forward network.
    pub mlp: Mlp,
    /// Attention and MLP both read the block's input and their outputs are summed (GPT-J, Pythia);
    /// in other models the MLP reads the stream after the attention. Without a norm `mlp_in` the
    /// MLP shares that of the attention.
    pub parallel: bool,
    /// A factor on the outputs of attention and MLP before they are added to the residual stream
    /// (Granite). The recorded sites include it.
    pub residual_scale: Option<f64>,
}

/// The norms of a block; each is optional.
///
/// Post-norm models (BERT) have the two `after` norms, pre-norm models (GPT-2, Llama) the two `in`
/// norms; Gemma 2 has the `in` and `out` norms of both branches, OLMo 2 only the `out` norms.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BlockNorms {
    /// Of the input of the attention.
    pub attn_in: Option<Norm>,
    /// Of the output of the attention, before it is added to the residual stream.
    pub attn_out: Option<Norm>,
    /// Of the residual stream after the attention.
    pub after_attn: Option<Norm>,
    /// Of the input of the MLP.
    pub mlp_in: Option<Norm>,
    /// Of the output of the MLP, before it is added to the residual stream.
    pub mlp_out: Option<Norm>,
    /// Of the residual stream after the MLP.
    pub after_mlp: Option<Norm>,
}

/// A feed-forward network. Its width is the number of neurons (`intermediate_size`).
#[derive(Debug, Clone, PartialEq)]
pub enum Mlp {
    /// `down(activation(up(x)))`.
    Plain {
        /// The number of neurons.
        width: usize,
        /// The activation function.
        activation: Activation,
        /// Whether both linear layers have a bias.
        bias: bool,
    },
    /// `down(activation(gate(x)) · up(x))`, such as SwiGLU.
    Gated {
        /// The number of neurons.
        width: usize,
        /// The activation function of the gate.
        activation: Activation,
        /// Whether the linear layers have a bias.
        bias: bool,
        /// Gate and up are stored as one matrix, the gate first.
        stacked: bool,
    },
    /// A mixture of experts: gated networks, of which a router selects some for each token.
    Experts {
        /// The number of experts.
        count: usize,
        /// The experts per token.
        per_token: usize,
        /// The neurons of each expert.
        width: usize,
        /// The activation function of the gates.
        activation: Activation,
        /// The weights of the selected experts are normalized to sum to 1.
        normalized: bool,
    },
}

/// The activation function of an MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// GELU, `x Φ(x)`, by the error function.
    Gelu,
    /// GELU approximated with a hyperbolic tangent.
    GeluTanh,
    /// `x / (1 + exp(-1.702 x))`.
    QuickGelu,
    /// `max(x, 0)`.
    Relu,
    /// `max(x, 0)²`.
    ReluSquared,
    /// `x / (1 + exp(-x))`, also called swish.
    Silu,
    /// The hyperbolic tangent.
    Tanh,
}

// The names of transformers' `ACT2FN`.
mri_core::enum_names! {
    Activation, "activation function";
    Gelu => "gelu" | "gelu_python",
    GeluTanh => "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" | "gelu_accurate",
    QuickGelu => "quick_gelu",
    Relu => "relu",
    ReluSquared => "relu2",
    Silu => "silu" | "swish",
    Tanh => "tanh",
}

impl Block {
    /// A sequential block without norms, which most families set.
    #[must_use]
    pub fn new(attention: Attention, mlp: Mlp) -> Self {
        Self {
            norms: BlockNorms::default(),
            attention,
            mlp,
            parallel: false,
            residual_scale: None,
        }
    }
}

impl BlockNorms {
    /// The norms of a pre-norm block: before the attention and before the MLP.
    #[must_use]
    pub fn pre(norm: Norm) -> Self {
        Self {
            attn_in: Some(norm),
            mlp_in: Some(norm),
            ..Self::default()
        }
    }

    /// The norms of a post-norm block: of the residual stream after the attention and after the
    /// MLP.
    #[must_use]
    pub fn post(norm: Norm) -> Self {
        Self {
            after_attn: Some(norm),
            after_mlp: Some(norm),
            ..Self::default()
        }
    }
}

impl Mlp {
    /// The number of neurons that [`mri_core::Site::MlpAct`] records; `None` for experts, whose
    /// neurons differ from token to token.
    #[must_use]
    pub fn neurons(&self) -> Option<usize> {
        match self {
            Self::Plain { width, .. } | Self::Gated { width, .. } => Some(*width),
            Self::Experts { .. } => None,
        }
    }
}
