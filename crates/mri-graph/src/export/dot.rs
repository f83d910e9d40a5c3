use std::io::{self, Write};

use crate::export::columns::{Column, GraphTable, Values};

/// Writes DOT, the language of Graphviz, with one rank per layer, the first at the top.
///
/// Nodes and edges have the attributes of [`write_graphml`](crate::write_graphml). Graphviz reads
/// `weight` as a whole number from 0 up, so the ρ of a correlation is called `rho` here.
///
/// # Errors
/// Errors of the writer.
pub fn write_dot(graph: impl Into<GraphTable>, mut out: impl Write) -> io::Result<()> {
    let table = graph.into();
    writeln!(out, "digraph {} {{", quoted(table.title))?;
    writeln!(out, "  graph [rankdir=TB];")?;
    let names: Vec<String> = table.nodes.iter().map(|name| quoted(name)).collect();
    for (position, layer) in table.layers.iter().enumerate() {
        writeln!(out, "  {{ rank=same; // {layer}")?;
        let here = (0..names.len()).filter(|&row| table.positions[row] == position);
        for row in here {
            let attributes = attributes(&table.node_columns, row);
            writeln!(out, "    {} [{attributes}];", names[row])?;
        }
        writeln!(out, "  }}")?;
    }
    for (row, &(s, t)) in table.edges.iter().enumerate() {
        let attributes = attributes(&table.edge_columns, row);
        writeln!(out, "  {} -> {} [{attributes}];", names[s], names[t])?;
    }
    writeln!(out, "}}")?;
    out.flush()
}

fn attributes(columns: &[Column], row: usize) -> String {
    let shown = columns.iter().filter(|c| !c.values.is_left_out(row));
    let pairs = shown.map(|column| {
        let name = match column.values {
            Values::Float(_) if column.name == "weight" => "rho".to_owned(),
            _ => quoted(&column.name),
        };
        format!("{name}={}", quoted(&column.values.text(row)))
    });
    pairs.collect::<Vec<_>>().join(", ")
}

/// A quoted string of the DOT language: quotes and backslashes escaped, line breaks replaced.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace(['\n', '\r', '\0'], " "))
}
