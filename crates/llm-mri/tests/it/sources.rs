//! The flags that say which model and which texts.

use std::fs;
use std::path::Path;
use std::process::Command;

use llm_mri::extract::record;
use llm_mri::{Backend, RecordOptions, Scan, TchOptions, TextTokenizer, TorchScriptBackend};

use crate::common::{corpus, model, write_table, write_tokenizer};

/// Runs `extract` with the hub's variables set to a cache that nobody may fill; standard output, or
/// standard error of a run that failed.
fn extract(
    hub: &Path,
    model: &str,
    data: &Path,
    out: &Path,
    more: &[&str],
) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_llm-mri"))
        .args(["extract", "--threads", "1", "--model", model])
        .arg("--data")
        .arg(data)
        .arg("--out")
        .arg(out)
        .args(more)
        .env("HF_HOME", hub)
        .env("HF_HUB_OFFLINE", "1")
        .env_remove("HF_HUB_CACHE")
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn samples_are_drawn_by_seed_and_said() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("t.csv");
    write_table(&data, 60);
    let folder = model();
    let texts = |out: &str, more: &[&str]| {
        let out = home.path().join(out);
        let said = extract(home.path(), folder.to_str().unwrap(), &data, &out, more).unwrap();
        let scan = Scan::open(&out).unwrap();
        (said, scan.manifest().corpus.clone())
    };
    let (said, some) = texts("a", &["--per-class", "3", "--sample-seed", "5"]);
    assert!(
        said.contains("a random sample of 60 texts, seed 5"),
        "{said}"
    );
    assert!(some.counts.iter().all(|&n| n == 3), "{some:?}");
    let (_, again) = texts("b", &["--per-class", "3", "--sample-seed", "5"]);
    assert_eq!(some.hash, again.hash);
    let (_, other) = texts("c", &["--per-class", "3", "--sample-seed", "6"]);
    assert_ne!(some.hash, other.hash);
    let (said, few) = texts("d", &["--limit", "7"]);
    assert!(said.contains("60 rows read, 7 texts"), "{said}");
    assert_eq!((few.texts, few.read), (7, 60));
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn a_model_of_the_hub_is_taken_from_the_cache() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("t.csv");
    write_table(&data, 4);
    let run =
        |id: &str, more: &[&str]| extract(home.path(), id, &data, &home.path().join("out"), more);
    let said = run("org/mini", &[]).unwrap_err();
    assert!(
        said.contains("org/mini") && said.contains("HF_HUB_OFFLINE"),
        "{said}"
    );
    let commit = "89abcdef0123456789abcdef0123456789abcdef";
    let cached = home.path().join("hub/models--org--mini");
    let snapshot = cached.join("snapshots").join(commit);
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir_all(cached.join("refs")).unwrap();
    fs::write(cached.join("refs/main"), commit).unwrap();
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(model().join(file), snapshot.join(file)).unwrap();
    }
    let said = run("org/mini", &[]).unwrap();
    assert!(said.contains("org/mini: 7 layers"), "{said}");
    assert!(run("org/mini", &["--revision", commit]).is_ok());
    let said = run("org/mini", &["--revision", "v2"]).unwrap_err();
    assert!(said.contains("revision v2"), "{said}");
    let said = run("./nowhere", &["--revision", "v2"]).unwrap_err();
    assert!(said.contains("--revision"), "{said}");
}

/// A module of `golden/torchscript.py` in place of a model.
#[test]
fn a_torchscript_module_is_run_with_its_own_tokenizer_or_one_that_is_named() {
    let home = tempfile::tempdir().unwrap();
    let golden =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../mri-extract/tests/golden/torchscript");
    let [modules, words] = ["modules", "words"].map(|name| home.path().join(name));
    for folder in [&modules, &words] {
        fs::create_dir(folder).unwrap();
        write_tokenizer(folder);
    }
    let module = modules.join("tiny.pt");
    for name in ["tiny.pt", "tiny.json"] {
        fs::copy(golden.join(name), modules.join(name)).unwrap();
    }
    let table = home.path().join("t.csv");
    let corpus = corpus(24);
    let rows = corpus.texts().iter().zip(corpus.labels().row_categories());
    let rows: String = rows.map(|(text, id)| format!("{text},{id}\n")).collect();
    fs::write(&table, format!("text,label\n{rows}")).unwrap();
    let run = |command: &str, out: &str, more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_llm-mri"))
            .args([command, "--threads", "1", "--data", table.to_str().unwrap()])
            .arg("--out")
            .arg(home.path().join(out))
            .args(more)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        output.status.success().then_some(()).ok_or(said)
    };
    let module = module.to_str().unwrap();
    run(
        "scan",
        "scan",
        &["--engine", "torchscript", "--module", module],
    )
    .unwrap();
    let scan = Scan::open(home.path().join("scan")).unwrap();
    assert_eq!(scan.activations().layers().count(), 3);
    assert_eq!(scan.manifest().recording.engine["engine"], "torchscript");
    assert!(scan.graph().is_some());
    // The flag for the engine goes without saying, and what is recorded is what the library gives.
    fs::remove_file(modules.join("tokenizer.json")).unwrap();
    let named = ["--module", module, "--model", words.to_str().unwrap()];
    run("extract", "extract", &named).unwrap();
    let mut backend = TorchScriptBackend::load(module.as_ref(), &TchOptions::default()).unwrap();
    let tokenizer = TextTokenizer::open(&words, backend.model(), None).unwrap();
    let expected = record(
        &mut backend,
        &tokenizer.encode(corpus.texts()).unwrap().tokens,
        corpus.labels(),
        &RecordOptions::default(),
        &(),
    )
    .unwrap();
    for name in ["scan", "extract"] {
        let found = Scan::open(home.path().join(name)).unwrap();
        for (layer, rows) in expected.activations.iter() {
            let found = found.activations().get(layer).unwrap();
            assert_eq!(found.load().unwrap(), rows.load().unwrap());
        }
    }
    for (more, remedy) in [
        (&["--engine", "torchscript"][..], "--module"),
        (
            &["--engine", "torchscript", "--model", "x"],
            "--module FILE",
        ),
        (
            &["--engine", "libtorch", "--module", module],
            "--engine torchscript",
        ),
        (&["--module", module, "--dtype", "bf16"], "--dtype bf16"),
        (&["--module", module, "--revision", "main"], "--revision"),
        (&["--module", module], "tokenizer.json"),
        (&["--module", "none.pt"], "none.pt"),
        (&["--engine", "onnx", "--model", "x"], "torchscript"),
        (&[], "--model"),
    ] {
        let said = run("extract", "never", more).unwrap_err();
        assert!(said.contains(remedy), "{more:?}: {said}");
        assert!(!home.path().join("never").exists());
    }
}
