use mri_core::Layer;
use mri_graph::{
    Contrast, Judged, LayerVerdict, Significance, write_cell_significance, write_edge_significance,
};
use mri_grid::Cell;

use crate::{OutFolder, Scan, ScanError};

/// What of a scan's regions and transitions chance alone would draw as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdicts {
    /// The layers of the grids.
    pub layers: Vec<Layer>,
    /// Per contrast its sides and the verdicts on the cells of every layer.
    pub cells: Vec<Judged<Cell>>,
    /// Per contrast its sides and the verdicts on the transitions from every layer to the next.
    pub edges: Vec<Judged<(Cell, Cell)>>,
}

/// How many regions tell two sides apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discoveries {
    /// What the sides are called.
    pub sides: [String; 2],
    /// For every layer the regions whose p, adjusted within the layer, is at most the rate asked for.
    pub by_layer: Vec<usize>,
}

impl Verdicts {
    pub(crate) fn write_cells(&self, out: &OutFolder) -> Result<(), ScanError> {
        out.file("significance.csv", |file| {
            write_cell_significance(&self.cells, &self.layers, file)
        })
    }

    pub(crate) fn write_edges(&self, out: &OutFolder) -> Result<(), ScanError> {
        out.file("significance.csv", |file| {
            write_edge_significance(&self.edges, &self.layers, file)
        })
    }
}

impl Scan {
    /// Asks of every region and every transition whether some categories differ there by more than
    /// chance: two categories against each other, of more each against the rest of them.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless there are two components.
    pub fn verdicts(
        &self,
        categories: &[usize],
        settings: &Significance,
    ) -> Result<Verdicts, ScanError> {
        let grids = self.grids.as_ref().ok_or_else(|| self.not_planar())?;
        let (mut cells, mut edges) = (Vec::new(), Vec::new());
        for contrast in Contrast::among(categories, grids.labels()) {
            let names = contrast.names(grids.labels());
            cells.push((names.clone(), settings.cells(grids, &contrast)?));
            edges.push((names, settings.edges(grids, &contrast)?));
        }
        Ok(Verdicts {
            layers: grids.layers().collect(),
            cells,
            edges,
        })
    }

    /// Per contrast the number of regions that tell its sides apart.
    ///
    /// # Errors
    /// As [`Scan::verdicts`].
    pub fn discoveries(
        &self,
        categories: &[usize],
        settings: &Significance,
        rate: f64,
    ) -> Result<Vec<Discoveries>, ScanError> {
        let grids = self.grids.as_ref().ok_or_else(|| self.not_planar())?;
        // The adjusted p of a region is exact: it needs no draws.
        let settings = Significance {
            permutations: 0,
            resamples: 0,
            ..settings.clone()
        };
        let in_layer = |verdict: &LayerVerdict<Cell>| {
            let cells = verdict.items.iter();
            cells.filter(|v| v.q.is_some_and(|q| q <= rate)).count()
        };
        let of = |contrast: Contrast| {
            let verdicts = settings.cells(grids, &contrast)?;
            Ok(Discoveries {
                sides: contrast.names(grids.labels()),
                by_layer: verdicts.iter().map(in_layer).collect(),
            })
        };
        let contrasts = Contrast::among(categories, grids.labels());
        contrasts.into_iter().map(of).collect()
    }
}
