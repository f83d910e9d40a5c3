use std::collections::HashMap;

/// Counts colours, to find the 255 that stand for all.
#[derive(Default)]
pub(crate) struct Palette {
    /// Per bucket of near colours how many there are and the sums of their channels.
    buckets: HashMap<[u8; 3], (u64, [u64; 3])>,
}

/// The colours of a GIF, and which of them stands for a colour.
pub(crate) struct Colors {
    colors: Vec<[u8; 3]>,
    nearest: Vec<u8>,
}

/// Bits of each channel that tell buckets apart: finer than eyes are between neighbouring pixels.
const BITS: u32 = 5;

fn bucket(color: [u8; 3]) -> [u8; 3] {
    color.map(|channel| channel >> (8 - BITS))
}

impl Palette {
    /// The entry that means "as before".
    pub(crate) const TRANSPARENT: u8 = 255;

    pub(crate) fn count(&mut self, pixels: &[[u8; 3]]) {
        for &color in pixels {
            let (n, sums) = self.buckets.entry(bucket(color)).or_default();
            *n += 1;
            for (sum, channel) in sums.iter_mut().zip(color) {
                *sum += u64::from(channel);
            }
        }
    }

    /// The most frequent buckets' mean colours; the others become the nearest of them.
    pub(crate) fn finish(self) -> Colors {
        let mut buckets: Vec<_> = self.buckets.into_iter().collect();
        // The bucket itself decides between equal counts, so that the order is always the same.
        buckets.sort_unstable_by_key(|&(bucket, (n, _))| (std::cmp::Reverse(n), bucket));
        let mut colors: Vec<[u8; 3]> = buckets
            .iter()
            .take(usize::from(Self::TRANSPARENT))
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
        Colors { colors, nearest }
    }
}

fn nearest_to(colors: &[[u8; 3]], wanted: [u8; 3]) -> u8 {
    let distance = |color: &[u8; 3]| -> u32 {
        // Eyes see differences of green best and of blue least.
        let squares = color.iter().zip(wanted).zip([3, 6, 1]);
        squares
            .map(|((&a, b), weight)| weight * u32::from(a.abs_diff(b)).pow(2))
            .sum()
    };
    let best = (0..colors.len()).min_by_key(|&i| distance(&colors[i]));
    best.unwrap_or(0) as u8
}

impl Colors {
    /// The palette as a GIF has it: red, green, blue of each colour.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.colors.iter().flatten().copied().collect();
        bytes.resize(256 * 3, 0);
        bytes
    }

    /// The palette's entry for every pixel.
    pub(crate) fn indices(&self, pixels: &[[u8; 3]]) -> Vec<u8> {
        let index = |&color: &[u8; 3]| {
            let [r, g, b] = bucket(color).map(usize::from);
            self.nearest[(((r << BITS) + g) << BITS) + b]
        };
        pixels.iter().map(index).collect()
    }

    /// What changes between two frames; elsewhere the transparent entry, which packs well.
    pub(crate) fn changes(&self, before: &[u8], now: &[u8]) -> Vec<u8> {
        let pairs = before.iter().zip(now);
        pairs
            .map(|(old, new)| {
                if old == new {
                    Palette::TRANSPARENT
                } else {
                    *new
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_colours_are_kept_and_rare_ones_go_to_the_nearest() {
        let mut palette = Palette::default();
        let (paper, ink) = ([255, 255, 255], [20, 30, 40]);
        let mut pixels = vec![paper; 100];
        pixels.extend([ink; 50]);
        // A ramp of more colours than there are entries.
        pixels.extend((0..=255).flat_map(|i| [[i, 128, 0], [0, i, 200]]));
        palette.count(&pixels);
        let colors = palette.finish();
        assert!(colors.colors.len() <= 255);
        let shown = |color| colors.colors[usize::from(colors.indices(&[color])[0])];
        assert_eq!((shown(paper), shown(ink)), (paper, ink));
        for i in 0..=255_u8 {
            let [r, g, b] = shown([i, 128, 0]);
            assert!(r.abs_diff(i) <= 8 && g.abs_diff(128) <= 8 && b <= 8, "{i}");
        }
        assert_eq!(colors.changes(&[1, 2], &[1, 3]), [Palette::TRANSPARENT, 3]);
    }
}
