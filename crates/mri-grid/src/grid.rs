use std::collections::BTreeMap;

use mri_core::{CategoryCounts, Embedding, Labels, LayerStack, RowCount};
use ndarray::{Array3, ArrayView2};

use crate::binning::{Binning, bin};
use crate::cell::Cell;
use crate::error::GridError;

/// The map of one layer, cut into `side` × `side` cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    binning: Binning,
    edges: [Vec<f64>; 2],
    cells: Vec<Cell>,
}

/// The grids of all layers.
pub type GridStack = LayerStack<Grid>;

impl RowCount for Grid {
    fn row_count(&self) -> usize {
        self.cells.len()
    }
}

/// Cuts the map of every layer, each over its own range. Maps need two components.
///
/// # Errors
/// [`GridError::Layer`] with the first layer that cannot be cut, and the reason.
pub fn grid_stack(embedding: &Embedding, binning: Binning) -> Result<GridStack, GridError> {
    let entries = embedding
        .iter()
        .map(
            |(layer, points)| match Grid::new(points.coordinates.view(), binning) {
                Ok(grid) => Ok((layer, grid)),
                Err(source) => Err(GridError::Layer {
                    layer,
                    source: Box::new(source),
                }),
            },
        )
        .collect::<Result<Vec<_>, _>>()?;
    // The rows are those of the embedding, which have been checked.
    GridStack::new(embedding.labels().clone(), entries).map_err(|_| GridError::NoPoints)
}

impl Grid {
    /// Cuts the map of one layer, of shape (texts, 2).
    ///
    /// # Errors
    /// [`GridError::NoPoints`]; [`GridError::NotPlanar`] without exactly two columns;
    /// [`GridError::NonFinite`]; [`GridError::BadSide`].
    ///
    /// # Complexity
    /// O(n log side); for quantiles O(n log n).
    pub fn new(points: ArrayView2<'_, f32>, binning: Binning) -> Result<Self, GridError> {
        binning.check()?;
        if points.nrows() == 0 {
            return Err(GridError::NoPoints);
        }
        if points.ncols() != 2 {
            return Err(GridError::NotPlanar {
                columns: points.ncols(),
            });
        }
        if let Some(((row, _), _)) = points.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(GridError::NonFinite { row });
        }
        let edges = [0, 1].map(|axis| {
            let values: Vec<f64> = points.column(axis).iter().map(|&v| f64::from(v)).collect();
            binning.edges(&values)
        });
        let mut grid = Self {
            binning,
            edges,
            cells: Vec::new(),
        };
        grid.cells = points
            .rows()
            .into_iter()
            .map(|p| grid.place([p[0], p[1]]))
            .collect();
        Ok(grid)
    }

    /// The binning of the axes.
    #[must_use]
    pub fn binning(&self) -> Binning {
        self.binning
    }

    /// The number of cells per side.
    #[must_use]
    pub fn side(&self) -> usize {
        self.binning.side()
    }

    /// The cell of every text, in corpus order.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cell of a text; `None` past the last row.
    #[must_use]
    pub fn cell_of(&self, row: usize) -> Option<Cell> {
        self.cells.get(row).copied()
    }

    /// The `side + 1` bin edges along the first component, ascending, in the coordinates of the
    /// map.
    #[must_use]
    pub fn edges_x(&self) -> &[f64] {
        &self.edges[0]
    }

    /// The `side + 1` bin edges along the second component.
    #[must_use]
    pub fn edges_y(&self) -> &[f64] {
        &self.edges[1]
    }

    /// The cell of a new point. A coordinate beyond the edges goes to the bin at that end; NaN goes
    /// to the lowest bin.
    #[must_use]
    pub fn place(&self, point: [f32; 2]) -> Cell {
        let [x, y] = [0, 1].map(|axis| bin(&self.edges[axis], f64::from(point[axis])));
        Cell { x, y }
    }

    /// The middle of a cell in the coordinates of the map.
    ///
    /// # Panics
    /// If the cell is not one of this grid, as slice indexing does.
    #[must_use]
    pub fn center(&self, cell: Cell) -> [f64; 2] {
        [(0, cell.x), (1, cell.y)].map(|(axis, i)| {
            let edges = &self.edges[axis];
            f64::midpoint(edges[usize::from(i)], edges[usize::from(i) + 1])
        })
    }

    /// The occupied cells, by x, then y, with the rows of the texts in each, ascending.
    #[must_use]
    pub fn rows_by_cell(&self) -> BTreeMap<Cell, Vec<usize>> {
        let mut rows: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
        for (row, &cell) in self.cells.iter().enumerate() {
            rows.entry(cell).or_default().push(row);
        }
        rows
    }

    /// Texts per category in each occupied cell, by x, then y. Time and memory grow with the texts
    /// and not with the cells or the categories.
    ///
    /// `labels` are those of the grid's texts; rows beyond the shorter of the two are not counted.
    #[must_use]
    pub fn counts_by_cell(&self, labels: &Labels) -> BTreeMap<Cell, CategoryCounts> {
        let mut categories: BTreeMap<Cell, Vec<u32>> = BTreeMap::new();
        for (&cell, &id) in self.cells.iter().zip(labels.row_categories()) {
            categories.entry(cell).or_default().push(id);
        }
        let counted = categories.into_iter();
        counted
            .map(|(cell, ids)| (cell, CategoryCounts::of(ids)))
            .collect()
    }

    /// Texts per category and cell of the full grid, of shape (category, x, y). It has a number for
    /// every cell and category, which is much for fine grids: [`Grid::counts_by_cell`] has only
    /// those that are not 0.
    ///
    /// `labels` are those of the grid's texts; rows beyond the shorter of the two are not counted.
    #[must_use]
    pub fn counts(&self, labels: &Labels) -> Array3<u32> {
        let side = self.side();
        let mut counts = Array3::zeros((labels.n_categories(), side, side));
        for (cell, &id) in self.cells.iter().zip(labels.row_categories()) {
            counts[(id as usize, usize::from(cell.x), usize::from(cell.y))] += 1;
        }
        counts
    }

    /// The rows of the texts in a cell, ascending.
    #[must_use]
    pub fn rows_in(&self, cell: Cell) -> Vec<usize> {
        (0..self.cells.len())
            .filter(|&row| self.cells[row] == cell)
            .collect()
    }

    /// The rows of the texts in a cell, the most typical first: by distance from the middle of the
    /// cell, measured in cell widths and heights; ties in row order.
    ///
    /// `points` are those the grid was made from, of shape (texts, 2); rows beyond the shorter of
    /// the two are left out.
    ///
    /// # Panics
    /// If the cell is not one of this grid, or `points` has fewer than 2 columns.
    #[must_use]
    pub fn typical_rows(&self, cell: Cell, points: ArrayView2<'_, f32>) -> Vec<usize> {
        self.by_typicality(cell, self.rows_in(cell), points)
    }

    /// [`Grid::typical_rows`] of rows that are known to be in the cell, such as those of
    /// [`Grid::rows_by_cell`].
    ///
    /// # Panics
    /// As [`Grid::typical_rows`].
    #[must_use]
    pub fn by_typicality(
        &self,
        cell: Cell,
        mut rows: Vec<usize>,
        points: ArrayView2<'_, f32>,
    ) -> Vec<usize> {
        let center = self.center(cell);
        let size = [(0, cell.x), (1, cell.y)].map(|(axis, i)| {
            let edges = &self.edges[axis];
            let size = edges[usize::from(i) + 1] - edges[usize::from(i)];
            // A quantile bin of equal values has no width; all its points are in the middle.
            if size > 0.0 { size } else { 1.0 }
        });
        let distance = |row: usize| {
            let along = [0, 1].map(|a| (f64::from(points[(row, a)]) - center[a]) / size[a]);
            along[0] * along[0] + along[1] * along[1]
        };
        rows.retain(|&row| row < points.nrows());
        rows.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        rows
    }
}
