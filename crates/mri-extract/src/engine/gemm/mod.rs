//! Matrix products and attention in `f32` on CPUs with AVX-512 or AVX2.
//!
//! libtorch leaves a sixth of a core's peak rate unused where texts are short: its products pack
//! the weights on every call, which pays for a thousand tokens or more, whose states do not fit a
//! core's caches; its attention starts one library product per head. Here weights are packed once,
//! when a model is loaded, and the states of a text or two stay in the caches of the core that
//! works on them. Everything else, that is other dtypes and other processors, is left to libtorch.
//!
//! The kernels are written with the vectors of `mri_simd` rather than left to the compiler, because
//! the sums of a tile have to stay in registers and the compiler does not find that arrangement.

mod aligned;
mod attention;
mod flash;
mod gelu;
mod microkernel;
mod product;
mod softmax;
#[cfg(test)]
mod testing;
mod tile;

pub(super) use attention::{FlashAttention, QueryTile};
pub(super) use microkernel::StridedRows;
pub(super) use product::{Epilogue, PackedWeights};
