use std::io;

use mri_core::{Layer, RowSource};
use mri_grid::Cell;
use mri_reduce::{LayerError, Procrustes, ReduceError, linear_cka, neighbor_overlap};
use mri_stats::adjusted_mutual_information;
use mri_store::StoreError;
use ndarray::{Array2, ArrayView2, s};

use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::excerpt::excerpt;

/// How two scans are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareOptions {
    /// Size of a text's neighborhood.
    pub neighbors: usize,
    /// Search neighbors in the activations instead of the maps. That takes as many times longer as
    /// a layer is wider than a map.
    pub in_activations: bool,
}

impl Default for CompareOptions {
    /// Ten neighbors in the maps.
    fn default() -> Self {
        Self {
            neighbors: 10,
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
    /// The texts, by descending movement.
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
    /// Linear CKA of the activations, from 0 to 1 (alike); `None` for a constant layer.
    pub cka: Option<f64>,
    /// Procrustes disparity of the activations, from 0 (equal up to rotation, reflection, shift and
    /// scale) to 1; the narrower layer is padded with zeros. `None` for a constant layer.
    pub procrustes: Option<f64>,
    /// Adjusted mutual information of the regions: 1 for equal ones, about 0 for unrelated ones.
    /// `None` unless both scans have regions of these layers, and for a constant layer.
    pub regions: Option<f64>,
    /// The mean over texts of the share of neighbors in the first layer that are none in the
    /// second; `None` without maps, and for a constant layer.
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
    /// The mean over the layers of the share of its neighbors that changed, from 0 to 1; 0 if no
    /// pair of layers could be compared.
    pub moved: f64,
    /// The share in every pair of layers.
    pub by_layer: Vec<Option<f64>>,
    /// Its label in the first scan.
    pub label: String,
    /// Its beginning, where a scan holds its texts.
    pub excerpt: String,
}

/// The share of changed neighbors of every text, between two layers.
type Movements = Vec<f64>;

impl Scan {
    /// Compares two scans of the same texts, such as of two models or two checkpoints.
    ///
    /// # Errors
    /// [`ScanError::OtherTexts`] if the texts are not the same in the same order; labels may
    /// differ. [`ScanError::NoMaps`] if neighbors are searched in maps and a scan has none;
    /// [`ScanError::Store`] or [`ScanError::BadFile`] if activations cannot be read,
    /// [`ScanError::Reduce`] if they hold a value that is not finite.
    pub fn compare(&self, other: &Self, options: &CompareOptions) -> Result<Comparison, ScanError> {
        self.check_same_texts(other)?;
        if !options.in_activations {
            self.maps().and(other.maps())?;
        }
        let mut layers = Vec::new();
        let mut moved = Vec::new();
        for (a, b) in self.layer_pairs(other) {
            if let Some((layer, shares)) = self.compare_layer(other, a, b, options)? {
                layers.push(layer);
                moved.push(shares);
            }
        }
        Ok(Comparison {
            models: [self, other].map(|scan| scan.model().name.clone()),
            layers,
            texts: self.rank_texts(other, &moved),
        })
    }

    /// Compares a layer with one of another scan; also gives the share of changed neighbors of
    /// every text.
    fn compare_layer(
        &self,
        other: &Self,
        a: Layer,
        b: Layer,
        options: &CompareOptions,
    ) -> Result<Option<(LayerComparison, Option<Movements>)>, ScanError> {
        let both = self.activations().get(a).zip(other.activations().get(b));
        let Some((x, y)) = both else {
            return Ok(None);
        };
        let cka = linear_cka(x.as_ref(), y.as_ref()).map_err(|error| match error {
            ReduceError::Read(source) => unreadable(source),
            other => unreadable(io::Error::other(other)),
        })?;
        let width = x.size().1.max(y.size().1);
        let x = padded(x.as_ref(), width).map_err(unreadable)?;
        let y = padded(y.as_ref(), width).map_err(unreadable)?;
        let fit = Procrustes::fit(x.view(), y.view(), true);
        let fit = fit.map_err(|source| LayerError::Layer { layer: a, source })?;
        // Rows that are all equal have no neighbors and no shape to compare.
        let constant = cka.is_none();
        let shares = if options.in_activations {
            Some(lost_neighbors(x.view(), y.view(), options.neighbors))
        } else {
            let maps = self.embedding().zip(other.embedding());
            let maps = maps.and_then(|(before, after)| before.get(a).zip(after.get(b)));
            maps.map(|(before, after)| {
                let (before, after) = (before.coordinates.view(), after.coordinates.view());
                lost_neighbors(before, after, options.neighbors)
            })
        };
        let shares = shares.filter(|_| !constant);
        let regions = self.cells(a).zip(other.cells(b)).filter(|_| !constant);
        let comparison = LayerComparison {
            a,
            b,
            cka,
            procrustes: (!constant).then_some(fit.disparity),
            regions: regions.map(|(a, b)| adjusted_mutual_information(a, b)),
            moved: shares.as_ref().map(|shares| mean(shares)),
        };
        Ok(Some((comparison, shares)))
    }

    /// The cell of every text in a layer, where the scan has regions of it.
    fn cells(&self, layer: Layer) -> Option<&[Cell]> {
        Some(self.grids()?.get(layer)?.cells())
    }

    /// The texts by descending movement; `moved` has the share of changed neighbors per layer and
    /// text.
    fn rank_texts(&self, other: &Self, moved: &[Option<Movements>]) -> Vec<TextMovement> {
        let texts = self.texts().or(other.texts());
        let mut ranked: Vec<TextMovement> = (0..self.labels().len())
            .map(|row| {
                let share = |shares: &Option<Movements>| shares.as_ref().map(|s| s[row]);
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
                    excerpt: text.map_or_else(String::new, |text| excerpt(text)),
                }
            })
            .collect();
        ranked.sort_by(|a, b| b.moved.total_cmp(&a.moved).then(a.row.cmp(&b.row)));
        ranked
    }

    fn check_same_texts(&self, other: &Self) -> Result<(), ScanError> {
        let differ = |problem: String| Err(ScanError::OtherTexts { problem });
        let [a, b] = [self, other].map(|scan| scan.labels().len());
        if a != b {
            return differ(format!("the first has {a} texts, the second {b}"));
        }
        if self.manifest().corpus.hash == other.manifest().corpus.hash {
            return Ok(());
        }
        match (self.texts(), other.texts()) {
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
            let all = scan.activations().layers();
            all.filter(|l| l.site == layer.site).collect()
        };
        let pair = |layer: Layer| {
            let (ours, theirs) = (of_site(self, layer), of_site(other, layer));
            if ours == theirs {
                return Some((layer, layer));
            }
            let position = ours.iter().position(|&l| l == layer)?;
            let depth = position as f64 / ours.len().saturating_sub(1).max(1) as f64;
            let last = theirs.len().checked_sub(1)?;
            Some((layer, theirs[(depth * last as f64).round() as usize]))
        };
        self.activations().layers().filter_map(pair).collect()
    }
}

/// Why activations cannot be read: damage of a file, or something else.
fn unreadable(source: io::Error) -> ScanError {
    match source.downcast::<StoreError>() {
        Ok(error) => error.into(),
        Err(source) => ScanError::BadFile {
            path: "activations".into(),
            problem: source.to_string(),
        },
    }
}

/// The share of its neighbors that every row of `x` loses in `y`.
fn lost_neighbors(x: ArrayView2<'_, f32>, y: ArrayView2<'_, f32>, k: usize) -> Vec<f64> {
    let overlap = neighbor_overlap(x, y, k);
    overlap.into_iter().map(|share| 1.0 - share).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A whole matrix with columns of zeros up to a width.
fn padded(rows: &dyn RowSource, width: usize) -> io::Result<Array2<f32>> {
    let loaded = rows.load()?;
    if loaded.ncols() == width {
        return Ok(loaded);
    }
    let mut wide = Array2::zeros((loaded.nrows(), width));
    wide.slice_mut(s![.., ..loaded.ncols()]).assign(&loaded);
    Ok(wide)
}
