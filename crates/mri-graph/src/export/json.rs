use std::io::{self, Write};

use mri_core::CategoryCounts;
use petgraph::visit::EdgeRef;
use serde_json::{Map, Value, json};

use crate::correlation::{Correlation, CorrelationGraph};
use crate::export::columns::MAX_DENSE_CATEGORIES;
use crate::region::RegionGraph;

/// Writes node-link JSON, which networkx's `node_link_graph` opens and
/// [`read_json`](crate::read_json) reads back.
///
/// The edges stand there twice: `node_link_graph` looks for `edges` since networkx 3.6 and for
/// `links` before, and either opens the file without an argument.
///
/// A node has `id`, `layer`, `site`, `x`, `y`, `texts` and `counts` per category; an edge has
/// `weight` (texts of all categories) and `weights` per category. The graph itself has its
/// `categories`, their `sizes`, its `layers` and whether it was `filtered`. With more than 30
/// categories, those with a count of 0 are left out.
///
/// # Errors
/// Errors of the writer.
pub fn write_json(graph: &RegionGraph, mut out: impl Write) -> io::Result<()> {
    let g = graph.graph();
    let names = graph.categories();
    let sparse = names.len() > MAX_DENSE_CATEGORIES;
    let by_category = |counts: &CategoryCounts| {
        let pair = |(c, count): (usize, u32)| (names[c].clone(), json!(count));
        let pairs: Map<_, _> = match sparse {
            true => counts.iter().map(pair).collect(),
            false => (0..names.len()).map(|c| pair((c, counts.get(c)))).collect(),
        };
        Value::Object(pairs)
    };
    let nodes: Vec<Value> = g
        .node_weights()
        .map(|region| {
            json!({
                "id": region.label(),
                "layer": region.layer.index,
                "site": region.layer.site.name(),
                "x": region.cell.x,
                "y": region.cell.y,
                "texts": region.n_texts(),
                "counts": by_category(&region.counts),
            })
        })
        .collect();
    let edges: Vec<Value> = g
        .edge_references()
        .map(|edge| {
            json!({
                "source": g[edge.source()].label(),
                "target": g[edge.target()].label(),
                "weight": edge.weight().n_texts(),
                "weights": by_category(&edge.weight().weights),
            })
        })
        .collect();
    let whole = json!({
        "directed": true,
        "multigraph": false,
        "graph": {
            "categories": graph.categories(),
            "sizes": graph.category_sizes(),
            "layers": graph.layers(),
            "filtered": graph.is_filtered(),
        },
        "nodes": nodes,
        "links": edges,
        "edges": edges,
    });
    serde_json::to_writer(&mut out, &whole)?;
    out.flush()
}

/// Writes a graph of correlations as node-link JSON, which networkx's `node_link_graph` opens.
///
/// A node has `id`, `layer`, `site` and `component`; an edge has `weight` (ρ with its sign), `p`
/// and `q`. The graph itself has its `layers` and the number of `texts` that the correlations are
/// computed over.
///
/// # Errors
/// Errors of the writer.
pub fn write_correlation_json(graph: &CorrelationGraph, mut out: impl Write) -> io::Result<()> {
    let g = graph.graph();
    let nodes: Vec<Value> = g
        .node_weights()
        .map(|node| {
            json!({
                "id": node.label(),
                "layer": node.layer.index,
                "site": node.layer.site.name(),
                "component": node.component,
            })
        })
        .collect();
    let edges: Vec<Value> = g
        .edge_references()
        .map(|edge| {
            let Correlation { rho, p, q } = *edge.weight();
            json!({
                "source": g[edge.source()].label(),
                "target": g[edge.target()].label(),
                "weight": rho,
                "p": p,
                "q": q,
            })
        })
        .collect();
    let whole = json!({
        "directed": true,
        "multigraph": false,
        "graph": { "layers": graph.layers(), "texts": graph.n_texts() },
        "nodes": nodes,
        "links": edges,
        "edges": edges,
    });
    serde_json::to_writer(&mut out, &whole)?;
    out.flush()
}
