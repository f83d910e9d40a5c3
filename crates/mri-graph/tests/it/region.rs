use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;

use mri_core::{Labels, Layer};
use mri_graph::{
    GraphError, RegionGraph, read_json, write_dot, write_edges_csv, write_gexf, write_graphml,
    write_json, write_nodes_csv,
};
use mri_grid::{Binning, Grid, GridStack};
use ndarray::Array2;
use proptest::prelude::*;

/// A stack of three layers of points and labels, from plain numbers.
fn stack(names: &[&str], ids: &[u32], coordinates: &[[i8; 6]]) -> GridStack {
    let names = names.iter().map(|&n| n.to_owned()).collect();
    let labels = Arc::new(Labels::new(names, ids.to_vec()).unwrap());
    let grids = (0..3)
        .map(|l| {
            let points = Array2::from_shape_fn((ids.len(), 2), |(i, j)| {
                f32::from(coordinates[i][2 * l + j])
            });
            (
                Layer::resid(l),
                Grid::new(points.view(), Binning::Uniform { side: 4 }).unwrap(),
            )
        })
        .collect();
    GridStack::new(labels, grids).unwrap()
}

const NAMES: [&str; 3] = ["law", "art", "war"];

fn texts() -> impl Strategy<Value = Vec<(u32, [i8; 6])>> {
    prop::collection::vec((0_u32..3, prop::array::uniform6(-3_i8..4)), 1..60)
}

proptest! {
    #[test]
    fn weights_are_the_texts_that_move(rows in texts()) {
        let (ids, coordinates): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let grids = stack(&NAMES, &ids, &coordinates);
        let graph = RegionGraph::co_activation(&grids);
        let g = graph.graph();
        // A brute-force twin: each transition counted by going through the texts.
        let mut expected: HashMap<(String, String, usize), u32> = HashMap::new();
        let all: Vec<_> = grids.iter().collect();
        for pair in all.windows(2) {
            for (i, &id) in ids.iter().enumerate() {
                let name = |(layer, grid): (Layer, &Grid)| {
                    let cell = grid.cell_of(i).unwrap();
                    format!("{}_{}_{}", layer.index, cell.x, cell.y)
                };
                *expected.entry((name(pair[0]), name(pair[1]), id as usize)).or_default() += 1;
            }
        }
        let mut found = HashMap::new();
        for edge in g.edge_indices() {
            let (source, target) = g.edge_endpoints(edge).unwrap();
            for (category, &weight) in g[edge].weights.iter().enumerate() {
                if weight > 0 {
                    found.insert((g[source].label(), g[target].label(), category), weight);
                }
            }
        }
        prop_assert_eq!(found, expected);
        // The law: between two layers a category's weights sum to its texts.
        for category in 0..3 {
            let view = graph.view(&[category]);
            for position in 0..2 {
                let sum: u32 = view
                    .edges()
                    .filter(|e| g[e.source].position == position)
                    .map(|e| e.weight)
                    .sum();
                prop_assert_eq!(sum as usize, graph.category_sizes()[category]);
            }
            for position in 0..3 {
                let sum: u32 =
                    view.nodes().filter(|(_, r, _)| r.position == position).map(|n| n.2).sum();
                prop_assert_eq!(sum as usize, graph.category_sizes()[category]);
            }
        }
    }

    #[test]
    fn a_composition_is_the_sum_of_its_categories(rows in texts()) {
        let (ids, coordinates): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let graph = RegionGraph::co_activation(&stack(&NAMES, &ids, &coordinates));
        let mut sum = HashMap::new();
        for category in [0, 2] {
            for edge in graph.view(&[category]).edges() {
                *sum.entry(edge.id).or_insert(0) += edge.weight;
            }
        }
        let both: HashMap<_, _> = graph.view(&[2, 0, 2, 9]).edges().map(|e| (e.id, e.weight)).collect();
        prop_assert_eq!(both, sum);
        let n: usize = graph.category_sizes().iter().sum();
        prop_assert_eq!(graph.view_all().n_texts(), n);
    }

    #[test]
    fn json_read_back_is_the_same_graph(rows in texts()) {
        let (ids, coordinates): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let graph = RegionGraph::co_activation(&stack(&HOSTILE, &ids, &coordinates));
        let mut bytes = Vec::new();
        write_json(&graph, &mut bytes).unwrap();
        prop_assert_eq!(read_json(bytes.as_slice()).unwrap(), graph);
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in texts()) {
        let describe = |rows: &[(u32, [i8; 6])]| {
            let (ids, coordinates): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
            let graph = RegionGraph::co_activation(&stack(&NAMES, &ids, &coordinates));
            let mut bytes = Vec::new();
            write_json(&graph, &mut bytes).unwrap();
            bytes
        };
        let mut turned = rows.clone();
        turned.reverse();
        prop_assert_eq!(describe(&rows), describe(&turned));
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
b = nx.node_link_graph(json.load(open(folder + "/graph.json")), edges="edges")
assert a.is_directed() and b.is_directed()
edges = lambda g: sorted((s, t, d["weight"]) for s, t, d in g.edges(data=True))
c = nx.read_gexf(folder + "/graph.gexf")
assert edges(a) == edges(b) == edges(c), "weights differ"
nodes = lambda g: sorted((n, d["layer"], d["x"], d["y"], d["texts"]) for n, d in g.nodes(data=True))
assert nodes(a) == nodes(b) == nodes(c), "nodes differ"
for i, name in enumerate(b.graph["categories"]):
    clean = name.replace("\x01", "\ufffd")
    per_category = lambda g, f: sorted((s, t, f(d)) for s, t, d in g.edges(data=True))
    left = per_category(a, lambda d: d["weight: " + clean])
    assert left == per_category(b, lambda d: d["weights"][name]), name
    assert left == per_category(c, lambda d: d["weight: " + clean]), name
for s, t, w in edges(a):
    print(s, t, w)
"#;

#[test]
fn networkx_reads_the_same_weights() {
    let python = std::env::var("MRI_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python)
        .args(["-c", "import networkx"])
        .output();
    if !has.is_ok_and(|output| output.status.success()) {
        println!("skipped: {python} has no networkx; set MRI_TEST_PYTHON to one that does");
        return;
    }
    let graph = hostile_graph();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| std::fs::File::create(folder.path().join(name)).unwrap();
    write_graphml(&graph, file("graph.graphml")).unwrap();
    write_json(&graph, file("graph.json")).unwrap();
    write_gexf(&graph, file("graph.gexf")).unwrap();
    let output = Command::new(&python)
        .arg("-c")
        .arg(READ)
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let g = graph.graph();
    let mut expected: Vec<String> = g
        .edge_indices()
        .map(|e| {
            let (source, target) = g.edge_endpoints(e).unwrap();
            format!(
                "{} {} {}",
                g[source].label(),
                g[target].label(),
                g[e].texts()
            )
        })
        .collect();
    let mut found: Vec<String> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
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
    assert_eq!(lines("texts="), graph.graph().node_count());
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
