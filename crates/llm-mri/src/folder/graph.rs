//! What a scan's folder holds of its regions and their graph: `grid/` and `graph/`.

use std::path::Path;

use mri_core::Embedding;
use mri_graph::{
    CorrelationGraph, GraphError, GraphTable, RegionGraph, betweenness, louvain_communities,
    page_rank, write_correlation_json, write_dot, write_edges_csv, write_gexf, write_graphml,
    write_json, write_nodes_csv,
};
use mri_grid::GridStack;

use super::output::OutFolder;
use crate::error::ScanError;
use crate::figures::file_name;
use crate::scan::Scan;
use crate::scan::significance::SignificanceResults;

/// The damping that PageRank is known with.
const DAMPING: f64 = 0.85;
/// Words and typical texts that are named of a region: what fits on a line.
const WORDS: usize = 8;
const TYPICAL: usize = 5;
/// Letters of the most typical text.
const EXCERPT: usize = 200;

impl Scan {
    /// Writes `grid/` and `graph/`. For maps of other than two components there are only graphs of
    /// correlations.
    pub(crate) fn write_regions(
        &self,
        folder: &Path,
        verdicts: Option<&SignificanceResults>,
    ) -> Result<(), ScanError> {
        let (Some(embedding), chosen) = (&self.embedding, self.chosen_graph()) else {
            return Ok(());
        };
        let (Some(grids), Some(graph)) = (&self.grids, chosen) else {
            let maps = self.notes.maps.as_ref();
            return match maps.is_some_and(|maps| maps.components != 2) {
                true => self.write_correlations(folder),
                // Two components that were not cut into regions.
                false => Ok(()),
            };
        };
        self.write_grid(folder, grids, embedding, verdicts)?;
        write_graph(folder, &graph, verdicts)
    }

    fn write_grid(
        &self,
        folder: &Path,
        grids: &GridStack,
        embedding: &Embedding,
        verdicts: Option<&SignificanceResults>,
    ) -> Result<(), ScanError> {
        let out = OutFolder::create(&folder.join("grid"), true)?;
        out.file("cells.csv", |file| {
            let mut csv = csv::Writer::from_writer(file);
            csv.write_record(["text", "label", "layer", "x", "y", "cell"])?;
            for (layer, grid) in grids.iter() {
                for (row, cell) in grid.cells().iter().enumerate() {
                    csv.write_record([
                        row.to_string().as_str(),
                        grids.labels().category_of(row).unwrap_or_default(),
                        &layer.index.to_string(),
                        &cell.x.to_string(),
                        &cell.y.to_string(),
                        &format!("{}_{cell}", layer.index),
                    ])?;
                }
            }
            csv.flush()
        })?;
        let labels = grids.labels();
        out.file("regions.csv", |file| {
            let mut csv = csv::Writer::from_writer(file);
            let start = ["cell", "layer", "x", "y", "texts"].map(str::to_owned);
            let end = ["words", "typical", "typical_text"].map(str::to_owned);
            let names = labels.category_names().iter().cloned();
            csv.write_record(start.into_iter().chain(names).chain(end))?;
            let texts = self.texts.as_deref().unwrap_or_default();
            for ((layer, grid), (_, points)) in grids.iter().zip(embedding.iter()) {
                let words = grid.words(texts, WORDS);
                let counts = grid.counts(labels);
                let mut cells = grid.cells().to_vec();
                cells.sort_unstable();
                cells.dedup();
                for cell in cells {
                    let rows = grid.typical_rows(cell, points.coordinates.view());
                    let place = [usize::from(cell.x), usize::from(cell.y)];
                    let of_category = (0..labels.n_categories())
                        .map(|c| counts[(c, place[0], place[1])].to_string());
                    let words = words.get(&cell).into_iter().flatten();
                    let words: Vec<&str> = words.map(|word| word.word.as_str()).collect();
                    let first = rows.iter().take(TYPICAL).map(usize::to_string);
                    let excerpt = rows.first().and_then(|&row| texts.get(row));
                    let start = [
                        format!("{}_{cell}", layer.short_name()),
                        layer.short_name(),
                        place[0].to_string(),
                        place[1].to_string(),
                        rows.len().to_string(),
                    ];
                    let end = [
                        words.join(" "),
                        first.collect::<Vec<_>>().join(" "),
                        excerpt.map_or_else(String::new, |text| excerpt_of(text)),
                    ];
                    csv.write_record(start.into_iter().chain(of_category).chain(end))?;
                }
            }
            csv.flush()
        })?;
        if let Some(verdicts) = verdicts {
            verdicts.write_cells(&out)?;
        }
        out.finish()
    }

    /// `graph/` of correlations: of all chosen texts together, and one list of edges per category.
    fn write_correlations(&self, folder: &Path) -> Result<(), ScanError> {
        let threshold = self.graph_options().threshold;
        let chosen = self.chosen_categories();
        let graph = match self.correlations(&chosen, threshold) {
            // Nothing to correlate, which is no reason to fail a scan.
            Err(ScanError::Graph(GraphError::TooFewTexts { .. })) => return Ok(()),
            found => found?,
        };
        let out = OutFolder::create(&folder.join("graph"), true)?;
        write_tables(&out, &(&graph).into())?;
        out.file("graph.json", |file| write_correlation_json(&graph, file))?;
        for category in chosen {
            // Of fewer than three texts nothing can be said; the other categories still can.
            let Ok(graph) = self.correlations(&[category], threshold) else {
                continue;
            };
            let name = file_name(category, &self.labels().category_names()[category]);
            out.file(&format!("edges.{name}.csv"), |file| {
                write_edges_csv(&graph, file)
            })?;
        }
        out.finish()
    }

    /// How the components of neighbouring layers go together over the texts of some categories (of
    /// all, if none is named): the graph for maps of other than two components.
    ///
    /// # Errors
    /// [`ScanError::NoMaps`], [`ScanError::Graph`] for too few texts.
    pub fn correlations(
        &self,
        categories: &[usize],
        threshold: mri_graph::Threshold,
    ) -> Result<CorrelationGraph, ScanError> {
        let embedding = self.embedding.as_ref().ok_or(ScanError::NoMaps)?;
        Ok(CorrelationGraph::spearman(
            embedding, categories, threshold,
        )?)
    }
}

fn write_graph(
    folder: &Path,
    graph: &RegionGraph,
    verdicts: Option<&SignificanceResults>,
) -> Result<(), ScanError> {
    let out = OutFolder::create(&folder.join("graph"), true)?;
    write_tables(&out, &graph.into())?;
    out.file("graph.json", |file| write_json(graph, file))?;
    out.file("centrality.csv", |file| write_centrality(graph, file))?;
    if let Some(verdicts) = verdicts {
        verdicts.write_edges(&out)?;
    }
    out.finish()
}

/// Every form but JSON.
fn write_tables(out: &OutFolder, table: &GraphTable) -> Result<(), ScanError> {
    let table = || table.clone();
    out.file("edges.csv", |file| write_edges_csv(table(), file))?;
    out.file("nodes.csv", |file| write_nodes_csv(table(), file))?;
    out.file("graph.graphml", |file| write_graphml(table(), file))?;
    out.file("graph.gexf", |file| write_gexf(table(), file))?;
    out.file("graph.dot", |file| write_dot(table(), file))?;
    #[cfg(feature = "parquet")]
    {
        out.file("edges.parquet", |file| {
            mri_graph::write_edges_parquet(table(), file)
        })?;
        out.file("nodes.parquet", |file| {
            mri_graph::write_nodes_parquet(table(), file)
        })?;
    }
    Ok(())
}

/// `node,layer,degree,strength,betweenness,page_rank,community`: what part each region plays.
fn write_centrality(graph: &RegionGraph, out: impl std::io::Write) -> std::io::Result<()> {
    let view = graph.view_all();
    let digraph = view.digraph();
    let (degrees, strengths) = (digraph.degrees(), digraph.strengths());
    let between = betweenness(&digraph);
    let rank = page_rank(&digraph, DAMPING);
    let community = louvain_communities(&digraph).membership;
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "node",
        "layer",
        "degree",
        "strength",
        "betweenness",
        "page_rank",
        "community",
    ])?;
    for (i, (_, region, _)) in view.nodes().enumerate() {
        csv.write_record([
            region.label(),
            region.layer.short_name(),
            degrees[i].to_string(),
            strengths[i].to_string(),
            between[i].to_string(),
            rank[i].to_string(),
            community[i].to_string(),
        ])?;
    }
    csv.flush()
}

/// The beginning of a text on one line.
pub(crate) fn excerpt_of(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
