//! Rotary positions as configurations spell them.

use serde_json::Value;

use crate::engine::ModelError;
use crate::engine::config::Config;
use crate::engine::rotary::{Rotary, RotaryPairs, RotaryScaling};

/// Reads the rotary positions of a model, in the present spelling (`rope_parameters`, perhaps per
/// kind of layer) or the older one (`rope_theta` and `rope_scaling`).
///
/// `layer_type`: the kind of layer, where kinds differ. `old_base` and `old_share` are the entries
/// of the older spelling for the base and for the share of a head that is rotated.
pub(super) struct RotaryReader<'a> {
    pub(super) config: &'a Config,
    pub(super) head_width: usize,
    pub(super) layer_type: Option<&'a str>,
    pub(super) old_base: &'a str,
    pub(super) old_share: &'a str,
    pub(super) default_base: f64,
    pub(super) default_share: f64,
}

impl<'a> RotaryReader<'a> {
    /// Of a model with the common names for its entries.
    pub(super) fn new(config: &'a Config, head_width: usize) -> Self {
        Self {
            config,
            head_width,
            layer_type: None,
            old_base: "rope_theta",
            old_share: "partial_rotary_factor",
            default_base: 10_000.0,
            default_share: 1.0,
        }
    }

    pub(super) fn read(&self) -> Result<Rotary, ModelError> {
        let config = self.config;
        let per_type = self
            .layer_type
            .map(|kind| format!("rope_parameters.{kind}"));
        let present = [per_type.as_deref(), Some("rope_parameters")];
        let present = present
            .into_iter()
            .flatten()
            .find(|&key| config.get(key).is_some());
        let table = present.unwrap_or("rope_scaling");
        let entry = |name: &str| format!("{table}.{name}");
        let base = match config.float_opt(&entry("rope_theta"))? {
            Some(base) => base,
            None => config.float_or(self.old_base, self.default_base)?,
        };
        let share = match config.float_opt(&entry("partial_rotary_factor"))? {
            Some(share) => share,
            None => config.float_or(self.old_share, self.default_share)?,
        };
        if base <= 1.0 {
            return Err(config.bad(self.old_base, format!("{base} has to be larger than 1")));
        }
        if !(0.0..=1.0).contains(&share) {
            return Err(config.bad(self.old_share, format!("{share} is not between 0 and 1")));
        }
        let width = (self.head_width as f64 * share) as usize;
        if width == 0 || !width.is_multiple_of(2) {
            let problem =
                format!("rotates {width} columns of a head, which is not a positive even number");
            return Err(config.bad(self.old_share, problem));
        }
        Ok(Rotary {
            width,
            base,
            pairs: RotaryPairs::Halves,
            scaling: self.scaling(table, width)?,
        })
    }

    fn scaling(&self, table: &str, width: usize) -> Result<RotaryScaling, ModelError> {
        let config = self.config;
        let entry = |name: &str| format!("{table}.{name}");
        let kind_key = if config.get(&entry("rope_type")).is_some() {
            entry("rope_type")
        } else {
            entry("type")
        };
        let positive = |name: &str| match config.float_opt(&entry(name))? {
            Some(x) if x <= 0.0 => Err(config.bad(&entry(name), format!("{x} is not positive"))),
            found => Ok(found),
        };
        let needed = |name: &str| {
            positive(name)?.ok_or_else(|| config.bad(&entry(name), "missing for this rope_type"))
        };
        let longest = config.count_opt("max_position_embeddings")?;
        let original = || {
            let here = config.count_opt(&entry("original_max_position_embeddings"))?;
            let above = config.count_opt("original_max_position_embeddings")?;
            here.or(above)
                .or(longest)
                .ok_or_else(|| config.bad("original_max_position_embeddings", "missing"))
        };
        let factor = || match positive("factor")? {
            Some(factor) => Ok(factor),
            None => {
                let longest =
                    longest.ok_or_else(|| config.bad("max_position_embeddings", "missing"))?;
                Ok(longest as f64 / original()? as f64)
            }
        };
        Ok(match config.text_opt(&kind_key)? {
            // The dynamic kind changes nothing up to `max_position_embeddings`, where texts are cut.
            None | Some("default" | "dynamic") => RotaryScaling::None,
            Some("linear") => RotaryScaling::Linear {
                factor: needed("factor")?,
            },
            Some("llama3") => {
                let (low, high) = (needed("low_freq_factor")?, needed("high_freq_factor")?);
                if low >= high {
                    return Err(config.bad(
                        &entry("low_freq_factor"),
                        "has to be below high_freq_factor",
                    ));
                }
                RotaryScaling::Llama3 {
                    factor: needed("factor")?,
                    low_turns: low,
                    high_turns: high,
                    original_length: original()? as f64,
                }
            }
            Some("yarn") => {
                let factor = factor()?;
                let log_scale = |weight: f64| match factor {
                    f if f <= 1.0 => 1.0,
                    f => 0.1 * weight * f.ln() + 1.0,
                };
                let magnitude = match (positive("mscale")?, positive("mscale_all_dim")?) {
                    (Some(part), Some(all)) => log_scale(part) / log_scale(all),
                    _ => log_scale(1.0),
                };
                RotaryScaling::Yarn {
                    factor,
                    fast_turns: positive("beta_fast")?.unwrap_or(32.0),
                    slow_turns: positive("beta_slow")?.unwrap_or(1.0),
                    original_length: original()? as f64,
                    magnitude: positive("attention_factor")?.unwrap_or(magnitude),
                    whole: config.flag_or(&entry("truncate"), true)?,
                }
            }
            Some("longrope" | "su") => {
                let original = original()?;
                let factor = factor()?;
                let magnitude = if factor <= 1.0 {
                    1.0
                } else {
                    (1.0 + factor.ln() / (original as f64).ln()).sqrt()
                };
                RotaryScaling::Long {
                    short: self.factors(&entry("short_factor"), width / 2)?,
                    long: self.factors(&entry("long_factor"), width / 2)?,
                    original_length: original,
                    magnitude: positive("attention_factor")?.unwrap_or(magnitude),
                }
            }
            Some(_) => {
                let hint = "; supported are default, linear, dynamic, llama3, yarn and longrope";
                return Err(config.unsupported(&kind_key, hint));
            }
        })
    }

    fn factors(&self, key: &str, count: usize) -> Result<Vec<f64>, ModelError> {
        let list = self.config.get(key).and_then(Value::as_array);
        let numbers =
            list.and_then(|list| list.iter().map(Value::as_f64).collect::<Option<Vec<_>>>());
        match numbers {
            Some(factors) if factors.len() == count && factors.iter().all(|&f| f > 0.0) => {
                Ok(factors)
            }
            _ => Err(self
                .config
                .bad(key, format!("has to be a list of {count} positive numbers"))),
        }
    }
}
