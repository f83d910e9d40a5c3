//! `graph/`: the region graph, or the graph of correlations, in every format.

use std::path::Path;

use mri_graph::{
    GraphError, GraphTable, RegionGraph, betweenness, louvain_communities, page_rank,
    write_correlation_json, write_dot, write_edge_significance, write_edges_csv, write_gexf,
    write_graphml, write_json, write_nodes_csv,
};

use crate::error::ScanError;
use crate::figures::names::category_file_name;
use crate::folder::file_names::GRAPH;
use crate::folder::output::OutFolder;
use crate::scan::Scan;
use crate::scan::analysis::Analysis;
use crate::scan::bounds::MAX_BETWEENNESS_WORK;

/// The stems and the ends of the files in it.
const STEMS: [&str; 5] = ["nodes", "edges", "graph", "centrality", "significance"];
const ENDS: [&str; 6] = ["csv", "parquet", "json", "graphml", "gexf", "dot"];

/// Whether a file in it is one of the stage's.
pub(crate) fn is_ours(name: &str) -> bool {
    // Between the two there may be the name of a category.
    let stem = name.split('.').next().unwrap_or_default();
    let end = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && STEMS.contains(&stem) && ENDS.contains(&end)
}

/// The usual damping factor of PageRank.
const DAMPING: f64 = 0.85;

/// Writes what the graph options keep of the region graph.
pub(crate) fn write(folder: &Path, analysis: &Analysis) -> Result<(), ScanError> {
    let graph = analysis.filtered_graph();
    let out = OutFolder::replacing(&folder.join(GRAPH), is_ours)?;
    let table = GraphTable::from(graph).with_layout(&analysis.filtered_layout().coordinate);
    write_tables(&out, &table)?;
    out.file("graph.json", |file| write_json(graph, file))?;
    out.file("centrality.csv", |file| write_centrality(graph, file))?;
    if let Some(results) = analysis.significance()? {
        out.file("significance.csv", |file| {
            write_edge_significance(&results.edges, &results.layers, file)
        })?;
    }
    out.finish()
}

/// Writes the graph of correlations over the texts of all selected categories, and a list of edges
/// per category.
pub(crate) fn write_correlations(folder: &Path, scan: &Scan) -> Result<(), ScanError> {
    let threshold = scan.graph_options().threshold;
    let selected = scan.filtered_categories();
    let graph = match scan.correlations(&selected, threshold) {
        // Too few texts to correlate are no reason to fail a scan.
        Err(ScanError::Graph(GraphError::TooFewTexts { .. })) => return Ok(()),
        found => found?,
    };
    let out = OutFolder::replacing(&folder.join(GRAPH), is_ours)?;
    write_tables(&out, &(&graph).into())?;
    out.file("graph.json", |file| write_correlation_json(&graph, file))?;
    for category in selected {
        // A category of fewer than three texts has no correlations; the others still do.
        let Ok(graph) = scan.correlations(&[category], threshold) else {
            continue;
        };
        let name = category_file_name(category, &scan.labels().category_names()[category]);
        out.file(&format!("edges.{name}.csv"), |file| {
            write_edges_csv(&graph, file)
        })?;
    }
    out.finish()
}

/// Every format but JSON.
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

/// `node,layer,degree,strength,betweenness,page_rank,community`: a line per region. Betweenness is
/// left empty where it would take too long.
fn write_centrality(graph: &RegionGraph, out: impl std::io::Write) -> std::io::Result<()> {
    let view = graph.view_all();
    let digraph = view.digraph();
    let (degrees, strengths) = (digraph.degrees(), digraph.strengths());
    let work = graph
        .graph()
        .node_count()
        .saturating_mul(graph.graph().edge_count());
    let between = (work <= MAX_BETWEENNESS_WORK).then(|| betweenness(&digraph));
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
            region.layer.to_string(),
            degrees[i].to_string(),
            strengths[i].to_string(),
            between
                .as_ref()
                .map_or_else(String::new, |between| between[i].to_string()),
            rank[i].to_string(),
            community[i].to_string(),
        ])?;
    }
    csv.flush()
}
