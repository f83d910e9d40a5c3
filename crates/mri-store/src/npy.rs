//! Matrices as `.npy` files (format version 1.0), which `numpy.load` opens.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use half::f16;
use mri_core::RowSource;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::files::{self, read_exact_at};
use crate::sum::FileSum;

const MAGIC: &[u8; 8] = b"\x93NUMPY\x01\x00";

/// numpy aligns the data to this many bytes, so that files can be memory-mapped.
const ALIGNMENT: usize = 64;

/// Rows are converted in chunks of about this many bytes, so that reading a block needs no second
/// block of memory.
const CHUNK_BYTES: usize = 1 << 18;

/// The number format of a stored matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StoreDtype {
    /// 32-bit floats, `<f4` for numpy.
    #[default]
    F32,
    /// 16-bit floats, `<f2` for numpy: half the space, about three decimal digits.
    F16,
}

impl StoreDtype {
    /// How numpy names the format.
    fn descr(self) -> &'static str {
        match self {
            Self::F32 => "<f4",
            Self::F16 => "<f2",
        }
    }

    /// Bytes per value.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }
}

/// A matrix in a `.npy` file whose rows are read on demand.
#[derive(Debug)]
pub struct NpyMatrix {
    file: File,
    path: PathBuf,
    dtype: StoreDtype,
    dim: (usize, usize),
    offset: u64,
    /// What was written, until the file is known to be that.
    unchecked: Mutex<Option<FileSum>>,
}

impl NpyMatrix {
    /// Opens a C-ordered matrix of little-endian `float32` or `float16`, as [`write_npy`] and numpy
    /// write it.
    ///
    /// # Errors
    /// [`StoreError::Io`], or [`StoreError::BadNpy`] if the header is not that of such a matrix
    /// or the file is not as long as its header says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let bad = |problem: String| StoreError::BadNpy {
            path: path.to_owned(),
            problem,
        };
        let mut file = File::open(path).map_err(StoreError::io(path))?;
        let length = file.metadata().map_err(StoreError::io(path))?.len();
        let (dict, offset) = read_header(&mut file).map_err(bad)?;
        let other = || {
            bad(format!(
                "expected a C-ordered float32 or float16 matrix, found {}",
                dict.trim()
            ))
        };
        let dtype = [StoreDtype::F32, StoreDtype::F16]
            .into_iter()
            .find(|dtype| is_c_ordered(&dict, dtype.descr()))
            .ok_or_else(other)?;
        let &[rows, columns] = shape(&dict).ok_or_else(other)?.as_slice() else {
            return Err(other());
        };
        // The matrix is loaded as float32: a size that no allocation can have is refused here.
        let fits = rows
            .max(1)
            .checked_mul(columns.max(1))
            .and_then(|n| n.checked_mul(4))
            .is_some_and(|n| isize::try_from(n).is_ok());
        let data = length - offset;
        if !fits || (rows * columns * dtype.size()) as u64 != data {
            return Err(bad(format!(
                "{rows} x {columns} values of {} bytes do not take {data} bytes",
                dtype.size()
            )));
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            dtype,
            dim: (rows, columns),
            offset,
            unchecked: Mutex::new(None),
        })
    }

    /// Compares the whole file with what was written before its first row is read.
    pub(crate) fn expecting(mut self, sum: Option<FileSum>) -> Self {
        self.unchecked = Mutex::new(sum);
        self
    }

    /// The comparison of [`NpyMatrix::expecting`], made once; an error is
    /// [`StoreError::Damaged`] inside.
    pub(crate) fn check(&self) -> io::Result<()> {
        // Other threads wait: reading the file twice would not be quicker.
        let mut unchecked = self
            .unchecked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(sum) = &*unchecked else {
            return Ok(());
        };
        if let Some(damage) = sum.damage(&FileSum::of_open(&self.file)?) {
            let error = StoreError::damaged(&self.path, damage);
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        *unchecked = None;
        Ok(())
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the stored bytes of rows, from the start of row `row` on.
    pub(crate) fn read_bytes(&self, row: usize, bytes: &mut [u8]) -> io::Result<()> {
        self.check()?;
        let width = self.dim.1 * self.dtype.size();
        read_exact_at(&self.file, bytes, self.offset + (row * width) as u64)
    }

    /// The number format of the file.
    #[must_use]
    pub fn dtype(&self) -> StoreDtype {
        self.dtype
    }
}

impl RowSource for NpyMatrix {
    fn size(&self) -> (usize, usize) {
        self.dim
    }

    fn read_rows(&self, start: usize, mut out: ArrayViewMut2<'_, f32>) -> io::Result<()> {
        let (rows, columns) = self.dim;
        let end = start.checked_add(out.nrows());
        if out.ncols() != columns || end.is_none_or(|end| end > rows) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{} rows of {} columns from row {start} of a {rows} x {columns} matrix",
                    out.nrows(),
                    out.ncols(),
                ),
            ));
        }
        self.check()?;
        let width = columns * self.dtype.size();
        if width == 0 {
            return Ok(());
        }
        let per_chunk = (CHUNK_BYTES / width).max(1);
        let mut bytes = vec![0; width * per_chunk.min(out.nrows())];
        for first in (0..out.nrows()).step_by(per_chunk) {
            let n = per_chunk.min(out.nrows() - first);
            let bytes = &mut bytes[..n * width];
            let at = self.offset + ((start + first) * width) as u64;
            read_exact_at(&self.file, bytes, at)?;
            for (row, bytes) in bytes.chunks_exact(width).enumerate() {
                let values = out.row_mut(first + row);
                match self.dtype {
                    StoreDtype::F32 => {
                        for (value, b) in values.into_iter().zip(bytes.chunks_exact(4)) {
                            *value = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                        }
                    }
                    StoreDtype::F16 => {
                        for (value, b) in values.into_iter().zip(bytes.chunks_exact(2)) {
                            *value = f16::from_le_bytes([b[0], b[1]]).to_f32();
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Writes a matrix as little-endian `float32` in C order, atomically.
///
/// # Errors
/// [`StoreError::Io`] with the path.
pub fn write_npy(path: &Path, matrix: ArrayView2<'_, f32>) -> Result<(), StoreError> {
    let (rows, columns) = matrix.dim();
    files::write_atomic(path, |out| {
        out.write_all(&header(StoreDtype::F32.descr(), &[rows, columns]))?;
        for row in matrix.rows() {
            for value in row {
                out.write_all(&value.to_le_bytes())?;
            }
        }
        Ok(())
    })
}

/// Reads a matrix of little-endian `float32` or `float16` in C order, as [`write_npy`] and numpy
/// write it.
///
/// # Errors
/// [`StoreError::Io`], or [`StoreError::BadNpy`] if the header is not that of such a matrix or
/// the file is not as long as its header says. No more is allocated than
/// the length of the file justifies.
pub fn read_npy(path: &Path) -> Result<Array2<f32>, StoreError> {
    NpyMatrix::open(path)?.load().map_err(StoreError::io(path))
}

/// Writes the category of every text as a vector of little-endian `uint32`, atomically.
pub(crate) fn write_categories(path: &Path, categories: &[u32]) -> Result<(), StoreError> {
    files::write_atomic(path, |out| {
        let mut bytes = header("<u4", &[categories.len()]);
        bytes.extend(categories.iter().flat_map(|c| c.to_le_bytes()));
        out.write_all(&bytes)
    })
}

/// Reads what [`write_categories`] wrote.
pub(crate) fn read_categories(path: &Path) -> Result<Vec<u32>, StoreError> {
    let bad = |problem: String| StoreError::BadNpy {
        path: path.to_owned(),
        problem,
    };
    let mut file = File::open(path).map_err(StoreError::io(path))?;
    let (dict, _) = read_header(&mut file).map_err(bad)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(StoreError::io(path))?;
    let categories: Vec<u32> = bytes
        .chunks_exact(4)
        .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    if !is_c_ordered(&dict, "<u4")
        || shape(&dict) != Some(vec![categories.len()])
        || bytes.len() % 4 != 0
    {
        return Err(bad(format!(
            "expected a vector of uint32 as long as its header says, found {}",
            dict.trim()
        )));
    }
    Ok(categories)
}

/// The bytes before the values of a matrix.
pub(crate) fn matrix_header(dtype: StoreDtype, rows: usize, columns: usize) -> Vec<u8> {
    header(dtype.descr(), &[rows, columns])
}

fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    // Python writes a pair without a comma at its end, and a single size with one.
    let sizes = match shape {
        [_] => sizes.trim_end(),
        _ => sizes.trim_end_matches(", "),
    };
    let mut dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let unpadded = MAGIC.len() + 2 + dict.len() + 1;
    dict.push_str(&" ".repeat(unpadded.next_multiple_of(ALIGNMENT) - unpadded));
    dict.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend((dict.len() as u16).to_le_bytes());
    bytes.extend(dict.bytes());
    bytes
}

/// The dictionary of a header, and where the values begin.
fn read_header(file: &mut File) -> Result<(String, u64), String> {
    let mut start = [0; 10];
    file.read_exact(&mut start)
        .map_err(|_| "shorter than a .npy header")?;
    if &start[..8] != MAGIC {
        return Err("not a .npy file of format version 1.0".into());
    }
    let length = u16::from_le_bytes([start[8], start[9]]);
    let mut dict = vec![0; usize::from(length)];
    file.read_exact(&mut dict)
        .map_err(|_| "its header is cut off")?;
    let dict = String::from_utf8_lossy(&dict).into_owned();
    Ok((dict, 10 + u64::from(length)))
}

/// The text after a key of the dictionary.
fn value<'a>(dict: &'a str, key: &str) -> Option<&'a str> {
    Some(dict.split_once(&format!("'{key}':"))?.1.trim_start())
}

fn is_c_ordered(dict: &str, descr: &str) -> bool {
    value(dict, "descr").is_some_and(|v| v.starts_with(&format!("'{descr}'")))
        && value(dict, "fortran_order").is_some_and(|v| v.starts_with("False"))
}

/// The sizes in a header.
fn shape(dict: &str) -> Option<Vec<usize>> {
    let (inside, _) = value(dict, "shape")?.strip_prefix('(')?.split_once(')')?;
    inside
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(|size| size.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    #[test]
    fn matrices_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.npy");
        for dim in [(0, 3), (1, 1), (5, 7)] {
            let m = Array2::from_shape_fn(dim, |(i, j)| i as f32 - j as f32 / 3.0);
            write_npy(&path, m.view()).unwrap();
            assert_eq!(read_npy(&path).unwrap(), m);
            assert_eq!(fs::metadata(&path).unwrap().len() % 4, 0);
        }
        write_categories(&path, &[3, 1, 2]).unwrap();
        assert_eq!(read_categories(&path).unwrap(), [3, 1, 2]);
        assert!(read_npy(&path).is_err());
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 1, "no temporary file is left");
    }

    #[test]
    fn blocks_are_the_rows_and_wrong_shapes_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.npy");
        // Wide enough for several chunks.
        let m = Array2::from_shape_fn((9, 20_000), |(i, j)| (i * 20_000 + j) as f32);
        write_npy(&path, m.view()).unwrap();
        let file = NpyMatrix::open(&path).unwrap();
        let mut out = Array2::zeros((6, 20_000));
        file.read_rows(2, out.view_mut()).unwrap();
        assert_eq!(out, m.slice(ndarray::s![2..8, ..]));
        assert!(file.read_rows(4, out.view_mut()).is_err());
        assert!(file.read_rows(usize::MAX, out.view_mut()).is_err());
        assert!(file.read_rows(0, Array2::zeros((1, 2)).view_mut()).is_err());
    }

    #[test]
    fn a_truncated_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.npy");
        write_npy(&path, Array2::zeros((4, 4)).view()).unwrap();
        let bytes = fs::read(&path).unwrap();
        for end in [0, 5, 9, 60, bytes.len() - 1] {
            fs::write(&path, &bytes[..end]).unwrap();
            assert!(
                matches!(read_npy(&path), Err(StoreError::BadNpy { .. })),
                "{end}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_and_not_a_panic(
            tail in prop::collection::vec(any::<u8>(), 0..200),
            shape in "\\(([0-9]{1,20}, ?){0,3}\\)",
            descr in "<[fu][24]",
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("m.npy");
            let dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n");
            let mut bytes = MAGIC.to_vec();
            bytes.extend((dict.len() as u16).to_le_bytes());
            bytes.extend(dict.bytes());
            bytes.extend(&tail);
            fs::write(&path, bytes).unwrap();
            let _ = read_npy(&path);
            let _ = read_categories(&path);
            fs::write(&path, tail).unwrap();
            prop_assert!(read_npy(&path).is_err());
            prop_assert!(read_categories(&path).is_err());
        }
    }
}
