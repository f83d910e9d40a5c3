use std::io::{self, Write};

use crate::export::columns::{Column, GraphTable, Values, real};
use crate::export::xml::xml;

/// Writes GraphML, which networkx, Gephi, yEd and igraph open.
///
/// Every column is a typed attribute. A region graph has `site`, `layer`, `cell_x`, `cell_y`,
/// `texts` and `texts: NAME` per category of a node; `layer`, `weight` and `weight: NAME` per
/// category of an edge. A graph of correlations has `site`, `layer`, `component`; `layer`, `weight`
/// (ρ with its sign), `p` and `q`. Nodes also have `x` and `y`, where Gephi draws them: see
/// [`GraphTable::with_layout`](crate::GraphTable::with_layout). Characters that XML does not allow
/// are replaced. With more than 30 categories a category's count of 0 is left out.
///
/// # Errors
/// Errors of the writer.
pub fn write_graphml(graph: impl Into<GraphTable>, mut out: impl Write) -> io::Result<()> {
    let table = graph.into();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#
    )?;
    for (domain, columns) in [("node", &table.node_columns), ("edge", &table.edge_columns)] {
        for (i, column) in columns.iter().enumerate() {
            let name = xml(&column.name);
            let kind = match column.values {
                Values::Integer(_) | Values::Counts { .. } => "int",
                Values::Float(_) => "double",
                Values::Text(_) => "string",
            };
            let id = &domain[..1];
            writeln!(
                out,
                r#"  <key id="{id}{i}" for="{domain}" attr.name="{name}" attr.type="{kind}"/>"#
            )?;
        }
    }
    for name in ["x", "y"] {
        writeln!(
            out,
            r#"  <key id="{name}" for="node" attr.name="{name}" attr.type="double"/>"#
        )?;
    }
    writeln!(out, r#"  <graph edgedefault="directed">"#)?;
    let names: Vec<String> = table.nodes.iter().map(|name| xml(name)).collect();
    for (row, name) in names.iter().enumerate() {
        write!(out, r#"    <node id="{name}">"#)?;
        data(&mut out, 'n', &table.node_columns, row)?;
        let (x, y) = table.place(row);
        let (x, y) = (real(x), real(y));
        write!(out, r#"<data key="x">{x}</data><data key="y">{y}</data>"#)?;
        writeln!(out, "</node>")?;
    }
    for (row, &(s, t)) in table.edges.iter().enumerate() {
        let (source, target) = (&names[s], &names[t]);
        write!(out, r#"    <edge source="{source}" target="{target}">"#)?;
        data(&mut out, 'e', &table.edge_columns, row)?;
        writeln!(out, "</edge>")?;
    }
    writeln!(out, "  </graph>\n</graphml>")?;
    out.flush()
}

/// The values of a row. They need no escaping: numbers and site names only.
fn data(out: &mut impl Write, id: char, columns: &[Column], row: usize) -> io::Result<()> {
    for (i, column) in columns.iter().enumerate() {
        if column.values.is_left_out(row) {
            continue;
        }
        let value = column.values.text(row);
        write!(out, r#"<data key="{id}{i}">{value}</data>"#)?;
    }
    Ok(())
}
