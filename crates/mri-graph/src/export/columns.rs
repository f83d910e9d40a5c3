use std::collections::HashSet;
use std::sync::Arc;

use mri_core::{CategoryCounts, Layer};
use petgraph::visit::EdgeRef;

use crate::correlation::{ComponentNode, CorrelationGraph};
use crate::region::{Region, RegionGraph};

/// A graph as two tables with typed columns, one of nodes and one of edges: the input of every
/// export.
///
/// [`RegionGraph`] and [`CorrelationGraph`] convert into it with `into()`, so that each format is
/// implemented once for both.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphTable {
    /// A description of the graph, for formats that have a title.
    pub(crate) title: &'static str,
    pub(crate) layers: Vec<Layer>,
    /// The names of the nodes, all different.
    pub(crate) nodes: Vec<String>,
    /// Per node the index of its layer in `layers`.
    pub(crate) positions: Vec<usize>,
    pub(crate) node_columns: Vec<Column>,
    /// Source and target, as indices into `nodes`.
    pub(crate) edges: Vec<(usize, usize)>,
    pub(crate) edge_columns: Vec<Column>,
    /// Per node its place across its layer, upwards; see [`GraphTable::with_layout`].
    across: Vec<f64>,
}

/// Units between layers in files with positions, and between nodes that a layout puts 1 apart.
/// Gephi draws nodes some 10 units wide.
const LAYER_DISTANCE: f64 = 400.0;
const NODE_DISTANCE: f64 = 30.0;

impl GraphTable {
    /// Sets where nodes are drawn by programs that read positions from a file (GraphML and GEXF):
    /// layers lie side by side, and `across` is the place of every node in its layer, downwards, in
    /// the order of the graph's nodes, as [`LayeredLayout::coordinate`] of mri-render has it. Nodes
    /// without an entry keep their places; by default they stand in their order.
    ///
    /// [`LayeredLayout::coordinate`]: https://docs.rs/mri-render
    #[must_use]
    pub fn with_layout(mut self, across: &[f64]) -> Self {
        for (place, given) in self.across.iter_mut().zip(across) {
            *place = -given;
        }
        self
    }

    /// Where a node is drawn: x to the right along the layers, y upwards.
    pub(crate) fn place(&self, node: usize) -> (f64, f64) {
        let x = self.positions[node] as f64 * LAYER_DISTANCE;
        (x, self.across[node] * NODE_DISTANCE)
    }
}

/// The nodes of every layer one above the other, the first at the top, centered at 0.
fn stacked(positions: &[usize]) -> Vec<f64> {
    let layers = positions.iter().max().map_or(0, |last| last + 1);
    let mut sizes = vec![0_usize; layers];
    positions.iter().for_each(|&layer| sizes[layer] += 1);
    let mut before = vec![0_usize; layers];
    let of_node = |&layer: &usize| {
        let place = (sizes[layer] as f64 - 1.0) / 2.0 - before[layer] as f64;
        before[layer] += 1;
        place
    };
    positions.iter().map(of_node).collect()
}

/// A column of numbers or words, one value per node or per edge.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// Its name as an attribute, such as `weight: law`.
    pub(crate) name: String,
    /// Its name in a flat table, such as `law`; `None` for a sum of other columns, which flat
    /// tables leave out.
    pub(crate) flat: Option<String>,
    pub(crate) values: Values,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    Integer(Vec<i64>),
    Float(Vec<f64>),
    Text(Vec<String>),
    /// The texts of one category; its zeros are left out of formats with named attributes if
    /// `sparse` is set. The rows are shared by the columns of all categories.
    Counts {
        rows: Arc<Vec<CategoryCounts>>,
        category: usize,
        sparse: bool,
    },
}

/// With more categories than this, formats with named attributes leave out counts of 0: nearly all
/// counts are, and with 200 labels they would be nine tenths of hundreds of megabytes.
pub(crate) const MAX_DENSE_CATEGORIES: usize = 30;

impl Values {
    /// A value in the notation of every text format.
    pub(crate) fn text(&self, row: usize) -> String {
        match self {
            Self::Integer(values) => values[row].to_string(),
            Self::Float(values) => real(values[row]),
            Self::Text(values) => values[row].clone(),
            Self::Counts { rows, category, .. } => rows[row].get(*category).to_string(),
        }
    }

    /// Whether formats with named attributes leave the value out.
    pub(crate) fn is_left_out(&self, row: usize) -> bool {
        match self {
            Self::Counts {
                rows,
                category,
                sparse,
            } => *sparse && rows[row].get(*category) == 0,
            _ => false,
        }
    }
}

/// The shortest notation that reads back as the same number; tiny ones have an exponent.
pub(crate) fn real(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-5 {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

/// The field of a number; empty where it is not defined.
pub(crate) fn optional_number(value: Option<f64>) -> String {
    let value = value.filter(|value| !value.is_nan());
    value.map(real).unwrap_or_default()
}

/// The columns that flat tables begin with.
pub(crate) const EDGE_ENDS: [&str; 2] = ["source", "target"];
pub(crate) const NODE_NAME: &str = "node";

impl Column {
    fn new(name: &str, values: Values) -> Self {
        Self {
            name: name.to_owned(),
            flat: Some(name.to_owned()),
            values,
        }
    }

    fn integers(name: &str, values: impl Iterator<Item = usize>) -> Self {
        Self::new(name, Values::Integer(values.map(|v| v as i64).collect()))
    }

    fn floats(name: &str, values: impl Iterator<Item = f64>) -> Self {
        Self::new(name, Values::Float(values.collect()))
    }

    fn flat_as(mut self, name: &str) -> Self {
        self.flat = Some(name.to_owned());
        self
    }

    fn not_flat(mut self) -> Self {
        self.flat = None;
        self
    }
}

/// One column per category. In flat tables it has the name of the category, unless another column
/// has that name.
fn by_category<'a>(
    what: &str,
    categories: &[String],
    others: &[&str],
    rows: impl Iterator<Item = &'a CategoryCounts>,
) -> Vec<Column> {
    let rows: Arc<Vec<CategoryCounts>> = Arc::new(rows.cloned().collect());
    let sparse = categories.len() > MAX_DENSE_CATEGORIES;
    let taken: HashSet<&str> = others.iter().copied().collect();
    let columns = categories.iter().enumerate().map(|(c, category)| {
        let name = format!("{what}: {category}");
        Column {
            flat: Some(if taken.contains(category.as_str()) {
                name.clone()
            } else {
                category.clone()
            }),
            name,
            values: Values::Counts {
                rows: rows.clone(),
                category: c,
                sparse,
            },
        }
    });
    columns.collect()
}

impl From<&RegionGraph> for GraphTable {
    fn from(graph: &RegionGraph) -> Self {
        let g = graph.graph();
        let regions = || g.node_weights();
        let mut node_columns = vec![
            Column::new(
                "site",
                Values::Text(regions().map(|r| r.layer.site.to_string()).collect()),
            ),
            Column::integers("layer", regions().map(|r| r.layer.index)),
            // Gephi takes attributes x and y for the place to draw a node at.
            Column::integers("cell_x", regions().map(|r| usize::from(r.cell.x))).flat_as("x"),
            Column::integers("cell_y", regions().map(|r| usize::from(r.cell.y))).flat_as("y"),
            Column::integers("texts", regions().map(|r| r.n_texts() as usize)),
        ];
        node_columns.extend(by_category(
            "texts",
            graph.categories(),
            &[NODE_NAME, "site", "layer", "x", "y", "texts"],
            regions().map(|r| &r.counts),
        ));
        let edges = || g.edge_references();
        let mut edge_columns = vec![
            Column::integers("layer", edges().map(|e| g[e.source()].layer.index)),
            Column::integers("weight", edges().map(|e| e.weight().n_texts() as usize)).not_flat(),
        ];
        edge_columns.extend(by_category(
            "weight",
            graph.categories(),
            &[EDGE_ENDS[0], EDGE_ENDS[1], "layer"],
            edges().map(|e| &e.weight().weights),
        ));
        let positions: Vec<usize> = regions().map(|r| r.position).collect();
        Self {
            title: "co-activation of regions",
            layers: graph.layers().to_vec(),
            nodes: regions().map(Region::label).collect(),
            across: stacked(&positions),
            positions,
            node_columns,
            edges: edges()
                .map(|e| (e.source().index(), e.target().index()))
                .collect(),
            edge_columns,
        }
    }
}

impl From<&CorrelationGraph> for GraphTable {
    fn from(graph: &CorrelationGraph) -> Self {
        let g = graph.graph();
        let components = || g.node_weights();
        let edges = || g.edge_references();
        let positions: Vec<usize> = components().map(|c| c.position).collect();
        Self {
            title: "correlation of components",
            layers: graph.layers().to_vec(),
            nodes: components().map(ComponentNode::label).collect(),
            across: stacked(&positions),
            positions,
            node_columns: vec![
                Column::new(
                    "site",
                    Values::Text(components().map(|c| c.layer.site.to_string()).collect()),
                ),
                Column::integers("layer", components().map(|c| c.layer.index)),
                Column::integers("component", components().map(|c| c.component)),
            ],
            edges: edges()
                .map(|e| (e.source().index(), e.target().index()))
                .collect(),
            edge_columns: vec![
                Column::integers("layer", edges().map(|e| g[e.source()].layer.index)),
                Column::floats("weight", edges().map(|e| e.weight().rho)),
                Column::floats("p", edges().map(|e| e.weight().p)),
                Column::floats("q", edges().map(|e| e.weight().q)),
            ],
        }
    }
}
