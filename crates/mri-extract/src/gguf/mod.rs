//! GGUF, the model files of llama.cpp: one memory-mapped file, or several, with the metadata, the
//! vocabulary and the quantized tensors of a model.

mod cursor;
mod dequantize;
mod error;
mod field;
mod file;
mod header;
mod tensor_type;
#[cfg(test)]
mod tests;
mod tokenizer;

pub(crate) use dequantize::dequantize;
pub use error::GgufError;
pub(crate) use file::{Gguf, GgufTensor};
pub(crate) use tensor_type::TensorType;
pub(crate) use tokenizer::tokenizer_json;
