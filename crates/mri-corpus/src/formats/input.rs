//! The bytes of a corpus, and texts from them: decompressed, in UTF-8, without a byte order mark.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

use super::zstd::{self, Frames};
use crate::error::{CorpusError, FormatProblem};
use crate::options::CorpusOptions;

/// A file or a folder, or bytes that stand for a file.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    /// Where it is, or what errors call it.
    pub(crate) path: &'a Path,
    /// The bytes, if they are in memory.
    pub(crate) bytes: Option<&'a [u8]>,
}

impl<'a> Source<'a> {
    pub(crate) fn file(path: &'a Path) -> Self {
        Self { path, bytes: None }
    }

    pub(crate) fn open(&self) -> Result<Box<dyn Read + 'a>, CorpusError> {
        Ok(match self.bytes {
            Some(bytes) => Box::new(bytes),
            None => Box::new(File::open(self.path).map_err(CorpusError::io(self.path))?),
        })
    }
}

/// The bytes that tell what a file is.
const HEAD: u64 = 64;

/// What a file is, by its first bytes.
enum Kind {
    Text,
    Gzip,
    Zstd,
    Refused(FormatProblem),
}

static REFUSED: [(&[u8], FormatProblem); 7] = [
    (b"PK\x03\x04", FormatProblem::Spreadsheet),
    (b"\xd0\xcf\x11\xe0", FormatProblem::Spreadsheet),
    (b"BZh", FormatProblem::Archive),
    (b"\xfd7zXZ", FormatProblem::Archive),
    (b"PAR1", FormatProblem::Misnamed("parquet")),
    (b"ARROW1", FormatProblem::Misnamed("arrow")),
    (LFS, FormatProblem::LfsPointer),
];

/// How the text begins that Git keeps in place of a large file.
const LFS: &[u8] = b"version https://git-lfs";

impl Kind {
    fn of(head: &[u8]) -> Self {
        if head.starts_with(b"\x1f\x8b") {
            return Self::Gzip;
        }
        if zstd::is_frame(head) {
            return Self::Zstd;
        }
        let refused = REFUSED.iter().find(|(mark, _)| head.starts_with(mark));
        refused.map_or(Self::Text, |(_, problem)| Self::Refused(problem.clone()))
    }
}

/// Refuses a file of a binary format that is empty, compressed as a whole, or what Git keeps in its
/// place.
pub(crate) fn check_binary(source: Source<'_>) -> Result<(), CorpusError> {
    let mut head = Vec::new();
    let file = source.open()?;
    file.take(HEAD)
        .read_to_end(&mut head)
        .map_err(CorpusError::io(source.path))?;
    match head.as_slice() {
        [] => Err(CorpusError::EmptyFile {
            path: source.path.to_owned(),
        }),
        head if head.starts_with(LFS) => {
            Err(CorpusError::format(source.path, FormatProblem::LfsPointer))
        }
        head if matches!(Kind::of(head), Kind::Gzip | Kind::Zstd) => {
            Err(CorpusError::format(source.path, FormatProblem::Packed))
        }
        _ => Ok(()),
    }
}

/// The text of a source.
pub(crate) fn open_text<'a>(
    source: Source<'a>,
    options: &CorpusOptions,
) -> Result<BufReader<Box<dyn Read + 'a>>, CorpusError> {
    text_of(source.path, source.open()?, options)
}

/// The text that bytes hold.
pub(crate) fn text_of<'a>(
    path: &Path,
    source: impl Read + 'a,
    options: &CorpusOptions,
) -> Result<BufReader<Box<dyn Read + 'a>>, CorpusError> {
    let io = |error| CorpusError::io(path)(error);
    let mut source: Box<dyn Read + 'a> = Box::new(source);
    // A text that was compressed twice was so by mistake.
    for _ in 0..2 {
        let (head, rest) = peek(source).map_err(io)?;
        source = match Kind::of(&head) {
            Kind::Text => return Ok(BufReader::new(decoded(&head, rest, options))),
            Kind::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(rest))),
            Kind::Zstd => Box::new(Frames::new(BufReader::new(rest))),
            Kind::Refused(problem) => return Err(CorpusError::format(path, problem)),
        };
    }
    Err(CorpusError::format(path, FormatProblem::Archive))
}

/// The first bytes of a source, and the source with them.
fn peek<'a>(mut source: Box<dyn Read + 'a>) -> io::Result<(Vec<u8>, Box<dyn Read + 'a>)> {
    let mut head = Vec::new();
    source.by_ref().take(HEAD).read_to_end(&mut head)?;
    let rest = Cursor::new(head.clone()).chain(source);
    Ok((head, Box::new(rest)))
}

/// Text in UTF-8, without the mark that it starts with. Bytes that are taken for UTF-8 are checked
/// by those who need them.
fn decoded<'a>(
    head: &[u8],
    mut rest: Box<dyn Read + 'a>,
    options: &CorpusOptions,
) -> Box<dyn Read + 'a> {
    let marked = Encoding::for_bom(head);
    if let Some((_, length)) = marked {
        // They are in memory.
        let _ = io::copy(&mut rest.by_ref().take(length as u64), &mut io::sink());
    }
    let named = options.encoding.map(|encoding| encoding.0);
    let encoding = marked
        .map(|(encoding, _)| encoding)
        .or(named)
        .or_else(|| unmarked_utf16(head))
        .unwrap_or(UTF_8);
    if encoding == UTF_8 {
        return rest;
    }
    Box::new(Transcoder::new(rest, encoding))
}

/// UTF-16 without a mark: text has no zero bytes in any other encoding.
fn unmarked_utf16(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some(UTF_16LE),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// Text in another encoding, as UTF-8.
struct Transcoder<R> {
    source: R,
    decoder: Decoder,
    input: Box<[u8]>,
    /// The bytes of `input` that are still to be decoded.
    waiting: std::ops::Range<usize>,
    output: Vec<u8>,
    /// The bytes of `output` that were handed on.
    given: usize,
    /// The bytes of the source that were decoded.
    offset: u64,
    ended: bool,
}

impl<R: Read> Transcoder<R> {
    fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; 1 << 13].into(),
            waiting: 0..0,
            output: Vec::new(),
            given: 0,
            offset: 0,
            ended: false,
        }
    }

    /// Decodes more of the source.
    fn fill(&mut self) -> io::Result<()> {
        let mut last = false;
        if self.waiting.is_empty() {
            let length = self.source.read(&mut self.input)?;
            self.waiting = 0..length;
            last = length == 0;
        }
        // A byte of any encoding takes up to three in UTF-8.
        self.output.resize(3 * self.input.len() + 16, 0);
        let input = &self.input[self.waiting.clone()];
        let (result, read, written) =
            self.decoder
                .decode_to_utf8_without_replacement(input, &mut self.output, last);
        self.output.truncate(written);
        self.given = 0;
        self.waiting.start += read;
        self.offset += read as u64;
        match result {
            DecoderResult::InputEmpty => self.ended = last,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                let name = self.decoder.encoding().name();
                let problem = format!(
                    "what ends at byte {} is no character of {name}",
                    self.offset
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() && !self.ended {
            self.fill()?;
        }
        let length = (&self.output[self.given..]).read(buffer)?;
        self.given += length;
        Ok(length)
    }
}
