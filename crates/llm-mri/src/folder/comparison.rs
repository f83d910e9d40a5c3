//! What `llm-mri diff --out` writes: the folder of a comparison.

use std::fs::File;
use std::io::{self, BufWriter};
use std::iter::once;
use std::path::Path;

use crate::error::ScanError;
use crate::folder::output::OutFolder;
use crate::scan::compare::{Comparison, LayerComparison};

impl Comparison {
    /// Writes `layers.csv` and `texts.csv` into a new folder.
    ///
    /// # Errors
    /// [`ScanError::OutExists`] without `replace` if the folder exists, [`ScanError::Write`].
    pub fn save(&self, folder: &Path, replace: bool) -> Result<(), ScanError> {
        let out = OutFolder::create(folder, replace)?;
        out.file("layers.csv", |file| write_layers(self, file))?;
        out.file("texts.csv", |file| write_texts(self, file))?;
        out.finish()
    }
}

fn write_layers(comparison: &Comparison, out: &mut BufWriter<File>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let sides = ["layer_a", "layer_b"].into_iter();
    csv.write_record(sides.chain(LayerComparison::MEASURES))?;
    for layer in &comparison.layers {
        let sides = [layer.a, layer.b].map(|side| side.to_string());
        csv.write_record(sides.into_iter().chain(layer.measures().map(number)))?;
    }
    csv.flush()
}

fn write_texts(comparison: &Comparison, out: &mut BufWriter<File>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let start = ["row", "label", "moved"].map(str::to_owned);
    let layers = comparison.layers.iter().map(|layer| layer.a.to_string());
    csv.write_record(
        start
            .into_iter()
            .chain(layers)
            .chain(once("excerpt".to_owned())),
    )?;
    for text in &comparison.texts {
        let start = [
            text.row.to_string(),
            text.label.clone(),
            text.moved.to_string(),
        ];
        let shares = text.by_layer.iter().map(|&share| number(share));
        let end = once(text.excerpt.clone());
        csv.write_record(start.into_iter().chain(shares).chain(end))?;
    }
    csv.flush()
}

/// A number in full, or an empty field.
fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
