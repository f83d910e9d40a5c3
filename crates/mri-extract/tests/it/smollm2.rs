use std::fs;
use std::path::{Path, PathBuf};

use mri_core::{Backend, Capture, Layer, Pooling, TokenBatch};
use mri_extract::{Device, TchBackend, TchOptions};
use ndarray::{Array2, Array3, Axis, s};
use safetensors::SafeTensors;

use crate::golden::{self, assert_close};

/// Which columns the golden keeps; the norm of all follows them.
const EVERY: usize = 12;

/// SmolLM2's file: where `cargo xtask setup` puts it.
pub(crate) fn file() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join(".models/SmolLM2-135M-Instruct.Q4_1.gguf");
    assert!(file.is_file(), "no model; run `cargo xtask setup`");
    file
}

/// `tests/golden/smollm2.py`: transformers, from the same file.
#[test]
#[ignore = "needs SmolLM2: cargo xtask test"]
fn states_of_smollm2_match_transformers_at_every_layer() {
    let options = TchOptions::default().with_device(Device::Cpu);
    let mut backend = TchBackend::load(&file(), &options).unwrap();
    let bytes = fs::read(golden::folder().join("smollm2.safetensors")).unwrap();
    let golden = SafeTensors::deserialize(&bytes).unwrap();
    let mut ids = golden::integers(golden.tensor("ids").unwrap().data()).into_iter();
    let lengths = golden::integers(golden.tensor("lengths").unwrap().data());
    let texts: Vec<Vec<u32>> = lengths
        .iter()
        .map(|&n| ids.by_ref().take(n as usize).collect())
        .collect();
    let texts: TokenBatch = texts.iter().map(Vec::as_slice).collect();
    let states = golden.tensor("states").unwrap();
    let &[layers, n, width] = states.shape() else {
        panic!("states have shape {:?}", states.shape());
    };
    assert!(layers == 31 && n >= 50);
    let shape = (layers, n, width);
    let states = Array3::from_shape_vec(shape, golden::floats(states.data())).unwrap();
    let capture = Capture {
        layers: (0..layers).map(Layer::resid).collect(),
        pooling: Pooling::Last,
        final_norm: true,
    };
    let found = backend.forward(&texts, &capture).unwrap();
    for (layer, rows) in found.iter().enumerate() {
        let mut kept = Array2::zeros((n, width));
        kept.slice_mut(s![.., ..width - 1])
            .assign(&rows.slice(s![.., ..;EVERY]));
        for (to, row) in kept.column_mut(width - 1).iter_mut().zip(rows.rows()) {
            *to = row.dot(&row).sqrt();
        }
        let expected = states.index_axis(Axis(0), layer);
        let columns = s![.., ..width - 1];
        let what = format!("layer {layer}");
        assert_close(kept.slice(columns), expected.slice(columns), &what);
        let norm = s![.., width - 1..];
        assert_close(
            kept.slice(norm),
            expected.slice(norm),
            &format!("{what}, norms"),
        );
    }
}
