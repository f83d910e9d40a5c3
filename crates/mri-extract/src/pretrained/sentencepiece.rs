//! SentencePiece models (Kudo & Richardson 2018, arXiv:1808.06226), which are protocol buffers.

use std::collections::HashMap;

use serde_json::{Value, json};

/// The kinds of pieces.
const NORMAL: u64 = 1;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

/// `trainer_spec.model_type` of byte pair encoding.
const BPE: u64 = 2;

/// A model as the file describes it.
#[derive(Debug)]
pub(super) struct PieceModel {
    pub(super) pieces: Vec<Piece>,
    pub(super) is_bpe: bool,
    pub(super) byte_fallback: bool,
    pub(super) unk_id: usize,
    pub(super) unk: String,
    pub(super) bos: Option<String>,
    pub(super) eos: Option<String>,
    /// Compiled normalization rules; may be empty.
    pub(super) charsmap: Vec<u8>,
    pub(super) add_dummy_prefix: bool,
    pub(super) remove_extra_whitespaces: bool,
    pub(super) escape_whitespaces: bool,
}

/// An entry of the vocabulary.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) score: f32,
    kind: u64,
}

impl Piece {
    pub(super) fn is_control(&self) -> bool {
        self.kind == CONTROL
    }

    pub(super) fn is_user_defined(&self) -> bool {
        self.kind == USER_DEFINED
    }
}

impl PieceModel {
    /// Reads a file. Fields that a tokenizer does not need are passed over.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let (mut trainer, mut normalizer) = (Trainer::default(), Normalizer::default());
        for field in fields(bytes) {
            match field? {
                (1, Field::Bytes(bytes)) => pieces.push(piece(bytes)?),
                (2, Field::Bytes(bytes)) => trainer = Trainer::parse(bytes)?,
                (3, Field::Bytes(bytes)) => normalizer = Normalizer::parse(bytes)?,
                _ => {}
            }
        }
        if pieces.is_empty() {
            return Err("not a SentencePiece model: it has no pieces".to_owned());
        }
        let end = |id: i64, piece: &str| (id >= 0).then(|| piece.to_owned());
        Ok(Self {
            pieces,
            is_bpe: trainer.kind == BPE,
            byte_fallback: trainer.byte_fallback,
            unk_id: usize::try_from(trainer.unk_id).unwrap_or(0),
            bos: end(trainer.bos_id, &trainer.bos),
            eos: end(trainer.eos_id, &trainer.eos),
            unk: trainer.unk,
            charsmap: normalizer.charsmap,
            add_dummy_prefix: normalizer.add_dummy_prefix,
            remove_extra_whitespaces: normalizer.remove_extra_whitespaces,
            escape_whitespaces: normalizer.escape_whitespaces,
        })
    }

    /// The merges that make the pieces, in the order of the pieces, as transformers' classes for
    /// byte pair encoding make them.
    pub(super) fn merges(&self) -> Vec<Value> {
        let ids = self.ids(|_| true);
        let mut merges = Vec::new();
        // A piece that is there twice counts where it comes last.
        for (number, piece) in self.pieces.iter().enumerate() {
            if ids.get(piece.text.as_str()) == Some(&number) {
                for (left, right) in splits(&piece.text, &ids) {
                    merges.push((
                        number,
                        left.chars().count(),
                        right.chars().count(),
                        left,
                        right,
                    ));
                }
            }
        }
        merges.sort_unstable();
        merges
            .iter()
            .map(|(.., left, right)| json!([left, right]))
            .collect()
    }

    /// The merges that make the normal pieces, by their scores, as SentencePiece itself merges.
    pub(super) fn merges_by_score(&self) -> Vec<Value> {
        let ids = self.ids(|piece| piece.kind == NORMAL);
        let mut merges = Vec::new();
        for (number, piece) in self.pieces.iter().enumerate() {
            if piece.kind == NORMAL && ids.get(piece.text.as_str()) == Some(&number) {
                for (left, right) in splits(&piece.text, &ids) {
                    merges.push((-piece.score, number, left, right));
                }
            }
        }
        merges.sort_by(|a, b| {
            a.0.total_cmp(&b.0)
                .then_with(|| (a.1, a.2, a.3).cmp(&(b.1, b.2, b.3)))
        });
        merges
            .iter()
            .map(|(.., left, right)| json!([left, right]))
            .collect()
    }

    fn ids(&self, which: impl Fn(&Piece) -> bool) -> HashMap<&str, usize> {
        let pieces = self.pieces.iter().enumerate();
        let pieces = pieces.filter(|(_, piece)| which(piece));
        pieces
            .map(|(id, piece)| (piece.text.as_str(), id))
            .collect()
    }
}

/// The two parts of a piece, wherever both are pieces.
fn splits<'a>(
    text: &'a str,
    ids: &HashMap<&str, usize>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let places = text.char_indices().skip(1);
    let parts = places.map(move |(at, _)| text.split_at(at));
    parts.filter(|(left, right)| ids.contains_key(left) && ids.contains_key(right))
}

fn piece(bytes: &[u8]) -> Result<Piece, String> {
    let mut piece = Piece {
        text: String::new(),
        score: 0.0,
        kind: NORMAL,
    };
    for field in fields(bytes) {
        match field? {
            (1, Field::Bytes(bytes)) => piece.text = text(bytes)?,
            (2, Field::Fixed32(bits)) => piece.score = f32::from_bits(bits),
            (3, Field::Varint(kind)) => piece.kind = kind,
            _ => {}
        }
    }
    Ok(piece)
}

fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|e| e.to_string())
}

struct Trainer {
    kind: u64,
    byte_fallback: bool,
    unk_id: i64,
    bos_id: i64,
    eos_id: i64,
    unk: String,
    bos: String,
    eos: String,
}

impl Default for Trainer {
    /// The defaults of the format.
    fn default() -> Self {
        Self {
            kind: 1,
            byte_fallback: false,
            unk_id: 0,
            bos_id: 1,
            eos_id: 2,
            unk: "<unk>".to_owned(),
            bos: "<s>".to_owned(),
            eos: "</s>".to_owned(),
        }
    }
}

impl Trainer {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut trainer = Self::default();
        for field in fields(bytes) {
            match field? {
                (3, Field::Varint(kind)) => trainer.kind = kind,
                (35, Field::Varint(flag)) => trainer.byte_fallback = flag != 0,
                // Negative numbers of 32 bits are written with 64.
                (40, Field::Varint(id)) => trainer.unk_id = id as i64,
                (41, Field::Varint(id)) => trainer.bos_id = id as i64,
                (42, Field::Varint(id)) => trainer.eos_id = id as i64,
                (45, Field::Bytes(bytes)) => trainer.unk = text(bytes)?,
                (46, Field::Bytes(bytes)) => trainer.bos = text(bytes)?,
                (47, Field::Bytes(bytes)) => trainer.eos = text(bytes)?,
                _ => {}
            }
        }
        Ok(trainer)
    }
}

struct Normalizer {
    charsmap: Vec<u8>,
    add_dummy_prefix: bool,
    remove_extra_whitespaces: bool,
    escape_whitespaces: bool,
}

impl Default for Normalizer {
    /// The defaults of the format.
    fn default() -> Self {
        Self {
            charsmap: Vec::new(),
            add_dummy_prefix: true,
            remove_extra_whitespaces: true,
            escape_whitespaces: true,
        }
    }
}

impl Normalizer {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut normalizer = Self::default();
        for field in fields(bytes) {
            match field? {
                (2, Field::Bytes(bytes)) => normalizer.charsmap = bytes.to_vec(),
                (3, Field::Varint(flag)) => normalizer.add_dummy_prefix = flag != 0,
                (4, Field::Varint(flag)) => normalizer.remove_extra_whitespaces = flag != 0,
                (5, Field::Varint(flag)) => normalizer.escape_whitespaces = flag != 0,
                _ => {}
            }
        }
        Ok(normalizer)
    }
}

/// A field of a message.
enum Field<'a> {
    Varint(u64),
    Fixed64,
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// The fields of a message with their numbers. Nothing is allocated by a length that the file
/// claims.
fn fields(bytes: &[u8]) -> impl Iterator<Item = Result<(u64, Field<'_>), String>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = next_field(&mut rest);
        if field.is_none() {
            rest = &[];
        }
        Some(field.ok_or_else(|| "not a SentencePiece model: it is cut off or damaged".to_owned()))
    })
}

fn next_field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let tag = varint(rest)?;
    let mut take = |n: usize| {
        let (taken, after) = rest.split_at_checked(n)?;
        *rest = after;
        Some(taken)
    };
    let field = match tag & 7 {
        0 => Field::Varint(varint(rest)?),
        1 => {
            take(8)?;
            Field::Fixed64
        }
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            let (taken, after) = rest.split_at_checked(length)?;
            *rest = after;
            Field::Bytes(taken)
        }
        5 => Field::Fixed32(u32::from_le_bytes(take(4)?.try_into().ok()?)),
        _ => return None,
    };
    Some((tag >> 3, field))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Any bytes give a model or an error, also behind the beginning of a message.
        #[test]
        fn no_file_makes_the_reader_panic(
            start in prop::sample::select(vec![&[][..], &[0x0a], &[0x0a, 0x05, 0x0a], &[0x12, 0x40]]),
            bytes in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let file = [start, &bytes].concat();
            if let Ok(model) = PieceModel::parse(&file) {
                let _ = (model.merges(), model.merges_by_score());
            }
        }
    }

    #[test]
    fn a_message_is_read_and_damage_is_an_error() {
        // Two pieces, "a" with score -1.5 and "ab" of user-defined kind.
        let score = (-1.5_f32).to_le_bytes();
        let mut bytes = vec![0x0a, 8, 0x0a, 1, b'a', 0x15];
        bytes.extend(score);
        bytes.extend([0x0a, 6, 0x0a, 2, b'a', b'b', 0x18, 4]);
        // A trainer: type 2, bos_id -1.
        bytes.extend([0x12, 14, 0x18, 2, 0xc8, 0x02]);
        bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        let model = PieceModel::parse(&bytes).unwrap();
        assert_eq!(model.pieces.len(), 2);
        assert_eq!(
            (model.pieces[0].text.as_str(), model.pieces[0].score),
            ("a", -1.5)
        );
        assert!(model.pieces[1].is_user_defined() && model.is_bpe);
        assert_eq!((model.bos, model.eos.as_deref()), (None, Some("</s>")));
        for length in 1..bytes.len() {
            let _ = PieceModel::parse(&bytes[..length]);
        }
        assert!(PieceModel::parse(&bytes[..bytes.len() - 1]).is_err());
        assert!(PieceModel::parse(b"").is_err());
    }
}
