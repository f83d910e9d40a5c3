use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use llm_mri::{
    Binning, Corpus, CorpusOptions, Progress, ReducerKind, ReducerSpec, Scan, ScanBuilder,
    ScanError, Shard, Stage,
};

use crate::common::{builder, bytes, corpus, lasting};

#[test]
fn a_scan_is_the_same_in_memory_in_a_folder_and_opened_again() {
    let home = tempfile::tempdir().unwrap();
    let (a, b) = (home.path().join("a"), home.path().join("b"));
    let memory = builder(40).run().unwrap();
    memory.save(&a).unwrap();
    let stored = builder(40).out(&b).run().unwrap();
    assert_eq!(lasting(&a), lasting(&b));
    let opened = Scan::open(&b).unwrap();
    assert_eq!(opened.sections(), stored.sections());
    assert_eq!(opened.texts(), memory.texts());
    for (layer, points) in memory.embedding().unwrap().iter() {
        assert_eq!(opened.embedding().unwrap().get(layer), Some(points));
        let rows = memory.activations().get(layer).unwrap().load().unwrap();
        assert_eq!(
            opened.activations().get(layer).unwrap().load().unwrap(),
            rows
        );
    }
    for (layer, grid) in memory.grids().unwrap().iter() {
        assert_eq!(
            opened.grids().unwrap().get(layer).unwrap().cells(),
            grid.cells()
        );
    }
    assert!(matches!(memory.save(&a), Err(ScanError::OutExists { .. })));
}

#[test]
fn a_stopped_scan_is_gone_on_with() {
    let home = tempfile::tempdir().unwrap();
    let (whole, parts) = (home.path().join("whole"), home.path().join("parts"));
    builder(60).out(&whole).run().unwrap();
    let steps = AtomicUsize::new(0);
    let impatient = |_: Progress<'_>| steps.fetch_add(1, Ordering::Relaxed) < 1;
    assert!(builder(60).out(&parts).run_with(&impatient).is_err());
    assert!(
        !parts.join("manifest.json").exists(),
        "never taken for whole"
    );
    assert!(Scan::open(&parts).is_err());
    builder(60).out(&parts).run().unwrap();
    assert_eq!(lasting(&whole), lasting(&parts));
}

#[test]
fn other_maps_leave_the_recording_and_take_away_what_was_made_of_the_old_ones() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    builder(40).out(&out).run().unwrap();
    let before = bytes(&out);
    let svd = ReducerSpec {
        kind: ReducerKind::Svd,
        components: 3,
        ..ReducerSpec::default()
    };
    let scan = Scan::open(&out).unwrap().with_maps(&svd, &()).unwrap();
    scan.update(Stage::Maps, &()).unwrap();
    let after = bytes(&out);
    for (path, bytes) in &before {
        if path.starts_with("activations") {
            assert_eq!(after.get(path), Some(bytes));
        }
        let gone = ["grid", "figures"].iter().any(|s| path.starts_with(s));
        // Maps of three components have a graph of another kind.
        let other = path.starts_with("graph") && after.get(path) == Some(bytes);
        let stale = other || (gone && after.contains_key(path));
        assert!(!stale, "{} is stale", path.display());
    }
    let opened = Scan::open(&out).unwrap();
    assert_eq!(opened.maps().unwrap().section().spec.as_ref(), Some(&svd));
    assert!(opened.graph().is_none());
    assert!(matches!(
        opened.with_grid(Binning::default()),
        Err(ScanError::NotPlanar { components: 3 })
    ));
    // And back again: the bytes are those of the first scan.
    let scan = Scan::open(&out).unwrap();
    let scan = scan.with_maps(&ReducerSpec::default(), &()).unwrap();
    let scan = scan.with_grid(Binning::default()).unwrap();
    scan.update(Stage::Maps, &()).unwrap();
    let again = lasting(&out);
    for (path, bytes) in &before {
        if !path.ends_with("manifest.json") {
            assert_eq!(again.get(path), Some(bytes), "{}", path.display());
        }
    }
}

#[test]
fn folders_of_others_are_refused_and_only_replaced_when_asked() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.txt"), "years of work").unwrap();
    assert!(matches!(
        builder(20).out(&out).run(),
        Err(ScanError::OutExists { .. })
    ));
    assert_eq!(bytes(&out).len(), 1);
    builder(20).out(&out).replace(true).run().unwrap();
    assert!(out.join("thesis.txt").exists(), "what is not ours stays");
    // Another recording of the same folder.
    let refused = builder(22).out(&out).run();
    assert!(refused.is_err_and(|e| e.to_string().contains("corpus")));
    assert_eq!(Scan::open(&out).unwrap().labels().len(), 20);
    let none = builder(22).out(&out).replace(true).activations_only();
    none.run().unwrap();
    let scan = Scan::open(&out).unwrap();
    assert_eq!(
        (scan.labels().len(), scan.embedding().is_none()),
        (22, true)
    );
    assert!(
        !out.join("embedding").exists(),
        "maps of the old texts are gone"
    );
    assert!(!out.join("corpus.csv").exists());
}

/// Where nothing but the recording needs them, texts stay in their file: nobody can tell from the
/// folder.
#[test]
fn texts_left_in_their_file_are_recorded_alike() {
    let home = tempfile::tempdir().unwrap();
    let table = home.path().join("texts.csv");
    let rows = corpus(30);
    let mut csv = "text,label\n".to_owned();
    for (text, id) in rows.texts().iter().zip(rows.labels().row_categories()) {
        csv.push_str(&format!(
            "{text},{}\n",
            rows.labels().category_names()[*id as usize]
        ));
    }
    fs::write(&table, csv).unwrap();
    let record = |name: &str, builder: ScanBuilder| {
        let out = home.path().join(name);
        let scan = builder.out(&out).activations_only().run().unwrap();
        let mut manifest = scan.manifest().clone();
        manifest.sections.clear();
        let held = scan.texts().is_some();
        (held, manifest, lasting(&out))
    };
    for shard in [None, Shard::new(2, 3)] {
        let part = |builder: ScanBuilder| match shard {
            Some(shard) => builder.shard(shard),
            None => builder,
        };
        let name = |kind: &str| format!("{kind} {shard:?}");
        let read = Corpus::open(&table, &CorpusOptions::default()).unwrap();
        let (held, manifest, files) = record(&name("held"), part(builder(30).corpus(read)));
        assert!(held);
        let stored = record(&name("stored"), part(builder(30).data(&table)));
        assert_eq!(stored, (false, manifest, files));
    }
    assert!(builder(30).data(&table).run().unwrap().texts().is_some());
}

#[test]
fn recording_again_what_is_there_keeps_the_maps() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    builder(20).out(&out).run().unwrap();
    let before = lasting(&out);
    builder(20).out(&out).activations_only().run().unwrap();
    assert_eq!(lasting(&out), before);
    assert!(Scan::open(&out).unwrap().graph().is_some());
}

#[test]
fn impossible_options_are_refused_before_anything_is_written() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let many = ReducerSpec {
        components: 21,
        ..ReducerSpec::default()
    };
    let error = builder(20).out(&out).reduce(&many).run().err().unwrap();
    assert!(matches!(
        error,
        ScanError::TooManyComponents { components: 21, .. }
    ));
    assert!(matches!(
        builder(20).out(&out).grid(0).run(),
        Err(ScanError::Grid(_))
    ));
    assert!(matches!(
        Scan::builder().out(&out).run(),
        Err(ScanError::Incomplete { .. })
    ));
    assert!(!out.exists());
}

#[test]
fn damaged_folders_are_named() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    builder(20).out(&out).run().unwrap();
    let fresh = bytes(&out);
    let refused = |name: &str, content: &str| {
        fs::write(out.join(name), content).unwrap();
        let error = Scan::open(&out)
            .err()
            .unwrap_or_else(|| panic!("{name} passes"));
        fs::write(out.join(name), &fresh[std::path::Path::new(name)]).unwrap();
        error.to_string()
    };
    assert!(refused("corpus.csv", "text,label\nonly one,law\n").contains("corpus.csv"));
    assert!(refused("embedding/resid.01.npy", "nothing").contains("resid.01.npy"));
    let manifest = String::from_utf8(fresh[std::path::Path::new("manifest.json")].clone()).unwrap();
    let odd = manifest.replace("\"uniform:10\"", "\"hexagons\"");
    assert!(refused("manifest.json", &odd).contains("manifest.json"));
    assert!(refused("manifest.json", "{").contains("manifest.json"));
    Scan::open(&out).unwrap();
}
