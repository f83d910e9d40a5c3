//! SHA-256 of files, which identifies models and tokenizers. In the hub's cache, where a file is
//! named by a hash of its own, it is compared with that in passing.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::blob::Blob;
use crate::engine::ModelError;
use crate::error::ExtractError;
use crate::gguf::Gguf;
use crate::hub::HubError;
use crate::regular::open_regular;

/// The SHA-256 of the files that make a model what it is, as 64 hexadecimal digits: `config.json`
/// and the weights (`*.safetensors` and their index) in a folder, by name, or a GGUF file with all
/// of its parts.
///
/// # Errors
/// [`ExtractError::Io`]; [`ExtractError::Hub`] for a file of the hub's cache that is damaged;
/// [`ExtractError::Model`] for a GGUF file that cannot be read.
pub fn model_hash(folder: &Path) -> Result<String, ExtractError> {
    if Gguf::is_path(folder) {
        let gguf = Gguf::open(folder).map_err(ModelError::from)?;
        return hash_of(gguf.paths());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(ExtractError::io(folder))? {
        let name = entry.map_err(ExtractError::io(folder))?.file_name();
        let text = name.to_string_lossy();
        if text == "config.json"
            || text.ends_with(".safetensors")
            || text.ends_with(".safetensors.index.json")
        {
            names.push(name);
        }
    }
    names.sort();
    hash_of(names.iter().map(|name| folder.join(name)))
}

/// The SHA-256 of the names and contents of files in the order given, as 64 hexadecimal digits.
pub(crate) fn hash_of<P: AsRef<Path>>(
    files: impl IntoIterator<Item = P>,
) -> Result<String, ExtractError> {
    let mut hash = Sha256::new();
    for path in files {
        let path = path.as_ref();
        let mut file = open_regular(path).map_err(ExtractError::io(path))?;
        let length = file.metadata().map_err(ExtractError::io(path))?.len();
        // Lengths separate the end of one file from the start of the next.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(length.to_le_bytes());
        let blob = Blob::of(path).map_err(ExtractError::io(path))?;
        let mut both = BlobWriter(HashWriter(&mut hash), blob);
        io::copy(&mut file, &mut both).map_err(ExtractError::io(path))?;
        if let Some(path) = both.1.and_then(Blob::damaged) {
            return Err(HubError::DamagedBlob { path }.into());
        }
    }
    Ok(hex(&hash.finalize()))
}

/// The SHA-256 of another hash and of files.
pub(crate) fn whole_hash<P: AsRef<Path>>(first: &str, files: &[P]) -> Result<String, ExtractError> {
    let rest = hash_of(files)?;
    Ok(hex(&Sha256::digest(format!("{first}{rest}"))))
}

/// The hexadecimal digits of a hash.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes what is written to it.
pub(crate) struct HashWriter<'a>(pub(crate) &'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hashes what is written to it, also for the name that a file of the hub's cache has.
struct BlobWriter<'a>(HashWriter<'a>, Option<Blob>);

impl io::Write for BlobWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(blob) = &mut self.1 {
            blob.update(bytes);
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
