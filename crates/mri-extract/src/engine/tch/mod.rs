//! The libtorch engine, which executes a [`TransformerSpec`](crate::engine::spec::TransformerSpec).
//!
//! A forward pass goes through these files: [`backend`] splits a batch into micro-batches
//! ([`microbatch`]), [`packing`] lays the texts of one end to end, [`forward`] runs embedding and
//! blocks ([`block`], [`attention`], [`mlp`]) on the loaded [`weights`], and [`recorder`] pools the
//! states of the captured layers.

mod activation;
mod adapter;
mod attention;
mod attention_bias;
mod attention_layout;
mod backend;
mod block;
mod forward;
mod linear;
mod load;
mod microbatch;
mod mlp;
mod norm;
mod options;
mod packing;
mod picked_attention;
mod pool;
mod recorder;
mod rope;
mod runtime;
mod stored_linear;
mod tensor_view;
mod torchscript;
mod weights;

pub use backend::TchBackend;
pub use options::TchOptions;
pub use torchscript::TorchScriptBackend;
