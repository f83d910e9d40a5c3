use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use mri_core::TokenBatch;
use mri_store::read_exact_at;

use crate::error::ExtractError;

/// Tokenized texts that are read on demand: in memory ([`TokenBatch`]) or in a temporary file
/// ([`TextTokenizer::encode_corpus`](crate::TextTokenizer::encode_corpus)).
pub trait TokenSource: Send + Sync {
    /// The number of texts.
    fn len(&self) -> usize;

    /// The number of tokens of a text, 0 past the last.
    fn length(&self, text: usize) -> usize;

    /// Replaces the content of `tokens` by the tokens of a text; none past the last.
    ///
    /// # Errors
    /// [`ExtractError::Io`].
    fn read(&self, text: usize, tokens: &mut Vec<u32>) -> Result<(), ExtractError>;

    /// Whether there is no text.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of tokens of all texts together.
    fn n_tokens(&self) -> usize {
        (0..self.len()).map(|text| self.length(text)).sum()
    }

    /// A batch of these texts, in the order given.
    ///
    /// # Errors
    /// [`ExtractError::Io`].
    fn batch(&self, texts: &[usize]) -> Result<TokenBatch, ExtractError> {
        let mut batch = TokenBatch::new();
        let mut tokens = Vec::new();
        for &text in texts {
            self.read(text, &mut tokens)?;
            batch.push(&tokens);
        }
        Ok(batch)
    }
}

impl TokenSource for TokenBatch {
    fn len(&self) -> usize {
        self.len()
    }

    fn length(&self, text: usize) -> usize {
        self.get(text).unwrap_or_default().len()
    }

    fn read(&self, text: usize, tokens: &mut Vec<u32>) -> Result<(), ExtractError> {
        tokens.clear();
        tokens.extend_from_slice(self.get(text).unwrap_or_default());
        Ok(())
    }
}

/// Bytes of a token in the file.
const TOKEN: u64 = size_of::<u32>() as u64;

/// Tokenized texts in a temporary file, with 8 bytes of memory for each.
///
/// The file is unnamed where the system supports it (as Linux does), so that it is gone however the
/// process ends.
#[derive(Debug)]
pub(crate) struct TokenFile {
    file: File,
    /// Where the file is, for errors.
    folder: PathBuf,
    /// Where each text ends, in tokens from the start of the file.
    ends: Vec<u64>,
}

impl TokenFile {
    /// Where the tokens of a text start and end, in tokens from the start of the file.
    fn range(&self, text: usize) -> (u64, u64) {
        let Some(&end) = self.ends.get(text) else {
            return (0, 0);
        };
        let start = text.checked_sub(1).map_or(0, |before| self.ends[before]);
        (start, end)
    }
}

impl TokenSource for TokenFile {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn length(&self, text: usize) -> usize {
        let (start, end) = self.range(text);
        (end - start) as usize
    }

    fn read(&self, text: usize, tokens: &mut Vec<u32>) -> Result<(), ExtractError> {
        let (start, end) = self.range(text);
        let mut bytes = vec![0; ((end - start) * TOKEN) as usize];
        read_exact_at(&self.file, &mut bytes, start * TOKEN)
            .map_err(ExtractError::io(&self.folder))?;
        let (ids, _) = bytes.as_chunks();
        tokens.clear();
        tokens.extend(ids.iter().map(|&id| u32::from_le_bytes(id)));
        Ok(())
    }
}

/// Writes a [`TokenFile`].
pub(crate) struct TokenWriter {
    out: BufWriter<File>,
    folder: PathBuf,
    ends: Vec<u64>,
}

impl TokenWriter {
    /// For this many texts, in a folder or, if it does not exist, in the nearest one above it: on
    /// the disk that has the space for the recording. The system's own temporary folder is often in
    /// memory.
    pub(crate) fn create(folder: &Path, texts: usize) -> Result<Self, ExtractError> {
        let there = folder.ancestors().find(|folder| folder.is_dir());
        let folder = there.unwrap_or(Path::new(".")).to_owned();
        let file = tempfile::tempfile_in(&folder).map_err(ExtractError::io(&folder))?;
        Ok(Self {
            out: BufWriter::new(file),
            folder,
            ends: Vec::with_capacity(texts),
        })
    }

    pub(crate) fn push(&mut self, tokens: &[u32]) -> Result<(), ExtractError> {
        for token in tokens {
            self.out
                .write_all(&token.to_le_bytes())
                .map_err(ExtractError::io(&self.folder))?;
        }
        let start = self.ends.last().copied().unwrap_or(0);
        self.ends.push(start + tokens.len() as u64);
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<TokenFile, ExtractError> {
        let file = self.out.into_inner();
        let file = file.map_err(|e| ExtractError::io(&self.folder)(e.into_error()))?;
        Ok(TokenFile {
            file,
            folder: self.folder,
            ends: self.ends,
        })
    }
}
