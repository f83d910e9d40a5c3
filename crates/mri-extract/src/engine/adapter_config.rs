//! `adapter_config.json` of PEFT.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::ModelError;

/// The file that makes a folder an adapter's.
pub(crate) const ADAPTER_CONFIG: &str = "adapter_config.json";

/// The weights of an adapter.
pub(crate) const ADAPTER_WEIGHTS: &str = "adapter_model.safetensors";

/// Settings of LoRA under which a merged weight is not what [`AdapterConfig`] describes.
const REFUSED: &[&str] = &[
    "alora_invocation_tokens",
    "arrow_config",
    "kasa_config",
    "layer_replication",
    "lora_bias",
    "megatron_config",
    "monteclora_config",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_qalora",
];

/// Ways to begin a training that change the weights of the base.
const REFUSED_STARTS: &[&str] = &["corda", "loftq", "lora_ga", "olora", "pissa"];

/// A low-rank adapter (Hu et al. 2021, arXiv:2106.09685).
pub(crate) struct AdapterConfig {
    path: PathBuf,
    /// The model that it was trained on: an id of the hub or a folder.
    pub(crate) base: Option<String>,
    alpha: f64,
    /// `lora_alpha` of the modules that a pattern names.
    alpha_pattern: Vec<(String, f64)>,
    /// Scaled by the square root of the rank (Kalajdzievski 2023, arXiv:2312.03732).
    rank_stabilized: bool,
}

impl AdapterConfig {
    /// Reads the file in an adapter's folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(ADAPTER_CONFIG);
        let text = fs::read(&path).map_err(|source| ModelError::Read {
            path: path.clone(),
            source,
        })?;
        match serde_json::from_slice(&text) {
            Ok(json) => Self::of(path, &json),
            Err(source) => Err(ModelError::BadJson { path, source }),
        }
    }

    fn of(path: PathBuf, json: &Value) -> Result<Self, ModelError> {
        let refused = |key: &str| ModelError::UnsupportedAdapter {
            path: path.clone(),
            key: key.to_owned(),
            value: json[key].to_string(),
        };
        if json["peft_type"].as_str() != Some("LORA") {
            return Err(refused("peft_type"));
        }
        let on = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
            _ => true,
        };
        if let Some(key) = REFUSED.iter().find(|key| on(&json[**key])) {
            return Err(refused(key));
        }
        let start = json["init_lora_weights"].as_str().unwrap_or_default();
        let start = start.to_ascii_lowercase();
        if REFUSED_STARTS
            .iter()
            .any(|refused| start.starts_with(refused))
        {
            return Err(refused("init_lora_weights"));
        }
        let number = |value: &Value| value.as_f64().filter(|x| x.is_finite());
        let alpha = number(&json["lora_alpha"]);
        let pattern = json["alpha_pattern"].as_object().into_iter().flatten();
        let pattern = pattern.map(|(key, value)| Some((key.clone(), number(value)?)));
        let (Some(alpha), Some(alpha_pattern)) = (alpha, pattern.collect()) else {
            return Err(ModelError::BadConfig {
                key: "lora_alpha".to_owned(),
                problem: "has to be a number, and so do those of alpha_pattern".to_owned(),
                path,
            });
        };
        Ok(Self {
            base: json["base_model_name_or_path"].as_str().map(str::to_owned),
            alpha,
            alpha_pattern,
            rank_stabilized: json["use_rslora"].as_bool().unwrap_or(false),
            path,
        })
    }

    /// The adapter's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The factor on the product of the matrices of a module.
    pub(crate) fn scaling(&self, module: &str, rank: usize) -> Result<f64, ModelError> {
        let alpha = self.alpha_of(module)?;
        let rank = rank as f64;
        Ok(match self.rank_stabilized {
            true => alpha / rank.sqrt(),
            false => alpha / rank,
        })
    }

    /// PEFT takes the keys of the pattern as regular expressions for the end of a module's name.
    fn alpha_of(&self, module: &str) -> Result<f64, ModelError> {
        for (key, alpha) in &self.alpha_pattern {
            let literal = key.strip_prefix('^').unwrap_or(key).replace("\\.", ".");
            if literal.contains(['*', '+', '?', '[', ']', '(', ')', '|', '\\', '{', '}', '$']) {
                return Err(ModelError::UnsupportedAdapter {
                    path: self.path.clone(),
                    key: "alpha_pattern".to_owned(),
                    value: format!("{key:?}"),
                });
            }
            let before = module.strip_suffix(literal.as_str());
            let fits = before.is_some_and(|before| match key.starts_with('^') {
                true => before.is_empty(),
                false => before.is_empty() || before.ends_with('.'),
            });
            if fits {
                return Ok(*alpha);
            }
        }
        Ok(self.alpha)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(edit: &str) -> Result<AdapterConfig, ModelError> {
        let text = format!(r#"{{"peft_type": "LORA", "lora_alpha": 8, {edit}}}"#);
        AdapterConfig::of(
            "adapter_config.json".into(),
            &serde_json::from_str(&text).unwrap(),
        )
    }

    #[test]
    fn scalings_are_those_of_the_module() {
        let plain = config(r#""alpha_pattern": {"q_proj": 32, "^model.h.0.k": 4}"#).unwrap();
        assert_eq!(plain.scaling("model.h.0.q_proj", 4).unwrap(), 8.0);
        assert_eq!(plain.scaling("model.h.0.k", 4).unwrap(), 1.0);
        assert_eq!(plain.scaling("other.model.h.0.k", 4).unwrap(), 2.0);
        assert_eq!(plain.scaling("model.h.0.aq_proj", 4).unwrap(), 2.0);
        let stable = config(r#""use_rslora": true"#).unwrap();
        assert_eq!(stable.scaling("x", 16).unwrap(), 2.0);
    }

    #[test]
    fn what_is_not_plain_low_rank_is_refused_by_name() {
        for (edit, name) in [
            (r#""use_qalora": true"#, "use_qalora"),
            (r#""init_lora_weights": "pissa_niter_4""#, "pissa"),
            (r#""peft_type": "IA3""#, "IA3"),
        ] {
            let error = config(edit).err().unwrap().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(config(r#""init_lora_weights": "gaussian""#).is_ok());
    }
}
