use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::export::columns::{Column, EDGE_ENDS, GraphTable, NODE_NAME, Values};

/// Writes the edges as Parquet, with the columns of [`write_edges_csv`](crate::write_edges_csv):
/// names as strings, whole numbers as 64-bit integers, the rest as doubles. Nothing is compressed.
///
/// # Errors
/// Errors of the writer.
pub fn write_edges_parquet(graph: impl Into<GraphTable>, out: impl Write + Send) -> io::Result<()> {
    let table = graph.into();
    let end = |name: &str, of: fn(&(usize, usize)) -> usize| {
        let names = table.edges.iter().map(|edge| table.nodes[of(edge)].clone());
        (name.to_owned(), Values::Text(names.collect()))
    };
    let mut columns = vec![
        end(EDGE_ENDS[0], |edge| edge.0),
        end(EDGE_ENDS[1], |edge| edge.1),
    ];
    columns.extend(flat(&table.edge_columns));
    write_table(&columns, out).map_err(io::Error::other)
}

/// Writes the nodes as Parquet, with the columns of [`write_nodes_csv`](crate::write_nodes_csv);
/// types are those of [`write_edges_parquet`].
///
/// # Errors
/// Errors of the writer.
pub fn write_nodes_parquet(graph: impl Into<GraphTable>, out: impl Write + Send) -> io::Result<()> {
    let table = graph.into();
    let mut columns = vec![(NODE_NAME.to_owned(), Values::Text(table.nodes.clone()))];
    columns.extend(flat(&table.node_columns));
    write_table(&columns, out).map_err(io::Error::other)
}

fn flat(columns: &[Column]) -> impl Iterator<Item = (String, Values)> + '_ {
    let of = |column: &Column| Some((column.flat.clone()?, column.values.clone()));
    columns.iter().filter_map(of)
}

fn write_table(columns: &[(String, Values)], out: impl Write + Send) -> Result<()> {
    let fields = columns.iter().map(|(name, values)| {
        let (physical, logical) = match values {
            Values::Integer(_) | Values::Counts { .. } => (Physical::INT64, None),
            Values::Float(_) => (Physical::DOUBLE, None),
            Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let field = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(field))
    });
    let schema = Type::group_type_builder("graph")
        .with_fields(fields.collect::<Result<Vec<_>>>()?)
        .build()?;
    let properties = Arc::new(WriterProperties::builder().build());
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), properties)?;
    let mut group = file.next_row_group()?;
    for (_, values) in columns {
        let Some(mut column) = group.next_column()? else {
            break;
        };
        match values {
            Values::Integer(values) => column
                .typed::<Int64Type>()
                .write_batch(values, None, None)?,
            Values::Counts { rows, category, .. } => {
                let counts = rows.iter().map(|row| i64::from(row.get(*category)));
                let counts: Vec<i64> = counts.collect();
                column
                    .typed::<Int64Type>()
                    .write_batch(&counts, None, None)?
            }
            Values::Float(values) => column
                .typed::<DoubleType>()
                .write_batch(values, None, None)?,
            Values::Text(values) => {
                let bytes: Vec<ByteArray> =
                    values.iter().map(|v| ByteArray::from(v.as_str())).collect();
                column
                    .typed::<ByteArrayType>()
                    .write_batch(&bytes, None, None)?
            }
        };
        column.close()?;
    }
    group.close()?;
    file.close()?;
    Ok(())
}
