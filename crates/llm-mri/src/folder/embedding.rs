//! `embedding/`: a matrix per map, the tables of linear projections, and the quality of the maps.

use std::io::Write as _;
use std::path::Path;

use mri_core::{Embedding, Layer, Points};
use mri_reduce::LinearProjection;
use mri_store::{read_npy, write_npy};
use ndarray::{Array1, Array2, Axis, s};

use crate::error::ScanError;
use crate::folder::file_names::EMBEDDING;
use crate::folder::output::OutFolder;
use crate::folder::sections::{LayerMap, MapQuality, MapsSection, ProjectionSource};
use crate::scan::maps::{Maps, Projections, as_linear};
use crate::scan::recording::Recording;

/// The file of what the maps keep.
const QUALITY: &str = "quality.csv";

/// Whether a file in it is one of the stage's.
pub(crate) fn is_ours(name: &str) -> bool {
    let mut ends = [".npy", ".projection.csv"].into_iter();
    name == QUALITY
        || ends.any(|end| {
            let stem = name.strip_suffix(end);
            stem.is_some_and(|stem| stem.parse::<Layer>().is_ok())
        })
}

pub(crate) fn write(folder: &Path, maps: &Maps) -> Result<(), ScanError> {
    let out = OutFolder::replacing(&folder.join(EMBEDDING), is_ours)?;
    for (layer, points) in maps.embedding().iter() {
        let path = out.path().join(matrix_name(layer));
        write_npy(&path, points.coordinates.view())?;
    }
    write_projections(&out, maps)?;
    write_quality(&out, maps.section())?;
    out.finish()
}

/// Reads the maps that the manifest names.
pub(crate) fn read(
    scan: &Path,
    section: MapsSection,
    recording: &Recording,
) -> Result<Maps, ScanError> {
    let folder = scan.join(EMBEDDING);
    let expected = (recording.labels().len(), section.components);
    let mut entries = Vec::with_capacity(section.layers.len());
    for map in &section.layers {
        check(scan, recording, &matrix_name(map.layer))?;
        let path = folder.join(matrix_name(map.layer));
        let coordinates = read_npy(&path)?;
        if coordinates.dim() != expected {
            return Err(ScanError::BadFile {
                path,
                problem: format!(
                    "a matrix of {:?} where the manifest says {expected:?}",
                    coordinates.dim()
                ),
            });
        }
        let points = Points {
            coordinates,
            components: map.components.clone(),
            degenerate: map.degenerate,
        };
        entries.push((map.layer, points));
    }
    Ok(Maps {
        embedding: Embedding::new(recording.labels().clone(), entries)?,
        projections: read_projections(scan, &section, recording)?,
        section,
    })
}

/// Compares a file of this folder with its checksum.
fn check(scan: &Path, recording: &Recording, name: &str) -> Result<(), ScanError> {
    let name = format!("{EMBEDDING}/{name}");
    Ok(recording.manifest().check_file(scan, &name)?)
}

fn matrix_name(layer: Layer) -> String {
    format!("{layer}.npy")
}

fn projection_name(layer: Layer) -> String {
    format!("{layer}.projection.csv")
}

/// Writes the linear projections as tables: `offset,factor` and a column per component, a line per
/// column of the activations. Numbers are written so that they are read back to the bit.
fn write_projections(out: &OutFolder, maps: &Maps) -> Result<(), ScanError> {
    for (map, projection) in maps.section().layers.iter().zip(maps.projections()) {
        let Some(linear) = projection.as_deref().and_then(as_linear) else {
            continue;
        };
        out.file(&projection_name(map.layer), |file| {
            let mut csv = csv::Writer::from_writer(file);
            let names = map.components.iter().map(|c| c.name.as_str());
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

/// Reads the tables that the manifest names.
fn read_projections(
    scan: &Path,
    section: &MapsSection,
    recording: &Recording,
) -> Result<Projections, ScanError> {
    let read = |map: &LayerMap| {
        if map.projection != ProjectionSource::Table {
            return Ok(None);
        }
        let name = projection_name(map.layer);
        check(scan, recording, &name)?;
        let path = scan.join(EMBEDDING).join(name);
        let rows = recording.activations().get(map.layer);
        let width = rows.map_or(0, |rows| rows.size().1);
        match read_table(&path, width, section.components) {
            Ok(linear) => Ok(Some(Box::new(linear) as _)),
            Err(problem) => Err(ScanError::BadFile { path, problem }),
        }
    };
    section.layers.iter().map(read).collect()
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
    let table = Array2::from_shape_vec((width, components + 2), numbers)
        .map_err(|_| format!("{found} numbers for {width} columns and {components} components"))?;
    let column = |i: usize| -> Array1<f64> { table.index_axis(Axis(1), i).to_owned() };
    let weights = table.slice(s![.., 2..]).t().to_owned();
    LinearProjection::from_parts(column(0), column(1), weights).map_err(|e| e.to_string())
}

/// Writes `quality.csv`, a line per map, if any was measured. The measures of degenerate maps are
/// left empty.
fn write_quality(out: &OutFolder, section: &MapsSection) -> Result<(), ScanError> {
    if section.layers.iter().all(|map| map.quality.is_none()) {
        return Ok(());
    }
    out.file(QUALITY, |file| {
        writeln!(
            file,
            "layer,rows,neighbours,trustworthiness,continuity,recall,neighbourhood_hit,\
             triplet_accuracy,distance_correlation"
        )?;
        for map in &section.layers {
            writeln!(file, "{}", quality_line(map.layer, map.quality.as_ref()))?;
        }
        Ok(())
    })
}

fn quality_line(layer: Layer, quality: Option<&MapQuality>) -> String {
    let Some(quality) = quality else {
        return format!("{layer},,,,,,,,");
    };
    let m = &quality.measures;
    let hit = m
        .neighborhood_hit
        .map_or(String::new(), |hit| hit.to_string());
    format!(
        "{layer},{},{},{},{},{},{hit},{},{}",
        quality.rows,
        quality.neighbors,
        m.trustworthiness,
        m.continuity,
        m.recall,
        m.triplet_accuracy,
        m.distance_correlation,
    )
}
