use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::gguf::GgufError;

/// Why a model could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The model's folder does not exist.
    #[error(
        "{}: there is no such folder; a model is a folder with config.json and model.safetensors", .path.display()
    )]
    MissingFolder {
        /// The path that was given.
        path: PathBuf,
    },
    /// A file that every model needs does not exist.
    #[error("{}: not found; {remedy}", .path.display())]
    MissingFile {
        /// The file.
        path: PathBuf,
        /// How to get it.
        remedy: &'static str,
    },
    /// The weights exist only as a pickle, which can run arbitrary code when it is read.
    #[error(
        "{}: pickled weights are not read, since a pickle can run arbitrary code; convert them once with python: \
         `from transformers import AutoModel; AutoModel.from_pretrained({folder:?}).save_pretrained({folder:?}, safe_serialization=True)`",
        .path.display()
    )]
    PickleOnly {
        /// The pickle found.
        path: PathBuf,
        /// The model's folder.
        folder: PathBuf,
    },
    /// A file could not be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is not valid JSON.
    #[error("{}: not valid JSON: {source}", .path.display())]
    BadJson {
        /// The file.
        path: PathBuf,
        /// The position and cause.
        source: serde_json::Error,
    },
    /// An entry of `config.json` is missing or invalid.
    #[error("{}: {key}: {problem}", .path.display())]
    BadConfig {
        /// The file.
        path: PathBuf,
        /// The entry.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The architecture is not supported.
    #[error("{}: model_type {family:?} is not supported; supported are {supported}", .path.display())]
    UnsupportedFamily {
        /// The configuration file.
        path: PathBuf,
        /// Its `model_type`.
        family: String,
        /// The supported ones, comma-separated.
        supported: String,
    },
    /// The architecture is supported, but not with this setting.
    #[error("{}: {key} = {value} is not supported{hint}", .path.display())]
    UnsupportedSetting {
        /// The configuration file.
        path: PathBuf,
        /// The entry.
        key: String,
        /// Its value.
        value: String,
        /// What is supported, with leading punctuation; may be empty.
        hint: &'static str,
    },
    /// A weight file is damaged, most often by an incomplete download.
    #[error("{}: not a complete safetensors file ({problem}); download it again", .path.display())]
    BrokenWeights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor that the configuration requires is not among the weights.
    #[error(
        "{}: the weights have no tensor {name:?}, which a model of type {family} needs; do config.json and the weights belong together?",
        .path.display()
    )]
    MissingTensor {
        /// The weight file, or the folder where there are several.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The `model_type`.
        family: String,
    },
    /// A tensor does not have the shape that the configuration implies.
    #[error(
        "{}: tensor {name:?} has shape {found:?}, but config.json implies {expected:?}; do they belong together?",
        .path.display()
    )]
    WrongShape {
        /// The weight file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the configuration implies.
        expected: Vec<usize>,
    },
    /// A tensor has a dtype that the engine does not read.
    #[error(
        "{}: tensor {name:?} is stored as {dtype}; supported are F32, F16, BF16 and F64, and other numbers only as quantization_config of config.json describes them",
        .path.display()
    )]
    UnsupportedDtype {
        /// The weight file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its dtype.
        dtype: String,
    },
    /// An adapter of another kind than those that are merged.
    #[error(
        "{}: {key} = {value} is not supported; LoRA adapters are merged, also with DoRA, rsLoRA and modules_to_save",
        .path.display()
    )]
    UnsupportedAdapter {
        /// The adapter's file.
        path: PathBuf,
        /// The entry.
        key: String,
        /// Its value.
        value: String,
    },
    /// A tensor of an adapter that belongs to no weight of the base.
    #[error(
        "{}: tensor {name:?} belongs to no weight of the base; was the adapter trained on another model?",
        .path.display()
    )]
    AdapterUnused {
        /// The adapter's weights.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// An adapter whose base is not known.
    #[error(
        "{}: an adapter, and its base is not known{}",
        .path.display(),
        .base.as_ref().map(|base| format!(" here: it names {base:?}")).unwrap_or_default()
    )]
    NoBase {
        /// The adapter's folder.
        path: PathBuf,
        /// The base that it names: an id of the hub or a folder.
        base: Option<String>,
    },
    /// A base was named for a folder without an adapter.
    #[error("{}: has no adapter_config.json, so it takes no base", .path.display())]
    NoAdapter {
        /// The folder.
        path: PathBuf,
    },
    /// The requested device is not available.
    #[error("device {device} cannot be used: {problem}")]
    NoDevice {
        /// The device.
        device: String,
        /// Why not.
        problem: String,
    },
    /// A GGUF file could not be used.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// An error of the engine itself.
    #[error("{engine}: {source}")]
    Engine {
        /// The engine's name.
        engine: &'static str,
        /// The engine's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
