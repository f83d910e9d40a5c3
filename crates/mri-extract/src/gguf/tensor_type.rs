//! The number formats of tensors.

use super::cursor::Problem;

/// A number format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TensorType {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    IQ4NL,
    IQ4XS,
    MXFP4,
}

/// The number of a format in files, its name, the numbers of a block and their bytes.
const FORMATS: &[(u32, &str, TensorType, usize, usize)] = &[
    (0, "F32", TensorType::F32, 1, 4),
    (1, "F16", TensorType::F16, 1, 2),
    (30, "BF16", TensorType::BF16, 1, 2),
    (2, "Q4_0", TensorType::Q4_0, 32, 18),
    (3, "Q4_1", TensorType::Q4_1, 32, 20),
    (6, "Q5_0", TensorType::Q5_0, 32, 22),
    (7, "Q5_1", TensorType::Q5_1, 32, 24),
    (8, "Q8_0", TensorType::Q8_0, 32, 34),
    (10, "Q2_K", TensorType::Q2K, 256, 84),
    (11, "Q3_K", TensorType::Q3K, 256, 110),
    (12, "Q4_K", TensorType::Q4K, 256, 144),
    (13, "Q5_K", TensorType::Q5K, 256, 176),
    (14, "Q6_K", TensorType::Q6K, 256, 210),
    (20, "IQ4_NL", TensorType::IQ4NL, 32, 18),
    (23, "IQ4_XS", TensorType::IQ4XS, 256, 136),
    (39, "MXFP4", TensorType::MXFP4, 32, 17),
];

/// The formats that are not read, for messages.
const OTHERS: &[(u32, &str)] = &[
    (4, "Q4_2"),
    (5, "Q4_3"),
    (9, "Q8_1"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (40, "NVFP4"),
];

impl TensorType {
    /// The format of this number, if it is read.
    pub(super) fn of(number: u32) -> Option<Self> {
        let format = FORMATS.iter().find(|format| format.0 == number);
        format.map(|&(_, _, kind, _, _)| kind)
    }

    /// The bytes of a tensor of this shape, whose rows are whole blocks.
    pub(super) fn size(self, shape: &[usize]) -> Result<usize, Problem> {
        let (block, bytes) = self.block();
        let row = shape.last().copied().unwrap_or(1);
        if !row.is_multiple_of(block) {
            return Err(format!(
                "its rows of {row} numbers are not whole blocks of {block}"
            ));
        }
        let mut rows = shape.iter().rev().skip(1);
        let blocks = rows.try_fold(row / block, |n: usize, &rows| n.checked_mul(rows));
        blocks
            .and_then(|blocks| blocks.checked_mul(bytes))
            .ok_or_else(|| format!("its shape {shape:?} is too large"))
    }

    /// The numbers of a block and its bytes.
    pub(super) fn block(self) -> (usize, usize) {
        let format = FORMATS.iter().find(|format| format.2 == self);
        format.map_or((1, 1), |&(_, _, _, numbers, bytes)| (numbers, bytes))
    }
}

/// The name of a format by its number.
pub(super) fn type_name(number: u32) -> String {
    let known = FORMATS.iter().map(|format| (format.0, format.1));
    let mut all = known.chain(OTHERS.iter().copied());
    match all.find(|&(other, _)| other == number) {
        Some((_, name)) => name.to_owned(),
        None => format!("type {number}"),
    }
}

/// The names of the formats that are read, comma-separated.
pub(super) fn supported_types() -> String {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.1).collect();
    names.join(", ")
}
