use std::f64::consts::PI;

/// Rotary position embedding (RoPE, Su et al. 2021, arXiv:2104.09864): each pair of columns of a
/// query or key is rotated by the position times the pair's frequency.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotary {
    /// The number of rotated columns of a head, the first ones; even.
    pub width: usize,
    /// The base of the frequencies `base^(-2i / width)`.
    pub base: f64,
    /// Which columns form a pair.
    pub pairs: RotaryPairs,
    /// How frequencies are changed to extend the context.
    pub scaling: RotaryScaling,
}

/// Which columns are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotaryPairs {
    /// Column `i` with column `i + width / 2`.
    Halves,
    /// Column `2i` with column `2i + 1`.
    Interleaved,
}

/// How rotary frequencies are changed for texts longer than those of the training. Fields have the
/// names of `rope_scaling` in `config.json`.
#[derive(Debug, Clone, PartialEq)]
pub enum RotaryScaling {
    /// They are not.
    None,
    /// All frequencies are divided by a factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Llama 3.1: low frequencies are divided by a factor, high ones kept, those between
    /// interpolated.
    Llama3 {
        /// The divisor of low frequencies.
        factor: f64,
        /// Low: fewer rotations than this over the original length.
        low_freq_factor: f64,
        /// High: more rotations than this over the original length.
        high_freq_factor: f64,
        /// The context length of the training, in tokens.
        original_length: f64,
    },
    /// YaRN (Peng et al. 2023, arXiv:2309.00071): low frequencies are divided by a factor, high
    /// ones kept, with a linear ramp over the columns between.
    Yarn {
        /// The divisor of low frequencies.
        factor: f64,
        /// High: more rotations than this over the original length.
        beta_fast: f64,
        /// Low: fewer rotations than this over the original length.
        beta_slow: f64,
        /// The context length of the training, in tokens.
        original_length: f64,
        /// A factor on sines and cosines.
        attention_factor: f64,
        /// The ends of the ramp are rounded to whole columns.
        truncate: bool,
    },
    /// LongRoPE (Ding et al. 2024, arXiv:2402.13753): a divisor per pair, with one set for texts up
    /// to the original length and another for longer ones.
    LongRope {
        /// The divisors for texts up to the original length.
        short_factor: Vec<f64>,
        /// The divisors for longer texts.
        long_factor: Vec<f64>,
        /// The context length of the training, in tokens.
        original_length: usize,
        /// A factor on sines and cosines.
        attention_factor: f64,
    },
}

impl Rotary {
    /// The frequency of each pair, in radians per token, for a text of `length` tokens.
    #[must_use]
    pub fn frequencies(&self, length: usize) -> Vec<f32> {
        let pairs = self.width / 2;
        let plain = (0..pairs).map(|i| self.base.powf(-(2.0 * i as f64) / self.width as f64));
        let scaled: Vec<f64> = match &self.scaling {
            RotaryScaling::None => plain.collect(),
            RotaryScaling::Linear { factor } => plain.map(|f| f / factor).collect(),
            &RotaryScaling::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_length,
            } => plain
                .map(|f| {
                    let rotations = original_length * f / (2.0 * PI);
                    let kept = ((rotations - low_freq_factor)
                        / (high_freq_factor - low_freq_factor))
                        .clamp(0.0, 1.0);
                    kept * f + (1.0 - kept) * f / factor
                })
                .collect(),
            &RotaryScaling::Yarn {
                factor,
                beta_fast,
                beta_slow,
                original_length,
                truncate,
                ..
            } => {
                let width = self.width as f64;
                // The pair that makes this many rotations over the original length.
                let pair = |rotations: f64| {
                    let length = original_length / (rotations * 2.0 * PI);
                    width * length.ln() / (2.0 * self.base.ln())
                };
                let (mut low, mut high) = (pair(beta_fast), pair(beta_slow));
                if truncate {
                    (low, high) = (low.floor(), high.ceil());
                }
                (low, high) = (low.max(0.0), high.min(width - 1.0));
                if low == high {
                    // A ramp of no width would divide by zero.
                    high += 0.001;
                }
                let ramp = |(i, f)| {
                    let slow = ((i as f64 - low) / (high - low)).clamp(0.0, 1.0);
                    slow * f / factor + (1.0 - slow) * f
                };
                plain.enumerate().map(ramp).collect()
            }
            RotaryScaling::LongRope {
                short_factor,
                long_factor,
                original_length,
                ..
            } => {
                let factors = if length > *original_length {
                    long_factor
                } else {
                    short_factor
                };
                plain.zip(factors).map(|(f, factor)| f / factor).collect()
            }
        };
        scaled.into_iter().map(|f| f as f32).collect()
    }

    /// The factor on sines and cosines.
    #[must_use]
    pub fn attention_factor(&self) -> f64 {
        match self.scaling {
            RotaryScaling::Yarn {
                attention_factor, ..
            }
            | RotaryScaling::LongRope {
                attention_factor, ..
            } => attention_factor,
            _ => 1.0,
        }
    }

    /// The length from which on texts have other frequencies than shorter ones, in tokens.
    #[must_use]
    pub fn long_from(&self) -> Option<usize> {
        match self.scaling {
            RotaryScaling::LongRope {
                original_length, ..
            } => Some(original_length + 1),
            _ => None,
        }
    }
}
