//! The readers of model files, for the fuzz targets.

use std::path::Path;

use super::config::Config;
use super::{families, gguf, weights};
use crate::gguf::{Gguf, dequantize, tokenizer_json};

pub(crate) fn config(bytes: &[u8]) {
    let config = Config::parse("config.json".into(), bytes);
    let _ = config.and_then(|config| families::describe(&config));
}

pub(crate) fn safetensors(bytes: &[u8]) {
    let path = Path::new("model.safetensors");
    if let Ok((metadata, start)) = weights::parse_header(path, bytes) {
        for info in metadata.tensors().values() {
            let (from, to) = info.data_offsets;
            assert!(bytes.get(start + from..start + to).is_some());
        }
    }
    let _ = weights::parse_index(path, bytes);
}

pub(crate) fn gguf(bytes: &[u8]) {
    let Ok(file) = Gguf::from_bytes(Path::new("model.gguf"), bytes.to_vec()) else {
        return;
    };
    let _ = gguf::describe(&file);
    let _ = tokenizer_json(&file);
    for name in file.names() {
        if let Ok(Some(tensor)) = file.tensor(name) {
            dequantize(tensor.kind, tensor.bytes);
        }
    }
}
