//! `grid/`: the cell of every text, the contents of every region, and the tests of cells.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use mri_core::{Embedding, Layer};
use mri_graph::write_cell_significance;
use mri_grid::{Cell, GridStack};

use crate::error::ScanError;
use crate::folder::file_names::GRID;
use crate::folder::output::OutFolder;
use crate::scan::analysis::Analysis;
use crate::scan::excerpt::excerpt;

/// Whether a file in it is one of the stage's.
pub(crate) fn is_ours(name: &str) -> bool {
    ["cells.csv", "regions.csv", "significance.csv"].contains(&name)
}

/// Words and typical texts that are named of a region: what fits on a line.
const WORDS: usize = 8;
const TYPICAL: usize = 5;

pub(crate) fn write(
    folder: &Path,
    analysis: &Analysis,
    embedding: &Embedding,
    texts: Option<&[String]>,
) -> Result<(), ScanError> {
    let grids = analysis.regions().grids();
    let out = OutFolder::replacing(&folder.join(GRID), is_ours)?;
    out.file("cells.csv", |file| write_cells(grids, file))?;
    let texts = texts.unwrap_or_default();
    out.file("regions.csv", |file| {
        write_regions(grids, embedding, texts, file)
    })?;
    if let Some(results) = analysis.significance()? {
        out.file("significance.csv", |file| {
            write_cell_significance(&results.cells, &results.layers, file)
        })?;
    }
    out.finish()
}

/// `row,label,layer,x,y,cell`: a line per text and layer.
fn write_cells(grids: &GridStack, out: &mut BufWriter<File>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["row", "label", "layer", "x", "y", "cell"])?;
    for (layer, grid) in grids.iter() {
        for (row, cell) in grid.cells().iter().enumerate() {
            csv.write_record([
                row.to_string().as_str(),
                grids.labels().category_of(row).unwrap_or_default(),
                &layer.to_string(),
                &cell.x.to_string(),
                &cell.y.to_string(),
                &region_name(layer, *cell),
            ])?;
        }
    }
    csv.flush()
}

/// `cell,layer,x,y,texts`, the texts of each category, `words,typical,typical_text`: a line per
/// region.
fn write_regions(
    grids: &GridStack,
    embedding: &Embedding,
    texts: &[String],
    out: &mut BufWriter<File>,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let labels = grids.labels();
    let start = ["cell", "layer", "x", "y", "texts"].map(str::to_owned);
    let end = ["words", "typical", "typical_text"].map(str::to_owned);
    let names = labels.category_names().iter().cloned();
    csv.write_record(start.into_iter().chain(names).chain(end))?;
    for ((layer, grid), (_, points)) in grids.iter().zip(embedding.iter()) {
        let words = grid.words(texts, WORDS);
        let counts = grid.counts_by_cell(labels);
        for (cell, rows) in grid.rows_by_cell() {
            let rows = grid.by_typicality(cell, rows, points.coordinates.view());
            let counts = &counts[&cell];
            let of_category = (0..labels.n_categories()).map(|c| counts.get(c).to_string());
            let words = words.get(&cell).into_iter().flatten();
            let words: Vec<&str> = words.map(|word| word.word.as_str()).collect();
            let first: Vec<String> = rows.iter().take(TYPICAL).map(usize::to_string).collect();
            let most_typical = rows.first().and_then(|&row| texts.get(row));
            let start = [
                region_name(layer, cell),
                layer.to_string(),
                cell.x.to_string(),
                cell.y.to_string(),
                rows.len().to_string(),
            ];
            let end = [
                words.join(" "),
                first.join(" "),
                most_typical.map_or_else(String::new, |text| excerpt(text)),
            ];
            csv.write_record(start.into_iter().chain(of_category).chain(end))?;
        }
    }
    csv.flush()
}

fn region_name(layer: Layer, cell: Cell) -> String {
    format!("{}_{cell}", layer.short_name())
}
