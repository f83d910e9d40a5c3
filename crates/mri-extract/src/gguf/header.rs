//! The header of a file: metadata, and where the tensors are.

use std::collections::HashMap;

use super::cursor::{Cursor, Problem};
use super::field::{Field, Number};
use super::tensor_type::TensorType;

/// The versions that are read; the first counted in 32 bits and is long gone.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;

/// The limit of the dimensions of a tensor, that of ggml.
const MAX_DIMENSIONS: u32 = 4;

/// Tensors start at multiples of this many bytes unless the metadata say otherwise.
const DEFAULT_ALIGNMENT: usize = 32;

/// The metadata and the tensors of a file.
///
/// What a header claims is compared with the bytes that are there: nothing is allocated by a count,
/// and tensors lie inside the file.
pub(super) struct Header {
    pub(super) fields: HashMap<String, Field>,
    pub(super) tensors: HashMap<String, TensorInfo>,
}

/// A tensor: its shape, its type and where it lies in its file.
#[derive(Debug, Clone)]
pub(super) struct TensorInfo {
    /// The outermost dimension first, as in safetensors; the file has it last.
    pub(super) shape: Vec<usize>,
    /// The number of its type.
    pub(super) kind: u32,
    pub(super) start: usize,
    /// The end, for types of known size; otherwise the start.
    pub(super) end: usize,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let mut cursor = Cursor::new(bytes, 0);
        if cursor.array()? != *b"GGUF" {
            return Err("it does not start with the letters GGUF".to_owned());
        }
        let version = cursor.u32()?;
        if !VERSIONS.contains(&version) {
            return Err(if VERSIONS.contains(&version.swap_bytes()) {
                "it is written for big-endian machines".to_owned()
            } else {
                format!("its version is {version}; 2 and 3 are read")
            });
        }
        let n_tensors = cursor.u64()?;
        let n_fields = cursor.u64()?;
        let mut fields = HashMap::new();
        for _ in 0..n_fields {
            let key = cursor.text()?;
            let in_entry = |problem| format!("metadata entry {key:?}: {problem}");
            let field = Field::skip(&mut cursor).map_err(in_entry)?;
            if fields.insert(key.to_owned(), field).is_some() {
                return Err(format!("the metadata have two entries {key:?}"));
            }
        }
        let mut tensors = HashMap::new();
        for _ in 0..n_tensors {
            let name = cursor.text()?;
            let in_tensor = |problem| format!("tensor {name:?}: {problem}");
            let info = TensorInfo::read(&mut cursor).map_err(in_tensor)?;
            if tensors.insert(name.to_owned(), info).is_some() {
                return Err(format!("there are two tensors {name:?}"));
            }
        }
        let alignment = alignment(fields.get("general.alignment"), bytes)?;
        let start = cursor.at().next_multiple_of(alignment);
        for (name, info) in &mut tensors {
            let in_tensor = |problem| format!("tensor {name:?}: {problem}");
            info.place(start, alignment, bytes.len())
                .map_err(in_tensor)?;
        }
        Ok(Self { fields, tensors })
    }
}

/// The alignment of tensors in bytes.
fn alignment(field: Option<&Field>, bytes: &[u8]) -> Result<usize, Problem> {
    let Some(field) = field else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    match field.numbers(bytes).next() {
        Some(Number::Whole(n)) if (1..=1 << 20).contains(&n) && n.count_ones() == 1 => {
            Ok(usize::try_from(n).expect("at most 2^20"))
        }
        found => Err(format!("an alignment of {found:?}")),
    }
}

impl TensorInfo {
    /// Reads all but the place of the tensor, which is relative to the end of the header.
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Problem> {
        let dimensions = cursor.u32()?;
        if dimensions > MAX_DIMENSIONS {
            return Err(format!("it has {dimensions} dimensions"));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            shape.push(cursor.size()?);
        }
        shape.reverse();
        Ok(Self {
            shape,
            kind: cursor.u32()?,
            start: cursor.size()?,
            end: 0,
        })
    }

    /// Turns the offset into a place in the file, which has to lie within its `length`.
    fn place(&mut self, origin: usize, alignment: usize, length: usize) -> Result<(), Problem> {
        let offset = self.start;
        if !offset.is_multiple_of(alignment) {
            return Err(format!("its offset {offset} is no multiple of {alignment}"));
        }
        let size = match TensorType::of(self.kind) {
            Some(kind) => kind.size(&self.shape)?,
            // Its name is told when it is asked for.
            None => 0,
        };
        let start = origin.checked_add(offset);
        let end = start.and_then(|start| start.checked_add(size));
        match (start, end) {
            (Some(start), Some(end)) if end <= length => {
                (self.start, self.end) = (start, end);
                Ok(())
            }
            _ => Err(format!(
                "its {size} bytes at offset {offset} end past the end of the file"
            )),
        }
    }
}
