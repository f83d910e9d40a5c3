use std::f64::consts::PI;

/// Rotary positions (Su et al. 2021, arXiv:2104.09864): pairs of columns of a query or key are
/// rotated by its position times the pair's frequency.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotary {
    /// How many columns of a head are rotated, the first ones; even.
    pub width: usize,
    /// The base of the frequencies `base^(-2i / width)`.
    pub base: f64,
    /// Which columns form a pair.
    pub pairs: RotaryPairs,
    /// How the frequencies are changed for long texts.
    pub scaling: RotaryScaling,
}

/// Which columns are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotaryPairs {
    /// Column `i` with column `i + width / 2`.
    Halves,
    /// Neighbours.
    Neighbours,
}

/// How rotary frequencies are changed for texts longer than those of the training.
#[derive(Debug, Clone, PartialEq)]
pub enum RotaryScaling {
    /// Not at all.
    None,
    /// All divided by a factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Slow ones divided, fast ones kept, with a smooth step between (Llama 3.1).
    Llama3 {
        /// The divisor of the slow ones.
        factor: f64,
        /// Slow: fewer turns than this within the original length.
        low_turns: f64,
        /// Fast: more turns than this.
        high_turns: f64,
        /// The length of the training.
        original_length: f64,
    },
    /// Slow ones divided, fast ones kept, with a ramp over the columns (YaRN, Peng et al. 2023,
    /// arXiv:2309.00071).
    Yarn {
        /// The divisor of the slow ones.
        factor: f64,
        /// Fast: more turns than this within the original length.
        fast_turns: f64,
        /// Slow: fewer turns than this.
        slow_turns: f64,
        /// The length of the training.
        original_length: f64,
        /// Sines and cosines are multiplied by this.
        magnitude: f64,
        /// The ends of the ramp are whole columns.
        whole: bool,
    },
    /// A divisor per pair, with one set for texts up to the original length and one for longer
    /// ones (LongRoPE, Ding et al. 2024, arXiv:2402.13753).
    Long {
        /// For texts up to the original length.
        short: Vec<f64>,
        /// For longer texts.
        long: Vec<f64>,
        /// The length of the training.
        original_length: usize,
        /// Sines and cosines are multiplied by this.
        magnitude: f64,
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
                low_turns,
                high_turns,
                original_length,
            } => plain
                .map(|f| {
                    let turns = original_length * f / (2.0 * PI);
                    let kept = ((turns - low_turns) / (high_turns - low_turns)).clamp(0.0, 1.0);
                    kept * f + (1.0 - kept) * f / factor
                })
                .collect(),
            &RotaryScaling::Yarn {
                factor,
                fast_turns,
                slow_turns,
                original_length,
                whole,
                ..
            } => {
                let width = self.width as f64;
                // The pair that makes so many turns within the original length.
                let pair = |turns: f64| {
                    width * (original_length / (turns * 2.0 * PI)).ln() / (2.0 * self.base.ln())
                };
                let (mut low, mut high) = (pair(fast_turns), pair(slow_turns));
                if whole {
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
            RotaryScaling::Long {
                short,
                long,
                original_length,
                ..
            } => {
                let factors = if length > *original_length {
                    long
                } else {
                    short
                };
                plain.zip(factors).map(|(f, factor)| f / factor).collect()
            }
        };
        scaled.into_iter().map(|f| f as f32).collect()
    }

    /// What sines and cosines are multiplied by.
    #[must_use]
    pub fn magnitude(&self) -> f64 {
        match self.scaling {
            RotaryScaling::Yarn { magnitude, .. } | RotaryScaling::Long { magnitude, .. } => {
                magnitude
            }
            _ => 1.0,
        }
    }

    /// From this length on texts have other frequencies than shorter ones.
    #[must_use]
    pub fn long_from(&self) -> Option<usize> {
        match self.scaling {
            RotaryScaling::Long {
                original_length, ..
            } => Some(original_length + 1),
            _ => None,
        }
    }
}
