//! What `llm-mri diff --out` writes: the folder of a comparison.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::iter::once;
use std::path::{Path, PathBuf};

use crate::error::ScanError;
use crate::folder::output::OutFolder;
use crate::scan::compare::{Comparison, LayerComparison};

/// The files.
const LAYERS: &str = "layers.csv";
const TEXTS: &str = "texts.csv";

/// Whether a file is one that a comparison has.
pub(crate) fn is_ours(name: &str) -> bool {
    [LAYERS, TEXTS].contains(&name)
}

/// A file of a folder that no comparison has.
pub(crate) fn first_other(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut others = entries.filter(|entry| !is_ours(&entry.file_name().to_string_lossy()));
    others.next().map(|entry| entry.path())
}

impl Comparison {
    /// Writes `layers.csv` and `texts.csv` into a new folder, or with `replace` in the place of
    /// those of another comparison.
    ///
    /// # Errors
    /// [`ScanError::OutExists`] without `replace` if the folder exists, [`ScanError::NotOurs`] if
    /// it holds other files, [`ScanError::Write`].
    pub fn save(&self, folder: &Path, replace: bool) -> Result<(), ScanError> {
        let out = if replace {
            if let Some(other) = first_other(folder) {
                return Err(ScanError::NotOurs { path: other });
            }
            OutFolder::replacing(folder, is_ours)?
        } else {
            OutFolder::create(folder)?
        };
        out.file(LAYERS, |file| write_layers(self, file))?;
        out.file(TEXTS, |file| write_texts(self, file))?;
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
