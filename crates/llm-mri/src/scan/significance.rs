use mri_core::Layer;
use mri_graph::{
    Contrast, LayerTest, NamedTests, Significance, write_cell_significance, write_edge_significance,
};
use mri_grid::Cell;

use crate::error::ScanError;
use crate::folder::output::OutFolder;
use crate::scan::Scan;

/// What of a scan's regions and transitions chance alone would draw as well.
#[derive(Debug, Clone, PartialEq)]
pub struct SignificanceResults {
    /// How it was asked.
    pub settings: Significance,
    /// The layers of the grids.
    pub layers: Vec<Layer>,
    /// What was compared, in the order of `cells` and `edges`.
    pub contrasts: Vec<Contrast>,
    /// Per contrast its sides and the verdicts on the cells of every layer.
    pub cells: Vec<NamedTests<Cell>>,
    /// Per contrast its sides and the verdicts on the transitions from every layer to the next.
    pub edges: Vec<NamedTests<(Cell, Cell)>>,
}

/// How many regions tell two sides apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discoveries {
    /// What the sides are called.
    pub sides: [String; 2],
    /// For every layer the regions whose p, adjusted within the layer, is at most the rate asked for.
    pub by_layer: Vec<usize>,
}

impl SignificanceResults {
    /// The verdicts on the cells of every layer for one of the contrasts; `None` if it was not judged.
    #[must_use]
    pub fn cells_of(&self, contrast: &Contrast) -> Option<&[LayerTest<Cell>]> {
        let place = self
            .contrasts
            .iter()
            .position(|judged| judged == contrast)?;
        self.cells.get(place).map(|tests| tests.layers.as_slice())
    }

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
    ) -> Result<SignificanceResults, ScanError> {
        let grids = self.grids.as_ref().ok_or_else(|| self.not_planar())?;
        let (mut cells, mut edges) = (Vec::new(), Vec::new());
        let contrasts = Contrast::among(categories, grids.labels());
        for contrast in &contrasts {
            let sides = contrast.names(grids.labels());
            cells.push(NamedTests {
                sides: sides.clone(),
                layers: settings.cells(grids, contrast)?,
            });
            edges.push(NamedTests {
                sides,
                layers: settings.edges(grids, contrast)?,
            });
        }
        Ok(SignificanceResults {
            settings: settings.clone(),
            layers: grids.layers().collect(),
            contrasts,
            cells,
            edges,
        })
    }

    /// What the settings of the graph ask of chance; `None` if they ask nothing, or without regions.
    pub(crate) fn chosen_verdicts(&self) -> Result<Option<SignificanceResults>, ScanError> {
        let settings = self.graph_options().significance;
        let settings = settings.filter(|_| self.grids.is_some());
        settings
            .map(|settings| self.verdicts(&self.chosen_categories(), &settings))
            .transpose()
    }

    /// How pictures and the report ask: as the settings of the graph do, or as usual where those
    /// leave it out.
    pub(crate) fn shown_significance(&self) -> Significance {
        self.graph_options().significance.unwrap_or_default()
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
        let settings = settings.clone().with_permutations(0).with_resamples(0);
        let in_layer = |verdict: &LayerTest<Cell>| {
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
