use std::io::{self, Write};

use crate::export::columns::{Column, GraphTable, Values, real};
use crate::export::xml::xml;

/// Writes GEXF 1.2, which Gephi and networkx open.
///
/// Attributes are those of [`write_graphml`](crate::write_graphml), but for the place of a node,
/// which is its `viz:position`; `weight` is the edge's own weight.
///
/// # Errors
/// Errors of the writer.
pub fn write_gexf(graph: impl Into<GraphTable>, mut out: impl Write) -> io::Result<()> {
    let table = graph.into();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<gexf xmlns="http://www.gexf.net/1.2draft" xmlns:viz="http://www.gexf.net/1.2draft/viz" version="1.2">"#
    )?;
    let title = table.title;
    writeln!(
        out,
        r#"  <graph defaultedgetype="directed" mode="static" name="{title}">"#
    )?;
    let (weight, edge_columns): (Vec<&Column>, Vec<&Column>) =
        table.edge_columns.iter().partition(|c| c.name == "weight");
    let node_columns: Vec<&Column> = table.node_columns.iter().collect();
    for (class, columns) in [("node", &node_columns), ("edge", &edge_columns)] {
        writeln!(out, r#"    <attributes class="{class}" mode="static">"#)?;
        for (i, column) in columns.iter().enumerate() {
            let title = xml(&column.name);
            let kind = match column.values {
                Values::Integer(_) | Values::Counts { .. } => "integer",
                Values::Float(_) => "double",
                Values::Text(_) => "string",
            };
            writeln!(
                out,
                r#"      <attribute id="{i}" title="{title}" type="{kind}"/>"#
            )?;
        }
        writeln!(out, "    </attributes>")?;
    }
    writeln!(out, "    <nodes>")?;
    let names: Vec<String> = table.nodes.iter().map(|name| xml(name)).collect();
    for (row, name) in names.iter().enumerate() {
        write!(out, r#"      <node id="{name}" label="{name}">"#)?;
        values(&mut out, &node_columns, row)?;
        let (x, y) = table.place(row);
        let (x, y) = (real(x), real(y));
        writeln!(out, r#"<viz:position x="{x}" y="{y}" z="0"/></node>"#)?;
    }
    writeln!(out, "    </nodes>\n    <edges>")?;
    for (row, &(s, t)) in table.edges.iter().enumerate() {
        let (source, target) = (&names[s], &names[t]);
        write!(
            out,
            r#"      <edge id="{row}" source="{source}" target="{target}""#
        )?;
        for column in &weight {
            write!(out, r#" weight="{}""#, column.values.text(row))?;
        }
        write!(out, ">")?;
        values(&mut out, &edge_columns, row)?;
        writeln!(out, "</edge>")?;
    }
    writeln!(out, "    </edges>\n  </graph>\n</gexf>")?;
    out.flush()
}

/// The values of a row. They need no escaping: numbers and site names only.
fn values(out: &mut impl Write, columns: &[&Column], row: usize) -> io::Result<()> {
    write!(out, "<attvalues>")?;
    for (i, column) in columns.iter().enumerate() {
        if column.values.is_left_out(row) {
            continue;
        }
        let value = column.values.text(row);
        write!(out, r#"<attvalue for="{i}" value="{value}"/>"#)?;
    }
    write!(out, "</attvalues>")
}
