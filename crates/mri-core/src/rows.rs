use std::io;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

/// A matrix whose rows can be read in blocks, in memory or in a file.
///
/// Stages that work on blocks never hold the whole matrix in memory; the others call
/// [`RowSource::load`].
pub trait RowSource: Send + Sync {
    /// `(rows, columns)`.
    fn size(&self) -> (usize, usize);

    /// Copies the rows from `start` on into `out`, of shape (number of rows, columns).
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if the shape does not fit, or what reading the file gave.
    fn read_rows(&self, start: usize, out: ArrayViewMut2<'_, f32>) -> io::Result<()>;

    /// The whole matrix without copying, where it already lies in memory as `f32`.
    fn in_memory(&self) -> Option<ArrayView2<'_, f32>> {
        None
    }

    /// The whole matrix as an owned array.
    ///
    /// # Errors
    /// What [`RowSource::read_rows`] gives.
    fn load(&self) -> io::Result<Array2<f32>> {
        if let Some(view) = self.in_memory() {
            return Ok(view.to_owned());
        }
        let mut all = Array2::zeros(self.size());
        self.read_rows(0, all.view_mut())?;
        Ok(all)
    }
}

impl RowSource for Array2<f32> {
    fn size(&self) -> (usize, usize) {
        self.dim()
    }

    fn read_rows(&self, start: usize, mut out: ArrayViewMut2<'_, f32>) -> io::Result<()> {
        let end = start
            .checked_add(out.nrows())
            .filter(|&end| end <= self.nrows());
        let (Some(end), true) = (end, out.ncols() == self.len_of(Axis(1))) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "cannot read {} rows of {} columns from row {start} of a {} x {} matrix",
                    out.nrows(),
                    out.ncols(),
                    self.nrows(),
                    self.ncols()
                ),
            ));
        };
        out.assign(&self.slice(s![start..end, ..]));
        Ok(())
    }

    fn in_memory(&self) -> Option<ArrayView2<'_, f32>> {
        Some(self.view())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn blocks_are_the_rows_and_other_shapes_are_errors() {
        let m = array![[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let mut out = Array2::zeros((2, 2));
        m.read_rows(1, out.view_mut()).unwrap();
        assert_eq!(out, array![[3.0, 4.0], [5.0, 6.0]]);
        assert!(m.read_rows(2, out.view_mut()).is_err());
        assert!(m.read_rows(usize::MAX, out.view_mut()).is_err());
        assert!(m.read_rows(0, Array2::zeros((1, 3)).view_mut()).is_err());
    }
}
