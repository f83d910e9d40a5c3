//! Two labels against each other, stage by stage: where they part, and which texts sit between
//! them.
//!
//!     cargo run --example two_categories

#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use anyhow::{Context, Result};
use llm_mri::reduce::ReducerSpec;
use llm_mri::{Corpus, Layer, Quantity, Scan};

fn main() -> Result<()> {
    // Any pairs of text and label make a corpus; here, two of the bundled one's four labels.
    let all = Corpus::open("examples/data/topics.csv".as_ref(), &Default::default())?;
    let labels = all.labels();
    let rows = (0..labels.len()).filter_map(|row| Some((row, labels.category_of(row)?)));
    let chosen = rows.filter(|(_, label)| ["law", "music"].contains(label));
    let corpus = Corpus::from_pairs(chosen.map(|(row, label)| (all.texts()[row].clone(), label)))?;

    let scan = Scan::builder()
        .model(".models/all-MiniLM-L6-v2")
        .corpus(corpus)
        .reduce(&ReducerSpec::default())
        .grid(8)
        .run()?;

    // In each layer: the share of texts whose region holds both labels.
    let grids = scan.grids().context("two components were asked for")?;
    for (layer, grid) in grids.iter() {
        let counts = grid.counts(grids.labels());
        let shared = grid.cells().iter().filter(|cell| {
            (0..2).all(|category| counts[(category, cell.x.into(), cell.y.into())] > 0)
        });
        let share = 100.0 * shared.count() as f64 / grid.cells().len() as f64;
        println!("{layer}: {share:3.0} % of the texts share a region with the other label");
    }

    // The last layer's regions with both labels, and what stands in them.
    let last = Layer::resid(scan.model().n_blocks);
    let texts = scan.texts().context("a scan made here has its texts")?;
    let grid = grids
        .get(last)
        .context("the last layer is always recorded")?;
    let counts = grid.counts(grids.labels());
    let mut cells = grid.cells().to_vec();
    cells.sort();
    cells.dedup();
    for cell in cells {
        if (0..2).all(|category| counts[(category, cell.x.into(), cell.y.into())] > 0) {
            println!("\nregion {cell} of {last}:");
            for row in grid.rows_in(cell) {
                let label = grids.labels().category_of(row).unwrap_or_default();
                let text: String = texts[row].chars().take(90).collect();
                println!("  {label:6} {text}…");
            }
        }
    }

    scan.heatmaps(Quantity::difference("law", "music"))?
        .save("law-against-music.png")?;
    scan.graph_picture(["law", "music"])?
        .save("law-and-music.svg")?;
    Ok(())
}
