/// The quantile of an ascending sample by linear interpolation, numpy's default (type 7 of
/// R. J. Hyndman and Y. Fan, 1996). `None` without values.
///
/// `share` is clamped to 0 … 1; 0.5 is the median.
///
/// ```
/// assert_eq!(mri_stats::quantile_of_sorted(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
/// ```
#[must_use]
pub fn quantile_of_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = share.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_between_the_neighbors() {
        let sorted = [-1.0, 0.0, 2.0, 6.0];
        let at = |share| quantile_of_sorted(&sorted, share).unwrap();
        assert_eq!([0.0, 1.0, 0.5, 0.25].map(at), [-1.0, 6.0, 1.0, -0.25]);
        assert_eq!([-3.0, 7.0].map(at), [-1.0, 6.0]);
        assert_eq!(quantile_of_sorted(&[3.0], 0.4), Some(3.0));
        assert_eq!(quantile_of_sorted(&[], 0.4), None);
    }
}
