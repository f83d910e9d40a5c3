use mri_core::{Embedding, Labels, LayerStack, RowCount};
use ndarray::{Array3, ArrayView2};

use crate::binning::bin;
use crate::{Binning, Cell, GridError};

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

/// Cuts every layer of an embedding with two components, each over its own range.
///
/// # Errors
/// [`GridError::Layer`] with the first layer that could not be cut.
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
    /// Cuts the points of one layer, of shape (texts, 2). O(n·log side), for quantiles O(n·log n).
    ///
    /// # Errors
    /// [`GridError`]: no points, other than two components, a coordinate that is not finite, a
    /// side out of range.
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

    /// How the axes were cut.
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

    /// The cell of a text, `None` past the last.
    #[must_use]
    pub fn cell_of(&self, row: usize) -> Option<Cell> {
        self.cells.get(row).copied()
    }

    /// The `side + 1` bin edges along the first component, ascending, in embedding coordinates.
    #[must_use]
    pub fn edges_x(&self) -> &[f64] {
        &self.edges[0]
    }

    /// The `side + 1` bin edges along the second component.
    #[must_use]
    pub fn edges_y(&self) -> &[f64] {
        &self.edges[1]
    }

    /// The cell of a new point; a point outside the grid goes to the nearest cell at its border.
    /// NaN goes to the lowest bin of its axis.
    #[must_use]
    pub fn place(&self, point: [f32; 2]) -> Cell {
        let [x, y] = [0, 1].map(|axis| bin(&self.edges[axis], f64::from(point[axis])));
        Cell { x, y }
    }

    /// The middle of a cell in embedding coordinates.
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

    /// Texts per category and cell, of shape (category, x, y), for the full grid.
    ///
    /// `labels` are those of the texts of this grid; rows beyond the shorter of the two are not
    /// counted.
    #[must_use]
    pub fn counts(&self, labels: &Labels) -> Array3<u32> {
        let side = self.side();
        let mut counts = Array3::zeros((labels.n_categories(), side, side));
        for (cell, &id) in self.cells.iter().zip(labels.row_categories()) {
            counts[(id as usize, usize::from(cell.x), usize::from(cell.y))] += 1;
        }
        counts
    }

    /// The texts of a cell, ascending.
    #[must_use]
    pub fn rows_in(&self, cell: Cell) -> Vec<usize> {
        (0..self.cells.len())
            .filter(|&row| self.cells[row] == cell)
            .collect()
    }

    /// The texts of a cell, the most typical first: nearest to the middle of the cell, measured in
    /// cell widths and heights, and the earlier of two that are equally near.
    ///
    /// `points` are those the grid was made of, of shape (texts, 2); rows beyond the shorter of the
    /// two are left out.
    ///
    /// # Panics
    /// If the cell is not one of this grid, or `points` has fewer than 2 columns.
    #[must_use]
    pub fn typical_rows(&self, cell: Cell, points: ArrayView2<'_, f32>) -> Vec<usize> {
        let center = self.center(cell);
        let size = [(0, cell.x), (1, cell.y)].map(|(axis, i)| {
            let edges = &self.edges[axis];
            let size = edges[usize::from(i) + 1] - edges[usize::from(i)];
            // Quantile bins of equal points have no width; all their points are in the middle.
            if size > 0.0 { size } else { 1.0 }
        });
        let distance = |row: usize| {
            let along = [0, 1].map(|a| (f64::from(points[(row, a)]) - center[a]) / size[a]);
            along[0] * along[0] + along[1] * along[1]
        };
        let mut texts = self.rows_in(cell);
        texts.retain(|&row| row < points.nrows());
        texts.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        texts
    }
}
