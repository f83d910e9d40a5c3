use std::f64::consts::TAU;
use std::sync::Arc;

use mri_core::{Component, Embedding, Labels, Layer, Points};
use mri_graph::{Contrast, LayerTest, Metrics, RegionGraph, Significance};
use mri_grid::{Binning, Cell, GridStack, grid_stack};
use mri_render::{Caption, Facts, Report, ReportTable};
use ndarray::Array2;

/// All that a report borrows.
pub(crate) struct Scan {
    pub(crate) texts: Vec<String>,
    pub(crate) embedding: Embedding,
    pub(crate) grids: GridStack,
    pub(crate) graph: RegionGraph,
    contrasts: Vec<(Contrast, Vec<LayerTest<Cell>>)>,
    metrics: Vec<(String, Metrics)>,
    tables: Vec<ReportTable>,
    facts: Vec<Facts>,
    caption: Caption,
}

impl Scan {
    /// Clouds of points, one per category, that part as the layers go up. Layer 0 is one point
    /// where there are further ones, as under first-token pooling.
    pub(crate) fn new(texts: usize, names: &[&str], layers: usize, side: usize) -> Self {
        let mut state = 7_u64;
        let mut uniform = move || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 40) as f64 / f64::from(1_u32 << 24)
        };
        let k = names.len();
        // Categories of unequal size.
        let ids: Vec<u32> = (0..texts)
            .map(|i| {
                if i < k {
                    i
                } else {
                    ((uniform() * uniform()) * k as f64) as usize
                }
            })
            .map(|id| id as u32)
            .collect();
        let texts: Vec<String> = ids
            .iter()
            .enumerate()
            .map(|(i, &id)| text(i, names[id as usize], uniform()))
            .collect();
        // Each text keeps a place of its own within its cloud from layer to layer.
        let own: Vec<[f64; 2]> = (0..texts.len())
            .map(|_| [0, 1].map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0))
            .collect();
        let all_names = names.iter().map(|&name| name.to_owned()).collect();
        let labels = Arc::new(Labels::new(all_names, ids.clone()).unwrap());
        let clouds = Clouds {
            layers,
            n_categories: k,
            ids: &ids,
            own: &own,
        };
        let entries = (0..layers)
            .map(|l| (Layer::resid(l), clouds.points(l, &mut uniform)))
            .collect();
        let embedding = Embedding::new(labels.clone(), entries).unwrap();
        let grids = grid_stack(&embedding, Binning::Uniform { side }).unwrap();
        let graph = RegionGraph::co_activation(&grids);
        let contrasts = contrasts(&grids, &labels);
        let metrics = (0..k.min(6))
            .map(|c| {
                let graph = graph.view(&[c]).digraph();
                (names[c].to_owned(), Metrics::of(&graph))
            })
            .collect();
        let side = format!("{side} × {side}");
        Self {
            facts: facts(&side),
            caption: Caption {
                model: "all-MiniLM-L6-v2".to_owned(),
                reducer: "PCA".to_owned(),
                grid: side,
                corpus: "made-up.csv".to_owned(),
            },
            texts,
            embedding,
            grids,
            graph,
            contrasts,
            metrics,
            tables: vec![probe_table(layers)],
        }
    }

    /// Says of the scan what names and texts say.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.caption.model = name.to_owned();
        self.caption.corpus = name.to_owned();
        self.tables[0].title = name.to_owned();
        self.facts[0].rows.push((name.to_owned(), name.to_owned()));
        self
    }

    pub(crate) fn report(&self) -> Report<'_> {
        Report {
            caption: self.caption.clone(),
            contrasts: &self.contrasts,
            metrics: &self.metrics,
            tables: &self.tables,
            facts: &self.facts,
            ..Report::new(&self.texts, &self.embedding, &self.grids, &self.graph)
        }
    }
}

/// A text of a category; `pick` from 0 to 1 chooses its noun.
fn text(i: usize, category: &str, pick: f64) -> String {
    let nouns = [
        "river", "court", "score", "oven", "comet", "ledger", "garden", "engine",
    ];
    let noun = nouns[(pick * nouns.len() as f64) as usize];
    format!(
        "Text {} is about {category}: the {noun} of number {} came up again, and those who had \
         waited for it wrote down what they saw, line by line, until the evening.",
        i + 1,
        i % 97
    )
}

fn contrasts(grids: &GridStack, labels: &Labels) -> Vec<(Contrast, Vec<LayerTest<Cell>>)> {
    let significance = Significance::default()
        .with_permutations(200)
        .with_resamples(200);
    let tested = |contrast: Contrast| {
        let cells = significance.cells(grids, &contrast).unwrap();
        (contrast, cells)
    };
    Contrast::all(labels).into_iter().map(tested).collect()
}

fn probe_table(layers: usize) -> ReportTable {
    let rows = (0..layers).map(|l| {
        let score = 0.5 + 0.4 * (l as f64 / layers as f64);
        vec![
            Layer::resid(l).to_string().into(),
            score.into(),
            (score - 0.05).into(),
            (score - 0.2).into(),
        ]
    });
    ReportTable {
        title: "Does the map keep what the layer knew?".to_owned(),
        note: "Macro F1 of a probe on activations, on the map and on cells; five splits."
            .to_owned(),
        columns: ["layer", "activations", "map", "cells"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    }
}

fn facts(side: &str) -> Vec<Facts> {
    let model = [
        ("name", "all-MiniLM-L6-v2"),
        ("family", "bert"),
        ("blocks", "6"),
        ("width", "384"),
    ];
    let options = [
        ("pooling", "first token"),
        ("reducer", "PCA, standardised"),
        ("grid", side),
    ];
    let facts = |title: &str, rows: &[(&str, &str)]| Facts {
        title: title.to_owned(),
        rows: rows
            .iter()
            .map(|&(a, b)| (a.to_owned(), b.to_owned()))
            .collect(),
    };
    vec![facts("Model", &model), facts("Options", &options)]
}

/// What the points of every layer are made of.
struct Clouds<'a> {
    layers: usize,
    n_categories: usize,
    ids: &'a [u32],
    /// The place of each text within its cloud.
    own: &'a [[f64; 2]],
}

impl Clouds<'_> {
    fn points(&self, l: usize, uniform: &mut impl FnMut() -> f64) -> Points {
        let degenerate = l == 0 && self.layers > 1;
        let share = if self.layers > 1 {
            l as f64 / (self.layers - 1) as f64
        } else {
            1.0
        };
        // Most apart at two thirds of the way, as models often are.
        let apart = 1.5 * (1.0 - (share - 0.66).abs());
        let coordinates = Array2::from_shape_fn((self.ids.len(), 2), |(i, j)| {
            if degenerate {
                return 0.0;
            }
            let angle = TAU * f64::from(self.ids[i]) / self.n_categories as f64 + 0.15 * l as f64;
            let center = if j == 0 {
                1.6 * angle.cos()
            } else {
                angle.sin()
            };
            let turn = 0.25 * l as f64;
            let [a, b] = self.own[i];
            let place = if j == 0 {
                a * turn.cos() - b * turn.sin()
            } else {
                a * turn.sin() + b * turn.cos()
            };
            (center * apart + place + 0.35 * (uniform() - 0.5)) as f32
        });
        let components = [1.0, 2.0].map(|i| Component {
            name: format!("PC{i}"),
            explained_variance_ratio: Some(0.312 / i),
        });
        Points {
            coordinates,
            components: components.to_vec(),
            degenerate,
        }
    }
}
