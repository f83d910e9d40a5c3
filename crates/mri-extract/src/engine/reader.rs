//! Weights by their role, whatever name and number format they are stored in.

use std::path::Path;

use half::{bf16, f16};
use safetensors::Dtype;

use super::dequantize::{self, Groups, MX_BLOCK, Scales};
use super::error::ModelError;
use super::gguf::{GgufValues, GgufWeights};
use super::prefix::find_prefix;
use super::spec::{Quantization, TransformerSpec, WeightRole};
use super::weights::{StoredTensor, Weights};

/// The names of output embeddings, one of which holds the token embedding where both are one
/// matrix, and of T5's second copy of it.
const HEADS: &[&str] = &[
    "lm_head",
    "embed_out",
    "lm_head.decoder",
    "cls.predictions.decoder",
    "vocab_projector",
    "generator_lm_head",
    "decoder",
    "decoder.embed_tokens",
];

/// Reads the weights of a model.
pub(crate) struct Reader<'a> {
    spec: &'a TransformerSpec,
    weights: &'a Weights,
    prefix: String,
}

/// A tensor that was read.
pub(crate) struct Read<'a> {
    /// Its name.
    pub(crate) name: String,
    /// Its file.
    pub(crate) path: &'a Path,
    pub(crate) values: Values<'a>,
}

/// The values of a tensor.
pub(crate) enum Values<'a> {
    /// As they are stored, in a format that the engine reads.
    Stored(Dtype, &'a [u8]),
    /// Of a quantized tensor.
    Float(Vec<f32>),
}

impl<'a> Reader<'a> {
    /// Finds out under which prefix the weights are stored.
    pub(crate) fn new(spec: &'a TransformerSpec, weights: &'a Weights) -> Result<Self, ModelError> {
        if weights.gguf().is_some() {
            return Ok(Self {
                spec,
                weights,
                prefix: String::new(),
            });
        }
        match find_prefix(spec, weights.names()) {
            Some(prefix) => Ok(Self {
                spec,
                weights,
                prefix,
            }),
            None => {
                let names = spec.weights.of(WeightRole::Tokens, 0, 0);
                let first = names.into_iter().next().unwrap_or_default();
                Err(missing(spec, weights, format!("{first}.weight")))
            }
        }
    }

    /// The tensor of a role, which has to have the shape `expected`. `inner` is the number of the
    /// head or expert.
    pub(crate) fn read(
        &self,
        role: WeightRole,
        block: usize,
        inner: usize,
        suffix: &str,
        expected: &[usize],
    ) -> Result<Read<'a>, ModelError> {
        if let Some(gguf) = self.weights.gguf() {
            return self.of_gguf(gguf, role, block, inner, suffix, expected);
        }
        let mut first = None;
        let stems = self.spec.weights.of(role, block, inner);
        for stem in stems {
            let stem = format!("{}{stem}", self.prefix);
            if let Some((name, stored)) = self.stored(&stem, suffix) {
                return self.unpack(&stem, name, &stored, expected);
            }
            if suffix == "weight"
                && let Some(read) = self.packed(&stem, expected)?
            {
                return Ok(read);
            }
            first = first.or(Some(format!("{stem}.{suffix}")));
        }
        if role == WeightRole::Tokens
            && self.spec.tied
            && let Some((name, stored)) = self.head()
        {
            return self.unpack(&name, format!("{name}.weight"), &stored, expected);
        }
        // A description names every role it uses; the tests of the families check it.
        let name = first.unwrap_or_else(|| format!("for {role:?}"));
        Err(missing(self.spec, self.weights, name))
    }

    /// The tensor of a role in a GGUF file.
    fn of_gguf(
        &self,
        gguf: &'a GgufWeights,
        role: WeightRole,
        block: usize,
        inner: usize,
        suffix: &str,
        expected: &[usize],
    ) -> Result<Read<'a>, ModelError> {
        let stems = self.spec.weights.of(role, block, inner);
        let names: Vec<String> = stems.map(|stem| format!("{stem}.{suffix}")).collect();
        let read = |name: &String| {
            let read = gguf.read(self.spec, role, inner, name, expected);
            Some((name.clone(), read.transpose()?))
        };
        let Some((name, read)) = names.iter().find_map(read) else {
            let name = names.into_iter().next();
            let name = name.unwrap_or_else(|| format!("for {role:?}"));
            return Err(missing(self.spec, self.weights, name));
        };
        let (values, found) = read?;
        let path = self.weights.path();
        if found != expected {
            return Err(ModelError::WrongShape {
                path: path.to_owned(),
                name,
                found,
                expected: expected.to_vec(),
            });
        }
        let values = match values {
            GgufValues::Stored(dtype, bytes) => Values::Stored(dtype, bytes),
            GgufValues::Float(values) => Values::Float(values),
        };
        Ok(Read { name, path, values })
    }

    /// The stored tensor of a module under one of its names.
    fn stored(&self, stem: &str, suffix: &str) -> Option<(String, StoredTensor<'a>)> {
        // The oldest BERT checkpoints name the weights of norms so.
        let old_suffix = match suffix {
            "weight" => "gamma",
            _ => "beta",
        };
        // A layer that carries an unmerged adapter is stored below itself.
        let names = [
            format!("{stem}.{suffix}"),
            format!("{stem}.{old_suffix}"),
            format!("{stem}.base_layer.{suffix}"),
        ];
        let get = |name: &str| self.weights.get(name);
        names.into_iter().find_map(|name| {
            let stored = get(&name).or_else(|| get(self.weights.tied(&name)?));
            Some((name, stored?))
        })
    }

    /// The output embedding, without `.weight`.
    fn head(&self) -> Option<(String, StoredTensor<'a>)> {
        // It lies beside the model or around it: under a part of the model's prefix.
        let dots = self.prefix.match_indices('.').map(|(at, _)| at + 1);
        let mut outer: Vec<&str> = dots.map(|end| &self.prefix[..end]).collect();
        outer.insert(0, "");
        let names = outer.into_iter().rev().flat_map(|outer| {
            let heads = HEADS.iter();
            heads.map(move |head| format!("{outer}{head}"))
        });
        names.into_iter().find_map(|name| {
            let stored = self.weights.get(&format!("{name}.weight"))?;
            Some((name, stored))
        })
    }

    /// The values of a tensor that is stored as a whole.
    fn unpack(
        &self,
        stem: &str,
        name: String,
        stored: &StoredTensor<'a>,
        expected: &[usize],
    ) -> Result<Read<'a>, ModelError> {
        check_shape(stored, &name, stored.shape, expected)?;
        let values = match stored.dtype {
            Dtype::F32 | Dtype::F16 | Dtype::BF16 | Dtype::F64 => {
                Values::Stored(stored.dtype, stored.bytes)
            }
            Dtype::F8_E4M3 | Dtype::F8_E5M2
                if matches!(self.spec.quantization, Some(Quantization::Fp8 { .. })) =>
            {
                Values::Float(self.fp8(stem, stored)?)
            }
            _ => return Err(unsupported(stored, &name)),
        };
        Ok(Read {
            name,
            path: stored.path,
            values,
        })
    }

    /// The values of 8-bit numbers, times their scales.
    fn fp8(&self, stem: &str, stored: &StoredTensor<'a>) -> Result<Vec<f32>, ModelError> {
        let number = match stored.dtype {
            Dtype::F8_E5M2 => dequantize::e5m2,
            _ => dequantize::e4m3,
        };
        let mut values: Vec<f32> = stored.bytes.iter().map(|&byte| number(byte)).collect();
        let [outputs, inputs] = *stored.shape else {
            return Ok(values);
        };
        let names = ["weight_scale_inv", "weight_scale"].map(|part| format!("{stem}.{part}"));
        let found = names
            .iter()
            .find_map(|name| Some((name, self.weights.get(name)?)));
        let Some((name, scale)) = found else {
            return Err(missing(self.spec, self.weights, names[0].clone()));
        };
        let fine = match self.spec.quantization {
            Some(Quantization::Fp8 { block: Some(block) }) => block,
            _ => [128, 128],
        };
        let (block, per_row) = match *scale.shape {
            [] | [1] | [1, 1] => ([outputs.max(1), inputs.max(1)], 1),
            [rows] | [rows, 1] if rows == outputs => ([1, inputs.max(1)], 1),
            [rows, columns]
                if rows == outputs.div_ceil(fine[0]) && columns == inputs.div_ceil(fine[1]) =>
            {
                (fine, columns)
            }
            _ => {
                let blocks = [outputs.div_ceil(fine[0]), inputs.div_ceil(fine[1])];
                return Err(wrong_shape(&scale, name, scale.shape, &blocks));
            }
        };
        let scales = Scales {
            values: &floats(&scale, name)?,
            block,
            per_row,
        };
        dequantize::scale(&mut values, inputs, &scales);
        Ok(values)
    }

    /// The values of a matrix that is stored in several tensors; `None` if it is not.
    fn packed(&self, stem: &str, expected: &[usize]) -> Result<Option<Read<'a>>, ModelError> {
        let Some(quantization) = self.spec.quantization else {
            return Ok(None);
        };
        let &[mut outputs, mut inputs] = expected else {
            return Ok(None);
        };
        if self.spec.weights.transposed {
            std::mem::swap(&mut outputs, &mut inputs);
        }
        let mut main = format!("{stem}.qweight");
        let (path, values) = match quantization {
            Quantization::Fp8 { .. } => return Ok(None),
            Quantization::Mxfp4 => {
                main = format!("{stem}.weight_blocks");
                let Some(blocks) = self.weights.get(&main) else {
                    return Ok(None);
                };
                (blocks.path, self.mxfp4(stem, &blocks, [outputs, inputs])?)
            }
            Quantization::Gptq { .. } | Quantization::Awq { .. } => {
                let Some(words) = self.weights.get(&main) else {
                    return Ok(None);
                };
                (
                    words.path,
                    self.groups(stem, &words, quantization, [outputs, inputs])?,
                )
            }
        };
        let values = if self.spec.weights.transposed {
            transpose(&values, outputs, inputs)
        } else {
            values
        };
        Ok(Some(Read {
            name: main,
            path,
            values: Values::Float(values),
        }))
    }

    fn mxfp4(
        &self,
        stem: &str,
        blocks: &StoredTensor<'a>,
        [outputs, inputs]: [usize; 2],
    ) -> Result<Vec<f32>, ModelError> {
        let (name, scale_name) = (
            format!("{stem}.weight_blocks"),
            format!("{stem}.weight_scales"),
        );
        let per_row = inputs.div_ceil(MX_BLOCK);
        check_shape(
            blocks,
            &name,
            blocks.shape,
            &[outputs, per_row, MX_BLOCK / 2],
        )?;
        check_shape(blocks, &name, &[inputs], &[per_row * MX_BLOCK])?;
        let scales = self.required(&scale_name)?;
        check_shape(&scales, &scale_name, scales.shape, &[outputs, per_row])?;
        for (tensor, name) in [(blocks, &name), (&scales, &scale_name)] {
            if !matches!(tensor.dtype, Dtype::U8 | Dtype::F8_E8M0) {
                return Err(unsupported(tensor, name));
            }
        }
        Ok(dequantize::mxfp4(blocks.bytes, scales.bytes))
    }

    /// GPTQ and AWQ.
    fn groups(
        &self,
        stem: &str,
        words: &StoredTensor<'a>,
        quantization: Quantization,
        [outputs, inputs]: [usize; 2],
    ) -> Result<Vec<f32>, ModelError> {
        let name = |part: &str| format!("{stem}.{part}");
        let (per_word, group) = match quantization {
            Quantization::Gptq { bits, group, .. } => ((32 / bits) as usize, group),
            Quantization::Awq { group } => (8, group),
            Quantization::Fp8 { .. } | Quantization::Mxfp4 => return Ok(Vec::new()),
        };
        let shape = match quantization {
            Quantization::Awq { .. } => [inputs, outputs / per_word],
            _ => [inputs / per_word, outputs],
        };
        check_shape(words, &name("qweight"), words.shape, &shape)?;
        let group = group.min(inputs).max(1);
        let n_groups = inputs.div_ceil(group);
        let zeros = self.required(&name("qzeros"))?;
        check_shape(
            &zeros,
            &name("qzeros"),
            zeros.shape,
            &[n_groups, outputs / per_word],
        )?;
        let scales = self.required(&name("scales"))?;
        check_shape(&scales, &name("scales"), scales.shape, &[n_groups, outputs])?;
        let (words_name, zeros_name) = (name("qweight"), name("qzeros"));
        let group_of = match (quantization, self.weights.get(&name("g_idx"))) {
            // With `desc_act` groups are of inputs that do not lie side by side.
            (Quantization::Gptq { .. }, Some(index)) => {
                check_shape(&index, &name("g_idx"), index.shape, &[inputs])?;
                let groups = integers(&index, &name("g_idx"))?;
                let groups: Vec<usize> = groups.iter().map(|&group| group as usize).collect();
                if groups.iter().any(|&group| group >= n_groups) {
                    return Err(ModelError::BrokenWeights {
                        path: index.path.to_owned(),
                        problem: format!("{} names a group beyond {n_groups}", name("g_idx")),
                    });
                }
                groups
            }
            _ => (0..inputs).map(|input| input / group).collect(),
        };
        let groups = Groups {
            inputs,
            outputs,
            weights: &integers(words, &words_name)?,
            zeros: &integers(&zeros, &zeros_name)?,
            scales: &floats(&scales, &name("scales"))?,
            group_of: &group_of,
        };
        Ok(match quantization {
            Quantization::Gptq {
                bits, zero_offset, ..
            } => groups.gptq(bits, zero_offset),
            _ => groups.awq(),
        })
    }

    fn required(&self, name: &str) -> Result<StoredTensor<'a>, ModelError> {
        let stored = self.weights.get(name);
        stored.ok_or_else(|| missing(self.spec, self.weights, name.to_owned()))
    }
}

/// The values of a tensor of floating-point numbers.
pub(crate) fn floats(stored: &StoredTensor<'_>, name: &str) -> Result<Vec<f32>, ModelError> {
    let bytes = stored.bytes;
    Ok(match stored.dtype {
        Dtype::F32 => words(bytes).map(f32::from_bits).collect(),
        Dtype::F16 => halves(bytes)
            .map(|bits| f16::from_bits(bits).to_f32())
            .collect(),
        Dtype::BF16 => halves(bytes)
            .map(|bits| bf16::from_bits(bits).to_f32())
            .collect(),
        Dtype::F8_E8M0 => bytes.iter().map(|&byte| dequantize::e8m0(byte)).collect(),
        _ => return Err(unsupported(stored, name)),
    })
}

fn integers(stored: &StoredTensor<'_>, name: &str) -> Result<Vec<u32>, ModelError> {
    match stored.dtype {
        Dtype::I32 | Dtype::U32 => Ok(words(stored.bytes).collect()),
        _ => Err(unsupported(stored, name)),
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let words = bytes.chunks_exact(4);
    words.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

fn halves(bytes: &[u8]) -> impl Iterator<Item = u16> {
    let halves = bytes.chunks_exact(2);
    halves.map(|b| u16::from_le_bytes([b[0], b[1]]))
}

/// A matrix of shape (rows, columns) with its sides exchanged.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let columns = 0..columns;
    let width = columns.len();
    let column = |column: usize| (0..rows).map(move |row| values[row * width + column]);
    columns.flat_map(column).collect()
}

fn check_shape(
    stored: &StoredTensor<'_>,
    name: &str,
    found: &[usize],
    expected: &[usize],
) -> Result<(), ModelError> {
    if found == expected {
        return Ok(());
    }
    Err(wrong_shape(stored, name, found, expected))
}

fn wrong_shape(
    stored: &StoredTensor<'_>,
    name: &str,
    found: &[usize],
    expected: &[usize],
) -> ModelError {
    ModelError::WrongShape {
        path: stored.path.to_owned(),
        name: name.to_owned(),
        found: found.to_vec(),
        expected: expected.to_vec(),
    }
}

fn unsupported(stored: &StoredTensor<'_>, name: &str) -> ModelError {
    ModelError::UnsupportedDtype {
        path: stored.path.to_owned(),
        name: name.to_owned(),
        dtype: format!("{:?}", stored.dtype),
    }
}

fn missing(spec: &TransformerSpec, weights: &Weights, name: String) -> ModelError {
    ModelError::MissingTensor {
        path: weights.path().to_owned(),
        name,
        family: spec.family.clone(),
    }
}
