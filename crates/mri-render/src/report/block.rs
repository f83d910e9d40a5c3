use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

/// A data block of the page: gzip in base64, with the length and hash that the page verifies.
pub(super) struct DataBlock {
    pub(super) base64: String,
    /// Length before compression.
    pub(super) bytes: usize,
    /// FNV-1a (32 bits) of the bytes before compression.
    pub(super) hash: u32,
}

impl DataBlock {
    fn new(bytes: &[u8]) -> Self {
        // Writing to memory cannot fail.
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let _ = gzip.write_all(bytes);
        let packed = gzip.finish().unwrap_or_default();
        Self {
            base64: STANDARD.encode(packed),
            bytes: bytes.len(),
            hash: fnv1a(bytes),
        }
    }
}

/// The FNV-1a hash: simple to implement on both sides, and available to pages opened from a file,
/// unlike the digests of the browser.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Name, type and location of an array.
#[derive(Serialize)]
struct ArrayEntry {
    name: String,
    /// The typed array of JavaScript.
    kind: &'static str,
    /// Offset in bytes and length in elements.
    at: usize,
    length: usize,
}

/// Numeric arrays, concatenated in little-endian order, each aligned for its typed array.
#[derive(Default)]
pub(super) struct Arrays {
    list: Vec<ArrayEntry>,
    bytes: Vec<u8>,
}

/// The size of the largest element type, the alignment of every array.
const ALIGNMENT: usize = 8;

impl Arrays {
    pub(super) fn u16s(&mut self, name: &str, values: impl IntoIterator<Item = u16>) {
        self.push(
            name,
            "Uint16Array",
            values.into_iter().map(u16::to_le_bytes),
        );
    }

    pub(super) fn u32s(&mut self, name: &str, values: impl IntoIterator<Item = u32>) {
        self.push(
            name,
            "Uint32Array",
            values.into_iter().map(u32::to_le_bytes),
        );
    }

    pub(super) fn f32s(&mut self, name: &str, values: impl IntoIterator<Item = f32>) {
        let bytes = values.into_iter().map(f32::to_le_bytes);
        self.push(name, "Float32Array", bytes);
    }

    pub(super) fn f64s(&mut self, name: &str, values: impl IntoIterator<Item = f64>) {
        let bytes = values.into_iter().map(f64::to_le_bytes);
        self.push(name, "Float64Array", bytes);
    }

    fn push<const N: usize>(
        &mut self,
        name: &str,
        kind: &'static str,
        values: impl Iterator<Item = [u8; N]>,
    ) {
        let at = self.bytes.len();
        self.bytes.extend(values.flatten());
        self.list.push(ArrayEntry {
            name: name.to_owned(),
            kind,
            at,
            length: (self.bytes.len() - at) / N,
        });
        pad(&mut self.bytes);
    }

    /// `[length of the head, u32][head, JSON][arrays]`. The field `parts` of the head lists the
    /// arrays, with offsets from the end of the padded head.
    pub(super) fn finish(self, mut head: serde_json::Map<String, serde_json::Value>) -> DataBlock {
        let list = serde_json::to_value(&self.list).unwrap_or_default();
        head.insert("parts".to_owned(), list);
        let head = serde_json::Value::Object(head).to_string();
        let mut bytes = (head.len() as u32).to_le_bytes().to_vec();
        bytes.extend_from_slice(head.as_bytes());
        pad(&mut bytes);
        bytes.extend(self.bytes);
        DataBlock::new(&bytes)
    }
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
}

/// `[number of texts, u32][length of each in bytes, u32][texts, UTF-8]`. A block of its own, so
/// that the page can draw before it is decoded.
pub(super) fn text_block<S: AsRef<str>>(texts: &[S]) -> DataBlock {
    let mut bytes = (texts.len() as u32).to_le_bytes().to_vec();
    for text in texts {
        bytes.extend((text.as_ref().len() as u32).to_le_bytes());
    }
    for text in texts {
        bytes.extend_from_slice(text.as_ref().as_bytes());
    }
    DataBlock::new(&bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn unpack(block: &DataBlock) -> Vec<u8> {
        let packed = STANDARD.decode(&block.base64).unwrap();
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..])
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // Published test vectors.
        assert_eq!(fnv1a(b""), 0x811c_9dc5);
        assert_eq!(fnv1a(b"a"), 0xe40c_292c);
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn arrays_are_aligned_and_at_their_offsets() {
        let mut arrays = Arrays::default();
        arrays.u16s("a", [1, 2, 3]);
        arrays.f64s("b", [0.5]);
        let block = arrays.finish(serde_json::Map::new());
        let bytes = unpack(&block);
        assert_eq!((bytes.len(), fnv1a(&bytes)), (block.bytes, block.hash));
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        let head: serde_json::Value = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
        let start = (4 + length).next_multiple_of(8);
        assert_eq!(head["parts"][0]["length"], 3);
        assert_eq!(bytes[start..start + 6], [1, 0, 2, 0, 3, 0]);
        let at = start + head["parts"][1]["at"].as_u64().unwrap() as usize;
        assert_eq!(at % 8, 0);
        assert_eq!(bytes[at..], 0.5_f64.to_le_bytes());
    }

    #[test]
    fn texts_round_trip() {
        let texts = ["", "日本\0語", "</script>"].map(str::to_owned);
        let bytes = unpack(&text_block(&texts));
        let word = |i: usize| u32::from_le_bytes(bytes[4 * i..4 * i + 4].try_into().unwrap());
        assert_eq!([0, 1, 2, 3].map(word), [3, 0, 10, 9]);
        assert_eq!(&bytes[16..], "日本\0語</script>".as_bytes());
    }
}
