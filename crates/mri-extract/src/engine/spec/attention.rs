use super::norm::Norm;
use super::rotary::Rotary;

/// The attention of a block.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Attention {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// The width of a head.
    pub head_width: usize,
    /// How the query, key and value weights are stored.
    pub layout: QkvLayout,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Whether the output projection has a bias.
    pub out_bias: bool,
    /// A factor on the scores, mostly `1 / √head_width`.
    pub scale: f64,
    /// Whether a token sees only itself and earlier tokens.
    pub causal: bool,
    /// A sliding window: a token sees only tokens less than this far away.
    pub window: Option<usize>,
    /// Rotary position embedding of queries and keys.
    pub rotary: Option<Rotary>,
    /// A norm of queries and keys, before the rotary embedding.
    pub qk_norm: Option<QkNorm>,
    /// What is added to the scores.
    pub bias: ScoreBias,
    /// Soft capping: scores `s` become `c · tanh(s / c)`, before any bias or mask.
    pub softcap: Option<f64>,
}

/// A norm of queries and keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QkNorm {
    /// The norm.
    pub norm: Norm,
    /// What it normalizes.
    pub over: QkNormOver,
}

/// What a norm of queries and keys normalizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QkNormOver {
    /// Each head, with one weight vector for all.
    Head,
    /// Each head, with a weight vector of its own, stored as a tensor of its own.
    EachHead,
    /// All heads together.
    AllHeads,
}

/// A bias of attention scores that depends on positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScoreBias {
    /// None.
    None,
    /// ALiBi (Press et al. 2022, arXiv:2108.12409): a slope per head times the key's position,
    /// rounded to bfloat16 and then scaled like the scores, as in Falcon.
    Alibi,
    /// A learned value per head and bucket of relative positions (Raffel et al. 2020,
    /// arXiv:1910.10683), shared by all blocks.
    Relative {
        /// The number of buckets; half of them are for keys after the query.
        buckets: usize,
        /// Distances from here on share the last bucket.
        max_distance: usize,
        /// The rows of the stored table.
        rows: usize,
    },
}

/// How the query, key and value weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QkvLayout {
    /// Three matrices.
    Separate,
    /// One matrix: all query heads, then all key heads, then all value heads.
    Stacked,
    /// One matrix: for each key head its query heads, the key head and the value head.
    Grouped,
}

impl Attention {
    /// A causal attention with scores scaled by `1 / √head_width`, without biases, positions or
    /// window.
    #[must_use]
    pub fn new(heads: usize, kv_heads: usize, head_width: usize, layout: QkvLayout) -> Self {
        Self {
            heads,
            kv_heads,
            head_width,
            layout,
            qkv_bias: false,
            out_bias: false,
            scale: 1.0 / (head_width as f64).sqrt(),
            causal: true,
            window: None,
            rotary: None,
            qk_norm: None,
            bias: ScoreBias::None,
            softcap: None,
        }
    }
}
