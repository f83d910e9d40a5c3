use std::collections::HashMap;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::SafeTensors;
use safetensors::tensor::Metadata;

use super::error::ModelError;
use super::gguf::GgufWeights;
use crate::gguf::Gguf;
use crate::regular::{open_regular, read_regular};

/// The weights of a model, memory-mapped: one safetensors file or several, or GGUF.
pub(crate) struct Weights {
    folder: PathBuf,
    files: Vec<WeightFile>,
    /// The index in `files` of each tensor.
    file_of: HashMap<String, usize>,
    gguf: Option<GgufWeights>,
}

struct WeightFile {
    path: PathBuf,
    map: Mmap,
    metadata: Metadata,
    /// The offset of the first tensor in the file.
    data_start: usize,
}

/// A tensor in its file, unconverted.
pub(crate) struct StoredTensor<'a> {
    pub(crate) path: &'a Path,
    pub(crate) dtype: safetensors::Dtype,
    pub(crate) shape: &'a [usize],
    pub(crate) bytes: &'a [u8],
}

impl Weights {
    /// Opens the one file of an adapter.
    pub(crate) fn open_file(path: PathBuf) -> Result<Self, ModelError> {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::of_files(&folder, vec![path])
    }

    /// Opens a GGUF file, `model.safetensors` in a folder, or the files that
    /// `model.safetensors.index.json` lists.
    pub(crate) fn open(folder: &Path) -> Result<Self, ModelError> {
        if Gguf::is_path(folder) {
            return Ok(Self {
                folder: folder.to_owned(),
                files: Vec::new(),
                file_of: HashMap::new(),
                gguf: Some(GgufWeights::new(Gguf::open(folder)?)),
            });
        }
        let single = folder.join("model.safetensors");
        let index = folder.join("model.safetensors.index.json");
        let paths = if single.exists() {
            vec![single]
        } else if index.exists() {
            listed_files(folder, &index)?
        } else {
            let pickles = ["pytorch_model.bin", "pytorch_model.bin.index.json"];
            let pickle = pickles
                .map(|name| folder.join(name))
                .into_iter()
                .find(|p| p.exists());
            return Err(match pickle {
                Some(path) => ModelError::PickleOnly {
                    path,
                    folder: folder.to_owned(),
                },
                None => ModelError::MissingFile {
                    path: single,
                    remedy: "the weights have to be in the safetensors format, in this file or in those that model.safetensors.index.json lists",
                },
            });
        };
        Self::of_files(folder, paths)
    }

    fn of_files(folder: &Path, paths: Vec<PathBuf>) -> Result<Self, ModelError> {
        let mut file_of = HashMap::new();
        let mut files = Vec::with_capacity(paths.len());
        for (number, path) in paths.into_iter().enumerate() {
            let file = WeightFile::open(path)?;
            for name in file.metadata.tensors().into_keys() {
                file_of.insert(name, number);
            }
            files.push(file);
        }
        Ok(Self {
            folder: folder.to_owned(),
            files,
            file_of,
            gguf: None,
        })
    }

    /// The path for error messages: the weight file, or the folder if there are several.
    pub(crate) fn path(&self) -> &Path {
        match self.files.as_slice() {
            [only] => &only.path,
            _ => &self.folder,
        }
    }

    /// The tensors of a GGUF file, which are read by their role.
    pub(crate) fn gguf(&self) -> Option<&GgufWeights> {
        self.gguf.as_ref()
    }

    /// The names of all tensors in safetensors files, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.file_of.keys().map(String::as_str)
    }

    /// The name under which a tensor is stored that shares its memory with this one. safetensors
    /// writes a tied tensor once and notes the other names in the metadata of the file.
    pub(crate) fn tied(&self, name: &str) -> Option<&str> {
        let notes = self.files.iter();
        let mut notes = notes.filter_map(|file| file.metadata.metadata().as_ref());
        notes.find_map(|notes| notes.get(name)).map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<StoredTensor<'_>> {
        let file = &self.files[*self.file_of.get(name)?];
        let info = file.metadata.info(name)?;
        let (start, end) = info.data_offsets;
        Some(StoredTensor {
            path: &file.path,
            dtype: info.dtype,
            shape: &info.shape,
            bytes: file
                .map
                .get(file.data_start + start..file.data_start + end)?,
        })
    }
}

impl WeightFile {
    fn open(path: PathBuf) -> Result<Self, ModelError> {
        let read = |source| ModelError::Read {
            path: path.clone(),
            source,
        };
        let file = open_regular(&path).map_err(read)?;
        // SAFETY: the map is read as plain bytes while a model is loaded, and tensors are copies of
        // it. As with every map, another process that truncates the file meanwhile ends this one
        // with a signal; weight files are not written in place.
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        let (metadata, data_start) = parse_header(&path, &map)?;
        Ok(Self {
            path,
            map,
            metadata,
            data_start,
        })
    }
}

/// The tensors that a weight file lists, and the offset of the first of them.
pub(super) fn parse_header(path: &Path, bytes: &[u8]) -> Result<(Metadata, usize), ModelError> {
    let broken = |problem: String| ModelError::BrokenWeights {
        path: path.to_owned(),
        problem,
    };
    // Checks that the tensors fill the file exactly, which detects incomplete downloads.
    SafeTensors::deserialize(bytes).map_err(|e| broken(e.to_string()))?;
    let (header, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|e| broken(e.to_string()))?;
    // Eight bytes of header length, then the header.
    Ok((metadata, 8 + header))
}

/// The files that an index lists, each once, all inside the folder.
fn listed_files(folder: &Path, index: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let text = read_regular(index).map_err(|source| ModelError::Read {
        path: index.to_owned(),
        source,
    })?;
    let names = parse_index(index, &text)?;
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    match paths.iter().find(|path| !path.exists()) {
        Some(missing) => Err(ModelError::MissingFile {
            path: missing.clone(),
            remedy: "model.safetensors.index.json lists it; fetch the model again",
        }),
        None => Ok(paths),
    }
}

/// The names of the weight files that an index lists, each once. Names with path separators are
/// refused.
pub(crate) fn parse_index(index: &Path, text: &[u8]) -> Result<Vec<String>, ModelError> {
    let json: serde_json::Value =
        serde_json::from_slice(text).map_err(|source| ModelError::BadJson {
            path: index.to_owned(),
            source,
        })?;
    let bad = |problem: &str| ModelError::BadConfig {
        path: index.to_owned(),
        key: "weight_map".to_owned(),
        problem: problem.to_owned(),
    };
    let map = json.get("weight_map").and_then(|m| m.as_object());
    let map = map.ok_or_else(|| bad("missing; it has to map tensor names to files"))?;
    let mut names: Vec<String> = Vec::new();
    for value in map.values() {
        let name = value
            .as_str()
            .ok_or_else(|| bad("holds something that is no file name"))?;
        if name.is_empty() || name.contains(['/', '\\']) || name == ".." {
            return Err(bad("a weight file has to lie in the model's folder"));
        }
        names.push(name.to_owned());
    }
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Err(bad("lists no file"));
    }
    Ok(names)
}
