use std::io::{self, Write};

use petgraph::visit::EdgeRef;

use crate::RegionGraph;
use crate::xml::xml;

/// Writes GEXF 1.2, which Gephi and networkx open.
///
/// Attributes are those of the GraphML form: `layer`, `site`, `x`, `y`, `texts` and `texts: NAME` per
/// category of a node, `weight: NAME` per category of an edge; the edge's own weight is that of
/// all categories.
///
/// # Errors
/// What the writer gives.
pub fn write_gexf(graph: &RegionGraph, mut out: impl Write) -> io::Result<()> {
    let g = graph.graph();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">"#
    )?;
    writeln!(
        out,
        r#"  <graph defaultedgetype="directed" mode="static" name="co-activation of regions">"#
    )?;
    let attribute = |out: &mut dyn Write, id: &str, title: &str, kind: &str| {
        let title = xml(title);
        writeln!(
            out,
            r#"      <attribute id="{id}" title="{title}" type="{kind}"/>"#
        )
    };
    writeln!(out, r#"    <attributes class="node" mode="static">"#)?;
    for (name, kind) in [
        ("layer", "integer"),
        ("site", "string"),
        ("x", "integer"),
        ("y", "integer"),
        ("texts", "integer"),
    ] {
        attribute(&mut out, name, name, kind)?;
    }
    for (i, category) in graph.categories().iter().enumerate() {
        let title = format!("texts: {category}");
        attribute(&mut out, &format!("n{i}"), &title, "integer")?;
    }
    writeln!(out, "    </attributes>")?;
    writeln!(out, r#"    <attributes class="edge" mode="static">"#)?;
    for (i, category) in graph.categories().iter().enumerate() {
        let title = format!("weight: {category}");
        attribute(&mut out, &format!("e{i}"), &title, "integer")?;
    }
    writeln!(out, "    </attributes>\n    <nodes>")?;
    for region in g.node_weights() {
        let label = xml(&region.label());
        write!(
            out,
            r#"      <node id="{label}" label="{label}"><attvalues>"#
        )?;
        value(&mut out, "layer", &region.layer.index)?;
        value(&mut out, "site", &region.layer.site)?;
        value(&mut out, "x", &region.cell.x)?;
        value(&mut out, "y", &region.cell.y)?;
        value(&mut out, "texts", &region.texts())?;
        for (i, count) in region.counts.iter().enumerate() {
            value(&mut out, &format!("n{i}"), count)?;
        }
        writeln!(out, "</attvalues></node>")?;
    }
    writeln!(out, "    </nodes>\n    <edges>")?;
    for edge in g.edge_references() {
        let (id, weight) = (edge.id().index(), edge.weight().texts());
        let [source, target] = [edge.source(), edge.target()].map(|end| xml(&g[end].label()));
        write!(
            out,
            r#"      <edge id="{id}" source="{source}" target="{target}" weight="{weight}"><attvalues>"#
        )?;
        for (i, weight) in edge.weight().weights.iter().enumerate() {
            value(&mut out, &format!("e{i}"), weight)?;
        }
        writeln!(out, "</attvalues></edge>")?;
    }
    writeln!(out, "    </edges>\n  </graph>\n</gexf>")?;
    out.flush()
}

/// An attribute value. Its text needs no escaping: numbers and site names only.
fn value(out: &mut impl Write, id: &str, value: &dyn std::fmt::Display) -> io::Result<()> {
    write!(out, r#"<attvalue for="{id}" value="{value}"/>"#)
}
