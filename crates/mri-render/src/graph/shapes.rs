use std::f64::consts::TAU;

use crate::canvas::Point;

/// A curve from one point to another that starts and ends horizontally, in `steps` segments.
pub(super) fn curve(from: Point, to: Point, steps: usize) -> Vec<Point> {
    (0..=steps)
        .map(|i| {
            let t = i as f64 / steps as f64;
            let ease = t * t * (3.0 - 2.0 * t);
            (
                from.0 + (to.0 - from.0) * t,
                from.1 + (to.1 - from.1) * ease,
            )
        })
        .collect()
}

/// A sector of a circle between two fractions of the full turn, clockwise from the top.
pub(super) fn pie(center: Point, radius: f64, start: f64, end: f64) -> Vec<Point> {
    let steps = ((end - start) * 40.0).ceil().max(2.0) as usize;
    let rim = (0..=steps).map(|i| {
        let angle = TAU * (start + (end - start) * i as f64 / steps as f64);
        (
            center.0 + radius * angle.sin(),
            center.1 - radius * angle.cos(),
        )
    });
    std::iter::once(center).chain(rim).collect()
}
