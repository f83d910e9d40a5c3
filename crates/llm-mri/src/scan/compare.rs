use std::path::Path;

use mri_core::{Layer, RowSource};
use mri_graph::{linear_cka, movement};
use mri_reduce::Procrustes;
use mri_stats::adjusted_mutual_information;
use ndarray::{Array2, s};

use crate::error::ScanError;
use crate::folder::graph::excerpt_of;
use crate::folder::output::OutFolder;
use crate::scan::Scan;

/// How two scans are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareOptions {
    /// Nearest texts that are looked at around every text.
    pub neighbours: usize,
    /// Look for them in the whole activations instead of the maps. That takes as many times longer as
    /// a layer is wider than a map.
    pub in_activations: bool,
}

impl Default for CompareOptions {
    /// Ten neighbours in the maps.
    fn default() -> Self {
        Self {
            neighbours: 10,
            in_activations: false,
        }
    }
}

/// How two scans of the same texts differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The models.
    pub models: [String; 2],
    /// Pairs of layers in the order of the first scan.
    pub layers: Vec<LayerComparison>,
    /// The texts, those that moved most first.
    pub texts: Vec<TextMovement>,
}

/// How a layer of one scan and one of the other differ.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerComparison {
    /// The layer of the first scan.
    pub a: Layer,
    /// The layer of the second: that of the same number, or where one model has more layers, the
    /// nearest in relative depth.
    pub b: Layer,
    /// Linear CKA of the activations, from 0 to 1 (alike); `None` if a layer has no spread.
    pub cka: Option<f64>,
    /// What Procrustes leaves of the activations, from 0 (alike but for turning, mirroring, shift and
    /// scale) to 1; the narrower layer is filled up with zeros. `None` if a layer has no spread.
    pub procrustes: Option<f64>,
    /// Adjusted mutual information of the regions, 1 for equal ones, about 0 for unrelated ones; `None`
    /// unless both scans have regions of these layers, with some spread.
    pub regions: Option<f64>,
    /// The mean over texts of the share of neighbours that they lost; `None` if a layer has no map or
    /// no spread.
    pub moved: Option<f64>,
}

impl LayerComparison {
    /// The names of the measures in tables.
    pub const MEASURES: [&str; 4] = ["cka", "procrustes", "regions", "moved"];

    /// The measures, in the order of [`LayerComparison::MEASURES`].
    #[must_use]
    pub fn measures(&self) -> [Option<f64>; 4] {
        [self.cka, self.procrustes, self.regions, self.moved]
    }
}

/// How far one text moved.
#[derive(Debug, Clone, PartialEq)]
pub struct TextMovement {
    /// Its row.
    pub row: usize,
    /// The mean over the layers of the share of its neighbours that it lost, from 0 to 1; 0 if no pair
    /// of layers could be looked at.
    pub moved: f64,
    /// The share in every pair of layers.
    pub by_layer: Vec<Option<f64>>,
    /// Its label in the first scan.
    pub label: String,
    /// How it begins, where a scan holds its texts.
    pub excerpt: String,
}

impl Scan {
    /// Compares two scans of the same texts, such as of two models or two checkpoints.
    ///
    /// # Errors
    /// [`ScanError::OtherTexts`] if the texts are not the same in the same order; labels may differ.
    /// [`ScanError::NoMaps`] if one has no maps and the neighbours are asked for in them;
    /// [`ScanError::BadFile`] if activations cannot be read, [`ScanError::Reduce`] if they hold a
    /// number that is not finite.
    pub fn compare(&self, other: &Self, options: &CompareOptions) -> Result<Comparison, ScanError> {
        self.check_same_texts(other)?;
        if !options.in_activations && (self.embedding.is_none() || other.embedding.is_none()) {
            return Err(ScanError::NoMaps);
        }
        let unreadable = |source: std::io::Error| ScanError::BadFile {
            path: "activations".into(),
            problem: source.to_string(),
        };
        let mut layers = Vec::new();
        let mut moved: Vec<Option<Vec<f64>>> = Vec::new();
        for (a, b) in self.layer_pairs(other) {
            let (Some(x), Some(y)) = (self.activations.get(a), other.activations.get(b)) else {
                continue;
            };
            let cka = linear_cka(x.as_ref(), y.as_ref()).map_err(unreadable)?;
            let width = x.size().1.max(y.size().1);
            let (x, y) = (
                filled_up(x.as_ref(), width).map_err(unreadable)?,
                filled_up(y.as_ref(), width).map_err(unreadable)?,
            );
            let fit = Procrustes::fit(x.view(), y.view(), true);
            let fit = fit.map_err(|source| mri_reduce::LayerError::Layer { layer: a, source })?;
            // Rows that are all equal have no neighbours and no shape to compare.
            let spread = cka.is_some();
            let shares = if options.in_activations {
                Some(movement(x.view(), y.view(), options.neighbours))
            } else {
                let map = |scan: &Self, layer| scan.embedding.as_ref()?.get(layer).cloned();
                let maps = map(self, a).zip(map(other, b));
                maps.map(|(before, after)| {
                    let (before, after) = (before.coordinates, after.coordinates);
                    movement(before.view(), after.view(), options.neighbours)
                })
            };
            let shares = shares.filter(|_| spread);
            let cells = |scan: &Self, layer| {
                let grid = scan.grids.as_ref()?.get(layer)?;
                Some(grid.cells().to_vec())
            };
            let regions = cells(self, a).zip(cells(other, b)).filter(|_| spread);
            layers.push(LayerComparison {
                a,
                b,
                cka,
                procrustes: spread.then_some(fit.disparity),
                regions: regions.map(|(a, b)| adjusted_mutual_information(&a, &b)),
                moved: shares.as_ref().map(|shares| mean(shares)),
            });
            moved.push(shares);
        }
        let texts = self.texts.as_deref().or(other.texts.as_deref());
        let mut ranked: Vec<TextMovement> = (0..self.labels().len())
            .map(|row| {
                let share = |shares: &Option<Vec<f64>>| shares.as_ref().map(|s| s[row]);
                let by_layer: Vec<Option<f64>> = moved.iter().map(share).collect();
                let known: Vec<f64> = by_layer.iter().copied().flatten().collect();
                let text = texts.and_then(|texts| texts.get(row));
                TextMovement {
                    row,
                    moved: mean(&known),
                    by_layer,
                    label: self
                        .labels()
                        .category_of(row)
                        .unwrap_or_default()
                        .to_owned(),
                    excerpt: text.map_or_else(String::new, |text| excerpt_of(text)),
                }
            })
            .collect();
        ranked.sort_by(|a, b| b.moved.total_cmp(&a.moved).then(a.row.cmp(&b.row)));
        Ok(Comparison {
            models: [self, other].map(|scan| scan.model().name.clone()),
            layers,
            texts: ranked,
        })
    }

    fn check_same_texts(&self, other: &Self) -> Result<(), ScanError> {
        let differ = |problem: String| Err(ScanError::OtherTexts { problem });
        let [a, b] = [self, other].map(|scan| scan.labels().len());
        if a != b {
            return differ(format!("the first has {a} texts, the second {b}"));
        }
        if self.manifest.corpus.hash == other.manifest.corpus.hash {
            return Ok(());
        }
        match (&self.texts, &other.texts) {
            (Some(a), Some(b)) => match a.iter().zip(b).position(|(a, b)| a != b) {
                Some(row) => differ(format!("text {row} (counted from 0) is another")),
                None => Ok(()),
            },
            _ => differ(
                "their corpora have different hashes, and the texts are not kept in both folders"
                    .to_owned(),
            ),
        }
    }

    /// Every layer of this scan with its counterpart in another one.
    fn layer_pairs(&self, other: &Self) -> Vec<(Layer, Layer)> {
        let of_site = |scan: &Self, layer: Layer| -> Vec<Layer> {
            let all = scan.activations.layers();
            all.filter(|l| l.site == layer.site).collect()
        };
        let pair = |layer: Layer| {
            let (ours, theirs) = (of_site(self, layer), of_site(other, layer));
            if ours == theirs {
                return Some((layer, layer));
            }
            let place = ours.iter().position(|&l| l == layer)?;
            let depth = place as f64 / ours.len().saturating_sub(1).max(1) as f64;
            let last = theirs.len().checked_sub(1)?;
            Some((layer, theirs[(depth * last as f64).round() as usize]))
        };
        self.activations.layers().filter_map(pair).collect()
    }
}

impl Comparison {
    /// Writes `layers.csv` and `texts.csv` into a new folder.
    ///
    /// # Errors
    /// [`ScanError::OutExists`] without `replace` if the folder is there, [`ScanError::Write`].
    pub fn save(&self, folder: &Path, replace: bool) -> Result<(), ScanError> {
        let out = OutFolder::create(folder, replace)?;
        let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
        out.file("layers.csv", |file| {
            let mut csv = csv::Writer::from_writer(file);
            let sides = ["layer_a", "layer_b"].into_iter();
            csv.write_record(sides.chain(LayerComparison::MEASURES))?;
            for layer in &self.layers {
                let sides = [layer.a, layer.b].map(|side| side.to_string());
                csv.write_record(sides.into_iter().chain(layer.measures().map(number)))?;
            }
            csv.flush()
        })?;
        out.file("texts.csv", |file| {
            let mut csv = csv::Writer::from_writer(file);
            let start = ["text", "label", "moved"].map(str::to_owned);
            let layers = self.layers.iter().map(|layer| layer.a.to_string());
            let end = std::iter::once("excerpt".to_owned());
            csv.write_record(start.into_iter().chain(layers).chain(end))?;
            for text in &self.texts {
                let start = [
                    text.row.to_string(),
                    text.label.clone(),
                    text.moved.to_string(),
                ];
                let shares = text.by_layer.iter().map(|&share| number(share));
                let end = std::iter::once(text.excerpt.clone());
                csv.write_record(start.into_iter().chain(shares).chain(end))?;
            }
            csv.flush()
        })?;
        out.finish()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A whole matrix with columns of zeros up to a width.
fn filled_up(rows: &dyn RowSource, width: usize) -> std::io::Result<Array2<f32>> {
    let loaded = rows.load()?;
    if loaded.ncols() == width {
        return Ok(loaded);
    }
    let mut wide = Array2::zeros((loaded.nrows(), width));
    wide.slice_mut(s![.., ..loaded.ncols()]).assign(&loaded);
    Ok(wide)
}
