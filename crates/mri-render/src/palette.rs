use std::collections::HashMap;

/// Counts of colors, from which the palette of a GIF is chosen.
///
/// Quantizers for photographs (NeuQuant, k-means) move every entry to a mean of many colors.
/// Figures consist of few flat colors, and the background and the text must keep theirs exactly, so
/// the most frequent colors are the palette.
#[derive(Default)]
pub(crate) struct ColorHistogram {
    /// Per bucket of similar colors, the number of pixels and the sum of each channel.
    buckets: HashMap<[u8; 3], (u64, [u64; 3])>,
}

/// The global palette of a GIF, and the entry for every color.
pub(crate) struct Palette {
    colors: Vec<[u8; 3]>,
    /// The nearest entry of every bucket.
    nearest: Vec<u8>,
}

/// Bits per channel that define a bucket: steps of 8 of 256 are hardly visible between pixels.
const BITS: u32 = 5;

fn bucket(color: [u8; 3]) -> [u8; 3] {
    color.map(|channel| channel >> (8 - BITS))
}

impl ColorHistogram {
    pub(crate) fn count(&mut self, pixels: &[[u8; 3]]) {
        for &color in pixels {
            let (n, sums) = self.buckets.entry(bucket(color)).or_default();
            *n += 1;
            for (sum, channel) in sums.iter_mut().zip(color) {
                *sum += u64::from(channel);
            }
        }
    }

    /// The mean colors of the most frequent buckets; other buckets get the nearest of these.
    pub(crate) fn into_palette(self) -> Palette {
        let mut buckets: Vec<_> = self.buckets.into_iter().collect();
        // Ties are ordered by bucket, so that the order is deterministic.
        buckets.sort_unstable_by_key(|&(bucket, (n, _))| (std::cmp::Reverse(n), bucket));
        let mut colors: Vec<[u8; 3]> = buckets
            .iter()
            .take(usize::from(Palette::TRANSPARENT))
            .map(|(_, (n, sums))| sums.map(|sum| ((sum + n / 2) / n) as u8))
            .collect();
        if colors.is_empty() {
            colors.push([0; 3]);
        }
        let levels = 1_u32 << BITS;
        let middle = |i: u32| ((i << (8 - BITS)) + (1 << (7 - BITS))) as u8;
        let mut nearest = Vec::with_capacity(levels.pow(3) as usize);
        for r in 0..levels {
            for g in 0..levels {
                for b in 0..levels {
                    nearest.push(nearest_to(&colors, [r, g, b].map(middle)));
                }
            }
        }
        Palette { colors, nearest }
    }
}

fn nearest_to(colors: &[[u8; 3]], wanted: [u8; 3]) -> u8 {
    let distance = |color: &[u8; 3]| -> u32 {
        // Vision is most sensitive to green and least to blue.
        let squares = color.iter().zip(wanted).zip([3, 6, 1]);
        squares
            .map(|((&a, b), weight)| weight * u32::from(a.abs_diff(b)).pow(2))
            .sum()
    };
    let best = (0..colors.len()).min_by_key(|&i| distance(&colors[i]));
    best.unwrap_or(0) as u8
}

impl Palette {
    /// The transparent entry, which keeps the pixel of the previous frame.
    pub(crate) const TRANSPARENT: u8 = 255;

    /// The palette as in the file: red, green and blue of each of 256 entries.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.colors.iter().flatten().copied().collect();
        bytes.resize(256 * 3, 0);
        bytes
    }

    /// The entry of every pixel.
    pub(crate) fn indices(&self, pixels: &[[u8; 3]]) -> Vec<u8> {
        let index = |&color: &[u8; 3]| {
            let [r, g, b] = bucket(color).map(usize::from);
            self.nearest[(((r << BITS) + g) << BITS) + b]
        };
        pixels.iter().map(index).collect()
    }

    /// The entries that differ from the previous frame; the rest is transparent, which compresses
    /// well.
    pub(crate) fn delta(previous: &[u8], current: &[u8]) -> Vec<u8> {
        let pairs = previous.iter().zip(current);
        pairs
            .map(
                |(old, new)| {
                    if old == new { Self::TRANSPARENT } else { *new }
                },
            )
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_colors_are_exact_and_rare_ones_are_mapped_to_the_nearest() {
        let mut histogram = ColorHistogram::default();
        let (background, ink) = ([255, 255, 255], [20, 30, 40]);
        let mut pixels = vec![background; 100];
        pixels.extend([ink; 50]);
        // A ramp of more colors than there are entries.
        pixels.extend((0..=255).flat_map(|i| [[i, 128, 0], [0, i, 200]]));
        histogram.count(&pixels);
        let palette = histogram.into_palette();
        assert!(palette.colors.len() <= 255);
        let shown = |color| palette.colors[usize::from(palette.indices(&[color])[0])];
        assert_eq!((shown(background), shown(ink)), (background, ink));
        for i in 0..=255_u8 {
            let [r, g, b] = shown([i, 128, 0]);
            assert!(r.abs_diff(i) <= 8 && g.abs_diff(128) <= 8 && b <= 8, "{i}");
        }
        assert_eq!(Palette::delta(&[1, 2], &[1, 3]), [Palette::TRANSPARENT, 3]);
    }
}
