//! Models as people have them: what their files decide reaches the scan.

use std::fs;
use std::path::{Path, PathBuf};

use llm_mri::extract::ModelNote;
use llm_mri::{ModelSource, Pooling, Scan, ScanBuilder};

use crate::common::{corpus, program, write_tokenizer};

fn golden(name: &str) -> PathBuf {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mri-extract/tests/golden");
    goldens.join(name)
}

/// A tiny model with a tokenizer of words.
fn tiny(family: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(
            golden("families").join(family).join(name),
            folder.path().join(name),
        )
        .unwrap();
    }
    write_tokenizer(folder.path());
    folder
}

fn extract(model: &Path) -> ScanBuilder {
    let builder = Scan::builder().model(model).corpus(corpus(12));
    builder.threads(1).activations_only()
}

#[test]
fn a_folder_of_sentence_transformers_is_pooled_as_its_files_say() {
    let folder = tiny("bert");
    fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    let pooling = r#"{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#;
    fs::write(folder.path().join("1_Pooling/config.json"), pooling).unwrap();
    let length = r#"{"max_seq_length": 4}"#;
    fs::write(folder.path().join("sentence_bert_config.json"), length).unwrap();
    let scan = extract(folder.path()).run().unwrap();
    assert_eq!(scan.manifest().recording.pooling, Pooling::Mean);
    assert_eq!(scan.manifest().tokenizer.max_length, 4);
    let [ModelNote::Pooling { pooling, path }] = scan.notes() else {
        panic!("{:?}", scan.notes());
    };
    assert!(*pooling == Pooling::Mean && path.ends_with("1_Pooling/config.json"));
    let chosen = extract(folder.path()).pooling(Pooling::Last).max_length(9);
    let chosen = chosen.run().unwrap();
    assert_eq!(chosen.manifest().recording.pooling, Pooling::Last);
    assert_eq!(chosen.manifest().tokenizer.max_length, 9);
    assert!(chosen.notes().is_empty());
}

#[test]
fn an_adapter_is_run_on_the_base_that_is_named() {
    let base = tiny("llama");
    let plain = extract(base.path()).run().unwrap();
    let adapter = golden("adapters/lora");
    let source = ModelSource::parse(base.path().to_str().unwrap(), None).unwrap();
    let merged = extract(&adapter).base(source).run().unwrap();
    assert_ne!(merged.manifest().model.hash, plain.manifest().model.hash);
    assert_eq!(merged.model().name, "lora");
    assert!(matches!(merged.notes(), [ModelNote::Adapter { .. }]));
    let rows = |scan: &Scan, layer| {
        let layer = llm_mri::Layer::resid(layer);
        scan.activations().get(layer).unwrap().load().unwrap()
    };
    assert_eq!(rows(&merged, 0), rows(&plain, 0));
    assert_ne!(rows(&merged, 2), rows(&plain, 2));
}

#[test]
fn the_program_names_unknown_entries_once_and_the_remedy_for_half_precision() {
    let folder = tiny("llama");
    let config = folder.path().join("config.json");
    let text = fs::read_to_string(&config).unwrap();
    let (before, after) = text.split_at(text.find('{').unwrap() + 1);
    let edited = format!(r#"{before}"my_entry": 1, "auto_map": {{"AutoModel": "m.M"}},{after}"#);
    fs::write(&config, edited).unwrap();
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("t.csv");
    fs::write(&data, "text,label\nlaw court,a\nsalt,b\nlaw,a\nheat,b\n").unwrap();
    let run = |out: &str, more: &[&str]| {
        let out = home.path().join(out);
        let mut args = vec![
            "extract",
            "--threads",
            "1",
            "--model",
            folder.path().to_str().unwrap(),
        ];
        args.extend([
            "--data",
            data.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]);
        args.extend(more);
        program(&args)
    };
    let output = run("a", &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    let lines = said.lines().filter(|line| line.contains("my_entry"));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].contains("auto_map"), "{said}");
    let output = run("b", &["--base", folder.path().to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("adapter_config.json") && said.contains("--base"),
        "{said}"
    );
}
