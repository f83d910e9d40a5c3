use std::fs;
use std::path::Path;

use mri_core::conformance::BackendSuite;
use mri_core::{Backend, BackendError, Capture, Layer, Pooling, TokenBatch};
use mri_extract::{Device, ModelError, TchOptions, TorchScriptBackend};

use crate::families::Case;
use crate::golden;

fn options() -> TchOptions {
    TchOptions::default().with_device(Device::Cpu)
}

#[test]
fn states_are_those_of_the_module() {
    let folder = golden::folder().join("torchscript");
    let mut backend = TorchScriptBackend::load(&folder.join("tiny.pt"), &options()).unwrap();
    Case::read(folder).check_all(&mut backend);
    assert_eq!(BackendSuite::default().check(&mut backend), Ok(()));
}

/// Modules that `recipes/export_torchscript.py` made of the models of `tests/golden/families`:
/// `MRI_FRESH_TORCHSCRIPT` names a folder of them, each with the name of its case.
#[test]
#[ignore = "needs fresh goldens: cargo xtask fresh"]
fn fresh_modules_match_transformers() {
    let mut checked = 0;
    for entry in fs::read_dir(golden::fresh("MRI_FRESH_TORCHSCRIPT")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "pt") {
            let name = path.file_stem().unwrap();
            let mut backend = TorchScriptBackend::load(&path, &options()).unwrap();
            let mut case = Case::read(golden::folder().join("families").join(name));
            case.keep_residual_stream();
            case.check_all(&mut backend);
            checked += 1;
        }
    }
    assert!(checked > 0, "the folder holds no module");
}

#[test]
fn missing_and_foreign_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: &Path| TorchScriptBackend::load(path, &options()).err().unwrap();
    let module = folder.path().join("tiny.pt");
    assert!(matches!(error(&module), ModelError::MissingFile { .. }));
    fs::write(&module, b"no module at all").unwrap();
    let missing = error(&module);
    assert!(missing.to_string().contains("tiny.json"), "{missing}");
    let source = golden::folder().join("torchscript/tiny.json");
    let info = fs::read_to_string(source).unwrap();
    fs::write(folder.path().join("tiny.json"), &info).unwrap();
    assert!(matches!(error(&module), ModelError::Engine { .. }));
    let sites = info.replace("\"resid\"", "\"resid\", \"mlp_out\"");
    fs::write(folder.path().join("tiny.json"), sites).unwrap();
    assert!(matches!(error(&module), ModelError::BadConfig { .. }));
}

#[test]
fn a_module_that_breaks_the_contract_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let golden = golden::folder().join("torchscript");
    fs::copy(golden.join("tiny.pt"), folder.path().join("tiny.pt")).unwrap();
    let info = fs::read_to_string(golden.join("tiny.json")).unwrap();
    let info = info.replace("\"n_blocks\": 2", "\"n_blocks\": 3");
    fs::write(folder.path().join("tiny.json"), info).unwrap();
    let module = folder.path().join("tiny.pt");
    let mut backend = TorchScriptBackend::load(&module, &options()).unwrap();
    let capture = Capture {
        layers: vec![Layer::resid(0)],
        pooling: Pooling::First,
        final_norm: true,
    };
    let batch: TokenBatch = [[1_u32, 2].as_slice()].into_iter().collect();
    let error = backend.forward(&batch, &capture).unwrap_err();
    assert!(matches!(error, BackendError::Engine { .. }), "{error}");
    assert!(error.to_string().contains("[3, 1, 2, 16]"), "{error}");
}
