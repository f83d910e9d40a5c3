use crate::quantile::quantile_of_sorted;

/// The effects of the parts in bootstrap resamples, see
/// [`TwoSample::bootstrap`](crate::TwoSample::bootstrap).
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    /// Per resample and part the effect, NaN where no drawn row is in the part. Single precision
    /// halves the memory; an estimate of an interval's bound has fewer digits than that.
    pub(crate) effects: Vec<Vec<f32>>,
}

impl Bootstrap {
    /// The percentile interval of a part's effect, ascending; NaN without resamples.
    ///
    /// A part without rows in a resample has the effect 0 there. `confidence` is the coverage, such
    /// as 0.95, clamped to 0 … 1.
    ///
    /// # Panics
    /// If there is no such part.
    #[must_use]
    pub fn interval(&self, part: usize, confidence: f64) -> [f64; 2] {
        let effect = |of: &Vec<f32>| if of[part].is_nan() { 0.0 } else { of[part] };
        let mut effects: Vec<f32> = self.effects.iter().map(effect).collect();
        effects.sort_unstable_by(f32::total_cmp);
        let effects: Vec<f64> = effects.into_iter().map(f64::from).collect();
        let tail = (1.0 - confidence.clamp(0.0, 1.0)) / 2.0;
        [tail, 1.0 - tail].map(|share| quantile_of_sorted(&effects, share).unwrap_or(f64::NAN))
    }

    /// The share of resamples in which any row is in the part, from 0 to 1; NaN without resamples.
    ///
    /// # Panics
    /// If there is no such part.
    #[must_use]
    pub fn stability(&self, part: usize) -> f64 {
        let present = self.effects.iter().filter(|of| !of[part].is_nan());
        present.count() as f64 / self.effects.len() as f64
    }
}
