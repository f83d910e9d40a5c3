//! Files that other tools open: GraphML, node-link JSON and CSV.

use std::io::{self, Write};

use petgraph::visit::EdgeRef;
use serde_json::{Map, Value, json};

use crate::RegionGraph;
use crate::xml::xml;

/// Writes the edges as CSV: `source,target,layer` and one column of weights per category.
///
/// `layer` is the number of the layer that the edge starts from.
///
/// # Errors
/// What the writer gives.
pub fn write_edges_csv(graph: &RegionGraph, out: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let header = ["source", "target", "layer"].into_iter().map(str::to_owned);
    csv.write_record(header.chain(graph.categories().iter().cloned()))?;
    let g = graph.graph();
    for edge in g.edge_references() {
        let (source, target) = (&g[edge.source()], &g[edge.target()]);
        let ends = [
            source.label(),
            target.label(),
            source.layer.index.to_string(),
        ];
        let weights = edge.weight().weights.iter().map(u32::to_string);
        csv.write_record(ends.into_iter().chain(weights))?;
    }
    csv.flush()
}

/// Writes the nodes as CSV: `node,site,layer,x,y,texts` and one column of texts per category.
///
/// # Errors
/// What the writer gives.
pub fn write_nodes_csv(graph: &RegionGraph, out: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let header = ["node", "site", "layer", "x", "y", "texts"].map(str::to_owned);
    csv.write_record(header.into_iter().chain(graph.categories().iter().cloned()))?;
    for region in graph.graph().node_weights() {
        let place = [
            region.label(),
            region.layer.site.to_string(),
            region.layer.index.to_string(),
            region.cell.x.to_string(),
            region.cell.y.to_string(),
            region.texts().to_string(),
        ];
        let counts = region.counts.iter().map(u32::to_string);
        csv.write_record(place.into_iter().chain(counts))?;
    }
    csv.flush()
}

/// Writes node-link JSON, which networkx's `node_link_graph` opens and
/// [`read_json`](crate::read_json) reads back.
///
/// A node has `id`, `layer`, `site`, `x`, `y`, `texts` and `counts` per category; an edge has
/// `weight` (texts of all categories) and `weights` per category. The graph itself has its
/// `categories`, their `sizes` and its `layers`.
///
/// # Errors
/// What the writer gives.
pub fn write_json(graph: &RegionGraph, mut out: impl Write) -> io::Result<()> {
    let g = graph.graph();
    let by_category = |values: &[u32]| {
        let pairs = graph
            .categories()
            .iter()
            .cloned()
            .zip(values.iter().map(|&v| json!(v)));
        Value::Object(pairs.collect::<Map<_, _>>())
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
                "texts": region.texts(),
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
                "weight": edge.weight().texts(),
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
        },
        "nodes": nodes,
        "edges": edges,
    });
    serde_json::to_writer(&mut out, &whole)?;
    out.flush()
}

/// Writes GraphML, which networkx, Gephi, yEd and igraph open.
///
/// Attributes are those of the JSON form, with one typed attribute per category: `texts: NAME` of a
/// node and `weight: NAME` of an edge. Characters that XML does not allow are replaced.
///
/// # Errors
/// What the writer gives.
pub fn write_graphml(graph: &RegionGraph, mut out: impl Write) -> io::Result<()> {
    let g = graph.graph();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#
    )?;
    let mut key = |id: &str, domain: &str, name: &str, kind: &str| {
        let name = xml(name);
        writeln!(
            out,
            r#"  <key id="{id}" for="{domain}" attr.name="{name}" attr.type="{kind}"/>"#
        )
    };
    key("layer", "node", "layer", "int")?;
    key("site", "node", "site", "string")?;
    key("x", "node", "x", "int")?;
    key("y", "node", "y", "int")?;
    key("texts", "node", "texts", "int")?;
    key("weight", "edge", "weight", "int")?;
    for (i, category) in graph.categories().iter().enumerate() {
        key(
            &format!("n{i}"),
            "node",
            &format!("texts: {category}"),
            "int",
        )?;
        key(
            &format!("e{i}"),
            "edge",
            &format!("weight: {category}"),
            "int",
        )?;
    }
    writeln!(out, r#"  <graph edgedefault="directed">"#)?;
    for region in g.node_weights() {
        write!(out, r#"    <node id="{}">"#, xml(&region.label()))?;
        data(&mut out, "layer", &region.layer.index)?;
        data(&mut out, "site", &region.layer.site)?;
        data(&mut out, "x", &region.cell.x)?;
        data(&mut out, "y", &region.cell.y)?;
        data(&mut out, "texts", &region.texts())?;
        for (i, count) in region.counts.iter().enumerate() {
            data(&mut out, &format!("n{i}"), count)?;
        }
        writeln!(out, "</node>")?;
    }
    for edge in g.edge_references() {
        let (source, target) = (g[edge.source()].label(), g[edge.target()].label());
        write!(
            out,
            r#"    <edge source="{}" target="{}">"#,
            xml(&source),
            xml(&target)
        )?;
        data(&mut out, "weight", &edge.weight().texts())?;
        for (i, weight) in edge.weight().weights.iter().enumerate() {
            data(&mut out, &format!("e{i}"), weight)?;
        }
        writeln!(out, "</edge>")?;
    }
    writeln!(out, "  </graph>\n</graphml>")?;
    out.flush()
}

/// A `data` element. The value's text needs no escaping: numbers and site names only.
fn data(out: &mut impl Write, key: &str, value: &dyn std::fmt::Display) -> io::Result<()> {
    write!(out, r#"<data key="{key}">{value}</data>"#)
}
