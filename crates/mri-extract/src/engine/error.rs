use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a model could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The model's folder is not there.
    #[error(
        "{}: there is no such folder; a model is a folder with config.json and model.safetensors", .path.display()
    )]
    MissingFolder {
        /// What was given.
        path: PathBuf,
    },
    /// A file that every model needs is not there.
    #[error("{}: not found; {remedy}", .path.display())]
    MissingFile {
        /// The file.
        path: PathBuf,
        /// What to do.
        remedy: &'static str,
    },
    /// The weights are only there as a pickle, which can run any code when it is read.
    #[error(
        "{}: pickled weights are not read, since a pickle can run any code; convert them once with python: \
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
        /// Why.
        source: io::Error,
    },
    /// A file that should be JSON is not.
    #[error("{}: not valid JSON: {source}", .path.display())]
    BadJson {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// An entry of `config.json` is missing or makes no sense.
    #[error("{}: {key}: {problem}", .path.display())]
    BadConfig {
        /// The file.
        path: PathBuf,
        /// The entry.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The architecture is not one that the engine knows.
    #[error("{}: model_type {family:?} is not supported; supported are {supported}", .path.display())]
    UnsupportedFamily {
        /// The configuration file.
        path: PathBuf,
        /// Its `model_type`.
        family: String,
        /// All that are supported, comma-separated.
        supported: String,
    },
    /// The architecture is known, but not with this setting.
    #[error("{}: {key} = {value} is not supported{hint}", .path.display())]
    UnsupportedSetting {
        /// The configuration file.
        path: PathBuf,
        /// The entry.
        key: String,
        /// Its value.
        value: String,
        /// What is supported, led in by punctuation; may be empty.
        hint: &'static str,
    },
    /// A weight file is damaged, most often by a download that broke off.
    #[error("{}: not a whole safetensors file ({problem}); fetch it again", .path.display())]
    BrokenWeights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor that the configuration asks for is not among the weights.
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
    /// A tensor has another shape than the configuration says.
    #[error(
        "{}: tensor {name:?} has shape {found:?}, but config.json makes it {expected:?}; do they belong together?",
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
    /// A tensor is stored as numbers that the engine does not read.
    #[error(
        "{}: tensor {name:?} is stored as {dtype}; supported are F32, F16, BF16 and F64. Quantised models have to be saved unquantised first",
        .path.display()
    )]
    UnsupportedDtype {
        /// The weight file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// How its numbers are stored.
        dtype: String,
    },
    /// The device asked for is not there.
    #[error("device {asked} cannot be used: {problem}")]
    NoDevice {
        /// What was asked for.
        asked: String,
        /// Why not.
        problem: String,
    },
    /// What the engine itself reports.
    #[error("{engine}: {source}")]
    Engine {
        /// The engine's name.
        engine: &'static str,
        /// Its own error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
