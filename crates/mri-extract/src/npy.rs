//! Matrices as `.npy` files (format version 1.0), which `numpy.load` opens.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use ndarray::{Array2, ArrayView2};

use crate::ExtractError;

const MAGIC: &[u8; 8] = b"\x93NUMPY\x01\x00";

/// numpy aligns the data to this many bytes, so that files can be memory-mapped.
const ALIGNMENT: usize = 64;

/// Writes a matrix as little-endian `float32` in C order, whole or not at all: under a temporary
/// name first, which then takes the file's place.
///
/// # Errors
/// [`ExtractError::Io`] with the path.
pub fn write_npy(path: &Path, matrix: ArrayView2<'_, f32>) -> Result<(), ExtractError> {
    let partial = path.with_extension("npy.partial");
    let written = write(&partial, matrix).and_then(|()| fs::rename(&partial, path));
    written.map_err(|source| {
        // What is left of the file is of no use; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&partial);
        ExtractError::Io {
            path: path.to_owned(),
            source,
        }
    })
}

fn write(path: &Path, matrix: ArrayView2<'_, f32>) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&header(matrix.dim()))?;
    for row in matrix.rows() {
        for value in row {
            out.write_all(&value.to_le_bytes())?;
        }
    }
    out.into_inner()
        .map_err(std::io::IntoInnerError::into_error)?
        .sync_all()
}

fn header((rows, columns): (usize, usize)) -> Vec<u8> {
    let mut dict =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let unpadded = MAGIC.len() + 2 + dict.len() + 1;
    dict.push_str(&" ".repeat(unpadded.next_multiple_of(ALIGNMENT) - unpadded));
    dict.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend((dict.len() as u16).to_le_bytes());
    bytes.extend(dict.bytes());
    bytes
}

/// Reads a matrix of little-endian `float32` in C order, as [`write_npy`] and numpy write it.
///
/// # Errors
/// [`ExtractError::Io`], or [`ExtractError::BadNpy`] if the header is not that of such a matrix or
/// the file is not as long as its header says. Nothing larger than the file is ever allocated.
pub fn read_npy(path: &Path) -> Result<Array2<f32>, ExtractError> {
    let io = || ExtractError::io(path);
    let bad = |problem: String| ExtractError::BadNpy {
        path: path.to_owned(),
        problem,
    };
    let mut file = File::open(path).map_err(io())?;
    let length = file.metadata().map_err(io())?.len();
    let mut start = [0; 10];
    file.read_exact(&mut start)
        .map_err(|_| bad("shorter than a .npy header".into()))?;
    if &start[..8] != MAGIC {
        return Err(bad("not a .npy file of format version 1.0".into()));
    }
    let header_length = u64::from(u16::from_le_bytes([start[8], start[9]]));
    let mut dict = vec![0; header_length as usize];
    file.read_exact(&mut dict)
        .map_err(|_| bad("its header is cut off".into()))?;
    let dict = String::from_utf8_lossy(&dict).into_owned();
    let (rows, columns) = shape(&dict).ok_or_else(|| {
        bad(format!(
            "expected a C-ordered float32 matrix, found {}",
            dict.trim()
        ))
    })?;
    let data = length - 10 - header_length;
    let expected = (rows as u64)
        .checked_mul(columns as u64)
        .and_then(|n| n.checked_mul(4));
    if expected != Some(data) {
        return Err(bad(format!(
            "{rows} x {columns} float32 values do not take {data} bytes"
        )));
    }
    let mut bytes = Vec::with_capacity(data as usize);
    file.read_to_end(&mut bytes).map_err(io())?;
    let values = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Array2::from_shape_vec((rows, columns), values.collect()).map_err(|e| bad(e.to_string()))
}

/// The shape that a header describes, if it is that of a C-ordered `float32` matrix.
fn shape(dict: &str) -> Option<(usize, usize)> {
    let value = |key: &str| Some(dict.split_once(&format!("'{key}':"))?.1.trim_start());
    let ours = value("descr")?.starts_with("'<f4'") && value("fortran_order")?.starts_with("False");
    let (inside, _) = value("shape")?.strip_prefix('(')?.split_once(')')?;
    let mut sizes = inside
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty());
    let both = (sizes.next()?.parse().ok()?, sizes.next()?.parse().ok()?);
    (ours && sizes.next().is_none()).then_some(both)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matrices_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.npy");
        for dim in [(0, 3), (1, 1), (5, 7)] {
            let m = Array2::from_shape_fn(dim, |(i, j)| i as f32 - j as f32 / 3.0);
            write_npy(&path, m.view()).unwrap();
            assert_eq!(read_npy(&path).unwrap(), m);
            assert_eq!(fs::metadata(&path).unwrap().len() % 4, 0);
        }
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 1, "no temporary file is left");
    }

    #[test]
    fn a_cut_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.npy");
        write_npy(&path, Array2::zeros((4, 4)).view()).unwrap();
        let bytes = fs::read(&path).unwrap();
        for end in [0, 5, 9, 60, bytes.len() - 1] {
            fs::write(&path, &bytes[..end]).unwrap();
            assert!(
                matches!(read_npy(&path), Err(ExtractError::BadNpy { .. })),
                "{end}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_and_not_a_panic(
            tail in prop::collection::vec(any::<u8>(), 0..200),
            shape in "\\(([0-9]{1,20}, ?){0,3}\\)",
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("m.npy");
            let dict = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n");
            let mut bytes = MAGIC.to_vec();
            bytes.extend((dict.len() as u16).to_le_bytes());
            bytes.extend(dict.bytes());
            bytes.extend(&tail);
            fs::write(&path, bytes).unwrap();
            let _ = read_npy(&path);
            fs::write(&path, tail).unwrap();
            prop_assert!(read_npy(&path).is_err());
        }
    }
}
