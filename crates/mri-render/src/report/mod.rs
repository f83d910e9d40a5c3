//! One HTML file to explore a scan with, that needs no network and no server.

mod block;
mod metrics;
mod page;
mod scan_block;
mod table;

use std::path::Path;

use mri_core::Embedding;
use mri_graph::{Contrast, LayerTest, Metrics, RegionGraph};
use mri_grid::{Cell, GridStack};

pub use table::{Entry, Facts, ReportTable};

use crate::whole::write_whole;
use crate::{Caption, RenderError};

/// What a report shows. Only the first six are needed; an empty slice leaves its part of the page
/// out, or says there why nothing is to be seen.
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
    /// Where the scan comes from.
    pub caption: Caption,
    /// The texts in corpus order. They are shown as they are and never taken for markup.
    pub texts: &'a [String],
    /// The map of each layer, with two components.
    pub embedding: &'a Embedding,
    /// The cells of the same layers in the same order.
    pub grids: &'a GridStack,
    /// [`RegionGraph::co_activation`] of the grids.
    pub graph: &'a RegionGraph,
    /// Comparisons of categories and what [`Significance::cells`](mri_graph::Significance::cells)
    /// said of each.
    pub contrasts: &'a [(Contrast, Vec<LayerTest<Cell>>)],
    /// The numbers of graphs, with the name of each.
    pub metrics: &'a [(String, Metrics)],
    /// Further tables: probes, faithfulness of the maps, whatever else was measured.
    pub tables: &'a [ReportTable],
    /// How the scan was made: model, options, versions.
    pub facts: &'a [Facts],
}

impl<'a> Report<'a> {
    /// A report of maps, regions and transitions; the other fields can be set.
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
            contrasts: &[],
            metrics: &[],
            tables: &[],
            facts: &[],
        }
    }

    /// The page. The same input gives the same bytes.
    ///
    /// Coordinates are kept to 1/65535 of the range of their axis; counts, cells and p as they are.
    ///
    /// # Errors
    /// [`RenderError::Mismatch`] if the parts are not of the same texts, layers and categories.
    pub fn html(&self) -> Result<String, RenderError> {
        let scan = scan_block::scan_block(self)?;
        let texts = block::text_block(self.texts);
        Ok(page::page(&page::title(&self.caption), &scan, &texts))
    }

    /// Writes the page: whole or not at all.
    ///
    /// # Errors
    /// [`RenderError::Io`], or what [`Report::html`] gives.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RenderError> {
        write_whole(path.as_ref(), self.html()?.as_bytes())
    }
}
