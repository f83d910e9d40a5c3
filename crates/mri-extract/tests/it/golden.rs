use std::path::{Path, PathBuf};

use mri_core::{Backend, Capture, Layer, Pooling, TokenBatch};
use ndarray::{Array2, Array3, ArrayView2, Axis};
use safetensors::SafeTensors;

/// Token ids and the rows that transformers gives for them.
pub(crate) struct Golden {
    pub(crate) texts: Vec<Vec<u32>>,
    /// Shape (layers, texts, width).
    pub(crate) hidden: Array3<f32>,
    pub(crate) pooling: Pooling,
}

/// The bound of the project: maximal absolute error over the layer's largest absolute value.
pub(crate) const TOLERANCE: f32 = 2e-4;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// What a variable names that `cargo xtask fresh` sets: goldens made with a seed of the day.
pub(crate) fn fresh(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    let path = path.unwrap_or_else(|| panic!("{variable} is not set; run `cargo xtask fresh`"));
    PathBuf::from(path)
}

pub(crate) fn floats(bytes: &[u8]) -> Vec<f32> {
    let four = bytes.chunks_exact(4);
    four.map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

pub(crate) fn integers(bytes: &[u8]) -> Vec<u32> {
    let four = bytes.chunks_exact(4);
    four.map(|b| u32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

impl Golden {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut ids = integers(file.tensor("ids").unwrap().data()).into_iter();
        let lengths = integers(file.tensor("lengths").unwrap().data());
        let texts = lengths
            .iter()
            .map(|&n| ids.by_ref().take(n as usize).collect())
            .collect();
        let hidden = file.tensor("hidden").unwrap();
        let &[layers, texts_in, width] = hidden.shape() else {
            panic!("hidden has shape {:?}", hidden.shape());
        };
        let pooling = header
            .metadata()
            .as_ref()
            .and_then(|m| m.get("pooling"))
            .unwrap();
        Self {
            texts,
            hidden: Array3::from_shape_vec((layers, texts_in, width), floats(hidden.data()))
                .unwrap(),
            pooling: pooling.parse().unwrap(),
        }
    }

    /// Runs the texts in the given order, `batch` at a time, and compares every layer.
    pub(crate) fn check(&self, backend: &mut dyn Backend, order: &[usize], batch: usize) {
        let layers = self.hidden.len_of(Axis(0));
        assert_eq!(layers, backend.model().n_blocks + 1);
        let capture = Capture {
            layers: (0..layers).map(Layer::resid).collect(),
            pooling: self.pooling,
            final_norm: true,
        };
        let mut rows = vec![Array2::zeros(self.hidden.index_axis(Axis(0), 0).dim()); layers];
        for some in order.chunks(batch) {
            let tokens: TokenBatch = some.iter().map(|&i| self.texts[i].as_slice()).collect();
            let out = backend.forward(&tokens, &capture).unwrap();
            for (rows, out) in rows.iter_mut().zip(&out) {
                for (from, &to) in some.iter().enumerate() {
                    rows.row_mut(to).assign(&out.row(from));
                }
            }
        }
        for (layer, rows) in rows.iter().enumerate() {
            let what = format!("layer {layer}, {batch} texts at a time");
            assert_close(rows.view(), self.hidden.index_axis(Axis(0), layer), &what);
        }
    }
}

/// Panics if the largest difference exceeds [`TOLERANCE`] times the largest expected value.
pub(crate) fn assert_close(found: ArrayView2<'_, f32>, expected: ArrayView2<'_, f32>, what: &str) {
    assert_within(found, expected, TOLERANCE, what);
}

/// As [`assert_close`] with a tolerance of its own.
pub(crate) fn assert_within(
    found: ArrayView2<'_, f32>,
    expected: ArrayView2<'_, f32>,
    tolerance: f32,
    what: &str,
) {
    assert_eq!(found.dim(), expected.dim(), "{what}");
    let largest = expected.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    // `max` would swallow a NaN.
    assert!(found.iter().all(|x| x.is_finite()), "{what}: not finite");
    let error = (&found - &expected)
        .iter()
        .fold(0.0_f32, |m, x| m.max(x.abs()));
    assert!(
        error <= tolerance * largest,
        "{what}: off by {error}, which is {:e} of the largest value {largest}",
        error / largest
    );
}
