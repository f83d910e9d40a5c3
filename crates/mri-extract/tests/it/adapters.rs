//! Adapters of PEFT, merged while their base is loaded: see `tests/golden/adapters.py`.

use std::fs;
use std::path::{Path, PathBuf};

use mri_extract::{Device, ModelError, ModelFolder, TchBackend, TchOptions};

use crate::families::{Case, cases};
use crate::golden;

/// The bound for the states of merged weights, a tenth of that of the families: one more sum per
/// weight in single precision. All cases but one stay below 1e-5.
const TOLERANCE: f32 = 2e-5;

fn options() -> TchOptions {
    TchOptions::default().with_device(Device::Cpu)
}

/// The base that an adapter's configuration names, among the tiny models.
fn base_of(adapter: &Path) -> PathBuf {
    let config = fs::read(adapter.join("adapter_config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    let name = config["base_model_name_or_path"].as_str().unwrap();
    let name = name.strip_prefix("somebody/").unwrap();
    golden::folder().join("families").join(name)
}

fn copy(from: &Path, to: &Path, names: &[&str]) {
    for name in names {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

#[test]
fn states_are_those_of_peft_after_merging() {
    let cases = cases(&golden::folder().join("adapters"));
    assert!(cases.len() >= 7);
    for case in cases {
        let adapter = case.folder().to_owned();
        let folder = ModelFolder::open(&adapter, Some(&base_of(&adapter))).unwrap();
        let mut backend = TchBackend::load_folder(&folder, &options())
            .unwrap_or_else(|e| panic!("{}: {e}", adapter.display()));
        case.within(TOLERANCE).check_all(&mut backend);
    }
}

#[test]
fn an_adapter_beside_its_base_is_merged_and_changes_the_hash() {
    let adapter = golden::folder().join("adapters/lora");
    let base = base_of(&adapter);
    let folder = tempfile::tempdir().unwrap();
    copy(&base, folder.path(), &["config.json", "model.safetensors"]);
    let plain = ModelFolder::open(folder.path(), None).unwrap();
    let without = plain.hash().unwrap();
    assert!(plain.adapter().is_none());
    let files = ["adapter_config.json", "adapter_model.safetensors"];
    copy(&adapter, folder.path(), &files);
    let merged = ModelFolder::open(folder.path(), None).unwrap();
    assert_ne!(merged.hash().unwrap(), without);
    let mut backend = TchBackend::load(folder.path(), &options()).unwrap();
    Case::read(adapter)
        .within(TOLERANCE)
        .check_all(&mut backend);
}

#[test]
fn an_adapter_alone_names_its_base_and_one_of_another_model_is_refused() {
    let adapter = golden::folder().join("adapters/lora");
    match ModelFolder::open(&adapter, None).unwrap_err() {
        ModelError::NoBase { base, .. } => assert_eq!(base.as_deref(), Some("somebody/llama")),
        error => panic!("{error}"),
    }
    let base = base_of(&adapter);
    let error = ModelFolder::open(&base, Some(&base)).unwrap_err();
    assert!(matches!(error, ModelError::NoAdapter { .. }), "{error}");
    let bert = golden::folder().join("families/bert");
    let folder = ModelFolder::open(&adapter, Some(&bert)).unwrap();
    let error = TchBackend::load_folder(&folder, &options()).err().unwrap();
    assert!(matches!(error, ModelError::AdapterUnused { .. }), "{error}");
}

#[test]
fn half_of_a_pair_of_matrices_is_named() {
    let adapter = golden::folder().join("adapters/lora");
    let folder = tempfile::tempdir().unwrap();
    copy(&adapter, folder.path(), &["adapter_config.json"]);
    let bytes = fs::read(adapter.join("adapter_model.safetensors")).unwrap();
    let stored = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut halves = stored.tensors();
    halves.retain(|(name, _)| name.contains("lora_A"));
    let file = folder.path().join("adapter_model.safetensors");
    safetensors::serialize_to_file(halves, None, &file).unwrap();
    let folder = ModelFolder::open(folder.path(), Some(&base_of(&adapter))).unwrap();
    let error = TchBackend::load_folder(&folder, &options()).err().unwrap();
    assert!(error.to_string().contains("lora_B.weight"), "{error}");
}

#[test]
fn other_kinds_of_adapters_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (config, name) in [
        (r#"{"peft_type": "PREFIX_TUNING"}"#, "PREFIX_TUNING"),
        (
            r#"{"peft_type": "LORA", "lora_alpha": 1, "target_parameters": ["x"]}"#,
            "target_parameters",
        ),
    ] {
        fs::write(folder.path().join("adapter_config.json"), config).unwrap();
        let error = ModelFolder::open(folder.path(), None)
            .unwrap_err()
            .to_string();
        assert!(error.contains(name), "{error}");
    }
}
