use std::io::{self, Write};

use petgraph::visit::EdgeRef;

use crate::RegionGraph;

/// Writes DOT, the language of Graphviz: a row per layer, the first at the top.
///
/// Nodes and edges have `texts` or `weight` over all categories, and one attribute per category,
/// named `c0`, `c1`, ... in the order of the graph attribute `categories`.
///
/// # Errors
/// What the writer gives.
pub fn write_dot(graph: &RegionGraph, mut out: impl Write) -> io::Result<()> {
    let g = graph.graph();
    let per_category = |values: &[u32]| -> String {
        let values = values.iter().enumerate();
        values.map(|(i, value)| format!(", c{i}={value}")).collect()
    };
    writeln!(out, "digraph {} {{", quoted("co-activation of regions"))?;
    let categories = graph.categories().join("; ");
    writeln!(
        out,
        "  graph [rankdir=TB, categories={}];",
        quoted(&categories)
    )?;
    for (position, layer) in graph.layers().iter().enumerate() {
        writeln!(out, "  {{ rank=same; // {layer}")?;
        for region in g.node_weights().filter(|r| r.position == position) {
            writeln!(
                out,
                "    {} [layer={}, x={}, y={}, texts={}{}];",
                quoted(&region.label()),
                region.layer.index,
                region.cell.x,
                region.cell.y,
                region.texts(),
                per_category(&region.counts)
            )?;
        }
        writeln!(out, "  }}")?;
    }
    for edge in g.edge_references() {
        writeln!(
            out,
            "  {} -> {} [weight={}{}];",
            quoted(&g[edge.source()].label()),
            quoted(&g[edge.target()].label()),
            edge.weight().texts(),
            per_category(&edge.weight().weights)
        )?;
    }
    writeln!(out, "}}")?;
    out.flush()
}

/// A string of the DOT language. Only the quote ends it; a backslash starts an escape of Graphviz.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace(['\n', '\r', '\0'], " "))
}
