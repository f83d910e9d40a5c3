use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use llm_mri::store::{Damage, Manifest, StoreError};
use llm_mri::{ReducerSpec, Scan, ScanError, Source, Stage};

use crate::common::{builder, bytes, forget_checksums, lasting, program};

/// Flips the last bit of a file's middle byte.
fn flip(path: &Path) {
    let mut content = fs::read(path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(path, content).unwrap();
}

/// The line in which the program refuses.
fn refused(args: &[&str]) -> String {
    let output = program(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// What the program prints, whether it succeeds or not.
fn printed(args: &[&str]) -> (bool, String) {
    let output = program(args);
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), said)
}

/// One file of each kind with what makes it.
const FILES: [(&str, Source); 9] = [
    ("activations/resid.02.npy", Source::Recording),
    ("activations/labels.npy", Source::Recording),
    ("corpus.csv", Source::Texts),
    ("embedding/resid.01.npy", Source::Maps),
    ("embedding/resid.01.projection.csv", Source::Maps),
    ("grid/regions.csv", Source::Regions),
    ("graph/graph.json", Source::Regions),
    ("figures/graph.all.png", Source::Regions),
    ("report.html", Source::Report),
];

#[test]
fn every_file_has_a_checksum_whatever_wrote_it_last() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let check = |what: &str| {
        let mut files: BTreeSet<String> = bytes(&out)
            .into_keys()
            .map(|path| path.to_str().unwrap().to_owned())
            .collect();
        files.remove("manifest.json");
        let named: BTreeSet<String> = Manifest::read(&out).unwrap().files.into_keys().collect();
        assert_eq!(named, files, "{what}");
        let found = Scan::verify(&out, &()).unwrap();
        assert!(found.is_whole() && found.unknown.is_empty(), "{what}");
        assert_eq!(found.files, files.len(), "{what}");
    };
    let scan = builder(40).grid(4).out(&out).run().unwrap();
    check("scan");
    scan.update(Stage::Grid, &()).unwrap();
    check("update of the scan in memory");
    let folder = out.to_str().unwrap();
    for command in ["reduce", "graph", "report"] {
        assert!(printed(&[command, folder]).0);
        check(command);
    }
    assert!(printed(&["reduce", folder, "-k", "3"]).0);
    check("reduce to three components");
    builder(40).out(&out).activations_only().run().unwrap();
    check("extract");
    let copy = home.path().join("copy");
    Scan::open(&out).unwrap().save(&copy).unwrap();
    assert!(Scan::verify(&copy, &()).unwrap().is_whole());
    // A report elsewhere is none of the folder's files.
    let before = bytes(&out);
    builder(40)
        .run()
        .unwrap()
        .save_report(out.join("report.html"), &())
        .unwrap();
    assert!(Scan::verify(&out, &()).unwrap().unknown == ["report.html"]);
    fs::remove_file(out.join("report.html")).unwrap();
    assert!(bytes(&out) == before);
}

#[test]
fn damage_is_named_with_its_kind_and_what_is_derived_is_made_again() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let folder = out.to_str().unwrap();
    builder(40).grid(4).out(&out).run().unwrap();
    assert!(printed(&["reduce", folder, "--reducer", "svd", "--layers", "0,1,3"]).0);
    assert!(printed(&["graph", folder, "--grid", "5", "--permutations", "50"]).0);
    let whole = lasting(&out);
    let manifest = fs::read(out.join("manifest.json")).unwrap();
    for (name, source) in FILES {
        let path = out.join(name);
        flip(&path);
        let found = Scan::verify(&out, &()).unwrap();
        assert_eq!(found.damaged, [(name.to_owned(), Damage::Contents)]);
        assert_eq!(Source::of(name), source);
        let (ok, said) = printed(&["verify", folder]);
        assert!(
            !ok && said.contains(name) && said.contains("other contents"),
            "{said}"
        );
        let damaged = bytes(&out);
        let (ok, said) = printed(&["verify", folder, "--repair"]);
        let derived = !matches!(source, Source::Recording | Source::Texts);
        assert_eq!(ok, derived, "{name}: {said}");
        if derived {
            // Maps and regions are made again bit by bit; in the report, shares of variance that
            // were not read from the manifest may differ in their last digit.
            let made = lasting(&out);
            let is_exact =
                |file: &&PathBuf| source != Source::Maps || !file.ends_with("report.html");
            let files = whole.keys().filter(is_exact);
            let differ = files.filter(|file| made.get(*file) != whole.get(*file));
            let differ: Vec<_> = differ.collect();
            assert!(differ.is_empty(), "{name}: {differ:?}");
            assert!(Scan::verify(&out, &()).unwrap().is_whole(), "{name}");
            fs::write(out.join("manifest.json"), &manifest).unwrap();
            fs::write(out.join("report.html"), &whole[Path::new("report.html")]).unwrap();
        } else {
            assert!(bytes(&out) == damaged, "{name}: nothing else is touched");
            assert!(
                said.contains("--force") || said.contains("llm-mri scan"),
                "{said}"
            );
        }
        fs::write(&path, &whole[Path::new(name)]).unwrap();
        fs::remove_file(&path).unwrap();
        let found = Scan::verify(&out, &()).unwrap();
        assert_eq!(found.damaged, [(name.to_owned(), Damage::Missing)]);
        fs::write(&path, &whole[Path::new(name)]).unwrap();
    }
    fs::write(out.join("grid/notes.txt"), "mine").unwrap();
    let (ok, said) = printed(&["verify", folder]);
    assert!(
        ok && said.contains("grid/notes.txt: none of the scan's"),
        "{said}"
    );
}

#[test]
fn the_same_command_records_again_what_is_damaged_and_keeps_the_rest() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let again = |replace| builder(40).grid(4).out(&out).replace(replace).run();
    again(false).unwrap();
    let whole = lasting(&out);
    for name in [
        "activations/resid.02.npy",
        "activations/labels.npy",
        "manifest.json",
    ] {
        if name == "manifest.json" {
            let path = out.join(name);
            let text = fs::read_to_string(&path).unwrap();
            let edited = text.replacen("\"dropped\": 0", "\"dropped\": 1", 1);
            assert_ne!(edited, text);
            fs::write(path, edited).unwrap();
        } else {
            flip(&out.join(name));
        }
        let refused = again(false).map(drop);
        let said = refused.unwrap_err().to_string();
        assert!(said.contains(name), "{said}");
        let kept = out.join("activations/resid.00.npy");
        let before = fs::metadata(&kept).unwrap().modified().unwrap();
        again(true).unwrap();
        assert!(lasting(&out) == whole, "{name}");
        let after = fs::metadata(&kept).unwrap().modified().unwrap();
        assert!(before == after, "{name}: other matrices are kept");
        assert!(Scan::verify(&out, &()).unwrap().is_whole());
    }
    // Texts and all that is derived are written again in any case.
    for (name, source) in FILES {
        if source != Source::Recording {
            flip(&out.join(name));
        }
    }
    again(false).unwrap();
    assert!(lasting(&out) == whole);
}

#[test]
fn other_maps_replace_damaged_ones() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let folder = out.to_str().unwrap();
    builder(40).grid(4).out(&out).run().unwrap();
    flip(&out.join("embedding/resid.01.npy"));
    for args in [
        vec!["metrics", folder],
        vec!["graph", folder],
        vec!["report", folder],
    ] {
        let said = refused(&args);
        assert!(said.contains("embedding/resid.01.npy: damaged"), "{said}");
        assert!(said.contains("llm-mri reduce"), "{said}");
    }
    assert!(printed(&["reduce", folder, "--no-quality"]).0);
    assert!(Scan::verify(&out, &()).unwrap().is_whole());

    // The matrices are compared when their rows are read.
    flip(&out.join("activations/resid.02.npy"));
    assert!(printed(&["metrics", folder]).0);
    for args in [vec!["reduce", folder], vec!["diff", folder, folder]] {
        let said = refused(&args);
        assert!(said.contains("activations/resid.02.npy: damaged"), "{said}");
        assert!(said.contains("--force"), "{said}");
    }
    let scan = Scan::open(&out).unwrap();
    assert!(scan.with_maps(&ReducerSpec::default(), &()).is_err());
    let scan = Scan::open(&out).unwrap();
    let compared = scan.compare(&scan, &Default::default());
    let damaged = compared.err();
    assert!(matches!(
        damaged,
        Some(ScanError::Store(StoreError::Damaged { .. }))
    ));
}

#[test]
fn folders_of_versions_without_checksums_open_with_the_texts_that_were_recorded() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    builder(40).grid(4).out(&out).run().unwrap();
    forget_checksums(&out);
    let found = Scan::verify(&out, &()).unwrap();
    assert!(found.is_whole() && found.files == 0);
    let (ok, said) = printed(&["verify", out.to_str().unwrap()]);
    assert!(ok && said.contains("without checksums"), "{said}");
    // Two rows exchanged.
    let texts = out.join("corpus.csv");
    let table = fs::read_to_string(&texts).unwrap();
    let mut lines: Vec<&str> = table.lines().collect();
    lines.swap(3, 5);
    assert_ne!(lines[3], lines[5]);
    fs::write(&texts, lines.join("\n") + "\n").unwrap();
    let Err(ScanError::BadFile { path, problem }) = Scan::open(&out) else {
        panic!("not the texts that were recorded");
    };
    assert!(path == texts && problem.contains("hash"), "{problem}");
}
