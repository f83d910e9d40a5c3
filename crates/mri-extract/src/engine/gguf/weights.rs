//! The tensors of a GGUF file as the families want them.

use safetensors::Dtype;

use crate::engine::spec::{TransformerSpec, WeightRole};
use crate::gguf::{Gguf, GgufError, GgufTensor, TensorType, dequantize};

/// The tensors of a file, with what its writer did to them undone.
pub(crate) struct GgufWeights {
    gguf: Gguf,
}

/// The numbers of a tensor.
pub(crate) enum GgufValues<'a> {
    /// As they are stored.
    Stored(Dtype, &'a [u8]),
    /// Unpacked.
    Float(Vec<f32>),
}

impl GgufWeights {
    pub(crate) fn new(gguf: Gguf) -> Self {
        Self { gguf }
    }

    /// The numbers of a tensor and its shape, if there is one of this name. `inner` is the number
    /// of the expert or head, whose part is taken of a tensor with one dimension more than
    /// `expected`.
    pub(crate) fn read(
        &self,
        spec: &TransformerSpec,
        role: WeightRole,
        inner: usize,
        name: &str,
        expected: &[usize],
    ) -> Result<Option<(GgufValues<'_>, Vec<usize>)>, GgufError> {
        let Some(tensor) = self.gguf.tensor(name)? else {
            return Ok(None);
        };
        let tensor = part(tensor, inner, expected);
        let values = match (
            undo(self.gguf.text("general.architecture")?, spec, role),
            tensor.kind,
        ) {
            (Undo::Nothing, TensorType::F32) => GgufValues::Stored(Dtype::F32, tensor.bytes),
            (Undo::Nothing, TensorType::F16) => GgufValues::Stored(Dtype::F16, tensor.bytes),
            (Undo::Nothing, TensorType::BF16) => GgufValues::Stored(Dtype::BF16, tensor.bytes),
            (undo, kind) => {
                GgufValues::Float(undo.apply(dequantize(kind, tensor.bytes), tensor.shape))
            }
        };
        Ok(Some((values, tensor.shape.to_vec())))
    }
}

/// The part of one expert or head, where a tensor holds those of all.
fn part<'a>(tensor: GgufTensor<'a>, inner: usize, expected: &[usize]) -> GgufTensor<'a> {
    match *tensor.shape {
        [count, ref rest @ ..] if rest == expected && inner < count => {
            let size = tensor.bytes.len() / count;
            GgufTensor {
                shape: rest,
                bytes: &tensor.bytes[inner * size..(inner + 1) * size],
                ..tensor
            }
        }
        _ => tensor,
    }
}

/// What the writer of a file changed.
#[derive(Clone, Copy)]
enum Undo {
    Nothing,
    /// The two halves of a head were interleaved, so that columns that turn together are neighbors.
    Interleaved {
        heads: usize,
    },
    /// One was added, so that a norm can multiply by the weight as it is.
    PlusOne,
}

fn undo(architecture: Option<&str>, spec: &TransformerSpec, role: WeightRole) -> Undo {
    let attention = spec.blocks.first().map(|block| &block.attention);
    match (architecture, role, attention) {
        (Some("llama"), WeightRole::Query, Some(attention)) => Undo::Interleaved {
            heads: attention.heads,
        },
        (Some("llama"), WeightRole::Key, Some(attention)) => Undo::Interleaved {
            heads: attention.kv_heads,
        },
        (
            Some("gemma" | "gemma2" | "gemma3"),
            WeightRole::AttnIn
            | WeightRole::AttnOut
            | WeightRole::MlpIn
            | WeightRole::MlpOut
            | WeightRole::QueryNorm
            | WeightRole::KeyNorm
            | WeightRole::FinalNorm,
            _,
        ) => Undo::PlusOne,
        _ => Undo::Nothing,
    }
}

impl Undo {
    fn apply(self, mut values: Vec<f32>, shape: &[usize]) -> Vec<f32> {
        match self {
            Self::Nothing => values,
            Self::PlusOne => {
                for value in &mut values {
                    *value -= 1.0;
                }
                values
            }
            Self::Interleaved { heads } => {
                let rows = shape.first().copied().unwrap_or(0);
                let half = rows / heads.max(1) / 2;
                if half == 0 || rows != 2 * half * heads {
                    // The shape is refused by whoever asked.
                    return values;
                }
                let width = values.len() / rows;
                let mut sorted = Vec::with_capacity(values.len());
                for row in 0..rows {
                    let (head, row) = (row / (2 * half), row % (2 * half));
                    let from = head * 2 * half + row % half * 2 + row / half;
                    sorted.extend_from_slice(&values[from * width..(from + 1) * width]);
                }
                sorted
            }
        }
    }
}
