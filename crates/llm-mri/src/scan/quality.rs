//! How much the maps of a scan keep of its layers.

use std::io::Write as _;

use mri_core::{Labels, Layer, ReduceError, RowSource, Watch};
use mri_reduce::{LayerError, QualityOptions, quality};
use ndarray::{Array2, Axis, s};

use crate::error::ScanError;
use crate::folder::output::OutFolder;
use crate::folder::sections::{MapsNote, QualityNote};
use crate::scan::Scan;

/// Rows among which neighbours are looked for. More are sampled, so that the memory this takes (some
/// 100 MB for rows of 768 numbers) does not grow with the corpus.
const ROWS: usize = 10_000;

impl Scan {
    /// The same scan with its maps measured: [`QualityNote`] in the notes of every map but the
    /// degenerate ones, and `embedding/quality.csv` where the scan is kept.
    ///
    /// Layers of more than 10,000 rows are measured on that many that lie evenly among them.
    /// Neighbourhoods are no larger than fewer than half of the rows allow; nothing is measured with
    /// fewer than three rows.
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
        let count = n.min(ROWS);
        let chosen: Vec<usize> = (0..count).map(|i| i * n / count).collect();
        let options = QualityOptions {
            neighbors: options.neighbors.min(count.saturating_sub(1) / 2),
            ..*options
        };
        let labels = self.labels().select(&chosen)?;
        let (Some(maps), Some(embedding)) = (&mut self.notes.maps, &self.embedding) else {
            return Ok(self);
        };
        for note in maps.layers.iter_mut().filter(|note| !note.degenerate) {
            let layer = note.layer;
            let found = self.activations.get(layer).zip(embedding.get(layer));
            let Some((rows, points)) = found.filter(|_| count >= 3) else {
                continue;
            };
            let points = points.coordinates.select(Axis(0), &chosen);
            note.quality = Some(
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
) -> Result<QualityNote, ReduceError> {
    let mut some = Array2::zeros((chosen.len(), rows.size().1));
    for (i, &row) in chosen.iter().enumerate() {
        rows.read_rows(row, some.slice_mut(s![i..=i, ..]))?;
    }
    let (measures, _) = quality(some.view(), points.view(), Some(labels), options, watch)?;
    Ok(QualityNote {
        rows: chosen.len(),
        neighbours: options.neighbors,
        measures,
    })
}

/// Writes `quality.csv`, a line per map, if any was measured. The measures of degenerate maps are
/// left empty.
pub(crate) fn write(out: &OutFolder, maps: &MapsNote) -> Result<(), ScanError> {
    if maps.layers.iter().all(|note| note.quality.is_none()) {
        return Ok(());
    }
    out.file("quality.csv", |file| {
        writeln!(
            file,
            "layer,rows,neighbours,trustworthiness,continuity,recall,neighbourhood_hit,\
             triplet_accuracy,distance_correlation"
        )?;
        for note in &maps.layers {
            writeln!(file, "{}", line(note.layer, note.quality.as_ref()))?;
        }
        Ok(())
    })
}

fn line(layer: Layer, quality: Option<&QualityNote>) -> String {
    let Some(note) = quality else {
        return format!("{layer},,,,,,,,");
    };
    let m = &note.measures;
    let hit = m
        .neighborhood_hit
        .map_or(String::new(), |hit| hit.to_string());
    format!(
        "{layer},{},{},{},{},{},{hit},{},{}",
        note.rows,
        note.neighbours,
        m.trustworthiness,
        m.continuity,
        m.recall,
        m.triplet_accuracy,
        m.distance_correlation,
    )
}
