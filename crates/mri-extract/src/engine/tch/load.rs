//! From stored weights to tensors on the device.

use safetensors::Dtype as Stored;
use tch::{Device, Kind, Tensor};

use super::engine_error;
use crate::engine::ModelError;
use crate::engine::spec::{
    Attention, Block, BlockNorms, Mlp, Norm, NormKind, Part, QkvLayout, TransformerSpec,
};
use crate::engine::weights::Weights;

/// A linear map, stored as (out, in).
pub(super) struct Linear {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
}

/// A normalisation with its weights.
pub(super) struct NormWeights {
    pub(super) norm: Norm,
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
    pub(super) width: i64,
}

/// The weights of the embedding.
pub(super) struct EmbeddingWeights {
    pub(super) tokens: Tensor,
    pub(super) positions: Option<Tensor>,
    /// The vector of token type 0, which every token gets.
    pub(super) token_type: Option<Tensor>,
    pub(super) norm: Option<NormWeights>,
    pub(super) projection: Option<Linear>,
}

/// The weights of one block.
pub(super) struct BlockWeights {
    pub(super) attn_in: Option<NormWeights>,
    pub(super) attn_out: Option<NormWeights>,
    pub(super) after_attn: Option<NormWeights>,
    pub(super) mlp_in: Option<NormWeights>,
    pub(super) mlp_out: Option<NormWeights>,
    pub(super) after_mlp: Option<NormWeights>,
    /// Rows: all query heads, then all key heads, then all value heads.
    pub(super) qkv: Linear,
    pub(super) output: Linear,
    pub(super) mlp: MlpWeights,
}

/// The weights of a feed-forward part.
pub(super) enum MlpWeights {
    Plain { up: Linear, down: Linear },
}

/// All weights of a model.
pub(super) struct ModelWeights {
    pub(super) embedding: EmbeddingWeights,
    pub(super) blocks: Vec<BlockWeights>,
    pub(super) final_norm: Option<NormWeights>,
}

impl ModelWeights {
    pub(super) fn load(
        spec: &TransformerSpec,
        weights: &Weights,
        device: Device,
        kind: Kind,
    ) -> Result<Self, ModelError> {
        Loader::new(spec, weights, device, kind)?.model()
    }
}

struct Loader<'a> {
    spec: &'a TransformerSpec,
    weights: &'a Weights,
    prefix: &'static str,
    device: Device,
    kind: Kind,
}

impl<'a> Loader<'a> {
    fn new(
        spec: &'a TransformerSpec,
        weights: &'a Weights,
        device: Device,
        kind: Kind,
    ) -> Result<Self, ModelError> {
        let mut loader = Self {
            spec,
            weights,
            prefix: "",
            device,
            kind,
        };
        let tokens = loader.stem(Part::Tokens, 0)? + ".weight";
        let found = |prefix: &&&str| weights.contains(&format!("{prefix}{tokens}"));
        match spec.weights.prefixes.iter().find(found) {
            Some(prefix) => loader.prefix = prefix,
            None => return Err(loader.missing(tokens)),
        }
        Ok(loader)
    }

    fn model(&self) -> Result<ModelWeights, ModelError> {
        let blocks = self.spec.blocks.iter().enumerate();
        Ok(ModelWeights {
            embedding: self.embedding()?,
            blocks: blocks
                .map(|(i, block)| self.block(i, block))
                .collect::<Result<_, _>>()?,
            final_norm: self.norm(self.spec.final_norm, Part::FinalNorm, 0, self.spec.width)?,
        })
    }

    fn embedding(&self) -> Result<EmbeddingWeights, ModelError> {
        let spec = &self.spec.embedding;
        let table = |part, rows| self.part(part, 0, "weight", &[rows, spec.width]);
        let positions = spec.positions.map(|p| table(Part::Positions, p.rows));
        let types = spec.token_types.map(|rows| table(Part::TokenTypes, rows));
        let first_row = |t: Tensor| t.f_get(0).map_err(engine_error);
        let projection = spec.projection.map(|p| {
            let part = Part::EmbeddingProjection;
            self.linear(part, 0, spec.width, self.spec.width, p.bias)
        });
        Ok(EmbeddingWeights {
            tokens: table(Part::Tokens, self.spec.vocab_size)?,
            positions: positions.transpose()?,
            token_type: types.transpose()?.map(first_row).transpose()?,
            norm: self.norm(spec.norm, Part::EmbeddingNorm, 0, spec.width)?,
            projection: projection.transpose()?,
        })
    }

    fn block(&self, i: usize, block: &Block) -> Result<BlockWeights, ModelError> {
        let BlockNorms {
            attn_in,
            attn_out,
            after_attn,
            mlp_in,
            mlp_out,
            after_mlp,
        } = block.norms;
        let norm = |norm, part| self.norm(norm, part, i, self.spec.width);
        let attention = &block.attention;
        let inner = attention.heads * attention.head_width;
        Ok(BlockWeights {
            attn_in: norm(attn_in, Part::AttnIn)?,
            attn_out: norm(attn_out, Part::AttnOut)?,
            after_attn: norm(after_attn, Part::AfterAttn)?,
            mlp_in: norm(mlp_in, Part::MlpIn)?,
            mlp_out: norm(mlp_out, Part::MlpOut)?,
            after_mlp: norm(after_mlp, Part::AfterMlp)?,
            qkv: self.qkv(i, attention)?,
            output: self.linear(Part::Output, i, inner, self.spec.width, attention.out_bias)?,
            mlp: self.mlp(i, &block.mlp)?,
        })
    }

    fn qkv(&self, i: usize, attention: &Attention) -> Result<Linear, ModelError> {
        let width = self.spec.width;
        let queries = attention.heads * attention.head_width;
        let keys = attention.kv_heads * attention.head_width;
        let bias = attention.qkv_bias;
        match attention.layout {
            QkvLayout::Stacked => self.linear(Part::Qkv, i, width, queries + 2 * keys, bias),
            QkvLayout::Separate => stack(&[
                self.linear(Part::Query, i, width, queries, bias)?,
                self.linear(Part::Key, i, width, keys, bias)?,
                self.linear(Part::Value, i, width, keys, bias)?,
            ]),
        }
    }

    fn mlp(&self, i: usize, mlp: &Mlp) -> Result<MlpWeights, ModelError> {
        let model = self.spec.width;
        match *mlp {
            Mlp::Plain { width, bias, .. } => Ok(MlpWeights::Plain {
                up: self.linear(Part::Up, i, model, width, bias)?,
                down: self.linear(Part::Down, i, width, model, bias)?,
            }),
        }
    }

    fn linear(
        &self,
        part: Part,
        block: usize,
        inputs: usize,
        outputs: usize,
        bias: bool,
    ) -> Result<Linear, ModelError> {
        let weight = if self.spec.weights.transposed {
            self.part(part, block, "weight", &[inputs, outputs])?
                .f_transpose(0, 1)
                .and_then(|t| t.f_contiguous())
                .map_err(engine_error)?
        } else {
            self.part(part, block, "weight", &[outputs, inputs])?
        };
        let bias = bias.then(|| self.part(part, block, "bias", &[outputs]));
        Ok(Linear {
            weight,
            bias: bias.transpose()?,
        })
    }

    fn norm(
        &self,
        norm: Option<Norm>,
        part: Part,
        block: usize,
        width: usize,
    ) -> Result<Option<NormWeights>, ModelError> {
        let Some(norm) = norm else {
            return Ok(None);
        };
        let weight = self.part(part, block, "weight", &[width])?;
        let (weight, bias) = match norm.kind {
            NormKind::Layer { bias: true } => {
                (weight, Some(self.part(part, block, "bias", &[width])?))
            }
            NormKind::Rms { one_plus: true } => {
                (weight.f_add_scalar(1.0).map_err(engine_error)?, None)
            }
            NormKind::Layer { bias: false } | NormKind::Rms { one_plus: false } => (weight, None),
        };
        Ok(Some(NormWeights {
            norm,
            weight,
            bias,
            width: width as i64,
        }))
    }

    /// A tensor in its stored place, copied to the device.
    fn part(
        &self,
        part: Part,
        block: usize,
        suffix: &str,
        expected: &[usize],
    ) -> Result<Tensor, ModelError> {
        let name = format!("{}{}.{suffix}", self.prefix, self.stem(part, block)?);
        let Some(stored) = self.weights.get(&name) else {
            return Err(self.missing(name));
        };
        if stored.shape != expected {
            return Err(ModelError::WrongShape {
                path: stored.path.to_owned(),
                name,
                found: stored.shape.to_vec(),
                expected: expected.to_vec(),
            });
        }
        let kind = match stored.dtype {
            Stored::F32 => Kind::Float,
            Stored::F16 => Kind::Half,
            Stored::BF16 => Kind::BFloat16,
            Stored::F64 => Kind::Double,
            other => {
                return Err(ModelError::UnsupportedDtype {
                    path: stored.path.to_owned(),
                    name,
                    dtype: format!("{other:?}"),
                });
            }
        };
        let size: Vec<i64> = stored.shape.iter().map(|&n| n as i64).collect();
        Tensor::f_from_data_size(stored.bytes, &size, kind)
            .and_then(|t| t.f_to_device_(self.device, self.kind, false, false))
            .map_err(engine_error)
    }

    fn stem(&self, part: Part, block: usize) -> Result<String, ModelError> {
        let name = self.spec.weights.name(part, block);
        // A description that uses a part has to name it; the tests of the families see to that.
        name.ok_or_else(|| self.missing(format!("for {part:?}")))
    }

    fn missing(&self, name: String) -> ModelError {
        ModelError::MissingTensor {
            path: self.weights.path().to_owned(),
            name,
            family: self.spec.family.clone(),
        }
    }
}

/// One linear map with the outputs of several, one after the other.
fn stack(maps: &[Linear]) -> Result<Linear, ModelError> {
    let weights: Vec<&Tensor> = maps.iter().map(|map| &map.weight).collect();
    let biases: Option<Vec<&Tensor>> = maps.iter().map(|map| map.bias.as_ref()).collect();
    let bias = biases.map(|biases| Tensor::f_cat(&biases, 0));
    Ok(Linear {
        weight: Tensor::f_cat(&weights, 0).map_err(engine_error)?,
        bias: bias.transpose().map_err(engine_error)?,
    })
}
