use mri_core::Embedding;
use mri_graph::{Contrast, LayerTest, Metrics, RegionGraph};
use mri_grid::{Cell, GridStack};

use super::table::{Facts, ReportTable};
use crate::caption::Caption;
use crate::layout::LayeredLayout;

/// The content of an HTML report. [`Report::new`] sets the required fields; the slices may be
/// empty, and the page then omits their parts or states that they are missing.
///
/// ```
/// # use std::sync::Arc;
/// # use mri_core::{Component, Embedding, Labels, Layer, Points};
/// # use mri_graph::RegionGraph;
/// # use mri_grid::{Binning, grid_stack};
/// # use ndarray::array;
/// use mri_render::{Caption, Report};
///
/// # let labels = Arc::new(Labels::from_names(["law", "law", "art"])?);
/// # let axis = |name: &str| Component { name: name.into(), explained_variance_ratio: None };
/// # let points = Points {
/// #     coordinates: array![[0.0_f32, 0.0], [0.1, 0.0], [1.0, 1.0]],
/// #     components: vec![axis("PC1"), axis("PC2")],
/// #     degenerate: false,
/// # };
/// # let embedding = Embedding::new(labels, vec![(Layer::resid(0), points)])?;
/// # let texts = ["one", "two", "three"].map(String::from);
/// let grids = grid_stack(&embedding, Binning::Uniform { side: 2 })?;
/// let graph = RegionGraph::co_activation(&grids);
/// let report = Report::new(&texts, &embedding, &grids, &graph);
/// assert!(report.html()?.starts_with("<!doctype html>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// The provenance of the scan.
    pub caption: Caption,
    /// The texts in corpus order. They are inserted as text, never as markup.
    pub texts: &'a [String],
    /// The map of every layer, with two components.
    pub embedding: &'a Embedding,
    /// The grids of the same layers in the same order.
    pub grids: &'a GridStack,
    /// [`RegionGraph::co_activation`] of the grids.
    pub graph: &'a RegionGraph,
    /// The layout of the graph ([`LayeredLayout::of`]), if it is known already.
    pub layout: Option<&'a LayeredLayout>,
    /// Contrasts of categories with their tests, from
    /// [`Significance::cells`](mri_graph::Significance::cells).
    pub contrasts: &'a [(Contrast, Vec<LayerTest<Cell>>)],
    /// Metrics of graphs, with the name of each.
    pub metrics: &'a [(String, Metrics)],
    /// Further tables, such as the quality of the maps.
    pub tables: &'a [ReportTable],
    /// How the scan was made: model, options and versions.
    pub facts: &'a [Facts],
}

impl<'a> Report<'a> {
    /// A report of maps, regions and transitions; the other fields are empty.
    #[must_use]
    pub fn new(
        texts: &'a [String],
        embedding: &'a Embedding,
        grids: &'a GridStack,
        graph: &'a RegionGraph,
    ) -> Self {
        Self {
            caption: Caption::default(),
            texts,
            embedding,
            grids,
            graph,
            layout: None,
            contrasts: &[],
            metrics: &[],
            tables: &[],
            facts: &[],
        }
    }
}
