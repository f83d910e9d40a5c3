use std::fs;
use std::path::Path;

use llm_mri::store::read_npy;
use llm_mri::{
    Distance, Init, Layer, Pooling, ProjectionSource, QualityOptions, ReducerKind, ReducerSpec,
    Scan, ScanError, Stage, Umap,
};
use mri_reduce::quality;

use crate::common::{builder, bytes, forget_checksums, program};

/// A recording of `n` texts in a folder, with maps, regions and pictures.
fn scanned(folder: &Path, n: usize) -> String {
    builder(n).out(folder).run().unwrap();
    folder.to_str().unwrap().to_owned()
}

fn reduce(args: &[&str]) -> String {
    let output = program([&["reduce"], args].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(args: &[&str]) -> String {
    let output = program([&["reduce"], args].concat());
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    said
}

/// Runs a command that the argument parser refuses, and gives what it says.
fn misused(args: &[&str]) -> String {
    let output = program([&["reduce"], args].concat());
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn spec(kind: ReducerKind, components: usize) -> ReducerSpec {
    ReducerSpec {
        kind,
        components,
        ..ReducerSpec::default()
    }
}

#[test]
fn many_rows_are_judged_by_some_that_lie_evenly_among_them() {
    let scan = builder(12_000).pooling(Pooling::Mean);
    let scan = scan.activations_only().run().unwrap();
    let scan = scan.with_maps(&spec(ReducerKind::Pca, 2), &()).unwrap();
    let options = QualityOptions {
        anchors: 50,
        ..QualityOptions::default()
    };
    let scan = scan.with_quality(&options, &()).unwrap();
    let maps = scan.maps().unwrap().section();
    // Five of every six rows: those after the five that fill ten thousand places.
    let some: Vec<usize> = (0..12_000).filter(|i| i % 6 != 5).collect();
    let labels = scan.labels().select(&some).unwrap();
    let mut measured = 0;
    for map in maps.layers.iter().filter(|map| !map.degenerate) {
        let rows = scan.activations().get(map.layer).unwrap().load().unwrap();
        let points = &scan
            .embedding()
            .unwrap()
            .get(map.layer)
            .unwrap()
            .coordinates;
        let [rows, points] = [&rows, points].map(|m| m.select(ndarray::Axis(0), &some));
        let (expected, _) =
            quality(rows.view(), points.view(), Some(&labels), &options, &()).unwrap();
        let found = map.quality.unwrap();
        assert_eq!((found.rows, found.neighbors), (10_000, 15));
        assert_eq!(found.measures, expected, "{}", map.layer);
        measured += 1;
    }
    assert!(measured > 0);
}

#[test]
fn other_maps_take_the_place_of_the_old_ones_and_of_what_was_made_of_them() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let out = scanned(&folder, 40);
    let recorded = bytes(&folder.join("activations"));
    let said = reduce(&[
        &out,
        "--reducer",
        "svd",
        "-k",
        "3",
        "--scaling",
        "center",
        "--threads",
        "1",
    ]);
    assert!(said.contains("maps by SVD"), "{said}");
    assert_eq!(bytes(&folder.join("activations")), recorded);
    for gone in ["grid", "figures", "graph/significance.csv"] {
        assert!(!folder.join(gone).exists(), "{gone} is not of these maps");
    }
    // Maps of three components have a graph of correlations instead.
    let edges = std::fs::read_to_string(folder.join("graph/edges.csv")).unwrap();
    assert!(
        edges.starts_with("source,target,layer,weight,p,q\n"),
        "{edges}"
    );
    let opened = Scan::open(&folder).unwrap();
    let maps = opened.maps().unwrap().section();
    let kept = maps.spec.as_ref().unwrap();
    assert_eq!((kept.kind, kept.components), (ReducerKind::Svd, 3));
    assert!(opened.regions().is_err());
    // The files are what the library makes of the same recording.
    let svd = ReducerSpec {
        scaling: Some("center".parse().unwrap()),
        ..spec(ReducerKind::Svd, 3)
    };
    let expected = builder(40).activations_only().run().unwrap();
    let expected = expected.with_maps(&svd, &()).unwrap();
    for (layer, points) in expected.embedding().unwrap().iter() {
        let file = folder.join(format!("embedding/{layer}.npy"));
        assert_eq!(read_npy(&file).unwrap(), points.coordinates, "{layer}");
    }
}

#[test]
fn options_of_umap_reach_it_and_are_kept_for_new_rows() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let builder = || builder(40).pooling(Pooling::Mean).activations_only();
    builder().out(&folder).run().unwrap();
    let out = folder.to_str().unwrap();
    let given = [
        ["--reducer", "umap"],
        ["--n-neighbors", "6"],
        ["--min-dist", "0.4"],
        ["--spread", "2"],
        ["--n-epochs", "30"],
        ["--metric", "cosine"],
        ["--init", "spectral"],
    ];
    reduce(&[&[out], given.concat().as_slice()].concat());
    let opened = Scan::open(&folder).unwrap();
    // The flags arrive where the fields of the same names do.
    let umap = Umap {
        n_neighbors: 6,
        min_dist: 0.4,
        spread: 2.0,
        n_epochs: Some(30),
        metric: Distance::Cosine,
        init: Init::Spectral,
        ..Umap::new(2, 0)
    };
    let expected = builder().run().unwrap();
    let expected = expected.with_reducer(&umap, 2, &()).unwrap();
    for (layer, points) in expected.embedding().unwrap().iter() {
        let kept = opened.embedding().unwrap().get(layer).unwrap();
        assert_eq!(kept.coordinates, points.coordinates, "{layer}");
        let rows = opened.activations().get(layer).unwrap().load().unwrap();
        let place = expected
            .embedding()
            .unwrap()
            .layers()
            .position(|l| l == layer);
        if let Some(projection) = &expected.projections()[place.unwrap()] {
            let placed = opened.transform(layer, rows.view(), &()).unwrap();
            assert_eq!(
                placed,
                projection.transform(rows.view()).unwrap(),
                "{layer}"
            );
        }
    }
    let plain = expected.with_reducer(&Umap::new(2, 0), 2, &()).unwrap();
    let layer = Layer::resid(2);
    let [plain, kept] = [&plain, &opened].map(|scan| scan.embedding().unwrap().get(layer));
    assert_ne!(plain, kept, "the options change the maps");
}

#[test]
fn sections_of_maps_without_options_are_read_as_before() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    scanned(&folder, 12);
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    // Default options are not written, so that the section is that of earlier versions.
    assert!(!manifest.contains("options"), "{manifest}");
    let opened = Scan::open(&folder).unwrap();
    let spec = opened.maps().unwrap().section().spec.clone();
    assert_eq!(spec, Some(ReducerSpec::default()));
}

#[test]
fn the_table_of_quality_has_a_line_per_layer_with_what_the_library_measures() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let out = scanned(&folder, 50);
    reduce(&[&out, "--quality-neighbors", "8"]);
    let opened = Scan::open(&folder).unwrap();
    let mut table = csv::Reader::from_path(folder.join("embedding/quality.csv")).unwrap();
    let header: Vec<String> = table.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(
        header[..4],
        ["layer", "rows", "neighbours", "trustworthiness"]
    );
    let lines: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let layers: Vec<Layer> = opened.activations().layers().collect();
    assert_eq!(lines.len(), layers.len());
    let options = QualityOptions {
        neighbors: 7,
        ..QualityOptions::default()
    };
    for (line, layer) in lines.iter().zip(layers) {
        assert_eq!(line[0], layer.to_string());
        let points = opened.embedding().unwrap().get(layer).unwrap();
        if points.degenerate {
            assert!(line.iter().skip(1).all(str::is_empty), "{line:?}");
            continue;
        }
        let rows = opened.activations().get(layer).unwrap().load().unwrap();
        let labels = Some(opened.labels().as_ref());
        let coordinates = points.coordinates.view();
        let (q, _) =
            llm_mri::reduce::quality(rows.view(), coordinates, labels, &options, &()).unwrap();
        let expected = [
            50.0,
            7.0,
            q.trustworthiness,
            q.continuity,
            q.recall,
            q.neighborhood_hit.unwrap(),
            q.triplet_accuracy,
            q.distance_correlation,
        ];
        let found: Vec<f64> = line.iter().skip(1).map(|v| v.parse().unwrap()).collect();
        assert_eq!(found, expected, "{layer}");
    }
    reduce(&[&out, "--no-quality", "--quiet"]);
    assert!(!folder.join("embedding/quality.csv").exists());
}

#[test]
fn quality_neighbors_count_the_text_itself_and_the_former_flag_does_not() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let out = scanned(&folder, 50);
    let table = || fs::read(folder.join("embedding/quality.csv")).unwrap();
    reduce(&[&out, "--neighbours", "7"]);
    let former = table();
    reduce(&[&out, "--quality-neighbors", "8"]);
    assert!(table() == former);
    reduce(&[&out]);
    let default = table();
    reduce(&[&out, "--quality-neighbors", "16"]);
    assert!(table() == default && default != former);
}

#[test]
fn chosen_layers_alone_are_reduced() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let out = scanned(&folder, 30);
    reduce(&[&out, "--layers", "2,resid.01"]);
    let opened = Scan::open(&folder).unwrap();
    let layers: Vec<Layer> = opened.embedding().unwrap().layers().collect();
    assert_eq!(layers, [Layer::resid(1), Layer::resid(2)]);
    assert!(!folder.join("embedding/resid.00.npy").exists());
    let said = refused(&[&out, "--layers", "1,77"]);
    assert!(
        said.contains("no layer resid.77; there are resid.00"),
        "{said}"
    );
    let layers: Vec<Layer> = Scan::open(&folder)
        .unwrap()
        .embedding()
        .unwrap()
        .layers()
        .collect();
    assert_eq!(layers.len(), 2, "a refusal leaves the maps as they are");
}

#[test]
fn new_rows_are_placed_to_the_bit_by_an_opened_scan() {
    let home = tempfile::tempdir().unwrap();
    for kind in ReducerKind::ALL {
        let folder = home.path().join(kind.name());
        let scan = builder(60).out(&folder).run().unwrap();
        let scan = scan.with_maps(&spec(kind, 2), &()).unwrap();
        scan.update(Stage::Maps, &()).unwrap();
        let opened = Scan::open(&folder).unwrap();
        let maps = &opened.maps().unwrap().section().layers;
        for (map, projection) in maps.iter().zip(scan.projections()) {
            let rows = scan.activations().get(map.layer).unwrap().load().unwrap();
            let new = rows.mapv(|v| v * 1.25 + 0.1);
            let placed = opened.transform(map.layer, new.view(), &()).unwrap();
            match projection {
                Some(projection) => {
                    let expected = projection.transform(new.view()).unwrap();
                    assert_eq!(placed, expected, "{kind}, {}", map.layer);
                }
                None => {
                    assert_eq!(map.projection, ProjectionSource::Point);
                    assert!(placed.iter().all(|&v| v == 0.0));
                }
            }
            let table = folder.join(format!("embedding/{}.projection.csv", map.layer));
            assert_eq!(table.exists(), map.projection == ProjectionSource::Table);
        }
    }
    let opened = Scan::open(home.path().join("pca")).unwrap();
    let e = opened.transform(Layer::resid(99), ndarray::Array2::zeros((1, 2)).view(), &());
    assert!(matches!(e, Err(ScanError::NoLayer { .. })));
}

#[test]
fn a_damaged_projection_is_an_error_that_names_the_file() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    scanned(&folder, 30);
    // Else the checksum tells of damage before the table is looked at.
    forget_checksums(&folder);
    let table = folder.join("embedding/resid.01.projection.csv");
    let whole = fs::read_to_string(&table).unwrap();
    assert!(whole.starts_with("offset,factor,PC1,PC2\n"), "{whole}");
    let cut: Vec<&str> = whole.lines().take(4).collect();
    for damaged in [
        cut.join("\n"),
        whole.replacen("0.", "x", 1),
        whole.replacen("0.", "inf", 1),
        String::new(),
    ] {
        fs::write(&table, damaged).unwrap();
        let e = Scan::open(&folder).err().unwrap();
        assert!(matches!(e, ScanError::BadFile { .. }), "{e}");
        assert!(e.to_string().contains("resid.01.projection.csv"), "{e}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let out = scanned(&folder, 12);
    let before = bytes(&folder);
    // What the command line cannot mean is answered with what it can.
    for (args, says) in [
        (&["--reducer", "pcs"][..], "pca, svd"),
        (&["--scaling", "huge"], "none, center"),
        (&["--components", "0"], "at least 1"),
        (&["--layers", "x.1"], "resid.NN"),
        (&["--threads", "0"], "at least 1"),
        (&["--neighbours", "0"], "at least 1"),
        (&["--quality-neighbors", "1"], "at least 2"),
        (
            &["--reducer", "umap", "--metric", "angle"],
            "euclidean, cosine",
        ),
        (&["--reducer", "umap", "--init", "random"], "pca, spectral"),
    ] {
        let said = misused(&[&[out.as_str()], args].concat());
        assert!(said.contains(says), "{args:?}: {said}");
    }
    for (args, says) in [
        (&["--components", "9"][..], "give at most 8"),
        (&["--min-dist", "0.2"], "only umap has this option"),
        (
            &["--reducer", "svd", "--metric", "cosine"],
            "metric = cosine",
        ),
        (
            &["--reducer", "umap", "--min-dist", "-1"],
            "from 0 to spread",
        ),
        (&["--reducer", "umap", "--n-neighbors", "1"], "at least 2"),
        (
            &["--reducer", "umap", "--spread", "inf"],
            "above 0 and finite",
        ),
    ] {
        let said = refused(&[&[out.as_str()], args].concat());
        assert!(said.contains(says), "{args:?}: {said}");
    }
    assert_eq!(bytes(&folder), before);
    refused(&[home.path().join("nowhere").to_str().unwrap()]);
}

#[test]
fn aligned_maps_are_one_frame_and_place_new_rows_after_they_were_opened() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let out = scanned(&folder, 40);
    for kind in [ReducerKind::Pca, ReducerKind::Umap, ReducerKind::Tsne] {
        let said = reduce(&[&out, "--reducer", kind.name(), "--align", "--no-quality"]);
        assert!(said.contains(", aligned to "), "{said}");
        let opened = Scan::open(&folder).unwrap();
        assert!(opened.caption().reducer.ends_with(", aligned"));
        let made = builder(40).run().unwrap();
        let aligned = ReducerSpec {
            align: true,
            ..spec(kind, 2)
        };
        let made = made.with_maps(&aligned, &()).unwrap();
        for (layer, map) in made.embedding().unwrap().iter() {
            let kept = opened.embedding().unwrap().get(layer).unwrap();
            assert_eq!(kept.coordinates, map.coordinates, "{kind} {layer}");
            let rows = made.activations().get(layer).unwrap().load().unwrap();
            let placed = |scan: &Scan| scan.transform(layer, rows.view(), &()).unwrap();
            assert_eq!(placed(&opened), placed(&made), "{kind} {layer}");
        }
        let own = builder(40).run().unwrap();
        let own = own.with_maps(&spec(kind, 2), &()).unwrap();
        let last = |scan: &Scan| {
            let (_, map) = scan.embedding().unwrap().iter().last().unwrap();
            map.coordinates.clone()
        };
        assert_ne!(last(&own), last(&made), "{kind}");
    }
}
