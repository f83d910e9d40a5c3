//! Grid, graph, metrics, exports and permutations at the size of a large scan: 63,000 texts,
//! 7 layers, 20 x 20 cells, 8 categories.
//!
//! `MRI_RIVAL_PYTHON=python cargo bench -p benches --bench graph` also times networkx and pandas on
//! the same points (`rivals/graph.py`) in the same run and prints the ratios.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use mri_core::{Embedding, Labels, Layer, Points, SplitMix64};
use mri_graph::{
    Contrast, Metrics, RegionGraph, Significance, write_edges_csv, write_gexf, write_graphml,
    write_json, write_nodes_csv,
};
use mri_grid::{Binning, grid_stack};
use ndarray::Array2;

const TEXTS: usize = 63_000;
const LAYERS: usize = 7;
const SIDE: usize = 20;
const CATEGORIES: usize = 8;
/// Runs per stage; the fastest counts.
const RUNS: usize = 3;

fn main() -> Result<()> {
    let embedding = points()?;
    println!("{TEXTS} texts x {LAYERS} layers x {SIDE} x {SIDE} cells x {CATEGORIES} categories");

    let (grids, t_grid) = timed(|| grid_stack(&embedding, Binning::Uniform { side: SIDE }))?;
    let (graph, t_graph) = timed(|| anyhow::Ok(RegionGraph::co_activation(&grids)))?;
    println!(
        "  graph of {} regions and {} edges",
        graph.graph().node_count(),
        graph.graph().edge_count()
    );
    let (exports, t_export) = timed(|| export(&graph))?;
    // The whole graph and each category.
    let mut views: Vec<Vec<usize>> = (0..CATEGORIES).map(|c| vec![c]).collect();
    views.push((0..CATEGORIES).collect());
    let (metrics, t_metrics) = timed(|| {
        let of = |view: &Vec<usize>| Metrics::of(&graph.view(view).digraph());
        anyhow::Ok(views.iter().map(of).collect::<Vec<_>>())
    })?;
    let (_, t_one) = timed(|| anyhow::Ok(Metrics::of(&graph.view(&[0]).digraph())))?;
    println!(
        "  grid {t_grid:.3} s, graph {t_graph:.3} s, all metrics of {} views {t_metrics:.3} s, exports ({} MB) {t_export:.3} s",
        views.len(),
        exports / 1_000_000
    );
    println!(
        "  together {:.3} s",
        t_grid + t_graph + t_metrics + t_export
    );

    let settings = Significance::default().with_resamples(0);
    let contrasts = Contrast::all(grids.labels());
    let start = Instant::now();
    for contrast in &contrasts {
        settings.cells(&grids, contrast)?;
    }
    let t_permute = start.elapsed().as_secs_f64();
    println!(
        "  1,000 permutations of all cells, {} contrasts: {t_permute:.3} s",
        contrasts.len()
    );
    let start = Instant::now();
    Significance::default().cells(&grids, &contrasts[0])?;
    println!(
        "  the same with 1,000 resamples, one contrast: {:.3} s",
        start.elapsed().as_secs_f64()
    );

    let Ok(python) = std::env::var("MRI_RIVAL_PYTHON") else {
        println!("MRI_RIVAL_PYTHON is not set: the rival was not timed");
        return Ok(());
    };
    let path = metrics[0].even.average_shortest_path.unwrap_or(f64::NAN);
    // Stages of the rival with our seconds and a value that tells that both did the same work.
    let ours = [
        (
            "grid+graph",
            t_grid + t_graph,
            graph.graph().edge_count() as f64,
        ),
        ("metrics-of-one", t_one, path),
        ("metrics-of-all", t_metrics, path),
        ("exports", t_export, exports as f64),
    ];
    let together = run_rival(&python, &embedding, &ours)?;
    let ours = t_grid + t_graph + t_metrics + t_export;
    println!("  together: ratio {:.0}", together / ours);
    Ok(())
}

/// Runs networkx and pandas on the same points and prints the ratios to ours; the seconds of all
/// stages but the metrics of one category, which those of all contain.
fn run_rival(python: &str, embedding: &Embedding, ours: &[(&str, f64, f64)]) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let mut bytes = Vec::new();
    for (_, points) in embedding.iter() {
        bytes.extend(points.coordinates.iter().flat_map(|v| v.to_le_bytes()));
    }
    fs::write(folder.path().join("points.f32"), bytes)?;
    let ids = embedding.labels().row_categories();
    fs::write(
        folder.path().join("labels.u32"),
        ids.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>(),
    )?;
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/rivals/graph.py"))
        .arg(folder.path())
        .args([TEXTS, LAYERS, SIDE, CATEGORIES].map(|n| n.to_string()))
        .output()
        .with_context(|| format!("cannot start {python}"))?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut together = 0.0;
    let theirs = String::from_utf8(output.stdout)?;
    for line in theirs.lines() {
        // "stage seconds value", where the value tells that both did the same work.
        let mut words = line.split_whitespace();
        let (Some(stage), Some(seconds), Some(value)) = (words.next(), words.next(), words.next())
        else {
            println!("  {line}");
            continue;
        };
        let (seconds, value): (f64, f64) = (seconds.parse()?, value.parse()?);
        if stage != "metrics-of-one" {
            together += seconds;
        }
        let known = ours.iter().find(|(name, ..)| *name == stage);
        let &(_, ours, same) = known.with_context(|| format!("{stage} is no stage of ours"))?;
        println!(
            "  {stage}: ours {ours:.3} s, networkx and pandas {seconds:.3} s, ratio {:.0}",
            seconds / ours
        );
        if stage != "exports" {
            ensure!(
                (value - same).abs() <= 1e-9 * same.abs(),
                "{stage}: {value} against our {same}"
            );
        }
    }
    Ok(together)
}

/// The result and the seconds of the fastest of [`RUNS`] runs.
fn timed<T, E: Into<anyhow::Error>>(mut run: impl FnMut() -> Result<T, E>) -> Result<(T, f64)> {
    let mut best = f64::INFINITY;
    let mut last = None;
    for _ in 0..RUNS {
        let start = Instant::now();
        last = Some(run().map_err(Into::into)?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok((last.context("no runs")?, best))
}

fn export(graph: &RegionGraph) -> Result<usize> {
    let mut bytes = Vec::new();
    write_edges_csv(graph, &mut bytes)?;
    write_nodes_csv(graph, &mut bytes)?;
    write_json(graph, &mut bytes)?;
    write_graphml(graph, &mut bytes)?;
    write_gexf(graph, &mut bytes)?;
    Ok(bytes.len())
}

/// One cloud per category that drifts apart from the others from layer to layer.
fn points() -> Result<Embedding> {
    let mut random = SplitMix64::new(1);
    let mut noise = move || {
        // The sum of four has roughly the shape of a cloud.
        let mut sum = -2.0;
        for _ in 0..4 {
            sum += random.next_f32();
        }
        sum
    };
    let ids: Vec<u32> = (0..TEXTS).map(|i| (i % CATEGORIES) as u32).collect();
    let names = (0..CATEGORIES).map(|c| format!("category {c}")).collect();
    let labels = Arc::new(Labels::new(names, ids.clone())?);
    let mut at: Vec<[f32; 2]> = (0..TEXTS).map(|_| [noise(), noise()]).collect();
    let mut entries = Vec::new();
    for layer in 0..LAYERS {
        for (point, &id) in at.iter_mut().zip(&ids) {
            let angle = id as f32 / CATEGORIES as f32 * std::f32::consts::TAU;
            point[0] += 0.15 * angle.cos() + 0.2 * noise();
            point[1] += 0.15 * angle.sin() + 0.2 * noise();
        }
        let points = Points {
            coordinates: Array2::from_shape_fn((TEXTS, 2), |(row, axis)| at[row][axis]),
            components: Vec::new(),
            degenerate: false,
        };
        entries.push((Layer::resid(layer), points));
    }
    Ok(Embedding::new(labels, entries)?)
}
