use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use mri_core::{Embedding, Labels, Layer, Points};
use mri_graph::{
    CorrelationGraph, Filter, GraphError, GraphTable, RegionGraph, Threshold, read_json,
    write_correlation_json, write_dot, write_edges_csv, write_gexf, write_graphml, write_json,
    write_nodes_csv,
};
use ndarray::Array2;
use petgraph::visit::EdgeRef;
use proptest::prelude::*;

use crate::region::{stack, texts};

proptest! {
    #[test]
    fn json_read_back_is_the_same_graph(rows in texts()) {
        let (ids, coordinates): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let graph = RegionGraph::co_activation(&stack(&HOSTILE, &ids, &coordinates));
        let mut bytes = Vec::new();
        write_json(&graph, &mut bytes).unwrap();
        prop_assert_eq!(read_json(bytes.as_slice()).unwrap(), graph);
    }

    #[test]
    fn json_of_a_filtered_graph_read_back_is_the_same(
        rows in texts(), min_weight in 0_u32..4, first in 0_usize..3, last in 0_usize..3,
    ) {
        let (ids, coordinates): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let graph = RegionGraph::co_activation(&stack(&HOSTILE, &ids, &coordinates));
        let filter = Filter::default().with_min_weight(min_weight).with_layers(first..=last);
        let part = graph.view(&[0, 2]).extract(&filter);
        let mut bytes = Vec::new();
        write_json(&part, &mut bytes).unwrap();
        prop_assert_eq!(read_json(bytes.as_slice()).unwrap(), part);
    }
}

/// Names that break exports which do not escape.
const HOSTILE: [&str; 3] = ["a<b>&\"c\"", "comma, \"quote\"\nline", "\u{1}naïve 日本"];

fn hostile_graph() -> RegionGraph {
    let ids: Vec<u32> = (0..40).map(|i| i % 3).collect();
    let coordinates: Vec<[i8; 6]> = (0..40_i32)
        .map(|i| [i % 3, i % 5, i % 7, i % 2, i % 4, i % 6].map(|v| v as i8))
        .collect();
    RegionGraph::co_activation(&stack(&HOSTILE, &ids, &coordinates))
}

#[test]
fn the_csv_has_one_column_per_category() {
    let graph = hostile_graph();
    let mut bytes = Vec::new();
    write_edges_csv(&graph, &mut bytes).unwrap();
    let mut csv = csv::Reader::from_reader(bytes.as_slice());
    let header: Vec<_> = csv.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[..3], ["source", "target", "layer"]);
    assert_eq!(header[3..], HOSTILE);
    let mut sums = [0; 3];
    for record in csv.records() {
        let record = record.unwrap();
        assert!(record[0].starts_with(&format!("{}_", &record[2])));
        for (sum, weight) in sums.iter_mut().zip(record.iter().skip(3)) {
            *sum += weight.parse::<usize>().unwrap();
        }
    }
    // Two pairs of layers.
    assert_eq!(
        sums.to_vec(),
        graph
            .category_sizes()
            .iter()
            .map(|n| 2 * n)
            .collect::<Vec<_>>()
    );
}

/// Reads both files with networkx and prints `source target weight` and the sum per category.
const READ: &str = r#"
import json, sys
import networkx as nx
folder = sys.argv[1]
a = nx.read_graphml(folder + "/graph.graphml")
b = nx.node_link_graph(json.load(open(folder + "/graph.json")))
assert a.is_directed() and b.is_directed()
edges = lambda g: sorted((s, t, d["weight"]) for s, t, d in g.edges(data=True))
c = nx.read_gexf(folder + "/graph.gexf")
assert edges(a) == edges(b) == edges(c), "weights differ"
nodes = lambda g, x, y: sorted((n, d["layer"], d[x], d[y], d["texts"]) for n, d in g.nodes(data=True))
assert nodes(a, "cell_x", "cell_y") == nodes(b, "x", "y") == nodes(c, "cell_x", "cell_y"), "nodes differ"
# Where Gephi draws them: a column per layer, and no two nodes at one place.
places = {n: (d["x"], d["y"]) for n, d in a.nodes(data=True)}
assert len(set(places.values())) == len(places), "nodes lie on each other"
columns = {(d["layer"], d["x"]) for _, d in a.nodes(data=True)}
assert len(columns) == len({x for _, x in columns}) == len({l for l, _ in columns}), "layers mix"
for n, d in c.nodes(data=True):
    assert (d["viz"]["position"]["x"], d["viz"]["position"]["y"]) == places[n], "positions differ"
for i, name in enumerate(b.graph["categories"]):
    clean = name.replace("\x01", "\ufffd")
    per_category = lambda g, f: sorted((s, t, f(d)) for s, t, d in g.edges(data=True))
    left = per_category(a, lambda d: d["weight: " + clean])
    assert left == per_category(b, lambda d: d["weights"][name]), name
    assert left == per_category(c, lambda d: d["weight: " + clean]), name
for s, t, w in edges(a):
    print(s, t, w)
"#;

/// The python that reads our files back: `$MRI_TEST_PYTHON`, else `python3`.
fn python_with(modules: &str) -> String {
    let python = std::env::var("MRI_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python)
        .args(["-c", &format!("import {modules}")])
        .output();
    let has = import.is_ok_and(|output| output.status.success());
    assert!(
        has,
        "{python} has no {modules}; set MRI_TEST_PYTHON to one that does"
    );
    python
}

/// What a script prints of the files in a folder, line by line and sorted.
fn lines_of(python: &str, script: &str, folder: &Path) -> Vec<String> {
    let output = Command::new(python)
        .args(["-c", script])
        .arg(folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let printed = String::from_utf8_lossy(&output.stdout);
    let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// `source target weight` per edge, sorted.
fn edges_of(graph: &RegionGraph) -> Vec<String> {
    let g = graph.graph();
    let edges = g.edge_references().map(|e| {
        let (source, target) = (g[e.source()].label(), g[e.target()].label());
        format!("{source} {target} {}", e.weight().n_texts())
    });
    let mut lines: Vec<String> = edges.collect();
    lines.sort();
    lines
}

fn create(folder: &Path, name: &str) -> File {
    File::create(folder.join(name)).unwrap()
}

/// Writes the forms that networkx reads, but for JSON.
fn write_xml_forms(graph: impl Into<GraphTable>, folder: &Path) {
    let table: GraphTable = graph.into();
    write_graphml(table.clone(), create(folder, "graph.graphml")).unwrap();
    write_gexf(table, create(folder, "graph.gexf")).unwrap();
}

#[test]
fn nodes_are_drawn_where_the_layout_puts_them() {
    let graph = hostile_graph();
    let n = graph.graph().node_count();
    let across: Vec<f64> = (0..n).map(|i| i as f64 / 4.0).collect();
    let mut bytes = Vec::new();
    let table = GraphTable::from(&graph).with_layout(&across);
    write_graphml(table, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    // Upwards for Gephi, downwards in our figures.
    let last = format!("<data key=\"y\">{}</data>", -30.0 * across[n - 1]);
    assert!(text.contains(&last), "{last}");
}

#[test]
#[ignore = "needs Python with networkx: cargo xtask test"]
fn networkx_reads_the_same_weights() {
    let python = python_with("networkx");
    let graph = hostile_graph();
    let folder = tempfile::tempdir().unwrap();
    write_xml_forms(&graph, folder.path());
    write_json(&graph, create(folder.path(), "graph.json")).unwrap();
    assert_eq!(lines_of(&python, READ, folder.path()), edges_of(&graph));
}

/// The same file without an argument: networkx before 3.6 looks for the edges under another name.
#[test]
#[ignore = "needs Python with networkx 3.4: cargo xtask test"]
fn an_older_networkx_reads_the_same_weights() {
    let old = std::env::var_os("MRI_OLD_NETWORKX").expect("MRI_OLD_NETWORKX names its folder");
    let graph = hostile_graph();
    let folder = tempfile::tempdir().unwrap();
    write_json(&graph, create(folder.path(), "graph.json")).unwrap();
    let script = r#"
import json, sys
sys.path.insert(0, sys.argv[2])
import networkx as nx
assert nx.__version__ == "3.4.2", nx.__version__
graph = nx.node_link_graph(json.load(open(sys.argv[1] + "/graph.json")))
for s, t, d in graph.edges(data=True):
    print(s, t, d["weight"])
"#;
    let python = python_with("json");
    let output = Command::new(python)
        .args(["-c", script])
        .arg(folder.path())
        .arg(old)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let printed = String::from_utf8_lossy(&output.stdout);
    let mut lines: Vec<&str> = printed.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, edges_of(&graph));
}

/// Two layers of three components with spread, and correlations of either sign.
fn correlations() -> CorrelationGraph {
    let labels = Arc::new(Labels::from_names((0..30).map(|i| ["a", "b"][i % 2])).unwrap());
    let layer = |turn: usize| Points {
        coordinates: Array2::from_shape_fn((30, 3), |(i, j)| {
            let value = ((i * (j + 2) * 7 + turn * i * i) % 31) as f32;
            if turn == 1 { -value } else { value }
        }),
        components: vec![],
        degenerate: false,
    };
    let entries = vec![(Layer::resid(0), layer(0)), (Layer::resid(1), layer(1))];
    let embedding = Embedding::new(labels, entries).unwrap();
    CorrelationGraph::spearman(&embedding, &[], Threshold::AbsoluteRho(0.05)).unwrap()
}

const READ_CORRELATIONS: &str = r#"
import json, sys
import networkx as nx
folder = sys.argv[1]
b = nx.node_link_graph(json.load(open(folder + "/graph.json")))
edges = lambda g: sorted((s, t, d["weight"], d["p"], d["q"]) for s, t, d in g.edges(data=True))
nodes = lambda g: sorted((n, d["layer"], d["component"]) for n, d in g.nodes(data=True))
for g in (nx.read_graphml(folder + "/graph.graphml"), nx.read_gexf(folder + "/graph.gexf")):
    assert g.is_directed() and edges(g) == edges(b), "edges differ"
    assert nodes(g) == nodes(b), "nodes differ"
for s, t, d in b.edges(data=True):
    print(s, t, f"{d['weight']:.9f}")
"#;

#[test]
#[ignore = "needs Python with networkx: cargo xtask test"]
fn networkx_reads_the_same_correlations() {
    let python = python_with("networkx");
    let graph = correlations();
    let folder = tempfile::tempdir().unwrap();
    write_xml_forms(&graph, folder.path());
    write_correlation_json(&graph, create(folder.path(), "graph.json")).unwrap();
    let g = graph.graph();
    let edges = g.edge_references().map(|e| {
        let (source, target) = (g[e.source()].label(), g[e.target()].label());
        format!("{source} {target} {:.9}", e.weight().rho)
    });
    let mut expected: Vec<String> = edges.collect();
    expected.sort();
    assert!(expected.len() > 3 && g.edge_weights().any(|e| e.rho < 0.0));
    assert_eq!(
        lines_of(&python, READ_CORRELATIONS, folder.path()),
        expected
    );
}

/// Reads both tables in both forms with pandas, and prints the edges of the one in Parquet.
#[cfg(feature = "parquet")]
const READ_PARQUET: &str = r#"
import sys
import pandas as pd
folder = sys.argv[1]
for name in ("edges", "nodes"):
    a = pd.read_parquet(f"{folder}/{name}.parquet")
    b = pd.read_csv(f"{folder}/{name}.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(a, b, check_dtype=True)
edges = pd.read_parquet(folder + "/edges.parquet")
for row in edges.itertuples(index=False):
    print(row[0], row[1], sum(row[3:]))
"#;

#[cfg(feature = "parquet")]
#[test]
#[ignore = "needs Python with pandas and pyarrow: cargo xtask test"]
fn pandas_reads_the_same_tables_from_parquet_and_csv() {
    let python = python_with("pandas, pyarrow");
    let graph = hostile_graph();
    let folder = tempfile::tempdir().unwrap();
    let file = |name| create(folder.path(), name);
    write_edges_csv(&graph, file("edges.csv")).unwrap();
    write_nodes_csv(&graph, file("nodes.csv")).unwrap();
    mri_graph::write_edges_parquet(&graph, file("edges.parquet")).unwrap();
    mri_graph::write_nodes_parquet(&graph, file("nodes.parquet")).unwrap();
    assert_eq!(
        lines_of(&python, READ_PARQUET, folder.path()),
        edges_of(&graph)
    );
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_read_back_has_the_rows_that_were_written() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    let graph = hostile_graph();
    let mut bytes = Vec::new();
    mri_graph::write_edges_parquet(&graph, &mut bytes).unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let mut lines: Vec<String> = rows
        .map(|row| {
            let weight: i64 = (3..6).map(|c| row.get_long(c).unwrap()).sum();
            let ends = [0, 1].map(|c| row.get_string(c).unwrap().clone());
            format!("{} {} {weight}", ends[0], ends[1])
        })
        .collect();
    lines.sort();
    assert_eq!(lines, edges_of(&graph));
}

#[test]
fn a_category_called_as_a_column_keeps_its_own() {
    let names = ["layer", "art", "texts"];
    let ids: Vec<u32> = (0..9).map(|i| i % 3).collect();
    let coordinates: Vec<[i8; 6]> = (0..9).map(|i| [i % 2, 0, i % 3, 1, 0, i % 4]).collect();
    let graph = RegionGraph::co_activation(&stack(&names, &ids, &coordinates));
    let header = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    let (mut edges, mut nodes) = (Vec::new(), Vec::new());
    write_edges_csv(&graph, &mut edges).unwrap();
    write_nodes_csv(&graph, &mut nodes).unwrap();
    assert_eq!(
        header(&edges),
        "source,target,layer,weight: layer,art,texts"
    );
    assert_eq!(
        header(&nodes),
        "node,site,layer,x,y,texts,texts: layer,art,texts: texts"
    );
}

#[test]
fn json_that_lies_is_refused() {
    let mut bytes = Vec::new();
    write_json(&hostile_graph(), &mut bytes).unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let read = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut changed = whole.clone();
        change(&mut changed);
        read_json(changed.to_string().as_bytes()).unwrap_err()
    };
    type Change = fn(&mut serde_json::Value);
    let lies: [(&str, Change); 6] = [
        ("sizes", |g| g["graph"]["sizes"] = vec![1].into()),
        ("has 15 texts", |g| g["graph"]["sizes"][0] = 15.into()),
        ("unknown node", |g| g["edges"][0]["source"] = "9_9_9".into()),
        ("occurs twice", |g| g["edges"][1] = g["edges"][0].clone()),
        ("no layer", |g| g["nodes"][0]["layer"] = 7.into()),
        ("other categories", |g| {
            g["nodes"][0]["counts"] = serde_json::json!({});
        }),
    ];
    for (words, lie) in lies {
        let error = read(&lie);
        assert!(matches!(error, GraphError::Inconsistent { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let cut = &bytes[..bytes.len() / 2];
    assert!(matches!(read_json(cut).unwrap_err(), GraphError::Json(_)));
}

#[test]
fn the_node_table_and_dot_list_every_node_once() {
    let graph = hostile_graph();
    let mut bytes = Vec::new();
    write_nodes_csv(&graph, &mut bytes).unwrap();
    let mut csv = csv::Reader::from_reader(bytes.as_slice());
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), graph.graph().node_count());
    let texts: usize = records.iter().map(|r| r[5].parse::<usize>().unwrap()).sum();
    assert_eq!(texts, 3 * 40);

    let mut bytes = Vec::new();
    write_dot(&graph, &mut bytes).unwrap();
    let dot = String::from_utf8(bytes).unwrap();
    let lines = |mark: &str| dot.lines().filter(|line| line.contains(mark)).count();
    assert_eq!(lines("\"texts\"="), graph.graph().node_count());
    assert_eq!(lines(" -> "), graph.graph().edge_count());
    // A quote inside a name is escaped, so quotes that count come in pairs.
    for line in dot.lines() {
        assert_eq!(
            line.replace("\\\"", "").matches('"').count() % 2,
            0,
            "{line}"
        );
    }
}

/// A graph of `n` categories with three texts each, moving between four cells.
fn graph_of_categories(n: u32) -> RegionGraph {
    let names: Vec<String> = (0..n).map(|c| format!("label {c}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ids: Vec<u32> = (0..3 * n).map(|i| i % n).collect();
    let coordinates: Vec<[i8; 6]> = (0..3 * n)
        .map(|i| [i % 2, i % 3, i % 5, i % 2, i % 3, i % 4].map(|v| v as i8))
        .collect();
    RegionGraph::co_activation(&stack(&names, &ids, &coordinates))
}

#[test]
fn zeros_of_many_categories_are_left_out_and_nothing_else() {
    for (n, all) in [(30, true), (31, false)] {
        let graph = graph_of_categories(n);
        let nodes = graph.graph().node_weights();
        let entries: usize = nodes.map(|region| region.counts.iter().len()).sum();
        let edges = graph.graph().edge_weights();
        let weights: usize = edges.map(|edge| edge.weights.iter().len()).sum();
        let (entries, weights) = match all {
            true => (
                graph.graph().node_count() * n as usize,
                graph.graph().edge_count() * n as usize,
            ),
            false => (entries, weights),
        };
        let text = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = Vec::new();
            write(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        let dot = text(&|out| write_dot(&graph, out).unwrap());
        assert_eq!(dot.matches("\"texts: label").count(), entries);
        assert_eq!(dot.matches("\"weight: label").count(), weights);
        let json = text(&|out| write_json(&graph, out).unwrap());
        // Edges are listed twice, and each category is also named once in the head.
        let named = json.matches("\"label ").count();
        assert_eq!(named, entries + 2 * weights + n as usize);
        assert_eq!(read_json(json.as_bytes()).unwrap(), graph);
        let graphml = text(&|out| write_graphml(&graph, out).unwrap());
        // Columns of a node and of an edge that are not of a category.
        let others = graphml.matches("<key").count() - 2 * n as usize;
        assert!((6..12).contains(&others), "{others}");
        let csv = text(&|out| write_edges_csv(&graph, out).unwrap());
        let fields = csv.lines().map(|line| line.split(',').count());
        assert!(fields.into_iter().all(|fields| fields == 3 + n as usize));
    }
}
