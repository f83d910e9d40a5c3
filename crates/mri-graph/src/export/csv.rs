use std::io::{self, Write};

use crate::export::columns::{Column, EDGE_ENDS, GraphTable, NODE_NAME};

/// Writes the edges as CSV: `source,target,layer`, then one column of weights per category, or of a
/// graph of correlations `weight` (ρ with its sign), `p` and `q`.
///
/// `layer` is the index of the layer that the edge starts from. The column of a category with the
/// name of one of the first three columns is called `weight: NAME`.
///
/// # Errors
/// Errors of the writer.
pub fn write_edges_csv(graph: impl Into<GraphTable>, out: impl Write) -> io::Result<()> {
    let table = graph.into();
    let ends = table.edges.iter();
    let ends = ends.map(|&(s, t)| [table.nodes[s].as_str(), table.nodes[t].as_str()]);
    write_rows(&EDGE_ENDS, &table.edge_columns, ends, out)
}

/// Writes the nodes as CSV: `node,site,layer`, then `x,y,texts` and one column of texts per
/// category, or of a graph of correlations `component`.
///
/// # Errors
/// Errors of the writer.
pub fn write_nodes_csv(graph: impl Into<GraphTable>, out: impl Write) -> io::Result<()> {
    let table = graph.into();
    let names = table.nodes.iter().map(|name| [name.as_str()]);
    write_rows(&[NODE_NAME], &table.node_columns, names, out)
}

fn write_rows<'a, const N: usize>(
    first: &[&str; N],
    columns: &[Column],
    rows: impl Iterator<Item = [&'a str; N]>,
    out: impl Write,
) -> io::Result<()> {
    let columns: Vec<(&str, &Column)> = columns
        .iter()
        .filter_map(|column| Some((column.flat.as_deref()?, column)))
        .collect();
    let mut csv = csv::Writer::from_writer(out);
    let names = columns.iter().map(|(name, _)| *name);
    csv.write_record(first.iter().copied().chain(names))?;
    for (row, start) in rows.enumerate() {
        for field in start {
            csv.write_field(field)?;
        }
        for (_, column) in &columns {
            csv.write_field(column.values.text(row))?;
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}
