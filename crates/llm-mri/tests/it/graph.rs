use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;

use llm_mri::graph::read_json;
use llm_mri::{
    Binning, CompareOptions, GraphOptions, Pooling, ReducerSpec, Scan, ScanError, Significance,
    Stage,
};

use crate::common::{builder, program};

type Row = HashMap<String, String>;

fn table(path: &Path) -> Vec<Row> {
    let mut csv = csv::Reader::from_path(path).unwrap();
    csv.deserialize().map(Result::unwrap).collect()
}

/// A kept scan of 60 texts that lies in `home/out`.
fn kept(home: &Path, components: usize) -> std::path::PathBuf {
    let out = home.join("out");
    let spec = ReducerSpec {
        components,
        ..ReducerSpec::default()
    };
    builder(60).grid(4).reduce(&spec).out(&out).run().unwrap();
    out
}

/// Runs a command that must succeed, and gives what it prints.
fn printed(args: &[&str]) -> String {
    let output = program(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_export_holds_the_same_graph() {
    let home = tempfile::tempdir().unwrap();
    let out = kept(home.path(), 2);
    let scan = Scan::open(&out).unwrap();
    let whole = scan.graph().unwrap();
    let read = read_json(File::open(out.join("graph/graph.json")).unwrap()).unwrap();
    assert_eq!(&read, whole);
    let edges = table(&out.join("graph/edges.csv"));
    assert_eq!(edges.len(), whole.graph().edge_count());
    for name in ["edges.parquet", "nodes.parquet"] {
        let bytes = fs::read(out.join("graph").join(name)).unwrap();
        assert!(
            bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"),
            "{name}"
        );
    }
    for (name, mark) in [
        ("graph.graphml", "<edge "),
        ("graph.gexf", "<edge "),
        ("graph.dot", " -> "),
    ] {
        let text = fs::read_to_string(out.join("graph").join(name)).unwrap();
        assert_eq!(text.matches(mark).count(), edges.len(), "{name}");
    }
    let roles = table(&out.join("graph/centrality.csv"));
    assert_eq!(roles.len(), whole.graph().node_count());
    let rank: f64 = roles
        .iter()
        .map(|r| r["page_rank"].parse::<f64>().unwrap())
        .sum();
    assert!((rank - 1.0).abs() < 1e-9);

    // Every region has its texts, and of those that are named each is in it.
    let grids = scan.grids().unwrap();
    let regions = table(&out.join("grid/regions.csv"));
    assert_eq!(regions.len(), roles.len());
    for row in &regions {
        let layer: llm_mri::Layer = row["layer"].parse().unwrap();
        let grid = grids.get(layer).unwrap();
        for text in row["typical"].split(' ') {
            let cell = grid.cell_of(text.parse().unwrap()).unwrap();
            assert_eq!(row["cell"], format!("{}_{cell}", layer.short_name()));
        }
    }
    let texts: usize = regions
        .iter()
        .map(|r| r["texts"].parse::<usize>().unwrap())
        .sum();
    assert_eq!(texts, 60 * scan.activations().len());
}

#[test]
fn significance_is_written_with_every_scan_and_as_the_library_gives_it() {
    let home = tempfile::tempdir().unwrap();
    let out = kept(home.path(), 2);
    let scan = Scan::open(&out).unwrap();
    let settings = Significance::default();
    let results = scan.significance([0, 1], &settings).unwrap();
    for (name, counted) in [
        (
            "grid",
            results.cells[0]
                .layers
                .iter()
                .map(|l| l.items.len() + 1)
                .sum::<usize>(),
        ),
        (
            "graph",
            results.edges[0]
                .layers
                .iter()
                .map(|l| l.items.len() + 1)
                .sum(),
        ),
    ] {
        let rows = table(&out.join(name).join("significance.csv"));
        assert_eq!(rows.len(), counted, "{name}");
        assert_eq!(
            (rows[0]["a"].as_str(), rows[0]["b"].as_str()),
            ("law", "food")
        );
    }
}

#[test]
fn tables_figures_and_report_show_the_same_tests() {
    let home = tempfile::tempdir().unwrap();
    let out = kept(home.path(), 2);
    let settings = Significance::default()
        .with_permutations(150)
        .with_resamples(40)
        .with_seed(7);
    let options = GraphOptions {
        significance: Some(settings.clone()),
        ..GraphOptions::default()
    };
    let scan = Scan::open(&out).unwrap();
    let scan = scan.with_graph_options(options).unwrap();
    scan.update(Stage::Grid, &()).unwrap();
    let results = scan.significance([0, 1], &settings).unwrap();
    let contrast = &results.contrasts[0];
    let cells = results.cells_of(contrast).unwrap();
    // What was handed to the pictures and the report is what they would find themselves.
    let read = |path: &str| fs::read_to_string(out.join(path)).unwrap();
    let alone = scan.difference(contrast).unwrap();
    assert!(read("figures/heatmaps.difference.svg") == alone.svg());
    assert!(read("report.html") == scan.report(&()).unwrap());
    assert!(read("report.html") == Scan::open(&out).unwrap().report(&()).unwrap());
    assert_eq!(
        settings.cells(scan.grids().unwrap(), contrast).unwrap(),
        cells
    );
    // And the table has the same numbers, cell by cell.
    let rows = table(&out.join("grid/significance.csv"));
    let mut items = 0;
    for layer in cells {
        let name = results.layers[layer.position].to_string();
        for verdict in &layer.items {
            let place = [
                name.clone(),
                verdict.item.x.to_string(),
                verdict.item.y.to_string(),
            ];
            let mut same = rows
                .iter()
                .filter(|row| ["layer", "x", "y"].map(|column| &row[column]) == place.each_ref());
            assert_eq!(same.next().unwrap()["q"].parse().ok(), verdict.q);
            items += 1;
        }
    }
    assert!(items > 10 && cells.iter().any(|layer| layer.q < 0.05));
    let other = settings.with_seed(8);
    assert!(other.cells(scan.grids().unwrap(), contrast).unwrap() != cells);
}

#[test]
fn filters_act_on_the_exports_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let out = kept(home.path(), 2);
    let path = out.to_str().unwrap();
    let cells = fs::read(out.join("grid/cells.csv")).unwrap();
    let before = Scan::open(&out).unwrap();
    let said = printed(&[
        "graph",
        path,
        "--categories",
        "food",
        "--min-weight",
        "3",
        "--layers",
        "1..2",
        "--permutations",
        "0",
    ]);
    assert!(said.contains("transitions"), "{said}");
    let edges = table(&out.join("graph/edges.csv"));
    let view = before.graph().unwrap().view(&[1]);
    let wanted = view
        .edges()
        .filter(|e| e.weight >= 3 && before.graph().unwrap().graph()[e.source].position == 1);
    assert_eq!(edges.len(), wanted.count());
    for edge in &edges {
        assert_eq!(edge["layer"], "1");
        assert!(edge["food"].parse::<u32>().unwrap() >= 3 && !edge.contains_key("law"));
    }
    assert_eq!(fs::read(out.join("grid/cells.csv")).unwrap(), cells);
    assert!(!out.join("grid/significance.csv").exists());
    assert!(!out.join("figures/graph.00-law.svg").exists());
    let scan = Scan::open(&out).unwrap();
    assert_eq!(scan.graph(), before.graph());
    assert_eq!(scan.graph_options().categories, ["food"]);

    // Without options everything is as the scan wrote it, and other regions are others.
    printed(&["graph", path, "-q"]);
    assert_eq!(
        table(&out.join("graph/edges.csv")).len(),
        before.graph().unwrap().graph().edge_count()
    );
    printed(&["graph", path, "-q", "--grid", "3", "--bins", "quantile"]);
    let scan = Scan::open(&out).unwrap();
    assert_eq!(
        scan.regions().unwrap().binning(),
        Binning::Quantile { side: 3 }
    );
}

#[test]
fn maps_of_other_components_give_graphs_of_correlations() {
    let home = tempfile::tempdir().unwrap();
    let out = kept(home.path(), 3);
    let path = out.to_str().unwrap();
    assert!(out.join("graph/graph.gexf").is_file());
    assert!(!out.join("grid").exists());
    let said = printed(&["graph", path, "--rho", "0"]);
    assert!(said.contains("over 60 texts"), "{said}");
    let scan = Scan::open(&out).unwrap();
    let options = scan.graph_options();
    let graph = scan.correlations(&[0, 1], options.threshold).unwrap();
    let edges = table(&out.join("graph/edges.csv"));
    assert_eq!(edges.len(), graph.graph().edge_count());
    assert!(!edges.is_empty());
    for category in ["00-law", "01-food"] {
        assert!(out.join(format!("graph/edges.{category}.csv")).is_file());
    }
    let json: serde_json::Value =
        serde_json::from_str(&printed(&["metrics", path, "-c", "law", "--json"])).unwrap();
    assert_eq!(json[0]["mean_strength_per_text"], serde_json::Value::Null);
}

#[test]
fn metrics_have_the_names_of_llm_mri_and_the_same_numbers_in_every_form() {
    const NAMES: [&str; 12] = [
        "mean_degree",
        "var_degree",
        "skew_degree",
        "kurt_degree",
        "mean_strength",
        "var_strength",
        "skew_strength",
        "kurt_strength",
        "assortativity",
        "density",
        "center_of_mass",
        "center_of_strength",
    ];
    let home = tempfile::tempdir().unwrap();
    let out = kept(home.path(), 2);
    let path = out.to_str().unwrap();
    let json: serde_json::Value =
        serde_json::from_str(&printed(&["metrics", path, "--json"])).unwrap();
    let objects = json.as_array().unwrap();
    let labels: Vec<_> = objects
        .iter()
        .map(|o| o["label"].as_str().unwrap())
        .collect();
    assert_eq!(labels, ["law", "food"]);
    let text = printed(&["metrics", path, "--csv"]);
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<Row> = csv.deserialize().map(Result::unwrap).collect();
    for (object, row) in objects.iter().zip(&rows) {
        assert_eq!(object["model_name"], row["model_name"]);
        assert_eq!(object["texts"], 30);
        for name in NAMES {
            let (a, b) = (&object[name], row[name].parse::<f64>().ok());
            assert!(!a.is_null() || b.is_none(), "{name}: {a} {b:?}");
            // serde_json reads numbers to the last but one digit.
            let near = |(a, b): (f64, f64)| (a - b).abs() <= 1e-12 * a.abs();
            assert!(a.as_f64().zip(b).is_none_or(near), "{name}: {a} {b:?}");
            assert_eq!(a.is_null(), b.is_none(), "{name}");
        }
        for side in ["even", "odd"] {
            assert!(object[side]["average_shortest_path"].as_f64().is_some());
        }
    }
    let said = printed(&["metrics", path, "-c", "food", "--together"]);
    assert!(said.starts_with("label"), "{said}");
    let both: serde_json::Value =
        serde_json::from_str(&printed(&["metrics", path, "--together", "--json"])).unwrap();
    assert_eq!(
        (&both[2]["label"], &both[2]["texts"]),
        (&"law + food".into(), &60.into())
    );
}

#[test]
fn a_scan_does_not_differ_from_itself_and_says_where_another_does() {
    let home = tempfile::tempdir().unwrap();
    let out = kept(home.path(), 2);
    let other = home.path().join("mean");
    let pooled = builder(60).grid(4).pooling(Pooling::Mean).out(&other);
    pooled.run().unwrap();
    let (a, b) = (Scan::open(&out).unwrap(), Scan::open(&other).unwrap());
    let same = a.compare(&a, &CompareOptions::default()).unwrap();
    for layer in &same.layers {
        if let Some(cka) = layer.cka {
            assert!((cka - 1.0).abs() < 1e-9);
            assert!(layer.procrustes.unwrap() < 1e-6);
            assert!((layer.regions.unwrap() - 1.0).abs() < 1e-9);
            assert_eq!(layer.moved, Some(0.0));
        }
    }
    assert!(same.layers.iter().any(|layer| layer.cka.is_some()));
    assert!(same.texts.iter().all(|text| text.moved == 0.0));

    let d = home.path().join("d");
    let said = printed(&[
        "diff",
        out.to_str().unwrap(),
        other.to_str().unwrap(),
        "--out",
        d.to_str().unwrap(),
    ]);
    assert!(said.contains("moved most"), "{said}");
    let texts = table(&d.join("texts.csv"));
    let moved: Vec<f64> = texts
        .iter()
        .map(|row| row["moved"].parse().unwrap())
        .collect();
    assert_eq!(moved.len(), 60);
    assert!(moved.is_sorted_by(|a, b| a >= b) && moved[0] > 0.0);
    let layers = table(&d.join("layers.csv"));
    assert_eq!(layers.len(), b.activations().len());
}

#[test]
fn scans_of_other_texts_are_not_compared() {
    let options = CompareOptions::default();
    let (a, b) = (builder(20).run().unwrap(), builder(22).run().unwrap());
    let error = a.compare(&b, &options).err().unwrap();
    assert!(matches!(error, ScanError::OtherTexts { .. }));
    assert!(error.to_string().contains("20 texts"), "{error}");
    let bare = builder(20).activations_only().run().unwrap();
    assert!(matches!(a.compare(&bare, &options), Err(ScanError::NoMaps)));
    let wide = CompareOptions {
        in_activations: true,
        ..options
    };
    assert!(a.compare(&bare, &wide).is_ok());
}

#[test]
fn settings_of_the_graph_are_checked_and_kept() {
    let home = tempfile::tempdir().unwrap();
    let out = kept(home.path(), 2);
    let scan = Scan::open(&out).unwrap();
    let wrong = GraphOptions {
        categories: vec!["lwa".to_owned()],
        ..GraphOptions::default()
    };
    let error = scan.with_graph_options(wrong).err().unwrap();
    assert!(error.to_string().contains("law, food"), "{error}");
    let scan = Scan::open(&out).unwrap();
    let options = GraphOptions {
        significance: None,
        ..GraphOptions::default()
    };
    let scan = scan.with_graph_options(options.clone()).unwrap();
    scan.update(Stage::Grid, &()).unwrap();
    assert_eq!(Scan::open(&out).unwrap().graph_options(), options);
}
