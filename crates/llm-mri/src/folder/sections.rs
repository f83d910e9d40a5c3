use std::collections::BTreeMap;
use std::ops::Not;
use std::path::Path;

use mri_core::{Component, Layer};
use mri_grid::Binning;
use mri_reduce::{Quality, ReducerSpec};
use mri_store::{FileSums, Manifest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ScanError;
use crate::scan::graph_options::GraphOptions;

/// What a scan made of its recording: the sections `maps`, `grid`, `graph` and `timings` of
/// `manifest.json`.
///
/// A section is written after all files of its stage and removed before any of them is replaced, so
/// that it never names files that are missing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ManifestSections {
    /// The maps in `embedding/`; `None` if only activations were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maps: Option<MapsSection>,
    /// How the maps were cut into the cells of `grid/`; `None` unless there are two components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<Binning>,
    /// How the maps are to be cut, while the files of `grid/` and after are replaced: a command
    /// that was stopped meanwhile cuts them so when it is run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid_begun: Option<Binning>,
    /// The settings with which the files of `grid/` and `graph/` were written; `None` for the
    /// defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<GraphOptions>,
    /// Seconds per stage.
    #[serde(default, skip_serializing_if = "Timings::is_empty")]
    pub timings: Timings,
}

/// The maps of a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapsSection {
    /// The reducer's name, as titles have it.
    pub reducer: String,
    /// The options of a reducer of this workspace; `None` for one from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<ReducerSpec>,
    /// Whether the maps of all layers share one frame.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub aligned: bool,
    /// Components kept.
    pub components: usize,
    /// The maps in their order.
    pub layers: Vec<LayerMap>,
}

/// The map of one layer; its file is `embedding/LAYER.npy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerMap {
    /// The layer.
    pub layer: Layer,
    /// All rows of the layer were equal, so that its map is a single point.
    #[serde(default)]
    pub degenerate: bool,
    /// What the columns are.
    #[serde(rename = "axes")]
    pub components: Vec<Component>,
    /// Where the projection for new rows comes from.
    #[serde(default)]
    pub projection: ProjectionSource,
    /// How much of the layer the map keeps, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<MapQuality>,
}

/// Where an opened scan finds the projection that places new rows in a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProjectionSource {
    /// In the table `embedding/LAYER.projection.csv`, with a line per column of the activations:
    /// a row `x` is placed at `Σ (x − offset) · factor · component`.
    Table,
    /// The projection is not kept. Fitting the reducer of [`MapsSection::spec`] again to the
    /// recording gives the same points and with them the projection.
    #[default]
    Refit,
    /// The map is a single point, at which new rows are placed too.
    Point,
}

/// What a map keeps of its layer, and how that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MapQuality {
    /// Rows that were measured: all, or a number of them at even distances.
    pub rows: usize,
    /// The size of a neighborhood.
    #[serde(rename = "neighbours")]
    pub neighbors: usize,
    /// The measures.
    #[serde(flatten)]
    pub measures: Quality,
}

/// Seconds per stage, by name.
pub type Timings = BTreeMap<String, f64>;

impl MapsSection {
    /// Whether the maps of all layers share one frame; earlier versions say so in the options
    /// alone.
    #[must_use]
    pub fn is_aligned(&self) -> bool {
        self.aligned || self.spec.as_ref().is_some_and(|spec| spec.align)
    }
}

impl ManifestSections {
    /// Reads the sections of a manifest and ignores those of other programs.
    ///
    /// # Errors
    /// [`ScanError::BadSections`].
    pub fn of(manifest: &Manifest) -> Result<Self, ScanError> {
        serde_json::from_value(Value::Object(manifest.sections.clone()))
            .map_err(|e| ScanError::BadSections(e.to_string()))
    }

    /// Writes the manifest with these sections and checksums in place of its own, unless the folder
    /// has exactly that one.
    pub(crate) fn write(
        &self,
        manifest: &Manifest,
        files: &FileSums,
        folder: &Path,
    ) -> Result<(), ScanError> {
        let mut manifest = Manifest {
            files: files.clone(),
            ..manifest.clone()
        };
        for name in Manifest::SECTIONS {
            manifest.sections.remove(name);
        }
        if let Ok(Value::Object(sections)) = serde_json::to_value(self) {
            manifest.sections.extend(sections);
        }
        // A manifest that cannot be read is not the one wanted.
        if Manifest::read(folder).is_ok_and(|kept| kept == manifest) {
            return Ok(());
        }
        tracing::debug!(folder = %folder.display(), "write manifest");
        Ok(manifest.write(folder)?)
    }
}
