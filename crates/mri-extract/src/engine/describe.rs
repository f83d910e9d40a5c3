//! The description of a model in a folder or a file.

use std::path::Path;

use super::config::Config;
use super::error::ModelError;
use super::families;
use super::gguf;
use super::spec::TransformerSpec;
use crate::gguf::Gguf;

impl TransformerSpec {
    /// Reads the description of a model: from the `config.json` in its folder, or from the metadata
    /// of its GGUF file. Weights are not read.
    ///
    /// # Errors
    /// [`ModelError`] if there is no such folder or no `config.json`, if the architecture or a
    /// setting is not supported, or if a value is out of range.
    pub fn read(model: &Path) -> Result<Self, ModelError> {
        if Gguf::is_path(model) {
            gguf::describe(&Gguf::open(model)?)
        } else {
            families::describe(&Config::read(model)?)
        }
    }
}
