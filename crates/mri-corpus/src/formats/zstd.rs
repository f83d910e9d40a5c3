//! Zstandard: the frames of a file one after another, in bounded memory.
//!
//! Format: RFC 8878. The decoder holds as much of the text as a frame's window, which the frame
//! claims; a frame with a larger window than the usual programs read is refused before.

use std::io::{self, BufRead, Chain, Cursor, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// How a frame starts, and one that programs step over: the first byte of that has 16 values.
const MAGIC: u32 = 0xfd2f_b528;
const SKIPPED: u32 = 0x184d_2a50;

/// The most bytes of a frame's header.
const HEADER: u64 = 18;

/// The largest window: that of `zstd -d`, 128 MiB.
const WINDOW: u64 = 1 << 27;

pub(crate) fn is_frame(head: &[u8]) -> bool {
    magic(head).is_some_and(|magic| magic == MAGIC || magic & !0xf == SKIPPED)
}

fn magic(head: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(head.get(..4)?.try_into().ok()?))
}

/// A frame's first bytes, which were looked at, and what follows them.
type Rest<R> = Chain<Cursor<Vec<u8>>, R>;

/// What a sequence of frames holds.
pub(crate) struct Frames<R: BufRead> {
    frame: Option<StreamingDecoder<Rest<R>, FrameDecoder>>,
    /// What follows, where no frame is open.
    rest: Option<Rest<R>>,
}

impl<R: BufRead> Frames<R> {
    pub(crate) fn new(source: R) -> Self {
        let rest = Cursor::new(Vec::new()).chain(source);
        Self {
            frame: None,
            rest: Some(rest),
        }
    }

    /// Opens the next frame; `false` at the end.
    fn open(&mut self) -> io::Result<bool> {
        while let Some(mut rest) = self.rest.take() {
            let mut head = Vec::new();
            rest.by_ref().take(HEADER).read_to_end(&mut head)?;
            if head.is_empty() {
                return Ok(false);
            }
            let kind = magic(&head).ok_or_else(|| bad("the compressed text is cut off"))?;
            // What was looked at is read again, before the source that lay behind it.
            let (mut before, source) = rest.into_inner();
            before.read_to_end(&mut head)?;
            let mut rest = Cursor::new(head).chain(source);
            if kind & !0xf == SKIPPED {
                skip(&mut rest)?;
                self.rest = Some(rest);
                continue;
            }
            if kind != MAGIC {
                return Err(bad("something else follows the compressed text"));
            }
            if window(rest.get_ref().0.get_ref()).is_none_or(|window| window > WINDOW) {
                return Err(bad(
                    "compressed with a window of more than 128 MiB; unpack it with `zstd -d --long=31`",
                ));
            }
            self.frame = Some(StreamingDecoder::new(rest).map_err(io::Error::other)?);
            return Ok(true);
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.frame.is_none() && !self.open()? {
                return Ok(0);
            }
            let Some(mut frame) = self.frame.take() else {
                return Ok(0);
            };
            let length = frame.read(buffer)?;
            if length > 0 {
                self.frame = Some(frame);
                return Ok(length);
            }
            let stored = frame.decoder.get_checksum_from_data();
            if stored.is_some() && stored != frame.decoder.get_calculated_checksum() {
                return Err(bad(
                    "the compressed text is damaged; copy or download it again",
                ));
            }
            self.rest = Some(frame.into_inner());
        }
    }
}

/// Steps over a frame that holds no text.
fn skip(source: &mut impl Read) -> io::Result<()> {
    let mut head = [0; 8];
    source.read_exact(&mut head)?;
    let length = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
    let skipped = io::copy(&mut source.take(length), &mut io::sink())?;
    match skipped == length {
        true => Ok(()),
        false => Err(bad("the compressed text is cut off")),
    }
}

/// The bytes of text that the decoder of a frame has to hold, by its header.
fn window(head: &[u8]) -> Option<u64> {
    let descriptor = *head.get(4)?;
    if descriptor & 0x20 == 0 {
        let window = *head.get(5)?;
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    // The frame is one segment: its window is its length, after the number of its dictionary.
    let at = 5 + [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = 1 << (descriptor >> 6);
    let mut length = [0; 8];
    length[..size].copy_from_slice(head.get(at..at + size)?);
    let length = u64::from_le_bytes(length);
    Some(if size == 2 { length + 256 } else { length })
}

fn bad(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
