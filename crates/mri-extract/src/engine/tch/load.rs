//! From stored weights to tensors on the device.

use safetensors::Dtype as StoredDtype;
use tch::{Device, Kind, Tensor};

use super::adapter::{Adapter, Place};
use super::linear::Linear;
use super::norm::{NormWeights, QkNormWeights};
use super::runtime::engine_error;
use super::stored_linear::{StoredLinear, stack, ungroup};
use super::weights::{BlockWeights, EmbeddingWeights, MlpWeights, ModelWeights};
use crate::engine::error::ModelError;
use crate::engine::reader::{Reader, Values};
use crate::engine::spec::{
    Attention, Block, BlockNorms, Mlp, Norm, NormKind, QkNormOver, QkvLayout, ScoreBias,
    TransformerSpec, WeightRole,
};
use crate::engine::weights::Weights;

/// Loads the weights of a model onto a device.
pub(super) fn load(
    spec: &TransformerSpec,
    weights: &Weights,
    adapter: Option<&Adapter>,
    device: Device,
    kind: Kind,
) -> Result<ModelWeights, ModelError> {
    let loader = Loader {
        spec,
        reader: Reader::new(spec, weights)?,
        adapter,
        device,
        kind,
    };
    let model = loader.model()?;
    match adapter {
        Some(adapter) => adapter.check_used().map(|()| model),
        None => Ok(model),
    }
}

struct Loader<'a> {
    spec: &'a TransformerSpec,
    reader: Reader<'a>,
    adapter: Option<&'a Adapter>,
    device: Device,
    /// The compute dtype.
    kind: Kind,
}

impl Loader<'_> {
    fn model(&self) -> Result<ModelWeights, ModelError> {
        let blocks = self.spec.blocks.iter().enumerate();
        let attention = self.spec.blocks.first().map(|block| &block.attention);
        let relative = attention.and_then(|attention| match attention.bias {
            ScoreBias::Relative { rows, .. } => Some([rows, attention.heads]),
            ScoreBias::None | ScoreBias::Alibi => None,
        });
        let relative =
            relative.map(|shape| self.tensor(WeightRole::RelativeBias, 0, "weight", &shape));
        Ok(ModelWeights {
            embedding: self.embedding()?,
            blocks: blocks
                .map(|(i, block)| self.block(i, block))
                .collect::<Result<_, _>>()?,
            final_norm: self.norm(
                self.spec.final_norm,
                WeightRole::FinalNorm,
                0,
                self.spec.width,
            )?,
            relative_bias: relative.transpose()?,
        })
    }

    fn embedding(&self) -> Result<EmbeddingWeights, ModelError> {
        let spec = &self.spec.embedding;
        let table = |role, rows| self.tensor(role, 0, "weight", &[rows, spec.width]);
        let positions = spec.positions.map(|p| {
            let width = match spec.projection {
                Some(projection) if projection.before_positions => self.spec.width,
                _ => spec.width,
            };
            self.tensor(WeightRole::Positions, 0, "weight", &[p.rows, width])
        });
        let types = spec
            .token_types
            .map(|rows| table(WeightRole::TokenTypes, rows));
        let first_row = |t: Tensor| t.f_get(0).map_err(engine_error);
        let projection = spec.projection.map(|p| {
            let role = WeightRole::EmbeddingProjection;
            self.layer(self.linear(role, 0, spec.width, self.spec.width, p.bias)?)
        });
        Ok(EmbeddingWeights {
            tokens: table(WeightRole::Tokens, self.spec.vocab_size)?,
            positions: positions.transpose()?,
            token_type: types.transpose()?.map(first_row).transpose()?,
            norm: self.norm(spec.norm, WeightRole::EmbeddingNorm, 0, spec.width)?,
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
        let norm = |norm, role| self.norm(norm, role, i, self.spec.width);
        let attention = &block.attention;
        let inner = attention.heads * attention.head_width;
        Ok(BlockWeights {
            attn_in: norm(attn_in, WeightRole::AttnIn)?,
            attn_out: norm(attn_out, WeightRole::AttnOut)?,
            after_attn: norm(after_attn, WeightRole::AfterAttn)?,
            mlp_in: norm(mlp_in, WeightRole::MlpIn)?,
            mlp_out: norm(mlp_out, WeightRole::MlpOut)?,
            after_mlp: norm(after_mlp, WeightRole::AfterMlp)?,
            qkv: self.layer(self.qkv(i, attention)?)?,
            qk_norm: self.qk_norm(i, attention)?,
            output: self.layer(self.linear(
                WeightRole::Output,
                i,
                inner,
                self.spec.width,
                attention.out_bias,
            )?)?,
            mlp: self.mlp(i, &block.mlp)?,
        })
    }

    fn qkv(&self, i: usize, attention: &Attention) -> Result<StoredLinear, ModelError> {
        let width = self.spec.width;
        let queries = attention.heads * attention.head_width;
        let keys = attention.kv_heads * attention.head_width;
        let bias = attention.qkv_bias;
        match attention.layout {
            QkvLayout::Stacked => self.linear(WeightRole::Qkv, i, width, queries + 2 * keys, bias),
            QkvLayout::Separate => stack(&[
                self.linear(WeightRole::Query, i, width, queries, bias)?,
                self.linear(WeightRole::Key, i, width, keys, bias)?,
                self.linear(WeightRole::Value, i, width, keys, bias)?,
            ]),
            QkvLayout::Grouped => {
                let stored = self.linear(WeightRole::Qkv, i, width, queries + 2 * keys, bias)?;
                ungroup(&stored, attention)
            }
        }
    }

    fn qk_norm(
        &self,
        i: usize,
        attention: &Attention,
    ) -> Result<Option<[QkNormWeights; 2]>, ModelError> {
        let Some(qk_norm) = attention.qk_norm else {
            return Ok(None);
        };
        let load = |role, heads: usize| {
            let head = attention.head_width;
            let width = match qk_norm.over {
                QkNormOver::AllHeads => heads * head,
                QkNormOver::Head | QkNormOver::EachHead => head,
            };
            if qk_norm.over == QkNormOver::EachHead {
                let weights =
                    (0..heads).map(|h| self.indexed_tensor(role, i, h, "weight", &[head]));
                let weights = weights.collect::<Result<Vec<_>, _>>()?;
                let ones = Tensor::f_ones([head as i64], (Kind::Float, self.device));
                return Ok::<_, ModelError>(QkNormWeights {
                    norm: NormWeights {
                        norm: qk_norm.norm,
                        weight: ones.map_err(engine_error)?,
                        bias: None,
                        width: head as i64,
                    },
                    each_head: Some(Tensor::f_stack(&weights, 0).map_err(engine_error)?),
                });
            }
            Ok(QkNormWeights {
                norm: self.affine(qk_norm.norm, role, i, width)?,
                each_head: None,
            })
        };
        Ok(Some([
            load(WeightRole::QueryNorm, attention.heads)?,
            load(WeightRole::KeyNorm, attention.kv_heads)?,
        ]))
    }

    fn mlp(&self, i: usize, mlp: &Mlp) -> Result<MlpWeights, ModelError> {
        let model = self.spec.width;
        match *mlp {
            Mlp::Plain { width, bias, .. } => Ok(MlpWeights::Plain {
                up: self.layer(self.linear(WeightRole::Up, i, model, width, bias)?)?,
                down: self.layer(self.linear(WeightRole::Down, i, width, model, bias)?)?,
            }),
            Mlp::Gated {
                width,
                bias,
                stacked,
                ..
            } => Ok(MlpWeights::Gated {
                gate_up: self.layer(if stacked {
                    self.linear(WeightRole::GateUp, i, model, 2 * width, bias)?
                } else {
                    stack(&[
                        self.linear(WeightRole::Gate, i, model, width, bias)?,
                        self.linear(WeightRole::Up, i, model, width, bias)?,
                    ])?
                })?,
                down: self.layer(self.linear(WeightRole::Down, i, width, model, bias)?)?,
            }),
            Mlp::Experts { count, width, .. } => {
                let expert = |e| {
                    let layer = |role, inputs, outputs| {
                        let weight =
                            self.indexed_tensor(role, i, e, "weight", &[outputs, inputs])?;
                        Ok::<_, ModelError>(StoredLinear { weight, bias: None })
                    };
                    let gate_up = stack(&[
                        layer(WeightRole::ExpertGate, model, width)?,
                        layer(WeightRole::ExpertUp, model, width)?,
                    ])?;
                    let down = layer(WeightRole::ExpertDown, width, model)?;
                    Ok((self.layer(gate_up)?, self.layer(down)?))
                };
                Ok(MlpWeights::Experts {
                    router: self.layer(self.linear(
                        WeightRole::Router,
                        i,
                        model,
                        count,
                        false,
                    )?)?,
                    experts: (0..count).map(expert).collect::<Result<_, ModelError>>()?,
                })
            }
        }
    }

    /// A linear layer as it is stored.
    fn linear(
        &self,
        role: WeightRole,
        block: usize,
        inputs: usize,
        outputs: usize,
        bias: bool,
    ) -> Result<StoredLinear, ModelError> {
        let weight = if self.spec.weights.transposed {
            self.tensor(role, block, "weight", &[inputs, outputs])?
                .f_transpose(0, 1)
                .map_err(engine_error)?
        } else {
            self.tensor(role, block, "weight", &[outputs, inputs])?
        };
        let bias = bias.then(|| self.tensor(role, block, "bias", &[outputs]));
        Ok(StoredLinear {
            weight,
            bias: bias.transpose()?,
        })
    }

    /// Lays out the weights of a layer for its products.
    fn layer(&self, stored: StoredLinear) -> Result<Linear, ModelError> {
        Linear::new(&stored.weight, stored.bias).map_err(engine_error)
    }

    fn norm(
        &self,
        norm: Option<Norm>,
        role: WeightRole,
        block: usize,
        width: usize,
    ) -> Result<Option<NormWeights>, ModelError> {
        norm.map(|norm| self.affine(norm, role, block, width))
            .transpose()
    }

    fn affine(
        &self,
        norm: Norm,
        role: WeightRole,
        block: usize,
        width: usize,
    ) -> Result<NormWeights, ModelError> {
        let weight = self.tensor(role, block, "weight", &[width])?;
        let (weight, bias) = match norm.kind {
            NormKind::Layer { bias: true } => {
                (weight, Some(self.tensor(role, block, "bias", &[width])?))
            }
            NormKind::Rms { one_plus: true } => {
                (weight.f_add_scalar(1.0).map_err(engine_error)?, None)
            }
            NormKind::Layer { bias: false } | NormKind::Rms { one_plus: false } => (weight, None),
        };
        Ok(NormWeights {
            norm,
            weight,
            bias,
            width: width as i64,
        })
    }

    fn tensor(
        &self,
        role: WeightRole,
        block: usize,
        suffix: &str,
        expected: &[usize],
    ) -> Result<Tensor, ModelError> {
        self.indexed_tensor(role, block, 0, suffix, expected)
    }

    /// A tensor, copied to the device. `inner` is the number of the head or expert.
    fn indexed_tensor(
        &self,
        role: WeightRole,
        block: usize,
        inner: usize,
        suffix: &str,
        expected: &[usize],
    ) -> Result<Tensor, ModelError> {
        let read = self.reader.read(role, block, inner, suffix, expected)?;
        let (kind, bytes) = match &read.values {
            Values::Stored(StoredDtype::F32, bytes) => (Kind::Float, *bytes),
            Values::Stored(StoredDtype::F16, bytes) => (Kind::Half, *bytes),
            Values::Stored(StoredDtype::BF16, bytes) => (Kind::BFloat16, *bytes),
            Values::Stored(StoredDtype::F64, bytes) => (Kind::Double, *bytes),
            Values::Stored(other, _) => {
                return Err(ModelError::UnsupportedDtype {
                    path: read.path.to_owned(),
                    name: read.name,
                    dtype: format!("{other:?}"),
                });
            }
            Values::Float(values) => (Kind::Float, as_bytes(values)),
        };
        let size: Vec<i64> = expected.iter().map(|&n| n as i64).collect();
        let mut tensor = Tensor::f_from_data_size(bytes, &size, kind).map_err(engine_error)?;
        if let Some(adapter) = self.adapter {
            let place = Place {
                role,
                block,
                inner,
                suffix,
            };
            tensor = adapter.merge(self.spec, &place, tensor)?;
        }
        let kind = tensor.kind();
        tensor
            .f_to_device_(self.device, self.kind_of(role, kind), false, false)
            .map_err(engine_error)
    }

    /// The dtype of a weight on the device. The residual stream is in `f32` whatever the compute
    /// dtype, and so are norms and what is added to the stream; embeddings stored in fewer bits
    /// stay so, since they are large.
    fn kind_of(&self, role: WeightRole, stored: Kind) -> Kind {
        match role {
            WeightRole::EmbeddingNorm
            | WeightRole::AttnIn
            | WeightRole::AttnOut
            | WeightRole::AfterAttn
            | WeightRole::MlpIn
            | WeightRole::MlpOut
            | WeightRole::AfterMlp
            | WeightRole::FinalNorm
            | WeightRole::QueryNorm
            | WeightRole::KeyNorm => Kind::Float,
            WeightRole::Tokens | WeightRole::Positions | WeightRole::TokenTypes
                if stored == Kind::Float =>
            {
                Kind::Float
            }
            _ => self.kind,
        }
    }
}

/// The bytes of values in memory, for libtorch to copy.
fn as_bytes(values: &[f32]) -> &[u8] {
    // SAFETY: every byte of an `f32` is initialized, and `u8` has no alignment to keep.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}
