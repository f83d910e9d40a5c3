use std::collections::BTreeMap;

use mri_core::{Component, Layer};
use mri_grid::Binning;
use mri_reduce::{Quality, ReducerSpec};
use mri_store::Manifest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::ScanError;
use crate::scan::graph_options::GraphOptions;

/// What a scan made of its recording: the sections `maps`, `grid`, `graph` and `timings` of `manifest.json`.
///
/// A stage's section is written only once its files are whole, and taken out before they are
/// replaced, so that a section never speaks of files that are not there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScanNotes {
    /// The maps in `embedding/`; `None` if only activations were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maps: Option<MapsNote>,
    /// How the maps were cut into the cells of `grid/`; `None` unless there are two components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<Binning>,
    /// The settings with which the files of `grid/` and `graph/` were written; `None` for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<GraphOptions>,
    /// How long the stages took.
    #[serde(default, skip_serializing_if = "Timings::is_empty")]
    pub timings: Timings,
}

/// The maps of a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapsNote {
    /// The reducer's name, as titles have it.
    pub reducer: String,
    /// The options of a reducer of this workspace; `None` for one from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<ReducerSpec>,
    /// Components kept.
    pub components: usize,
    /// The maps in their order.
    pub layers: Vec<MapNote>,
}

/// The map of one layer; its file is `embedding/LAYER.npy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapNote {
    /// The layer.
    pub layer: Layer,
    /// All rows of the layer were equal, so that its map is a single point.
    #[serde(default)]
    pub degenerate: bool,
    /// What the columns are.
    #[serde(rename = "axes")]
    pub components: Vec<Component>,
    /// What becomes of new rows.
    #[serde(default)]
    pub projection: ProjectionNote,
    /// How much the map keeps, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityNote>,
}

/// How new rows are placed in a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProjectionNote {
    /// By the table `embedding/LAYER.projection.csv`, with a line per column of the activations:
    /// a row `x` goes to `Σ (x − offset) · factor · component`.
    Table,
    /// The projection is not kept. Fitting the reducer of [`MapsNote::spec`] again to the recording
    /// gives the same points and with them the projection.
    #[default]
    Refit,
    /// The map is a single point, and so are new rows.
    Point,
}

/// What a map keeps of its layer, and how that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QualityNote {
    /// Rows among which neighbours were looked for: all, or some that lie evenly among them.
    pub rows: usize,
    /// The size of a neighbourhood.
    pub neighbours: usize,
    /// The measures.
    #[serde(flatten)]
    pub measures: Quality,
}

/// Seconds per stage, by name.
pub type Timings = BTreeMap<String, f64>;

impl ScanNotes {
    /// Reads the sections of a manifest; those of other programs are left alone.
    ///
    /// # Errors
    /// [`ScanError::BadNotes`].
    pub fn of(manifest: &Manifest) -> Result<Self, ScanError> {
        serde_json::from_value(Value::Object(manifest.sections.clone()))
            .map_err(|e| ScanError::BadNotes(e.to_string()))
    }

    /// The manifest with these sections in place of those it has.
    pub(crate) fn put_into(&self, mut manifest: Manifest) -> Manifest {
        for name in ["maps", "grid", "graph", "timings"] {
            manifest.sections.remove(name);
        }
        if let Ok(Value::Object(sections)) = serde_json::to_value(self) {
            let sections: Map<String, Value> = sections;
            manifest.sections.extend(sections);
        }
        manifest
    }
}
