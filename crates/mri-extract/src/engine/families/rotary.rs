//! Rotary position embedding as `config.json` spells it.

use serde_json::Value;

use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{Rotary, RotaryPairs, RotaryScaling};

/// The largest base; models of ten million tokens of context have 10⁹ at most.
const MAX_BASE: f64 = 1e12;

/// Reads a model's rotary embedding from the entry of transformers 5 (`rope_parameters`, possibly
/// per layer type) or the older ones (`rope_theta` and `rope_scaling`).
pub(super) struct RotaryReader<'a> {
    pub(super) config: &'a Config,
    pub(super) head_width: usize,
    /// The key within `rope_parameters`, where layer types differ.
    pub(super) layer_type: Option<&'a str>,
    /// The older entry for the base.
    pub(super) old_base: &'a str,
    /// The older entry for the fraction of a head that is rotated.
    pub(super) old_fraction: &'a str,
    pub(super) default_base: f64,
    pub(super) default_fraction: f64,
}

impl<'a> RotaryReader<'a> {
    /// A reader of the common entries.
    pub(super) fn new(config: &'a Config, head_width: usize) -> Self {
        Self {
            config,
            head_width,
            layer_type: None,
            old_base: "rope_theta",
            old_fraction: "partial_rotary_factor",
            default_base: 10_000.0,
            default_fraction: 1.0,
        }
    }

    pub(super) fn read(&self) -> Result<Rotary, ModelError> {
        let config = self.config;
        let per_type = self
            .layer_type
            .map(|kind| format!("rope_parameters.{kind}"));
        let keys = [per_type.as_deref(), Some("rope_parameters")];
        // Anything but an object would be read as one without entries.
        for key in keys.into_iter().flatten().chain(["rope_scaling"]) {
            config.check_object(key)?;
        }
        let present = keys
            .into_iter()
            .flatten()
            .find(|&key| config.get(key).is_some());
        let table = present.unwrap_or("rope_scaling");
        let entry = |name: &str| format!("{table}.{name}");
        let base = match config.float_opt(&entry("rope_theta"))? {
            Some(base) => base,
            None => config.float_or(self.old_base, self.default_base)?,
        };
        let fraction = match config.float_opt(&entry("partial_rotary_factor"))? {
            Some(fraction) => fraction,
            None => config.float_or(self.old_fraction, self.default_fraction)?,
        };
        if base <= 1.0 || base > MAX_BASE {
            let problem = format!("{base} has to be larger than 1 and at most {MAX_BASE:e}");
            return Err(config.bad(self.old_base, problem));
        }
        if !(0.0..=1.0).contains(&fraction) {
            return Err(config.bad(
                self.old_fraction,
                format!("{fraction} is not between 0 and 1"),
            ));
        }
        let width = (self.head_width as f64 * fraction) as usize;
        if width == 0 || !width.is_multiple_of(2) {
            let problem =
                format!("rotates {width} columns of a head, which is not a positive even number");
            return Err(config.bad(self.old_fraction, problem));
        }
        Ok(Rotary {
            width,
            base,
            pairs: RotaryPairs::Halves,
            scaling: self.scaling(table, width)?,
        })
    }

    fn scaling(&self, table: &str, width: usize) -> Result<RotaryScaling, ModelError> {
        let entries = ScalingEntries {
            config: self.config,
            table,
        };
        let kind_key = if self.config.get(&entries.key("rope_type")).is_some() {
            entries.key("rope_type")
        } else {
            entries.key("type")
        };
        match self.config.string_opt(&kind_key)? {
            // Dynamic scaling changes nothing up to `max_position_embeddings`, where texts are
            // truncated.
            None | Some("default" | "dynamic") => Ok(RotaryScaling::None),
            Some("linear") => Ok(RotaryScaling::Linear {
                factor: entries.positive("factor")?,
            }),
            Some("llama3") => entries.llama3(),
            Some("yarn") => entries.yarn(),
            Some("longrope" | "su") => entries.longrope(width / 2),
            Some(_) => {
                let hint = "; supported are default, linear, dynamic, llama3, yarn and longrope";
                Err(self.config.unsupported(&kind_key, hint))
            }
        }
    }
}

/// The entries of a scaling, in the object `table` of a configuration.
struct ScalingEntries<'a> {
    config: &'a Config,
    table: &'a str,
}

impl ScalingEntries<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.table)
    }

    fn positive_opt(&self, name: &str) -> Result<Option<f64>, ModelError> {
        let key = self.key(name);
        match self.config.float_opt(&key)? {
            Some(x) if x <= 0.0 => Err(self.config.bad(&key, format!("{x} is not positive"))),
            found => Ok(found),
        }
    }

    fn positive(&self, name: &str) -> Result<f64, ModelError> {
        self.positive_opt(name)?.ok_or_else(|| {
            self.config
                .bad(&self.key(name), "missing for this rope_type")
        })
    }

    fn original_length(&self) -> Result<usize, ModelError> {
        const KEY: &str = "original_max_position_embeddings";
        let here = self.config.count_opt(&self.key(KEY))?;
        let above = self.config.count_opt(KEY)?;
        let longest = self.config.count_opt("max_position_embeddings")?;
        here.or(above)
            .or(longest)
            .ok_or_else(|| self.config.bad(KEY, "missing"))
    }

    /// `factor`, or else the ratio of the context length to the original one.
    fn factor(&self) -> Result<f64, ModelError> {
        match self.positive_opt("factor")? {
            Some(factor) => Ok(factor),
            None => {
                let longest = self.config.count("max_position_embeddings")?;
                Ok(longest as f64 / self.original_length()? as f64)
            }
        }
    }

    fn llama3(&self) -> Result<RotaryScaling, ModelError> {
        let low = self.positive("low_freq_factor")?;
        let high = self.positive("high_freq_factor")?;
        if low >= high {
            let key = self.key("low_freq_factor");
            return Err(self.config.bad(&key, "has to be below high_freq_factor"));
        }
        Ok(RotaryScaling::Llama3 {
            factor: self.positive("factor")?,
            low_freq_factor: low,
            high_freq_factor: high,
            original_length: self.original_length()? as f64,
        })
    }

    fn yarn(&self) -> Result<RotaryScaling, ModelError> {
        let factor = self.factor()?;
        let log_scale = |weight: f64| match factor {
            f if f <= 1.0 => 1.0,
            f => 0.1 * weight * f.ln() + 1.0,
        };
        let mscale = self.positive_opt("mscale")?;
        let default_factor = match (mscale, self.positive_opt("mscale_all_dim")?) {
            (Some(mscale), Some(all)) => log_scale(mscale) / log_scale(all),
            _ => log_scale(1.0),
        };
        Ok(RotaryScaling::Yarn {
            factor,
            beta_fast: self.positive_opt("beta_fast")?.unwrap_or(32.0),
            beta_slow: self.positive_opt("beta_slow")?.unwrap_or(1.0),
            original_length: self.original_length()? as f64,
            attention_factor: self
                .positive_opt("attention_factor")?
                .unwrap_or(default_factor),
            truncate: self.config.bool_or(&self.key("truncate"), true)?,
        })
    }

    fn longrope(&self, pairs: usize) -> Result<RotaryScaling, ModelError> {
        let original = self.original_length()?;
        let factor = self.factor()?;
        let default_factor = if factor <= 1.0 {
            1.0
        } else {
            (1.0 + factor.ln() / (original as f64).ln()).sqrt()
        };
        Ok(RotaryScaling::LongRope {
            short_factor: self.divisors("short_factor", pairs)?,
            long_factor: self.divisors("long_factor", pairs)?,
            original_length: original,
            attention_factor: self
                .positive_opt("attention_factor")?
                .unwrap_or(default_factor),
        })
    }

    fn divisors(&self, name: &str, count: usize) -> Result<Vec<f64>, ModelError> {
        let key = self.key(name);
        let list = self.config.get(&key).and_then(Value::as_array);
        let numbers =
            list.and_then(|list| list.iter().map(Value::as_f64).collect::<Option<Vec<_>>>());
        match numbers {
            Some(factors) if factors.len() == count && factors.iter().all(|&f| f > 0.0) => {
                Ok(factors)
            }
            _ => {
                let problem = format!("has to be a list of {count} positive numbers");
                Err(self.config.bad(&key, problem))
            }
        }
    }
}
