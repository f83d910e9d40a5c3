use mri_core::{ReduceError, RowSource, Watch};
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use crate::columns::Columns;

/// Rows per block: enough to keep the matrix product at full speed, few enough to stay in the
/// cache.
pub(crate) const BLOCK: usize = 512;

/// Values per chunk, the task of a thread: a megabyte of `f32`, which takes some tenths of a
/// millisecond, much longer than scheduling it. Smaller matrices stay on the caller's thread.
const CHUNK: usize = 1 << 18;

/// Chunks between two checks of the watch, and in the buffer of rows that are not in memory.
const CHUNKS: usize = 16;

/// The progress of a stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProgressStage<'a> {
    pub(crate) name: &'a str,
    pub(crate) done: usize,
    pub(crate) total: usize,
}

/// Rows in memory, or behind a [`RowSource`], read in blocks.
pub(crate) enum RowBlocks<'a> {
    View(ArrayView2<'a, f32>),
    Source(&'a dyn RowSource),
}

impl<'a> RowBlocks<'a> {
    pub(crate) fn of(source: &'a dyn RowSource) -> Self {
        source.in_memory().map_or(Self::Source(source), Self::View)
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Self::View(x) => x.dim(),
            Self::Source(source) => source.size(),
        }
    }

    /// Calls `f` with blocks of at most [`BLOCK`] rows, in order, until it returns `false`.
    pub(crate) fn for_blocks(
        &self,
        watch: &dyn Watch,
        stage: &str,
        mut f: impl FnMut(ArrayView2<'_, f32>) -> Result<bool, ReduceError>,
    ) -> Result<(), ReduceError> {
        let (rows, width) = self.size();
        let blocks = rows.div_ceil(BLOCK);
        let mut buffer = match self {
            Self::View(_) => Array2::zeros((0, 0)),
            Self::Source(_) => Array2::zeros((BLOCK.min(rows), width)),
        };
        for (i, start) in (0..rows).step_by(BLOCK).enumerate() {
            watch.check(stage, i, blocks)?;
            let n = BLOCK.min(rows - start);
            let go_on = match self {
                Self::View(x) => f(x.slice(s![start..start + n, ..]))?,
                Self::Source(source) => {
                    source.read_rows(start, buffer.slice_mut(s![..n, ..]))?;
                    f(buffer.slice(s![..n, ..]))?
                }
            };
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    /// Calls `f` with chunks and the index of their first row, in parallel, and `join` with the
    /// results in the order of the rows. The size of chunks depends on the width alone.
    pub(crate) fn for_chunks<S: Send>(
        &self,
        watch: &dyn Watch,
        stage: ProgressStage<'_>,
        f: impl Fn(usize, ArrayView2<'_, f32>) -> Result<S, ReduceError> + Sync,
        mut join: impl FnMut(S),
    ) -> Result<(), ReduceError> {
        let (rows, width) = self.size();
        let chunk = (CHUNK / width.max(1)).max(64).min(rows);
        let group = (chunk * CHUNKS).min(rows);
        let mut buffer = match self {
            Self::View(_) => Array2::zeros((0, 0)),
            Self::Source(_) => Array2::zeros((group, width)),
        };
        for start in (0..rows).step_by(group.max(1)) {
            watch.check(stage.name, stage.done, stage.total)?;
            let n = group.min(rows - start);
            let view = match self {
                Self::View(x) => x.slice(s![start..start + n, ..]),
                Self::Source(source) => {
                    source.read_rows(start, buffer.slice_mut(s![..n, ..]))?;
                    buffer.slice(s![..n, ..])
                }
            };
            if n <= chunk {
                join(f(start, view)?);
                continue;
            }
            let chunks: Vec<_> = view.axis_chunks_iter(Axis(0), chunk).enumerate().collect();
            let results = chunks
                .into_par_iter()
                .map(|(i, view)| f(start + i * chunk, view));
            for result in results.collect::<Vec<_>>() {
                join(result?);
            }
        }
        Ok(())
    }

    /// The statistics of the columns.
    ///
    /// # Errors
    /// [`ReduceError::NonFinite`], and the errors of the watch and of the source.
    pub(crate) fn columns(&self, watch: &dyn Watch) -> Result<Columns, ReduceError> {
        let mut columns = Columns::new(self.size().1);
        let stage = ProgressStage {
            name: "columns",
            done: 0,
            total: 1,
        };
        let of = |start, chunk: ArrayView2<'_, f32>| {
            Columns::of(chunk).map_err(|error| offset_row(error, start))
        };
        self.for_chunks(watch, stage, of, |part| columns.join(&part))?;
        Ok(columns)
    }
}

/// The error with its row index increased by `rows`.
pub(crate) fn offset_row(error: ReduceError, rows: usize) -> ReduceError {
    match error {
        ReduceError::NonFinite { row, column, value } => ReduceError::NonFinite {
            row: row + rows,
            column,
            value,
        },
        other => other,
    }
}
