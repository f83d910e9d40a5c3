//! From stored weights to tensors on the device.

use safetensors::Dtype as Stored;
use tch::{Device, Kind, Tensor};

use super::engine_error;
use super::map::Map;
use crate::engine::ModelError;
use crate::engine::spec::{
    Attention, Block, BlockNorms, Mlp, Norm, NormKind, Part, QkNormOver, QkvLayout, ScoreBias,
    TransformerSpec,
};
use crate::engine::weights::Weights;

/// A linear map of shape (out, in), as it is stored.
struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
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
    pub(super) projection: Option<Map>,
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
    pub(super) qkv: Map,
    /// The norms of queries and keys.
    pub(super) qk_norm: Option<[QkNormWeights; 2]>,
    pub(super) output: Map,
    pub(super) mlp: MlpWeights,
}

/// The weights of a feed-forward part.
pub(super) enum MlpWeights {
    Plain {
        up: Map,
        down: Map,
    },
    Gated {
        /// Rows: the gates, then the neurons.
        gate_up: Map,
        down: Map,
    },
    Experts {
        router: Map,
        /// `gate_up` and `down` of each.
        experts: Vec<(Map, Map)>,
    },
}

/// A norm of queries or keys.
pub(super) struct QkNormWeights {
    pub(super) norm: NormWeights,
    /// One row of weights per head, to be applied after the norm, where heads have their own.
    pub(super) each_head: Option<Tensor>,
}

/// All weights of a model.
pub(super) struct ModelWeights {
    pub(super) embedding: EmbeddingWeights,
    pub(super) blocks: Vec<BlockWeights>,
    pub(super) final_norm: Option<NormWeights>,
    /// The table of scores by distance, of shape (buckets, heads).
    pub(super) relative_bias: Option<Tensor>,
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

    /// Whether the products are our own.
    pub(super) fn packed(&self) -> bool {
        let first = self.blocks.first();
        first.is_some_and(|block| block.output.packed())
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
        let names: Vec<String> = spec.weights.names(Part::Tokens, 0, 0).collect();
        let found = |prefix: &&&str| {
            let mut full = names.iter().map(|name| format!("{prefix}{name}.weight"));
            full.any(|name| weights.contains(&name))
        };
        match spec.weights.prefixes.iter().find(found) {
            Some(prefix) => loader.prefix = prefix,
            None => return Err(loader.missing(format!("{}.weight", names[0]))),
        }
        Ok(loader)
    }

    fn model(&self) -> Result<ModelWeights, ModelError> {
        let blocks = self.spec.blocks.iter().enumerate();
        let attention = self.spec.blocks.first().map(|block| &block.attention);
        let relative = attention.and_then(|attention| match attention.bias {
            ScoreBias::Relative { rows, .. } => Some([rows, attention.heads]),
            ScoreBias::None | ScoreBias::Alibi => None,
        });
        let relative = relative.map(|shape| self.part(Part::RelativeBias, 0, "weight", &shape));
        Ok(ModelWeights {
            embedding: self.embedding()?,
            blocks: blocks
                .map(|(i, block)| self.block(i, block))
                .collect::<Result<_, _>>()?,
            final_norm: self.norm(self.spec.final_norm, Part::FinalNorm, 0, self.spec.width)?,
            relative_bias: relative.transpose()?,
        })
    }

    fn embedding(&self) -> Result<EmbeddingWeights, ModelError> {
        let spec = &self.spec.embedding;
        let table = |part, rows| self.part(part, 0, "weight", &[rows, spec.width]);
        let positions = spec.positions.map(|p| {
            let width = match spec.projection {
                Some(projection) if projection.before_positions => self.spec.width,
                _ => spec.width,
            };
            self.part(Part::Positions, 0, "weight", &[p.rows, width])
        });
        let types = spec.token_types.map(|rows| table(Part::TokenTypes, rows));
        let first_row = |t: Tensor| t.f_get(0).map_err(engine_error);
        let projection = spec.projection.map(|p| {
            let part = Part::EmbeddingProjection;
            self.map(self.linear(part, 0, spec.width, self.spec.width, p.bias)?)
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
            qkv: self.map(self.qkv(i, attention)?)?,
            qk_norm: self.qk_norm(i, attention)?,
            output: self.map(self.linear(
                Part::Output,
                i,
                inner,
                self.spec.width,
                attention.out_bias,
            )?)?,
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
            QkvLayout::Grouped => {
                let stored = self.linear(Part::Qkv, i, width, queries + 2 * keys, bias)?;
                ungroup(&stored, attention).map_err(engine_error)
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
        let load = |part, heads: usize| {
            let head = attention.head_width;
            let width = match qk_norm.over {
                QkNormOver::AllHeads => heads * head,
                QkNormOver::Head | QkNormOver::EachHead => head,
            };
            if qk_norm.over == QkNormOver::EachHead {
                let weights = (0..heads).map(|h| self.inner_part(part, i, h, "weight", &[head]));
                let weights = weights.collect::<Result<Vec<_>, _>>()?;
                let ones = Tensor::f_ones([head as i64], (Kind::Float, self.device));
                return Ok(QkNormWeights {
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
                norm: self.affine(qk_norm.norm, part, i, width)?,
                each_head: None,
            })
        };
        Ok(Some([
            load(Part::QueryNorm, attention.heads)?,
            load(Part::KeyNorm, attention.kv_heads)?,
        ]))
    }

    fn mlp(&self, i: usize, mlp: &Mlp) -> Result<MlpWeights, ModelError> {
        let model = self.spec.width;
        match *mlp {
            Mlp::Plain { width, bias, .. } => Ok(MlpWeights::Plain {
                up: self.map(self.linear(Part::Up, i, model, width, bias)?)?,
                down: self.map(self.linear(Part::Down, i, width, model, bias)?)?,
            }),
            Mlp::Gated {
                width,
                bias,
                stacked,
                ..
            } => Ok(MlpWeights::Gated {
                gate_up: self.map(if stacked {
                    self.linear(Part::GateUp, i, model, 2 * width, bias)?
                } else {
                    stack(&[
                        self.linear(Part::Gate, i, model, width, bias)?,
                        self.linear(Part::Up, i, model, width, bias)?,
                    ])?
                })?,
                down: self.map(self.linear(Part::Down, i, width, model, bias)?)?,
            }),
            Mlp::Experts { count, width, .. } => {
                let expert = |e| {
                    let map = |part, inputs, outputs| {
                        let weight = self.inner_part(part, i, e, "weight", &[outputs, inputs])?;
                        Ok(Linear { weight, bias: None })
                    };
                    let gate_up = stack(&[
                        map(Part::ExpertGate, model, width)?,
                        map(Part::ExpertUp, model, width)?,
                    ])?;
                    let down = map(Part::ExpertDown, width, model)?;
                    Ok((self.map(gate_up)?, self.map(down)?))
                };
                Ok(MlpWeights::Experts {
                    router: self.map(self.linear(Part::Router, i, model, count, false)?)?,
                    experts: (0..count).map(expert).collect::<Result<_, ModelError>>()?,
                })
            }
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

    fn map(&self, map: Linear) -> Result<Map, ModelError> {
        Map::new(&map.weight, map.bias).map_err(engine_error)
    }

    fn norm(
        &self,
        norm: Option<Norm>,
        part: Part,
        block: usize,
        width: usize,
    ) -> Result<Option<NormWeights>, ModelError> {
        norm.map(|norm| self.affine(norm, part, block, width))
            .transpose()
    }

    fn affine(
        &self,
        norm: Norm,
        part: Part,
        block: usize,
        width: usize,
    ) -> Result<NormWeights, ModelError> {
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
        Ok(NormWeights {
            norm,
            weight,
            bias,
            width: width as i64,
        })
    }

    fn part(
        &self,
        part: Part,
        block: usize,
        suffix: &str,
        expected: &[usize],
    ) -> Result<Tensor, ModelError> {
        self.inner_part(part, block, 0, suffix, expected)
    }

    /// A tensor in its stored place, copied to the device. `inner` is the number of the head or
    /// the expert.
    fn inner_part(
        &self,
        part: Part,
        block: usize,
        inner: usize,
        suffix: &str,
        expected: &[usize],
    ) -> Result<Tensor, ModelError> {
        // Norms of the oldest BERT checkpoints have their weights under these names.
        let old = match suffix {
            "weight" => "gamma",
            _ => "beta",
        };
        let stems: Vec<String> = self.spec.weights.names(part, block, inner).collect();
        let names = stems
            .iter()
            .flat_map(|stem| [suffix, old].map(|suffix| format!("{}{stem}.{suffix}", self.prefix)));
        let names: Vec<String> = names.collect();
        let found = names.iter().find_map(|name| {
            let stored = self.weights.get(name)?;
            Some((name.clone(), stored))
        });
        let Some((name, stored)) = found else {
            // A description that uses a part has to name it; the tests of the families see to that.
            let name = names.into_iter().next();
            return Err(self.missing(name.unwrap_or_else(|| format!("for {part:?}"))));
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
            .and_then(|t| t.f_to_device_(self.device, self.kind_of(part, kind), false, false))
            .map_err(engine_error)
    }

    /// In what numbers a part is kept. The residual stream is in `f32` whatever the products are
    /// computed in, and so are norms and what is added to the stream; embeddings that are stored in
    /// fewer bits stay so, since they are large.
    fn kind_of(&self, part: Part, stored: Kind) -> Kind {
        match part {
            Part::EmbeddingNorm
            | Part::AttnIn
            | Part::AttnOut
            | Part::AfterAttn
            | Part::MlpIn
            | Part::MlpOut
            | Part::AfterMlp
            | Part::FinalNorm
            | Part::QueryNorm
            | Part::KeyNorm => Kind::Float,
            Part::Tokens | Part::Positions | Part::TokenTypes if stored == Kind::Float => {
                Kind::Float
            }
            _ => self.kind,
        }
    }

    fn missing(&self, name: String) -> ModelError {
        ModelError::MissingTensor {
            path: self.weights.path().to_owned(),
            name,
            family: self.spec.family.clone(),
        }
    }
}

/// From groups of query heads with their key and value head to all queries, all keys, all values.
fn ungroup(stored: &Linear, attention: &Attention) -> Result<Linear, tch::TchError> {
    let (kv_heads, width) = (attention.kv_heads as i64, attention.head_width as i64);
    let per_group = (attention.heads / attention.kv_heads) as i64;
    let regroup = |tensor: &Tensor| {
        let mut shape = tensor.size();
        let inputs: Vec<i64> = shape.drain(1..).collect();
        let grouped: Vec<i64> = [kv_heads, per_group + 2, width]
            .into_iter()
            .chain(inputs.iter().copied())
            .collect();
        let grouped = tensor.f_view(grouped.as_slice())?;
        let flat: Vec<i64> = std::iter::once(-1).chain(inputs).collect();
        let parts = [(0, per_group), (per_group, 1), (per_group + 1, 1)];
        let parts = parts.map(|(start, count)| {
            grouped
                .f_narrow(1, start, count)?
                .f_reshape(flat.as_slice())
        });
        let [queries, keys, values] = parts;
        Tensor::f_cat(&[queries?, keys?, values?], 0)
    };
    Ok(Linear {
        weight: regroup(&stored.weight)?,
        bias: stored.bias.as_ref().map(regroup).transpose()?,
    })
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
