use crate::canvas::At;

/// Which texts are drawn: all, or the first of an order that has nothing to do with theirs.
pub(super) fn sample(n: usize, budget: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    if n > budget {
        // The mixing of splitmix64.
        let mixed = |&row: &usize| {
            let mut z = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z ^ (z >> 27)
        };
        rows.sort_by_key(mixed);
        rows.truncate(budget);
        rows.sort_unstable();
    }
    rows
}

/// How many places of all lie beyond the frame.
pub(super) fn beyond_note(beyond: usize, all: usize) -> String {
    let share = 100.0 * beyond as f64 / all.max(1) as f64;
    let share = if share < 0.1 {
        "under 0.1".to_owned()
    } else {
        format!("{share:.1}")
    };
    format!("{share} % beyond the frame, drawn at its edge")
}

/// The middle of a layer's frame and half its width in the layer's units: along both axes it holds all
/// texts but a quarter of a percent at each end, and some more, `aspect` as high as it is wide.
pub(super) fn frame_of(places: &[At], aspect: f64) -> (At, f64) {
    let along = |pick: fn(&At) -> f64| {
        let mut values: Vec<f64> = places.iter().map(pick).filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let left_out = values.len() / 400;
        let kept = &values[left_out..values.len() - left_out];
        match (kept.first(), kept.last()) {
            (Some(&low), Some(&high)) => (f64::midpoint(low, high), (high - low) / 2.0),
            _ => (0.0, 0.0),
        }
    };
    let (x, y) = (along(|at| at.0), along(|at| at.1));
    let reach = x.1.max(y.1 / aspect);
    // All but a few texts may be at one point.
    let reach = if reach > 0.0 { reach * 1.06 } else { 1.0 };
    ((x.0, y.0), reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_filled_by_all_but_the_outermost() {
        // A cloud off the origin, longer than high, and one text far away.
        let mut places: Vec<At> = (0..999)
            .map(|i| (10.0 + f64::from(i % 37), -5.0 + f64::from(i % 11)))
            .collect();
        places.push((1e6, -1e6));
        let (middle, reach) = frame_of(&places, 0.8);
        let scaled = |at: &At| ((at.0 - middle.0) / reach, (at.1 - middle.1) / reach);
        let inside = |at: &At| at.0.abs() <= 1.0 && at.1.abs() <= 0.8;
        let all: Vec<At> = places.iter().map(scaled).collect();
        assert_eq!(all.iter().filter(|at| inside(at)).count(), 999);
        let ends = |pick: fn(f64, f64) -> f64| all[..999].iter().map(|at| at.0).fold(0.0, pick);
        assert!(ends(f64::min) < -0.9 && ends(f64::max) > 0.9);
        assert_eq!(frame_of(&[(3.0, 4.0); 5], 0.8), ((3.0, 4.0), 1.0));
    }

    #[test]
    fn few_beyond_are_not_said_to_be_none() {
        assert!(beyond_note(1, 5_000).starts_with("under 0.1 %"));
        assert!(beyond_note(12, 5_000).starts_with("0.2 %"));
    }
}
