use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mri_core::{CorpusOrigin, ModelInfo, TokenBatch, Watch};
use mri_corpus::{CorpusError, TextSource};
use mri_store::{Provenance, TokenizerEntry};
use sha2::{Digest, Sha256};
use tokenizers::{Encoding, Tokenizer, TruncationParams};

use crate::error::ExtractError;
use crate::files::hex;
use crate::tokens::{TokenSource, TokenWriter};

/// Texts longer than this many tokens are cut unless asked otherwise: what BERT takes, and longer
/// than nearly every sentence or abstract.
const DEFAULT_MAX_LENGTH: usize = 512;

/// So many texts are tokenised at a time, or as many as give the tokenizer so many bytes: it keeps some
/// hundred bytes for each of their tokens, we only the ids.
const CHUNK: usize = 512;
const CHUNK_BYTES: usize = 1 << 20;

/// So many bytes of texts wait for that at the most, one text aside: of long ones the tokenizer is given
/// the beginning.
const WAITING_BYTES: usize = 1 << 24;

/// The beginning of a text has so many bytes for each token that is kept: ten times what a token takes.
const BYTES_PER_TOKEN: usize = 64;

/// A beginning is enough if it gives so many times the tokens that are kept, so that its end, where a word
/// may be cut, is far from all of them.
const MARGIN: usize = 2;

/// Turns texts into the token ids of one model.
///
/// The tokenizer is the model's own `tokenizer.json`, special tokens included; padding is always
/// off, since batches are ragged.
#[derive(Debug, Clone)]
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    path: PathBuf,
    hash: String,
    max_length: usize,
}

/// Tokenised texts in corpus order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizedTexts {
    /// The token ids.
    pub tokens: TokenBatch,
    /// How many texts were longer than the limit and cut.
    pub truncated: usize,
}

/// A corpus, tokenised for a model.
pub struct TokenizedCorpus {
    /// The token ids of every text.
    pub tokens: Box<dyn TokenSource>,
    /// How many texts were longer than the limit and cut.
    pub truncated: usize,
    /// Which texts they are.
    pub origin: CorpusOrigin,
}

impl TokenizedCorpus {
    /// The provenance of a recording of these texts by the model of this hash ([`model_hash`]); what
    /// the engine adds is for [`Provenance::with_engine`].
    ///
    /// [`model_hash`]: crate::model_hash
    #[must_use]
    pub fn provenance(&self, model_hash: String, tokenizer: &TextTokenizer) -> Provenance {
        let tokenizer = TokenizerEntry {
            hash: tokenizer.hash().to_owned(),
            max_length: tokenizer.max_length(),
            truncated: self.truncated,
        };
        Provenance {
            model_hash,
            tokenizer,
            corpus: self.origin.clone(),
            engine: BTreeMap::new(),
        }
    }
}

impl TextTokenizer {
    /// Loads `tokenizer.json` from a model's folder and checks it against the model.
    ///
    /// `max_length` is the number of tokens, special ones included, after which a text is cut;
    /// the default is 512 or the model's limit, whichever is smaller.
    ///
    /// # Errors
    /// [`ExtractError::Io`] or [`ExtractError::Tokenizer`] if the file is missing or not a
    /// tokenizer, [`ExtractError::WrongTokenizer`] if it knows more tokens than the model,
    /// [`ExtractError::BadMaxLength`].
    pub fn open(
        folder: &Path,
        model: &ModelInfo,
        max_length: Option<usize>,
    ) -> Result<Self, ExtractError> {
        let path = folder.join("tokenizer.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let problem = "not found; models saved without a fast tokenizer get one from \
                               python: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)";
                return Err(ExtractError::Tokenizer {
                    path,
                    problem: problem.to_owned(),
                });
            }
            Err(source) => return Err(ExtractError::Io { path, source }),
        };
        let broken = |e: tokenizers::Error| ExtractError::Tokenizer {
            path: path.clone(),
            problem: format!("not a tokenizer: {e}"),
        };
        let mut tokenizer = Tokenizer::from_bytes(&bytes).map_err(broken)?;
        let tokens = tokenizer
            .get_vocab(true)
            .values()
            .max()
            .map_or(0, |&id| id as usize + 1);
        if tokens > model.vocab_size {
            let vocab_size = model.vocab_size;
            return Err(ExtractError::WrongTokenizer {
                path,
                tokens,
                vocab_size,
            });
        }
        let special = tokenizers::PostProcessor::added_tokens;
        let special = tokenizer
            .get_post_processor()
            .map_or(0, |p| special(p, false));
        let highest = model.max_length.unwrap_or(usize::MAX);
        let length = max_length.unwrap_or(DEFAULT_MAX_LENGTH.min(highest));
        if length <= special || length > highest {
            return Err(ExtractError::BadMaxLength {
                asked: length,
                lowest: special + 1,
                highest,
            });
        }
        let cut = TruncationParams {
            max_length: length,
            ..TruncationParams::default()
        };
        tokenizer.with_truncation(Some(cut)).map_err(broken)?;
        tokenizer.with_padding(None);
        let hash = hex(&Sha256::digest(&bytes));
        Ok(Self {
            tokenizer,
            path,
            hash,
            max_length: length,
        })
    }

    /// The number of tokens after which a text is cut.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The SHA-256 of the tokenizer's file, as 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Tokenises texts, in parallel, keeping their order. Of texts that are much longer than what is kept of
    /// them only the beginning is looked at.
    ///
    /// # Errors
    /// [`ExtractError::Tokenizer`] with what the tokenizer reports, or for a text that leaves no token
    /// at all (a decoder's tokenizer on an empty text).
    pub fn encode<S: AsRef<str>>(&self, texts: &[S]) -> Result<TokenizedTexts, ExtractError> {
        let mut tokens = TokenBatch::new();
        let mut keep = |ids: &[u32]| {
            tokens.push(ids);
            Ok(())
        };
        let mut chunks = Chunks::new(self, texts.len(), &mut keep, &());
        for text in texts {
            chunks.push(text.as_ref())?;
        }
        let truncated = chunks.finish()?;
        Ok(TokenizedTexts { tokens, truncated })
    }

    /// Tokenises a corpus as it is read, in parallel and keeping its order, and tells `watch` how far it
    /// has come.
    ///
    /// With a folder the ids are kept in a temporary file in it ([`TokenFile`](crate::TokenFile)) or,
    /// as long as that folder is not there, in the nearest one above it; without, in memory.
    ///
    /// # Errors
    /// As [`TextTokenizer::encode`]; what [`TextSource::for_each`] reports; [`ExtractError::Io`] where the
    /// file cannot be written; [`ExtractError::Cancelled`].
    pub fn encode_corpus(
        &self,
        corpus: &dyn TextSource,
        folder: Option<&Path>,
        watch: &dyn Watch,
    ) -> Result<TokenizedCorpus, ExtractError> {
        let texts = corpus.labels().len();
        let encode = |keep: &mut Keep<'_>| {
            let mut chunks = Chunks::new(self, texts, keep, watch);
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
            truncated,
            origin,
        })
    }
}

/// Takes the ids of a text.
type Keep<'a> = dyn FnMut(&[u32]) -> Result<(), ExtractError> + 'a;

/// Collects texts until there are enough of them to be tokenised at once.
struct Chunks<'a> {
    tokenizer: &'a TextTokenizer,
    keep: &'a mut Keep<'a>,
    watch: &'a dyn Watch,
    texts: Vec<String>,
    /// Bytes of the texts, and of what the tokenizer is given of them.
    waiting: usize,
    given: usize,
    done: usize,
    total: usize,
    truncated: usize,
}

impl<'a> Chunks<'a> {
    fn new(
        tokenizer: &'a TextTokenizer,
        total: usize,
        keep: &'a mut Keep<'a>,
        watch: &'a dyn Watch,
    ) -> Self {
        Self {
            tokenizer,
            keep,
            watch,
            total,
            texts: Vec::new(),
            waiting: 0,
            given: 0,
            done: 0,
            truncated: 0,
        }
    }

    fn push(&mut self, text: &str) -> Result<(), ExtractError> {
        let given = self.tokenizer.beginning(text, 1).len();
        if self.texts.len() == CHUNK
            || self.given + given > CHUNK_BYTES
            || self.waiting + text.len() > WAITING_BYTES
        {
            self.encode()?;
        }
        self.waiting += text.len();
        self.given += given;
        self.texts.push(text.to_owned());
        Ok(())
    }

    /// Tokenises what is left; how many of all texts were cut.
    fn finish(mut self) -> Result<usize, ExtractError> {
        self.encode()?;
        Ok(self.truncated)
    }

    fn encode(&mut self) -> Result<(), ExtractError> {
        (self.waiting, self.given) = (0, 0);
        let texts = std::mem::take(&mut self.texts);
        for (text, encoding) in texts.iter().zip(self.tokenizer.encode_beginnings(&texts)?) {
            let (encoding, cut) = self.tokenizer.enough(text, encoding)?;
            if encoding.get_ids().is_empty() {
                return Err(self.tokenizer.problem(format!(
                    "text {} of the corpus (counted from 0) has no tokens",
                    self.done
                )));
            }
            self.done += 1;
            self.truncated += usize::from(cut);
            (self.keep)(encoding.get_ids())?;
        }
        Ok(self.watch.check("tokenise", self.done, self.total)?)
    }
}

impl TextTokenizer {
    fn problem(&self, problem: String) -> ExtractError {
        ExtractError::Tokenizer {
            path: self.path.clone(),
            problem,
        }
    }

    fn encode_beginnings(&self, texts: &[String]) -> Result<Vec<Encoding>, ExtractError> {
        let beginnings: Vec<&str> = texts.iter().map(|text| self.beginning(text, 1)).collect();
        let encodings = self.tokenizer.encode_batch_fast(beginnings, true);
        encodings.map_err(|e| self.problem(e.to_string()))
    }

    /// As much of a text as should do for all tokens that are kept, or `times` as much.
    fn beginning<'a>(&self, text: &'a str, times: usize) -> &'a str {
        let end = self.max_length.saturating_mul(BYTES_PER_TOKEN);
        &text[..text.floor_char_boundary(end.saturating_mul(times))]
    }

    /// The tokens of a text, given those of its beginning, and whether they are not all. Text without
    /// tokens, such as spaces, may have taken up the beginning: then a longer one is taken.
    fn enough(&self, text: &str, mut encoding: Encoding) -> Result<(Encoding, bool), ExtractError> {
        let mut times = 1;
        loop {
            let overflowing = encoding.get_overflowing();
            let whole = self.beginning(text, times).len() == text.len();
            let tokens: usize = overflowing.iter().map(Encoding::len).sum();
            if whole || encoding.len() + tokens >= self.max_length.saturating_mul(MARGIN) {
                let cut = !overflowing.is_empty();
                return Ok((encoding, cut));
            }
            times *= 2;
            let longer = self.beginning(text, times);
            let longer = self.tokenizer.encode_fast(longer, true);
            encoding = longer.map_err(|e| self.problem(e.to_string()))?;
        }
    }
}
