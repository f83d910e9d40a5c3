//! The metadata of a GGUF file under the names of `config.json`.

use serde_json::{Map, Value, json};

use crate::engine::config::Config;
use crate::gguf::{Gguf, GgufError, dequantize};

/// Collects the entries of a `config.json` that say what the metadata of a file say, so that the
/// families need to know one spelling only.
pub(super) struct ConfigWriter<'a> {
    pub(super) gguf: &'a Gguf,
    /// The prefix of the entries: the architecture.
    architecture: &'a str,
    json: Map<String, Value>,
}

impl<'a> ConfigWriter<'a> {
    pub(super) fn new(gguf: &'a Gguf, architecture: &'a str, model_type: &str) -> Self {
        let mut json = Map::new();
        json.insert("model_type".to_owned(), model_type.into());
        Self {
            gguf,
            architecture,
            json,
        }
    }

    pub(super) fn finish(self) -> Config {
        Config::of(self.gguf.path().to_owned(), Value::Object(self.json))
    }

    pub(super) fn set(&mut self, entry: &str, value: impl Into<Value>) {
        self.json.insert(entry.to_owned(), value.into());
    }

    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture)
    }

    /// A count, which may be given once per block but has to be the same for all.
    pub(super) fn count_of(&self, key: &str) -> Result<Option<u64>, GgufError> {
        let key = self.key(key);
        let Some(numbers) = self.gguf.numbers(&key)? else {
            return Ok(None);
        };
        let first = numbers.first().copied();
        if numbers.iter().any(|&n| Some(n) != first) {
            return Err(self
                .gguf
                .bad(&key, "differs between blocks, which is not supported"));
        }
        match first {
            Some(n) if n >= 0.0 && n <= f64::from(u32::MAX) && n.fract() == 0.0 => {
                Ok(Some(n as u64))
            }
            _ => Err(self.gguf.bad(&key, "is not a count")),
        }
    }

    pub(super) fn float_of(&self, key: &str) -> Result<Option<f64>, GgufError> {
        self.gguf.float(&self.key(key))
    }

    pub(super) fn flag_of(&self, key: &str) -> Result<Option<bool>, GgufError> {
        self.gguf.flag(&self.key(key))
    }

    pub(super) fn numbers_of(&self, key: &str) -> Result<Option<Vec<f64>>, GgufError> {
        self.gguf.numbers(&self.key(key))
    }

    /// Copies a count that there has to be.
    pub(super) fn count(&mut self, key: &str, entry: &str) -> Result<u64, GgufError> {
        let found = self.count_of(key)?;
        let count = self.gguf.required(&self.key(key), found)?;
        self.set(entry, count);
        Ok(count)
    }

    /// Copies a count if there is one.
    pub(super) fn count_opt(&mut self, key: &str, entry: &str) -> Result<(), GgufError> {
        if let Some(count) = self.count_of(key)? {
            self.set(entry, count);
        }
        Ok(())
    }

    /// Copies a number if there is one.
    pub(super) fn float_opt(&mut self, key: &str, entry: &str) -> Result<(), GgufError> {
        if let Some(number) = self.float_of(key)? {
            self.set(entry, number);
        }
        Ok(())
    }

    /// Copies a flag if there is one.
    pub(super) fn flag_opt(&mut self, key: &str, entry: &str) -> Result<(), GgufError> {
        if let Some(flag) = self.flag_of(key)? {
            self.set(entry, flag);
        }
        Ok(())
    }

    /// The rows of a tensor as an entry, if there is the tensor.
    pub(super) fn rows(&mut self, tensor: &str, entry: &str) {
        let rows = self.gguf.shape(tensor).and_then(<[usize]>::first).copied();
        if let Some(rows) = rows {
            self.set(entry, rows);
        }
    }

    /// The width of a head.
    pub(super) fn head_width(&self) -> Result<u64, GgufError> {
        if let Some(width) = self.count_of("attention.key_length")? {
            return Ok(width);
        }
        let width = self.count_of("embedding_length")?.unwrap_or(0);
        let heads = self.count_of("attention.head_count")?.unwrap_or(0);
        Ok(width.checked_div(heads).unwrap_or(0))
    }

    /// The part of a head that is rotated, where it is not the whole.
    pub(super) fn rotated_fraction(&mut self, entry: &str) -> Result<(), GgufError> {
        let head = self.head_width()?;
        match self.count_of("rope.dimension_count")? {
            // A little more than the quotient: the product with the width is rounded down.
            Some(rotated) if rotated < head => {
                self.set(entry, (rotated as f64 + 0.25) / head as f64);
            }
            _ => self.set(entry, 1.0),
        }
        Ok(())
    }

    /// The change of rotary frequencies for long texts.
    pub(super) fn rotary_scaling(&mut self) -> Result<(), GgufError> {
        let key = self.key("rope.scaling.type");
        let original = self.count_of("rope.scaling.original_context_length")?;
        let factor = self.float_of("rope.scaling.factor")?;
        let mut scaling = match self.gguf.text(&key)? {
            None | Some("none") => json!({"rope_type": "default"}),
            Some("linear") => json!({"rope_type": "linear", "factor": factor}),
            Some("yarn") => json!({
                "rope_type": "yarn",
                "factor": factor,
                "beta_fast": self.float_of("rope.scaling.yarn_beta_fast")?,
                "beta_slow": self.float_of("rope.scaling.yarn_beta_slow")?,
            }),
            Some("longrope") => json!({"rope_type": "longrope"}),
            Some(other) => {
                let problem = format!("{other} is not supported; none, linear, yarn, longrope are");
                return Err(self.gguf.bad(&key, problem));
            }
        };
        let long = self.divisors("rope_factors_long.weight")?;
        let short = self.divisors("rope_factors_short.weight")?;
        if let (Some(long), Some(short)) = (long, short) {
            scaling = json!({
                "rope_type": "longrope",
                "long_factor": long,
                "short_factor": short,
                "attention_factor": self.float_of("rope.scaling.attn_factor")?,
            });
        } else if let Some(all) = self.divisors("rope_freqs.weight")? {
            // Llama 3's scaling, as the divisor of each frequency.
            scaling = json!({
                "rope_type": "longrope",
                "long_factor": all,
                "short_factor": all,
                "factor": 1.0,
                "attention_factor": 1.0,
            });
        }
        if let Some(original) = original {
            scaling["original_max_position_embeddings"] = original.into();
        }
        self.set("rope_scaling", scaling);
        Ok(())
    }

    /// The numbers of a small tensor.
    fn divisors(&self, tensor: &str) -> Result<Option<Vec<f64>>, GgufError> {
        let tensor = self.gguf.tensor(tensor)?;
        let numbers = tensor.map(|tensor| dequantize(tensor.kind, tensor.bytes));
        Ok(numbers.map(|numbers| numbers.into_iter().map(f64::from).collect()))
    }
}
