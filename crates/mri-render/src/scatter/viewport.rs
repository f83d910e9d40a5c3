use mri_core::SplitMix64;

use crate::canvas::Point;

/// The rows to draw: all, or a pseudo-random sample of `budget` rows that depends on their number
/// alone, in ascending order.
pub(super) fn sample(n: usize, budget: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    if n > budget {
        rows.sort_by_key(|&row| SplitMix64::at(0, row as u64));
        rows.truncate(budget);
        rows.sort_unstable();
    }
    rows
}

/// States which share of all points lies outside the viewport.
pub(super) fn outside_note(outside: usize, all: usize) -> String {
    let share = 100.0 * outside as f64 / all.max(1) as f64;
    let share = if share < 0.1 {
        "under 0.1".to_owned()
    } else {
        format!("{share:.1}")
    };
    format!("{share} % beyond the frame, drawn at its edge")
}

/// Center and half width of a layer's viewport, in the units of the map. It contains all points but
/// 0.25 % at each end of each axis, with a margin, and is `aspect` times as high as wide.
pub(super) fn viewport(points: &[Point], aspect: f64) -> (Point, f64) {
    let along = |pick: fn(&Point) -> f64| {
        let mut values: Vec<f64> = points.iter().map(pick).filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let trimmed = values.len() / 400;
        let kept = &values[trimmed..values.len() - trimmed];
        match (kept.first(), kept.last()) {
            (Some(&low), Some(&high)) => (f64::midpoint(low, high), (high - low) / 2.0),
            _ => (0.0, 0.0),
        }
    };
    let (x, y) = (along(|at| at.0), along(|at| at.1));
    let half_width = x.1.max(y.1 / aspect);
    // All but a few points may coincide.
    let half_width = if half_width > 0.0 {
        half_width * 1.06
    } else {
        1.0
    };
    ((x.0, y.0), half_width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewport_is_filled_by_all_but_the_outermost() {
        // Points off the origin, spread wider than high, and one outlier.
        let mut points: Vec<Point> = (0..999)
            .map(|i| (10.0 + f64::from(i % 37), -5.0 + f64::from(i % 11)))
            .collect();
        points.push((1e6, -1e6));
        let (center, half_width) = viewport(&points, 0.8);
        let scaled = |at: &Point| {
            (
                (at.0 - center.0) / half_width,
                (at.1 - center.1) / half_width,
            )
        };
        let inside = |at: &Point| at.0.abs() <= 1.0 && at.1.abs() <= 0.8;
        let all: Vec<Point> = points.iter().map(scaled).collect();
        assert_eq!(all.iter().filter(|at| inside(at)).count(), 999);
        let ends = |pick: fn(f64, f64) -> f64| all[..999].iter().map(|at| at.0).fold(0.0, pick);
        assert!(ends(f64::min) < -0.9 && ends(f64::max) > 0.9);
        assert_eq!(viewport(&[(3.0, 4.0); 5], 0.8), ((3.0, 4.0), 1.0));
    }

    #[test]
    fn a_small_share_outside_is_not_rounded_to_none() {
        assert!(outside_note(1, 5_000).starts_with("under 0.1 %"));
        assert!(outside_note(12, 5_000).starts_with("0.2 %"));
    }
}
