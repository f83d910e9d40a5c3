use std::collections::HashMap;
use std::io::Read;

use mri_core::{CategoryCounts, Layer, Site};
use mri_grid::Cell;
use petgraph::graph::NodeIndex;
use serde::Deserialize;

use crate::error::GraphError;
use crate::export::columns::MAX_DENSE_CATEGORIES;
use crate::region::{Region, RegionGraph, Transition};

/// Reads the node-link JSON of [`write_json`](crate::write_json); the graph equals the written one.
///
/// Everything is checked, also that a category's weights between two layers sum to its texts (for a
/// filtered graph: to at most its texts).
///
/// # Errors
/// [`GraphError::Json`] if it is not JSON of this form, [`GraphError::Inconsistent`] if its parts
/// contradict each other.
pub fn read_json(source: impl Read) -> Result<RegionGraph, GraphError> {
    let file: File = serde_json::from_reader(source)?;
    let n = file.graph.categories.len();
    if file.graph.sizes.len() != n {
        return Err(wrong(format!(
            "{n} categories but {} sizes",
            file.graph.sizes.len()
        )));
    }
    let categories = Categories::of(&file.graph);
    let nodes = read_nodes(&file.graph, &categories, &file.nodes)?;
    let edges = read_edges(&categories, &file.edges, &nodes)?;
    drop(categories);
    let mut graph = RegionGraph::empty(
        file.graph.categories,
        file.graph.sizes,
        file.graph.layers,
        file.graph.filtered,
    );
    for (region, _) in nodes {
        graph.graph_mut().add_node(region);
    }
    for (source, target, transition) in edges {
        let (source, target) = (NodeIndex::new(source), NodeIndex::new(target));
        graph.graph_mut().add_edge(source, target, transition);
    }
    check_sums(&graph)?;
    Ok(graph)
}

/// The regions with their names, ordered by layer, then cell.
fn read_nodes<'a>(
    header: &Header,
    categories: &Categories<'_>,
    listed: &'a [Node],
) -> Result<Vec<(Region, &'a str)>, GraphError> {
    let mut nodes = Vec::with_capacity(listed.len());
    for node in listed {
        let site: Site = node.site.parse().map_err(|_| {
            wrong(format!(
                "node {:?} has the unknown site {:?}",
                node.id, node.site
            ))
        })?;
        let layer = Layer {
            site,
            index: node.layer,
        };
        let position = header.layers.iter().position(|&other| other == layer);
        let region = Region {
            layer,
            position: position
                .ok_or_else(|| wrong(format!("node {:?} is in no layer of the graph", node.id)))?,
            cell: Cell {
                x: node.x,
                y: node.y,
            },
            counts: categories.counts(&node.counts, || format!("node {:?}", node.id))?,
        };
        nodes.push((region, node.id.as_str()));
    }
    let place = |(region, _): &(Region, &str)| (region.position, region.cell);
    nodes.sort_by_key(place);
    if nodes
        .windows(2)
        .any(|pair| place(&pair[0]) == place(&pair[1]))
    {
        return Err(wrong("a node occurs twice".to_owned()));
    }
    Ok(nodes)
}

/// The edges with the indices of their nodes, ordered by source, then target.
fn read_edges(
    categories: &Categories<'_>,
    listed: &[Edge],
    nodes: &[(Region, &str)],
) -> Result<Vec<(usize, usize, Transition)>, GraphError> {
    let ids = nodes.iter().enumerate();
    let ids: HashMap<&str, usize> = ids.map(|(i, &(_, id))| (id, i)).collect();
    if ids.len() != nodes.len() {
        return Err(wrong("a node occurs twice".to_owned()));
    }
    let mut edges = Vec::with_capacity(listed.len());
    for edge in listed {
        let name = || format!("edge {:?} to {:?}", edge.source, edge.target);
        let end = |id: &str| {
            let found = ids.get(id).copied();
            found.ok_or_else(|| wrong(format!("{} names an unknown node", name())))
        };
        let (source, target) = (end(&edge.source)?, end(&edge.target)?);
        if nodes[target].0.position != nodes[source].0.position + 1 {
            return Err(wrong(format!("{} does not lead to the next layer", name())));
        }
        let weights = categories.counts(&edge.weights, name)?;
        edges.push((source, target, Transition { weights }));
    }
    edges.sort_by_key(|&(source, target, _)| (source, target));
    if edges
        .windows(2)
        .any(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1))
    {
        return Err(wrong("an edge occurs twice".to_owned()));
    }
    Ok(edges)
}

/// The places of the categories by their names.
struct Categories<'a>(HashMap<&'a str, usize>);

impl<'a> Categories<'a> {
    fn of(header: &'a Header) -> Self {
        let names = header.categories.iter().enumerate();
        Self(names.map(|(place, name)| (name.as_str(), place)).collect())
    }

    /// The counts by category; of many categories one that is not listed has none. `what` has them,
    /// for the error.
    fn counts(
        &self,
        by_name: &HashMap<String, u32>,
        what: impl Fn() -> String,
    ) -> Result<CategoryCounts, GraphError> {
        let place = |(name, &count): (&String, &u32)| Some((*self.0.get(name.as_str())?, count));
        let counts: Option<Vec<(usize, u32)>> = by_name.iter().map(place).collect();
        let all_are_listed = by_name.len() == self.0.len();
        match counts {
            Some(counts) if all_are_listed || self.0.len() > MAX_DENSE_CATEGORIES => {
                Ok(counts.into_iter().collect())
            }
            _ => Err(wrong(format!(
                "{} has other categories than the graph",
                what()
            ))),
        }
    }
}

/// Every text is in one cell per layer, and makes one transition from each layer to the next.
fn check_sums(graph: &RegionGraph) -> Result<(), GraphError> {
    let n_layers = graph.layers().len();
    for (category, &size) in graph.category_sizes().iter().enumerate() {
        let mut texts = vec![0; n_layers];
        let mut moved = vec![0; n_layers.saturating_sub(1)];
        let view = graph.view(&[category]);
        for (_, region, count) in view.nodes() {
            texts[region.position] += count as usize;
        }
        for edge in view.edges() {
            moved[graph.graph()[edge.source].position] += edge.weight as usize;
        }
        let lawful = |count: usize| count == size || (graph.is_filtered() && count < size);
        if !texts.iter().chain(&moved).all(|&count| lawful(count)) {
            return Err(wrong(format!(
                "category {:?} has {size} texts, but {texts:?} in the layers and {moved:?} between them",
                graph.categories()[category]
            )));
        }
    }
    Ok(())
}

fn wrong(problem: String) -> GraphError {
    GraphError::Inconsistent { problem }
}

/// The file, as [`write_json`](crate::write_json) describes it.
#[derive(Deserialize)]
struct File {
    graph: Header,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Deserialize)]
struct Header {
    categories: Vec<String>,
    sizes: Vec<usize>,
    layers: Vec<Layer>,
    #[serde(default)]
    filtered: bool,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    layer: usize,
    site: String,
    x: u16,
    y: u16,
    counts: HashMap<String, u32>,
}

#[derive(Deserialize)]
struct Edge {
    source: String,
    target: String,
    weights: HashMap<String, u32>,
}
