use std::path::{Path, PathBuf};

use mri_core::{ModelInfo, TokenBatch, Watch, guarded};
use mri_corpus::{CorpusError, TextSource};
use mri_store::TokenizerEntry;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use tokenizers::{Encoding, Tokenizer, TruncationParams};

use crate::error::{ExtractError, OptionsProblem, TokenizerProblem};
use crate::files::hex;
use crate::gguf::Gguf;
use crate::model_folder::ModelFolder;
use crate::pretrained::{self, Pretrained};
use crate::sentence::{self, SentenceSettings};
use crate::tokenized::{TokenizedCorpus, TokenizedTexts};
use crate::tokens::{TokenSource, TokenWriter};

/// The default maximum length in tokens: that of BERT, and more than nearly every sentence or
/// abstract has.
const DEFAULT_MAX_LENGTH: usize = 512;

/// Texts per tokenizer call, and the limit in bytes per call: the tokenizer keeps some hundred
/// bytes for every token, of which only the id is kept.
const CHUNK_TEXTS: usize = 512;
const CHUNK_BYTES: usize = 1 << 20;

/// The limit in bytes of the texts that wait for a call, except for a single longer text. Of long
/// texts only a prefix is tokenized.
const WAITING_BYTES: usize = 1 << 24;

/// Bytes of the prefix per token that is kept: ten times what a token takes.
const BYTES_PER_TOKEN: usize = 64;

/// A prefix is long enough if it has this many times the tokens that are kept: its end, which may
/// cut a word, is then far from all of them.
const MARGIN: usize = 2;

/// Turns texts into the token ids of one model.
///
/// The tokenizer is the model's own, special tokens included. It never pads, since batches are
/// ragged.
#[derive(Debug, Clone)]
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    path: PathBuf,
    hash: String,
    max_length: usize,
    /// The ids that the model has embeddings for.
    vocab_size: usize,
    /// Whether texts are made lower case first.
    lower_case: bool,
}

impl TextTokenizer {
    /// Loads the tokenizer in a model's folder: `tokenizer.json` with `tokenizer_config.json`
    /// beside it, as transformers 5 reads them, or else `vocab.txt`, `vocab.json` with
    /// `merges.txt`, or a SentencePiece model. Of a GGUF file it is the one that the file
    /// describes.
    ///
    /// Texts are truncated after `max_length` tokens, special tokens included. The default is the
    /// length of a model of sentence-transformers, else 512 or the limit of tokenizer or model,
    /// whichever is smallest.
    ///
    /// # Errors
    /// [`ExtractError::Io`]; [`ExtractError::Hub`] if a file is a damaged one of the hub's cache;
    /// [`ExtractError::Tokenizer`] if no such file is there or one is not a tokenizer;
    /// [`ExtractError::Options`] if the model cannot take `max_length` tokens or if special tokens
    /// leave no room for others.
    pub fn open(
        folder: &Path,
        model: &ModelInfo,
        max_length: Option<usize>,
    ) -> Result<Self, ExtractError> {
        if Gguf::is_path(folder) {
            return Self::load(folder, None, model, max_length);
        }
        let own = sentence::transformer_folder(folder)?;
        let settings = SentenceSettings::read(folder, &own)?;
        Self::load(&own, settings.as_ref(), model, max_length)
    }

    /// Loads the tokenizer of a model of which the parts are known.
    ///
    /// # Errors
    /// As [`TextTokenizer::open`].
    pub fn of_model(
        folder: &ModelFolder,
        model: &ModelInfo,
        max_length: Option<usize>,
    ) -> Result<Self, ExtractError> {
        Self::load(folder.tokenizer(), folder.sentence(), model, max_length)
    }

    fn load(
        folder: &Path,
        sentence: Option<&SentenceSettings>,
        model: &ModelInfo,
        max_length: Option<usize>,
    ) -> Result<Self, ExtractError> {
        let Pretrained {
            mut tokenizer,
            path,
            mut hash,
            max_length: limit,
        } = pretrained::load(folder)?;
        let special = tokenizers::PostProcessor::added_tokens;
        let special = tokenizer
            .get_post_processor()
            .map_or(0, |p| special(p, false));
        let highest = model.max_length.unwrap_or(usize::MAX);
        let usual = match sentence.and_then(|sentence| sentence.max_length) {
            Some(tokens) => tokens,
            None => DEFAULT_MAX_LENGTH.min(limit.unwrap_or(usize::MAX)),
        };
        let length = max_length.unwrap_or(usual.min(highest));
        if length <= special || length > highest {
            return Err(ExtractError::Options(OptionsProblem::MaxLength {
                requested: length,
                lowest: special + 1,
                highest,
            }));
        }
        let truncation = TruncationParams {
            max_length: length,
            ..TruncationParams::default()
        };
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(|e| ExtractError::Tokenizer {
                path: path.clone(),
                problem: TokenizerProblem::Invalid(e.to_string()),
            })?;
        tokenizer.with_padding(None);
        let lower_case = sentence.is_some_and(|sentence| sentence.lower_case);
        if lower_case {
            hash = hex(&Sha256::digest(format!("lower case {hash}")));
        }
        Ok(Self {
            tokenizer,
            path,
            hash,
            max_length: length,
            vocab_size: model.vocab_size,
            lower_case,
        })
    }

    /// The number of tokens after which a text is truncated.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The SHA-256 of the tokenizer's files, as 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Tokenizes texts in parallel, in the order given. Of texts that are much longer than the
    /// maximum length only a prefix is tokenized.
    ///
    /// # Errors
    /// [`ExtractError::Tokenizer`] with the tokenizer's own error, or for a text without any token
    /// (such as an empty text with a decoder's tokenizer).
    pub fn encode<S: AsRef<str>>(&self, texts: &[S]) -> Result<TokenizedTexts, ExtractError> {
        let mut tokens = TokenBatch::new();
        let mut sink = |ids: &[u32]| {
            tokens.push(ids);
            Ok(())
        };
        let mut chunks = Chunks::new(self, texts.len(), &mut sink, &());
        for text in texts {
            chunks.push(text.as_ref())?;
        }
        let truncated = chunks.finish()?;
        Ok(TokenizedTexts { tokens, truncated })
    }

    /// Tokenizes a corpus as it is read, in parallel and in corpus order, and reports progress to
    /// `watch`.
    ///
    /// With a folder, token ids are kept in an unnamed temporary file in it (or, if the folder does
    /// not exist, in the nearest one above it), with 8 bytes of memory per text; otherwise in
    /// memory.
    ///
    /// # Errors
    /// As [`TextTokenizer::encode`] and [`TextSource::for_each`]; [`ExtractError::Io`] if the file
    /// cannot be written; [`ExtractError::Cancelled`].
    pub fn encode_corpus(
        &self,
        corpus: &dyn TextSource,
        folder: Option<&Path>,
        watch: &dyn Watch,
    ) -> Result<TokenizedCorpus, ExtractError> {
        let texts = corpus.labels().len();
        let encode = |sink: &mut IdSink<'_>| {
            let mut chunks = Chunks::new(self, texts, sink, watch);
            let origin =
                corpus.for_each(&mut |text| chunks.push(text).map_err(CorpusError::consumer))?;
            Ok::<_, ExtractError>((origin, chunks.finish()?))
        };
        let (tokens, (origin, truncated)): (Box<dyn TokenSource>, _) = match folder {
            None => {
                let mut tokens = TokenBatch::new();
                let done = encode(&mut |ids| {
                    tokens.push(ids);
                    Ok(())
                })?;
                (Box::new(tokens), done)
            }
            Some(folder) => {
                let mut tokens = TokenWriter::create(folder, texts)?;
                let done = encode(&mut |ids| tokens.push(ids))?;
                (Box::new(tokens.finish()?), done)
            }
        };
        Ok(TokenizedCorpus {
            tokens,
            tokenizer: TokenizerEntry {
                hash: self.hash.clone(),
                max_length: self.max_length,
                truncated,
            },
            origin,
        })
    }
}

/// Consumes the ids of a text.
type IdSink<'a> = dyn FnMut(&[u32]) -> Result<(), ExtractError> + 'a;

/// Collects texts until there are enough of them for a tokenizer call.
struct Chunks<'a> {
    tokenizer: &'a TextTokenizer,
    sink: &'a mut IdSink<'a>,
    watch: &'a dyn Watch,
    texts: Vec<String>,
    /// Bytes of the texts, and of their prefixes.
    text_bytes: usize,
    prefix_bytes: usize,
    done: usize,
    total: usize,
    truncated: usize,
}

impl<'a> Chunks<'a> {
    fn new(
        tokenizer: &'a TextTokenizer,
        total: usize,
        sink: &'a mut IdSink<'a>,
        watch: &'a dyn Watch,
    ) -> Self {
        Self {
            tokenizer,
            sink,
            watch,
            total,
            texts: Vec::new(),
            text_bytes: 0,
            prefix_bytes: 0,
            done: 0,
            truncated: 0,
        }
    }

    fn push(&mut self, text: &str) -> Result<(), ExtractError> {
        let prefix_bytes = self.tokenizer.prefix(text, 1).len();
        if self.texts.len() == CHUNK_TEXTS
            || self.prefix_bytes + prefix_bytes > CHUNK_BYTES
            || self.text_bytes + text.len() > WAITING_BYTES
        {
            self.encode()?;
        }
        self.text_bytes += text.len();
        self.prefix_bytes += prefix_bytes;
        self.texts.push(match self.tokenizer.lower_case {
            true => text.to_lowercase(),
            false => text.to_owned(),
        });
        Ok(())
    }

    /// Tokenizes the remaining texts and returns how many of all texts were truncated.
    fn finish(mut self) -> Result<usize, ExtractError> {
        self.encode()?;
        Ok(self.truncated)
    }

    fn encode(&mut self) -> Result<(), ExtractError> {
        (self.text_bytes, self.prefix_bytes) = (0, 0);
        let texts = std::mem::take(&mut self.texts);
        for (text, encoding) in texts.iter().zip(self.tokenizer.encode_prefixes(&texts)?) {
            let (encoding, truncated) = self.tokenizer.extend(text, encoding)?;
            if encoding.get_ids().is_empty() {
                let problem = TokenizerProblem::NoTokens { row: self.done };
                return Err(self.tokenizer.error(problem));
            }
            self.tokenizer.check_ids(encoding.get_ids(), self.done)?;
            self.done += 1;
            self.truncated += usize::from(truncated);
            (self.sink)(encoding.get_ids())?;
        }
        Ok(self.watch.check("tokenize", self.done, self.total)?)
    }
}

impl TextTokenizer {
    fn error(&self, problem: TokenizerProblem) -> ExtractError {
        ExtractError::Tokenizer {
            path: self.path.clone(),
            problem,
        }
    }

    /// Refuses a token without an embedding. Tokenizers may have a few more tokens than their
    /// model, which texts need not use.
    fn check_ids(&self, ids: &[u32], row: usize) -> Result<(), ExtractError> {
        let Some(&id) = ids.iter().find(|&&id| id as usize >= self.vocab_size) else {
            return Ok(());
        };
        Err(self.error(TokenizerProblem::UnknownToken {
            row,
            id,
            token: self.tokenizer.id_to_token(id).unwrap_or_default(),
            vocab_size: self.vocab_size,
        }))
    }

    fn failed(&self, error: &tokenizers::Error) -> ExtractError {
        self.error(TokenizerProblem::Failed(error.to_string()))
    }

    fn encode_prefixes(&self, texts: &[String]) -> Result<Vec<Encoding>, ExtractError> {
        let prefixes: Vec<&str> = texts.iter().map(|text| self.prefix(text, 1)).collect();
        let encodings = prefixes.par_iter().map(|prefix| self.encode_one(prefix));
        encodings.collect()
    }

    fn encode_one(&self, text: &str) -> Result<Encoding, ExtractError> {
        // Guarded text by text, in the thread that does the work.
        let encoding = guarded(|| self.tokenizer.encode_fast(text, true));
        let encoding = encoding.map_err(|panic| self.failed(&panic.to_string().into()))?;
        encoding.map_err(|e| self.failed(&e))
    }

    /// `times` as much of a text as its kept tokens usually take.
    fn prefix<'a>(&self, text: &'a str, times: usize) -> &'a str {
        let end = self.max_length.saturating_mul(BYTES_PER_TOKEN);
        &text[..text.floor_char_boundary(end.saturating_mul(times))]
    }

    /// The kept tokens of a text, given those of its prefix, and whether the text was truncated.
    /// Characters without tokens, such as spaces, may have filled the prefix; it is then doubled.
    fn extend(&self, text: &str, mut encoding: Encoding) -> Result<(Encoding, bool), ExtractError> {
        let mut times = 1;
        loop {
            let overflowing = encoding.get_overflowing();
            let whole = self.prefix(text, times).len() == text.len();
            let tokens: usize = overflowing.iter().map(Encoding::len).sum();
            if whole || encoding.len() + tokens >= self.max_length.saturating_mul(MARGIN) {
                let truncated = !overflowing.is_empty();
                return Ok((encoding, truncated));
            }
            times *= 2;
            encoding = self.encode_one(self.prefix(text, times))?;
        }
    }
}
