use mri_core::Layer;
use mri_graph::{Contrast, GraphError, LayerTest, NamedTests, Significance};
use mri_grid::{Cell, GridStack};

/// Where categories differ by more than chance, in regions and in transitions.
#[derive(Debug, Clone, PartialEq)]
pub struct SignificanceResults {
    /// The settings of the tests.
    pub settings: Significance,
    /// The layers of the grids.
    pub layers: Vec<Layer>,
    /// What was compared, in the order of `cells` and `edges`.
    pub contrasts: Vec<Contrast>,
    /// Per contrast the names of its sides and the tests of the cells of every layer.
    pub cells: Vec<NamedTests<Cell>>,
    /// Per contrast the names of its sides and the tests of the transitions from every layer to the
    /// next.
    pub edges: Vec<NamedTests<(Cell, Cell)>>,
}

/// How many regions tell two sides apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discoveries {
    /// The names of the two sides.
    pub sides: [String; 2],
    /// For every layer the number of regions whose q (adjusted within the layer) is at most the
    /// false discovery rate.
    pub by_layer: Vec<usize>,
}

impl SignificanceResults {
    /// Tests two categories against each other, of more each of the `limit` largest against the
    /// rest of them; `cells` gives the tests of the cells for a contrast.
    pub(crate) fn new(
        grids: &GridStack,
        categories: &[usize],
        limit: usize,
        settings: Significance,
        cells: impl Fn(&Contrast) -> Result<Vec<LayerTest<Cell>>, GraphError>,
    ) -> Result<Self, GraphError> {
        let labels = grids.labels();
        let mut results = Self {
            layers: grids.layers().collect(),
            contrasts: Contrast::among_largest(categories, labels, limit),
            cells: Vec::new(),
            edges: Vec::new(),
            settings,
        };
        for contrast in &results.contrasts {
            let sides = contrast.names(labels);
            results.cells.push(NamedTests {
                sides: sides.clone(),
                layers: cells(contrast)?,
            });
            let _span = tracing::info_span!("significance", of = "transitions").entered();
            results.edges.push(NamedTests {
                sides,
                layers: results.settings.edges(grids, contrast)?,
            });
        }
        Ok(results)
    }

    /// The tests of the cells of every layer for one of the contrasts; `None` if it was not tested.
    #[must_use]
    pub fn cells_of(&self, contrast: &Contrast) -> Option<&[LayerTest<Cell>]> {
        let mut tested = self.contrasts.iter().zip(&self.cells);
        tested.find_map(|(other, tests)| (other == contrast).then_some(tests.layers.as_slice()))
    }
}

impl Discoveries {
    /// Counts the regions with a q of at most `rate`.
    pub(crate) fn new(sides: [String; 2], tests: &[LayerTest<Cell>], rate: f64) -> Self {
        let in_layer = |layer: &LayerTest<Cell>| {
            let significant = layer
                .items
                .iter()
                .filter(|t| t.q.is_some_and(|q| q <= rate));
            significant.count()
        };
        Self {
            sides,
            by_layer: tests.iter().map(in_layer).collect(),
        }
    }
}
