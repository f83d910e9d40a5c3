//! Entry points of the fuzz targets of `fuzz/`: readers of models, given bytes instead of a path.
//! Compiled only under `--cfg fuzzing`.

/// `config.json`, down to the description of the model.
pub fn config(bytes: &[u8]) {
    crate::engine::fuzzing::config(bytes);
}

/// The header of a safetensors file, and its kin, the index of several.
pub fn safetensors(bytes: &[u8]) {
    crate::engine::fuzzing::safetensors(bytes);
}

/// A GGUF file, down to its tokenizer, the description of the model and the numbers of tensors.
pub fn gguf(bytes: &[u8]) {
    crate::engine::fuzzing::gguf(bytes);
}
