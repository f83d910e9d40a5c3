/// A normalization layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norm {
    /// LayerNorm or RMSNorm.
    pub kind: NormKind,
    /// Added to the variance or mean square.
    pub eps: f64,
}

/// The kinds of normalization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// LayerNorm: zero mean, unit variance, then a learned factor.
    Layer {
        /// Whether a learned bias is added.
        bias: bool,
    },
    /// RMSNorm: unit root mean square, then a learned factor.
    Rms {
        /// The factor is one plus the stored weight (Gemma).
        one_plus: bool,
    },
}
