#[cfg(doc)]
use super::attention::ScoreBias;
#[cfg(doc)]
use super::block::BlockNorms;

/// What a stored weight is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightRole {
    /// Token embedding.
    Tokens,
    /// Position embedding.
    Positions,
    /// Token type embedding.
    TokenTypes,
    /// Norm of the embedding.
    EmbeddingNorm,
    /// Linear layer from the embedding to the residual stream.
    EmbeddingProjection,
    /// Norm after the last block.
    FinalNorm,
    /// [`BlockNorms::attn_in`].
    AttnIn,
    /// [`BlockNorms::attn_out`].
    AttnOut,
    /// [`BlockNorms::after_attn`].
    AfterAttn,
    /// [`BlockNorms::mlp_in`].
    MlpIn,
    /// [`BlockNorms::mlp_out`].
    MlpOut,
    /// [`BlockNorms::after_mlp`].
    AfterMlp,
    /// Query projection.
    Query,
    /// Key projection.
    Key,
    /// Value projection.
    Value,
    /// Query, key and value projections in one matrix.
    Qkv,
    /// Norm of queries; `{h}` is the head where each has its own.
    QueryNorm,
    /// Norm of keys; `{h}` is the head where each has its own.
    KeyNorm,
    /// The table of [`ScoreBias::Relative`].
    RelativeBias,
    /// Output projection of the attention.
    Output,
    /// Gate projection of the MLP.
    Gate,
    /// Up projection of the MLP.
    Up,
    /// Gate and up projections in one matrix.
    GateUp,
    /// Down projection of the MLP.
    Down,
    /// Router of a mixture of experts.
    Router,
    /// Gate projection of expert `{e}`.
    ExpertGate,
    /// Up projection of expert `{e}`.
    ExpertUp,
    /// Down projection of expert `{e}`.
    ExpertDown,
}

/// The names under which weights are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightNames {
    /// The prefixes that names may have; the one under which the token embedding is found is used
    /// for all.
    pub prefixes: &'static [&'static str],
    /// The name of each role without `.weight` or `.bias`; `{}` is the number of the block. A role
    /// that is listed twice is looked up under both names.
    pub names: &'static [(WeightRole, &'static str)],
    /// Matrices are stored with shape (inputs, outputs), as in GPT-2, rather than (outputs,
    /// inputs).
    pub transposed: bool,
}

impl WeightNames {
    /// The names of a role, without prefix and without `.weight` or `.bias`. `inner` is the number
    /// of the head or expert.
    pub fn of(&self, role: WeightRole, block: usize, inner: usize) -> impl Iterator<Item = String> {
        let names = self.names.iter().filter(move |(other, _)| *other == role);
        names.map(move |(_, name)| {
            let name = name.replace("{}", &block.to_string());
            let inner = inner.to_string();
            name.replace("{e}", &inner).replace("{h}", &inner)
        })
    }
}
