//! Reading the files of a tokenizer.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::blob;
use crate::error::{ExtractError, TokenizerProblem};
use crate::hub::HubError;
use crate::regular::read_regular;

/// The contents of a file, `None` if there is none. One of the hub's cache is compared with the
/// hash that it is named by.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, ExtractError> {
    let bytes = match read_regular(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(ExtractError::io(path)(e)),
    };
    match blob::damaged(path).map_err(ExtractError::io(path))? {
        None => Ok(Some(bytes)),
        Some(path) => Err(HubError::DamagedBlob { path }.into()),
    }
}

/// A JSON file, `None` if there is none.
pub(super) fn json(path: &Path) -> Result<Option<Value>, ExtractError> {
    let Some(bytes) = read(path)? else {
        return Ok(None);
    };
    match serde_json::from_slice(&bytes) {
        Ok(json) => Ok(Some(json)),
        Err(e) => Err(invalid(path, &e)),
    }
}

/// The error for a file that is not what its name says.
pub(super) fn invalid(path: &Path, problem: &dyn std::fmt::Display) -> ExtractError {
    ExtractError::Tokenizer {
        path: path.to_owned(),
        problem: TokenizerProblem::Invalid(problem.to_string()),
    }
}

/// Those of the files that are there.
pub(super) fn present(folder: &Path, names: &[&str]) -> Vec<PathBuf> {
    let paths = names.iter().map(|name| folder.join(name));
    paths.filter(|path| path.exists()).collect()
}
