//! The flags that say which model and which texts.

use std::fs;
use std::path::Path;
use std::process::Command;

use llm_mri::Scan;

use crate::common::{model, write_table};

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
    assert!(said.starts_with("7 texts"), "{said}");
    assert_eq!((few.texts, few.read), (7, 60));
}

#[test]
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
