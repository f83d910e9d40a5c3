//! How much the maps of a scan keep of its layers.

use mri_core::{Labels, ReduceError, RowSource, Watch};
use mri_reduce::{LayerError, QualityOptions, quality};
use ndarray::{Array2, Axis, s};

use crate::error::ScanError;
use crate::folder::sections::MapQuality;
use crate::scan::Scan;

/// Rows that are measured; of more, this many at even distances. That bounds the memory (some 100
/// MB for rows of 768 values) and the time, which grows with the square of the rows.
const MAX_ROWS: usize = 10_000;

impl Scan {
    /// The same scan with the quality of its maps: a [`MapQuality`] for every map but the
    /// degenerate ones, and `embedding/quality.csv` when the scan is written.
    ///
    /// Layers of more than 10,000 rows are measured on that many rows at even distances. The size
    /// of neighborhoods is limited to less than half of the rows; with fewer than three rows
    /// nothing is measured.
    ///
    /// # Errors
    /// [`ScanError::Reduce`] with the layer, where the options are out of range, the activations
    /// cannot be read or the watch asks to stop.
    pub fn with_quality(
        mut self,
        options: &QualityOptions,
        watch: &dyn Watch,
    ) -> Result<Self, ScanError> {
        let n = self.labels().len();
        let count = n.min(MAX_ROWS);
        let chosen: Vec<usize> = (0..count).map(|i| i * n / count).collect();
        let options = QualityOptions {
            neighbors: options.neighbors.min(count.saturating_sub(1) / 2),
            ..*options
        };
        let labels = self.labels().select(&chosen)?;
        let Some(maps) = &mut self.maps else {
            return Ok(self);
        };
        let sections = maps.section.layers.iter_mut();
        for map in sections.filter(|map| !map.degenerate) {
            let layer = map.layer;
            let recorded = self.recording.activations().get(layer);
            let found = recorded.zip(maps.embedding.get(layer));
            let Some((rows, points)) = found.filter(|_| count >= 3) else {
                continue;
            };
            let points = points.coordinates.select(Axis(0), &chosen);
            map.quality = Some(
                measure(rows.as_ref(), &chosen, &points, &labels, &options, watch)
                    .map_err(|source| LayerError::Layer { layer, source })?,
            );
        }
        Ok(self)
    }
}

fn measure(
    rows: &dyn RowSource,
    chosen: &[usize],
    points: &Array2<f32>,
    labels: &Labels,
    options: &QualityOptions,
    watch: &dyn Watch,
) -> Result<MapQuality, ReduceError> {
    let mut some = Array2::zeros((chosen.len(), rows.size().1));
    for (i, &row) in chosen.iter().enumerate() {
        rows.read_rows(row, some.slice_mut(s![i..=i, ..]))?;
    }
    let (measures, _) = quality(some.view(), points.view(), Some(labels), options, watch)?;
    Ok(MapQuality {
        rows: chosen.len(),
        neighbors: options.neighbors,
        measures,
    })
}
