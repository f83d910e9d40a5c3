use mri_graph::{LayeredDigraph, Metrics, betweenness, louvain_communities, modularity, page_rank};
use serde_json::Value;

/// Agreement asked for, relative to the larger of the two numbers.
const TOLERANCE: f64 = 1e-9;
/// Below this, both count as zero: differences of numbers of order 1 leave such rests.
const ZERO: f64 = 1e-12;

/// Compares every number in `wanted` with the one of the same name in `got`.
fn assert_same(path: &str, wanted: &Value, got: &Value) {
    match (wanted, got) {
        (Value::Object(fields), _) => {
            for (name, value) in fields {
                assert_same(&format!("{path}.{name}"), value, &got[name]);
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len(), "{path}");
            for (i, (a, b)) in items.iter().zip(others).enumerate() {
                assert_same(&format!("{path}[{i}]"), a, b);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            let bound = TOLERANCE * a.abs().max(b.abs()) + ZERO;
            assert!((a - b).abs() <= bound, "{path}: wanted {a}, got {b}");
        }
        _ => assert_eq!(wanted, got, "{path}"),
    }
}

fn golden() -> Vec<(String, LayeredDigraph, Value)> {
    let text = include_str!("../golden/metrics.json");
    let all: Vec<Value> = serde_json::from_str(text).unwrap();
    all.into_iter()
        .enumerate()
        .map(|(i, case)| {
            let layers = serde_json::from_value(case["layers"].clone()).unwrap();
            let edges = serde_json::from_value(case["edges"].clone()).unwrap();
            let n_layers = case["n_layers"].as_u64().unwrap() as usize;
            let graph = LayeredDigraph::new(n_layers, layers, edges).unwrap();
            (format!("{} {i}", case["shape"]), graph, case)
        })
        .collect()
}

#[test]
fn metrics_equal_networkx_and_pandas() {
    let cases = golden();
    assert!(cases.len() >= 30);
    for (name, graph, case) in cases {
        let metrics = serde_json::to_value(Metrics::of(&graph)).unwrap();
        assert_same(&name, &case["metrics"], &metrics);
    }
}

#[test]
fn centralities_equal_networkx() {
    for (name, graph, case) in golden() {
        let got = serde_json::to_value(betweenness(&graph)).unwrap();
        assert_same(&format!("{name} betweenness"), &case["betweenness"], &got);
        let got = serde_json::to_value(page_rank(&graph, 0.85)).unwrap();
        assert_same(&format!("{name} page rank"), &case["page_rank"], &got);
    }
}

#[test]
fn modularity_equals_networkx_and_communities_are_as_good() {
    let (mut ours, mut theirs) = (0.0, 0.0);
    for (name, graph, case) in golden() {
        let split: Vec<usize> = serde_json::from_value(case["split"].clone()).unwrap();
        let got = modularity(&graph, &split);
        assert_same(&name, &case["modularity"], &got.into());
        let found = louvain_communities(&graph);
        assert_eq!(found.modularity, modularity(&graph, &found.membership));
        // Louvain is a heuristic: single graphs may end in another optimum.
        let reference = case["louvain"].as_f64().unwrap();
        assert!(found.modularity > reference - 0.05, "{name}");
        ours += found.modularity;
        theirs += reference;
    }
    assert!(ours > theirs * 0.99, "{ours} against {theirs}");
}

#[test]
fn the_smallest_graphs_are_measured() {
    let empty = LayeredDigraph::new(0, vec![], vec![]).unwrap();
    let metrics = Metrics::of(&empty);
    assert_eq!((metrics.nodes, metrics.mean_degree), (0, None));
    assert!(page_rank(&empty, 0.85).is_empty() && betweenness(&empty).is_empty());
    assert!(louvain_communities(&empty).membership.is_empty());

    let one = LayeredDigraph::new(1, vec![0], vec![]).unwrap();
    let metrics = Metrics::of(&one);
    assert_eq!(metrics.center_of_mass, Some(0.0));
    assert_eq!(metrics.center_of_strength, None);
    assert_eq!(metrics.mean_strength_per_text, None);
    assert_eq!(page_rank(&one, 0.85), [1.0]);
}
