//! What a report says of how its scan was made.

use mri_graph::Significance;
use mri_reduce::Quality;
use mri_render::{Facts, ReportTable, TableEntry, report_text_limit};
use serde::Serialize;

use crate::folder::sections::MapsSection;
use crate::scan::Scan;

/// How the scan was made. Timings are left out: the same scan gives the same report.
pub(crate) fn facts(scan: &Scan, tests: &Significance) -> Vec<Facts> {
    vec![
        model(scan),
        texts(scan),
        recording(scan),
        maps(scan),
        judged_by(tests),
    ]
}

fn model(scan: &Scan) -> Facts {
    let model = scan.model();
    block(
        "Model",
        vec![
            ("name", model.name.clone()),
            ("family", model.family.clone()),
            ("blocks", model.n_blocks.to_string()),
            ("width", model.width.to_string()),
            ("hash", scan.manifest().model.hash.clone()),
        ],
    )
}

fn texts(scan: &Scan) -> Facts {
    let manifest = scan.manifest();
    let (corpus, tokenizer) = (&manifest.corpus, &manifest.tokenizer);
    let left_out = format!("{} without text or label", corpus.dropped);
    let cut = format!(
        "{} after {} tokens",
        tokenizer.truncated, tokenizer.max_length
    );
    let limit = scan.texts().and_then(report_text_limit);
    let here = match limit {
        Some(limit) => format!("the first {limit} bytes of longer texts"),
        None => "whole".to_owned(),
    };
    block(
        "Texts",
        vec![
            ("source", corpus.source.display().to_string()),
            ("texts", corpus.texts.to_string()),
            ("left out", left_out),
            ("cut", cut),
            ("in this page", here),
            ("tokens", manifest.stats.tokens.to_string()),
            ("hash", corpus.hash.clone()),
        ],
    )
}

fn recording(scan: &Scan) -> Facts {
    let recording = &scan.manifest().recording;
    let last = match recording.final_norm {
        true => "after the final norm",
        false => "before the final norm",
    };
    let mut rows = vec![
        ("pooling", as_in_files(&recording.pooling)),
        ("last layer", last.to_owned()),
    ];
    for (key, value) in &recording.engine {
        rows.push((key.as_str(), value.clone()));
    }
    block("Recording", rows)
}

fn maps(scan: &Scan) -> Facts {
    let mut rows = Vec::new();
    if let Ok(maps) = scan.maps() {
        let section = maps.section();
        rows.push(("reducer", section.reducer.clone()));
        rows.push(("components", section.components.to_string()));
        if let Some(spec) = &section.spec {
            let scaling = spec.scaling.map(|scaling| as_in_files(&scaling));
            let scaling = scaling.unwrap_or_else(|| "as usual for the reducer".to_owned());
            rows.push(("columns", scaling));
            rows.push(("seed", spec.seed.to_string()));
        }
    }
    if let Ok(regions) = scan.regions() {
        rows.push(("grid", regions.binning().to_string()));
    }
    block("Maps", rows)
}

fn judged_by(tests: &Significance) -> Facts {
    let text = |text: &str| text.to_owned();
    block(
        "Judged by",
        vec![
            (
                "p of a cell",
                text("all permutations of the labels (hypergeometric)"),
            ),
            (
                "p of a layer",
                format!("{} random permutations", tests.permutations),
            ),
            (
                "q",
                text("Benjamini–Hochberg, over the cells of a layer and over the layers"),
            ),
            (
                "intervals",
                format!("{} bootstrap resamples, 95 %", tests.resamples),
            ),
        ],
    )
}

fn block(title: &str, rows: Vec<(&str, String)>) -> Facts {
    Facts {
        title: title.to_owned(),
        rows: rows
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

/// The quality of the maps, if any was measured.
pub(crate) fn quality_table(maps: &MapsSection) -> Option<ReportTable> {
    let first = maps.layers.iter().find_map(|map| map.quality.as_ref())?;
    let rows = maps.layers.iter().map(|map| {
        let measures = map.quality.as_ref().map(|quality| quality.measures);
        let of =
            |pick: fn(&Quality) -> Option<f64>| TableEntry::from(measures.as_ref().and_then(pick));
        vec![
            TableEntry::from(map.layer.title()),
            of(|m| Some(m.trustworthiness)),
            of(|m| Some(m.continuity)),
            of(|m| Some(m.recall)),
            of(|m| m.neighborhood_hit),
            of(|m| Some(m.triplet_accuracy)),
            of(|m| Some(m.distance_correlation)),
        ]
    });
    let columns = [
        "layer",
        "trustworthiness",
        "continuity",
        "neighbor recall",
        "neighbors of the same label",
        "triplet accuracy",
        "distance correlation",
    ];
    Some(ReportTable {
        title: "How faithful the maps are".to_owned(),
        note: format!(
            "Neighborhoods of {} among {} texts; 1 is best. A map of two components cannot keep all \
             of a layer: where these are low, look at the numbers before the picture.",
            first.neighbors, first.rows
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    })
}

/// An option as files spell it.
fn as_in_files(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
