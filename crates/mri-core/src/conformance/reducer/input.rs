//! Made-up rows.

use ndarray::Array2;

use crate::random::SplitMix64;

/// Rows without structure but with columns of different spread and offset.
pub(super) fn plain(random: &mut SplitMix64, rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(_, j)| {
        let spread = 1.0 / (1.0 + j as f32);
        (centered(random) + centered(random)) * spread + j as f32 * 0.25
    })
}

/// Two clouds far apart, and which of them each row belongs to.
pub(super) fn clouds(
    random: &mut SplitMix64,
    rows: usize,
    columns: usize,
) -> (Array2<f32>, Vec<bool>) {
    // Neither sorted nor alternating: a reducer that loses the order must not be lucky.
    let cloud: Vec<bool> = (0..rows)
        .map(|_| random.next_u64().is_multiple_of(3))
        .collect();
    let x = Array2::from_shape_fn((rows, columns), |(i, j)| {
        // Far apart in every column with opposite signs: no scaling, centering or angle joins them.
        let sign = if cloud[i] == (j % 2 == 0) { 1.0 } else { -1.0 };
        sign * 8.0 + centered(random)
    });
    (x, cloud)
}

/// A number from −0.5 to 0.5.
fn centered(random: &mut SplitMix64) -> f32 {
    random.next_f32() - 0.5
}

/// The numbers below `n` in a random order.
pub(super) fn shuffled(random: &mut SplitMix64, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    random.shuffle(&mut order);
    order
}
