//! A transformer, described by data.
//!
//! [`TransformerSpec`] says what a model computes and not how: every supported architecture is one
//! value of it, read from `config.json` by [`TransformerSpec::read`]. The engine executes the value
//! and knows no architecture by name, so a new family needs a description and a table of weight
//! names, and no engine code unless it computes something new.
//!
//! ```no_run
//! use std::path::Path;
//! use mri_extract::spec::{Mlp, TransformerSpec};
//!
//! let spec = TransformerSpec::read(Path::new("models/SmolLM2-135M"))?;
//! println!("{}: {} blocks, {} wide", spec.family, spec.blocks.len(), spec.width);
//! assert!(matches!(spec.blocks[0].mlp, Mlp::Gated { .. }));
//! # Ok::<(), mri_extract::ModelError>(())
//! ```

mod attention;
mod block;
mod norm;
mod quantization;
mod rotary;
mod score_bias;
mod transformer;
mod weight_names;

pub use attention::{Attention, QkNorm, QkNormOver, QkvLayout, ScoreBias};
pub use block::{Activation, Block, BlockNorms, Mlp};
pub use norm::{Norm, NormKind};
pub use quantization::Quantization;
pub use rotary::{Rotary, RotaryPairs, RotaryScaling};
pub use score_bias::{alibi_slopes, relative_bucket};
pub use transformer::{EmbeddingProjection, LearnedPositions, TokenEmbedding, TransformerSpec};
pub use weight_names::{WeightNames, WeightRole};
