//! A low-rank adapter, merged into the weights of its base while they are loaded.

use std::cell::RefCell;
use std::collections::BTreeSet;

use tch::{Kind, Tensor};

use super::runtime::engine_error;
use crate::engine::adapter_config::{ADAPTER_WEIGHTS, AdapterConfig};
use crate::engine::error::ModelError;
use crate::engine::prefix::find_prefix;
use crate::engine::reader::floats;
use crate::engine::spec::{TransformerSpec, WeightRole};
use crate::engine::weights::Weights;

/// Modules outside of the states of a model, which an adapter may change too.
const OUTSIDE: &[&str] = &[
    "classifier",
    "cls",
    "decoder",
    "embed_out",
    "head",
    "lm_head",
    "pooler",
    "qa_outputs",
    "score",
];

/// An adapter of PEFT.
pub(super) struct Adapter {
    config: AdapterConfig,
    weights: Weights,
    /// What stands before the names of the model's modules.
    prefix: String,
    /// The tensors that were merged.
    used: RefCell<BTreeSet<String>>,
}

/// Where a tensor of the base belongs.
pub(super) struct Place<'a> {
    pub(super) role: WeightRole,
    pub(super) block: usize,
    pub(super) inner: usize,
    pub(super) suffix: &'a str,
}

impl Adapter {
    /// Opens the adapter in a folder.
    pub(super) fn open(config: AdapterConfig, spec: &TransformerSpec) -> Result<Self, ModelError> {
        let folder = config.folder();
        let path = folder.join(ADAPTER_WEIGHTS);
        if !path.exists() {
            let pickle = folder.join("adapter_model.bin");
            return Err(if pickle.exists() {
                ModelError::PickleOnly {
                    path: pickle,
                    folder: folder.to_owned(),
                }
            } else {
                ModelError::MissingFile {
                    path,
                    remedy: "adapter_config.json is there, and the adapter's weights are not",
                }
            });
        }
        let weights = Weights::open_file(path)?;
        let prefix = find_prefix(spec, weights.names()).unwrap_or_default();
        Ok(Self {
            config,
            weights,
            prefix,
            used: RefCell::default(),
        })
    }

    /// A tensor of the base with what the adapter adds to it, or in its place.
    pub(super) fn merge(
        &self,
        spec: &TransformerSpec,
        place: &Place<'_>,
        base: Tensor,
    ) -> Result<Tensor, ModelError> {
        let mut merged = base;
        for stem in spec.weights.of(place.role, place.block, place.inner) {
            let module = format!("{}{stem}", self.prefix);
            // A module that was trained as a whole (`modules_to_save`, `bias`).
            for name in [
                place.suffix.to_owned(),
                format!("base_layer.{}", place.suffix),
            ] {
                if let Some(whole) = self.take(&format!("{module}.{name}"))? {
                    if whole.size() != merged.size() {
                        return Err(self.shape(&format!("{module}.{name}"), &whole, &merged));
                    }
                    merged = whole;
                }
            }
            if place.suffix == "weight" {
                merged = self.add_product(spec, place.role, &module, merged)?;
            }
        }
        Ok(merged)
    }

    /// Adds the product of a module's two matrices.
    fn add_product(
        &self,
        spec: &TransformerSpec,
        role: WeightRole,
        module: &str,
        base: Tensor,
    ) -> Result<Tensor, ModelError> {
        let pair = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|part| format!("{module}.{part}"));
            match (self.take(&a)?, self.take(&b)?) {
                (Some(down), Some(up)) => Ok(Some((down, up))),
                (None, None) => Ok(None),
                (found, _) => Err(ModelError::MissingTensor {
                    path: self.weights.path().to_owned(),
                    name: if found.is_some() { b } else { a },
                    family: spec.family.clone(),
                }),
            }
        };
        let embedding = pair("lora_embedding_A", "lora_embedding_B")?;
        let in_embedding = embedding.is_some();
        let Some((down, up)) = embedding.map_or_else(
            || pair("lora_A.weight", "lora_B.weight"),
            |found| Ok(Some(found)),
        )?
        else {
            return Ok(base);
        };
        let rank = down.size().first().copied().unwrap_or(1).max(1);
        let scaling = self.config.scaling(module, rank as usize)?;
        // An embedding and GPT-2's matrices are stored as (inputs, outputs).
        let turned = in_embedding || (spec.weights.transposed && is_matrix(role));
        let turn = |t: Tensor| match turned {
            true => t.f_transpose(0, 1).map_err(engine_error),
            false => Ok(t),
        };
        let delta = up
            .f_matmul(&down)
            .and_then(|product| product.f_mul_scalar(scaling));
        let delta = turn(delta.map_err(engine_error)?)?;
        if delta.size() != base.size() {
            return Err(self.shape(module, &delta, &base));
        }
        let base = base.f_to_kind(Kind::Float).map_err(engine_error)?;
        let sum = base.f_add(&delta).map_err(engine_error)?;
        let names = ["lora_magnitude_vector", "lora_magnitude_vector.weight"];
        for name in names.map(|name| format!("{module}.{name}")) {
            if let Some(magnitude) = self.take(&name)? {
                if in_embedding {
                    return Err(ModelError::UnsupportedAdapter {
                        path: self.weights.path().to_owned(),
                        key: name,
                        value: "DoRA of an embedding".to_owned(),
                    });
                }
                let rows = turn(sum)?;
                return turn(with_magnitude(&rows, &magnitude).map_err(engine_error)?);
            }
        }
        Ok(sum)
    }

    /// An adapter's tensor, marked as used.
    fn take(&self, name: &str) -> Result<Option<Tensor>, ModelError> {
        let Some(stored) = self.weights.get(name) else {
            return Ok(None);
        };
        self.used.borrow_mut().insert(name.to_owned());
        let size: Vec<i64> = stored.shape.iter().map(|&n| n as i64).collect();
        let tensor = Tensor::f_from_slice(&floats(&stored, name)?);
        let tensor = tensor
            .and_then(|t| t.f_reshape(size))
            .map_err(engine_error)?;
        Ok(Some(tensor))
    }

    /// Checks that every tensor of the model itself was merged.
    pub(super) fn check_used(&self) -> Result<(), ModelError> {
        let used = self.used.borrow();
        let inside = |name: &&str| match name.strip_prefix(self.prefix.as_str()) {
            Some(rest) => !OUTSIDE.contains(&rest.split('.').next().unwrap_or_default()),
            // Beside the model, as a head is.
            None => self.prefix.is_empty(),
        };
        let left = self.weights.names().filter(inside);
        match left.filter(|name| !used.contains(*name)).min() {
            None => Ok(()),
            Some(name) => Err(ModelError::AdapterUnused {
                path: self.weights.path().to_owned(),
                name: name.to_owned(),
            }),
        }
    }

    fn shape(&self, name: &str, found: &Tensor, expected: &Tensor) -> ModelError {
        let sizes = |t: &Tensor| t.size().iter().map(|&n| n as usize).collect();
        ModelError::WrongShape {
            path: self.weights.path().to_owned(),
            name: name.to_owned(),
            found: sizes(found),
            expected: sizes(expected),
        }
    }
}

/// Whether a role is a linear layer.
fn is_matrix(role: WeightRole) -> bool {
    use WeightRole as R;
    matches!(
        role,
        R::EmbeddingProjection
            | R::Query
            | R::Key
            | R::Value
            | R::Qkv
            | R::Output
            | R::Gate
            | R::Up
            | R::GateUp
            | R::Down
            | R::Router
            | R::ExpertGate
            | R::ExpertUp
            | R::ExpertDown
    )
}

/// DoRA (Liu et al. 2024, arXiv:2402.09353): every row gets a length that was learned.
fn with_magnitude(rows: &Tensor, magnitude: &Tensor) -> Result<Tensor, tch::TchError> {
    let lengths = rows.f_norm_scalaropt_dim(2.0, [1_i64], true)?;
    let factors = magnitude.f_reshape([-1, 1])?.f_div(&lengths)?;
    rows.f_mul(&factors)
}
