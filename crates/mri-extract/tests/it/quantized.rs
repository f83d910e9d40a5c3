//! Matrices in few bits, unpacked while they are loaded: see `tests/golden/quantized.py`.

use std::fs;

use mri_extract::spec::{Quantization, TransformerSpec};
use mri_extract::{ModelError, TchBackend, TchOptions};

use crate::families::{cases, check_every_case};
use crate::golden;

#[test]
fn states_are_those_of_the_unpacked_matrices() {
    let folder = golden::folder().join("quantized");
    assert!(cases(&folder).len() >= 8);
    check_every_case(&folder);
}

/// A copy of a case with other files.
fn edited(case: &str, edit: impl Fn(&mut serde_json::Value)) -> tempfile::TempDir {
    let from = golden::folder().join("quantized").join(case);
    let folder = tempfile::tempdir().unwrap();
    let config = fs::read(from.join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    edit(&mut config);
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let weights = "model.safetensors";
    fs::copy(from.join(weights), folder.path().join(weights)).unwrap();
    folder
}

#[test]
fn other_ways_to_quantize_are_refused_by_name_before_any_weight_is_read() {
    for (config, name) in [
        (
            serde_json::json!({"quant_method": "bitsandbytes", "load_in_4bit": true}),
            "bitsandbytes",
        ),
        (serde_json::json!({"load_in_8bit": true}), "quant_method"),
        (
            serde_json::json!({"quant_method": "gptq", "bits": 3}),
            "bits",
        ),
        (
            serde_json::json!({"quant_method": "awq", "version": "gemv"}),
            "gemv",
        ),
        (
            serde_json::json!({"quant_method": "compressed-tensors", "format": "pack-quantized"}),
            "pack-quantized",
        ),
        (serde_json::json!({"quant_method": "hqq"}), "hqq"),
    ] {
        let folder = edited("gptq", |c| c["quantization_config"] = config.clone());
        fs::remove_file(folder.path().join("model.safetensors")).unwrap();
        let error = TchBackend::load(folder.path(), &TchOptions::default())
            .err()
            .unwrap();
        assert!(
            matches!(error, ModelError::UnsupportedSetting { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_description_says_how_weights_are_stored_and_what_does_not_fit_is_named() {
    let spec =
        |case: &str| TransformerSpec::read(&golden::folder().join("quantized").join(case)).unwrap();
    assert_eq!(
        spec("awq").quantization,
        Some(Quantization::Awq { group: 16 })
    );
    // Integers are no weights without a description of them.
    let plain = edited("gptq", |c| {
        c["quantization_config"] = serde_json::Value::Null;
    });
    let error = TchBackend::load(plain.path(), &TchOptions::default())
        .err()
        .unwrap();
    assert!(matches!(error, ModelError::MissingTensor { .. }), "{error}");
    let grouped = edited("awq", |c| c["quantization_config"]["group_size"] = 8.into());
    let error = TchBackend::load(grouped.path(), &TchOptions::default())
        .err()
        .unwrap();
    assert!(error.to_string().contains("qzeros"), "{error}");
}
