//! What places new rows in the maps: kept beside them as tables where it is linear.

use std::path::Path;

use mri_core::{Activations, Layer, Points, Projection, Watch};
use mri_reduce::{LinearProjection, reduce_layer_aligned};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::error::ScanError;
use crate::folder::output::OutFolder;
use crate::folder::sections::{MapsNote, ProjectionNote};
use crate::scan::Scan;

type Projections = Vec<Option<Box<dyn Projection>>>;

impl Scan {
    /// Places new rows of a layer, of shape (rows, width), in its map. Where the projection is not
    /// there, the reducer is fitted again to the recording, which takes its time but gives the same.
    ///
    /// # Errors
    /// [`ScanError::NoLayer`] without a map of the layer, [`ScanError::NoProjection`],
    /// [`ScanError::Reduce`] for rows of another width or that are not finite.
    pub fn transform(
        &self,
        layer: Layer,
        rows: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Array2<f32>, ScanError> {
        let failed = |source| ScanError::Reduce(mri_reduce::LayerError::Layer { layer, source });
        let (place, points) = self.map_of(layer)?;
        if points.degenerate {
            return Ok(Array2::zeros((rows.nrows(), points.components.len())));
        }
        if let Some(Some(projection)) = self.projections.get(place) {
            return projection.transform(rows).map_err(failed);
        }
        let spec = self.notes.maps.as_ref().and_then(|maps| maps.spec.as_ref());
        let (Some(spec), Some(fitted_to)) = (spec, self.activations.get(layer)) else {
            return Err(ScanError::NoProjection { layer });
        };
        let reducer = spec.build()?;
        // Aligned maps were fitted near the map before, which is there to the bit.
        let before = self
            .embedding
            .iter()
            .flat_map(|maps| maps.iter().take(place));
        let last = before
            .filter(|(_, map)| spec.align && !map.degenerate)
            .last();
        let last = last.map(|(_, map)| map.coordinates.view());
        let components = spec.components;
        let fitted = reduce_layer_aligned(
            fitted_to.as_ref(),
            reducer.as_ref(),
            components,
            last,
            watch,
        );
        let projection = fitted.map_err(failed)?.projection;
        let projection = projection.ok_or(ScanError::NoProjection { layer })?;
        projection.transform(rows).map_err(failed)
    }

    /// The place of a layer among the maps, and its map.
    fn map_of(&self, layer: Layer) -> Result<(usize, &Points), ScanError> {
        let maps = self.embedding.iter().flat_map(|maps| maps.iter());
        let mut found = maps.enumerate().filter(|(_, (other, _))| *other == layer);
        found
            .next()
            .map(|(place, (_, points))| (place, points))
            .ok_or_else(|| ScanError::NoLayer {
                layer,
                known: names(self.embedding.iter().flat_map(|maps| maps.layers())),
            })
    }

    /// The recording of some layers, in its order.
    pub(crate) fn some_layers(&self, layers: &[Layer]) -> Result<Activations, ScanError> {
        let missing = |layer: &&Layer| self.activations.get(**layer).is_none();
        if let Some(&layer) = layers.iter().find(missing) {
            let known = names(self.activations.layers());
            return Err(ScanError::NoLayer { layer, known });
        }
        let all = self.activations.iter();
        let some = all.filter(|(layer, _)| layers.contains(layer));
        let some = some.map(|(layer, rows)| (layer, rows.clone())).collect();
        Ok(Activations::new(self.labels().clone(), some)?)
    }
}

/// The layers' names in a row; "none" if there are none.
fn names(layers: impl Iterator<Item = Layer>) -> String {
    let names: Vec<String> = layers.map(|layer| layer.to_string()).collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

/// What the manifest says of a projection; `None` is that of a degenerate layer.
pub(crate) fn note(projection: Option<&dyn Projection>) -> ProjectionNote {
    match projection {
        None => ProjectionNote::Point,
        Some(projection) if linear(projection).is_some() => ProjectionNote::Table,
        Some(_) => ProjectionNote::Refit,
    }
}

fn linear(projection: &dyn Projection) -> Option<&LinearProjection> {
    projection.as_any()?.downcast_ref()
}

fn file_name(layer: Layer) -> String {
    format!("{layer}.projection.csv")
}

/// Writes the tables: `offset,factor` and a column per component, a line per column of the
/// activations. Numbers are written so that they are read back to the bit.
pub(crate) fn write(
    out: &OutFolder,
    maps: &MapsNote,
    projections: &Projections,
) -> Result<(), ScanError> {
    for (note, projection) in maps.layers.iter().zip(projections) {
        let Some(linear) = projection.as_deref().and_then(linear) else {
            continue;
        };
        out.file(&file_name(note.layer), |file| {
            let mut csv = csv::Writer::from_writer(file);
            let names = note.components.iter().map(|axis| axis.name.as_str());
            csv.write_record(["offset", "factor"].into_iter().chain(names))?;
            let components = linear.components();
            let columns = components.columns().into_iter();
            for ((offset, factor), weights) in
                linear.offset().iter().zip(linear.factor()).zip(columns)
            {
                let numbers = [offset, factor].into_iter().chain(&weights);
                csv.write_record(numbers.map(f64::to_string))?;
            }
            csv.flush()
        })?;
    }
    Ok(())
}

/// Reads the tables that the notes name.
pub(crate) fn read(
    folder: &Path,
    maps: &MapsNote,
    activations: &Activations,
) -> Result<Projections, ScanError> {
    let mut projections: Projections = Vec::with_capacity(maps.layers.len());
    for note in &maps.layers {
        projections.push(match note.projection {
            ProjectionNote::Table => {
                let path = folder.join("embedding").join(file_name(note.layer));
                let width = activations.get(note.layer).map_or(0, |rows| rows.size().1);
                let read = read_table(&path, width, maps.components);
                let linear = read.map_err(|problem| ScanError::BadFile { path, problem })?;
                Some(Box::new(linear))
            }
            ProjectionNote::Refit | ProjectionNote::Point => None,
        });
    }
    Ok(projections)
}

fn read_table(path: &Path, width: usize, components: usize) -> Result<LinearProjection, String> {
    let mut table = csv::Reader::from_path(path).map_err(|e| e.to_string())?;
    let mut numbers = Vec::with_capacity(width * (components + 2));
    for record in table.records() {
        for field in &record.map_err(|e| e.to_string())? {
            let number = field.parse::<f64>();
            numbers.push(number.map_err(|_| format!("{field:?} is no number"))?);
        }
    }
    let found = numbers.len();
    let parts = Array2::from_shape_vec((width, components + 2), numbers)
        .map_err(|_| format!("{found} numbers for {width} columns and {components} components"))?;
    let column = |i: usize| -> Array1<f64> { parts.index_axis(Axis(1), i).to_owned() };
    let weights = parts.slice(ndarray::s![.., 2..]).t().to_owned();
    LinearProjection::from_parts(column(0), column(1), weights).map_err(|e| e.to_string())
}
