//! Layered layout against graphviz `dot`, on three graphs of the shapes of region graphs: crossings
//! and seconds in the same run.
//!
//! `cargo bench -p benches --bench layout`. Without `dot` (Debian package `graphviz`) only ours is
//! timed. With `MRI_KEEP=folder` the graphs are kept there in dot's language.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mri_core::SplitMix64;
use mri_render::{count_crossings, layered_layout};

/// Layers, nodes per layer, edges.
const SHAPES: [(usize, usize, usize); 3] = [(13, 90, 3_000), (49, 80, 13_000), (49, 290, 27_000)];
/// Runs of ours; the fastest counts. `dot` runs once.
const RUNS: usize = 3;
/// `dot` is stopped after this long; its speed is then at most what this gives.
const LIMIT: Duration = Duration::from_secs(400);

/// A layered graph: the layer of every node, and edges with weights.
struct Graph {
    layer: Vec<usize>,
    edges: Vec<(usize, usize, f64)>,
}

fn main() -> Result<()> {
    let version = Command::new("dot").arg("-V").output();
    let rival = version.is_ok();
    match version {
        Ok(output) => println!("{}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(_) => println!("SKIPPED: dot is not installed, so only ours is timed"),
    }
    let folder = tempfile::tempdir()?;
    let kept = std::env::var_os("MRI_KEEP");
    let folder = kept.as_deref().map_or(folder.path(), Path::new);
    for (layers, width, n_edges) in SHAPES {
        let graph = generate(layers, width, n_edges);
        let given: Vec<Vec<usize>> = by_layer(&graph, layers, |v| v as f64);
        let mut seconds = f64::INFINITY;
        let mut crossings = 0;
        for _ in 0..RUNS {
            let start = Instant::now();
            let layout = layered_layout(&graph.layer, &graph.edges);
            seconds = seconds.min(start.elapsed().as_secs_f64());
            let counted = count_crossings(&layout.order, &graph.layer, &graph.edges);
            ensure!(counted == layout.crossings, "a layout knows its crossings");
            crossings = counted;
        }
        println!(
            "{layers} x {width} nodes, {n_edges} edges: {} crossings as given; ours {crossings} in {seconds:.3} s",
            count_crossings(&given, &graph.layer, &graph.edges)
        );
        if !rival {
            continue;
        }
        let file = folder.join(format!("{layers}x{width}.gv"));
        fs::write(&file, in_dot(&graph, layers, width))?;
        let start = Instant::now();
        let Some(plain) = run_dot(&file)? else {
            println!(
                "  dot was stopped after {} s: more than {:.0} times ours",
                LIMIT.as_secs(),
                LIMIT.as_secs_f64() / seconds
            );
            continue;
        };
        let theirs = start.elapsed().as_secs_f64();
        let x = positions(&plain, graph.layer.len())?;
        let order = by_layer(&graph, layers, |v| x[v]);
        let dots = count_crossings(&order, &graph.layer, &graph.edges);
        println!(
            "  dot {dots} in {theirs:.3} s: {:.1} times ours, we have {:.1} % of its crossings",
            theirs / seconds,
            100.0 * crossings as f64 / dots as f64
        );
        ensure!(crossings <= dots, "more crossings than dot");
    }
    Ok(())
}

/// Nodes are random points of a square; an edge leads to the node of the next layer that is nearest
/// to a point near its source, as texts move between the regions of two maps. Weights count how
/// often an edge was drawn.
fn generate(layers: usize, width: usize, n_edges: usize) -> Graph {
    let mut random = SplitMix64::new(1);
    let mut uniform = move || random.next_f64();
    let points: Vec<[f64; 2]> = (0..layers * width)
        .map(|_| [uniform(), uniform()])
        .collect();
    let mut edges = std::collections::BTreeMap::new();
    for l in 0..layers - 1 {
        // What does not divide evenly goes to the last pairs.
        let until = n_edges * (l + 1) / (layers - 1);
        while edges.len() < until {
            let u = l * width + (uniform() * width as f64) as usize;
            let near = points[u].map(|at| at + 0.3 * (uniform() + uniform() - 1.0));
            let distance =
                |v: usize| (points[v][0] - near[0]).powi(2) + (points[v][1] - near[1]).powi(2);
            let next = (l + 1) * width..(l + 2) * width;
            if let Some(v) = next.min_by(|&a, &b| distance(a).total_cmp(&distance(b))) {
                *edges.entry((u, v)).or_insert(0.0) += 1.0;
            }
        }
    }
    Graph {
        layer: (0..layers * width).map(|v| v / width).collect(),
        edges: edges.into_iter().map(|((u, v), w)| (u, v, w)).collect(),
    }
}

/// The nodes of each layer, ascending by a value.
fn by_layer(graph: &Graph, layers: usize, value: impl Fn(usize) -> f64) -> Vec<Vec<usize>> {
    let mut order = vec![Vec::new(); layers];
    for (v, &l) in graph.layer.iter().enumerate() {
        order[l].push(v);
    }
    for nodes in &mut order {
        nodes.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
    }
    order
}

/// The graph in dot's language, its layers as ranks.
fn in_dot(graph: &Graph, layers: usize, width: usize) -> String {
    // Routing no edges saves dot most of its time: what is compared is order and position.
    let mut text = String::from("digraph {\nsplines=none;\nnode [shape=point];\n");
    for l in 0..layers {
        let names: Vec<String> = (l * width..(l + 1) * width)
            .map(|v| format!("n{v}"))
            .collect();
        let _ = writeln!(text, "{{rank=same; {}}}", names.join("; "));
    }
    for (u, v, weight) in &graph.edges {
        let _ = writeln!(text, "n{u} -> n{v} [weight={weight}];");
    }
    text.push_str("}\n");
    text
}

/// What `dot` prints; `None` if it took too long.
fn run_dot(file: &Path) -> Result<Option<String>> {
    let out = file.with_extension("plain");
    let mut child: Child = Command::new("dot")
        .arg("-Tplain")
        .arg("-o")
        .arg(&out)
        .arg(file)
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start dot")?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "dot failed: {status}");
            return Ok(Some(fs::read_to_string(out)?));
        }
        if start.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        sleep(Duration::from_millis(5));
    }
}

/// The x of every node from dot's plain format: `node n12 x y ...`.
fn positions(plain: &str, n: usize) -> Result<Vec<f64>> {
    let mut x = vec![f64::NAN; n];
    for line in plain.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["node", name, at, ..] = words[..] {
            let v: usize = name.trim_start_matches('n').parse()?;
            x[v] = at.parse()?;
        }
    }
    ensure!(x.iter().all(|at| at.is_finite()), "dot left out a node");
    Ok(x)
}
