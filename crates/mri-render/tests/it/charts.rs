use std::sync::Arc;

use mri_core::{Component, Embedding, Labels, Layer, Points};
use mri_graph::{Contrast, Significance};
use mri_render::{
    FigureStyle, HeatmapStyle, RenderError, ScatterStyle, difference_sheet, line_chart,
    scatter_animation, scree,
};
use ndarray::Array2;

use crate::data::{caption, lines, scan};

fn is_mismatch<T>(result: Result<T, RenderError>) -> bool {
    matches!(result, Err(RenderError::Mismatch(_)))
}

#[test]
fn a_chart_needs_a_value_per_line_and_place() {
    let draw = |chart| line_chart(&chart, &caption(), &FigureStyle::default());
    assert!(draw(lines()).is_ok());
    let mut short = lines();
    short.panels[0].lines[0].pop();
    assert!(is_mismatch(draw(short)));
    let mut few = lines();
    few.panels[0].lines.pop();
    assert!(is_mismatch(draw(few)));
    let mut none = lines();
    none.panels.clear();
    assert!(is_mismatch(draw(none)));
}

#[test]
fn values_stand_where_the_axis_says() {
    let svg = line_chart(&lines(), &caption(), &FigureStyle::default()).unwrap();
    // The baseline at 0.5 is drawn at the height of the line of that tick: of 0, 0.2 ... 1 it lies
    // in the middle between 0.4 and 0.6.
    let rows: Vec<f64> = svg
        .svg()
        .lines()
        .filter_map(|line| {
            let points = line.split("points=\"").nth(1)?.split('"').next()?;
            let ends: Vec<(f64, f64)> = points
                .split_whitespace()
                .map(|p| p.split_once(',').unwrap())
                .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
                .collect();
            // Lines over the whole width.
            let level = ends.len() == 2 && ends[0].1 == ends[1].1;
            (level && (ends[1].0 - ends[0].0).abs() > 5_000.0).then_some(ends[0].1)
        })
        .collect();
    assert_eq!(rows.len(), 6, "a line per tick");
    let middle = f64::midpoint(rows[2], rows[3]).round();
    let dashes = format!(",{middle}");
    let n = svg
        .svg()
        .lines()
        .filter(|l| l.matches(&dashes).count() == 2)
        .count();
    assert!(n > 20, "the baseline is dashed at 0.5, found {n} dashes");
}

#[test]
fn scree_needs_shares_of_variance() {
    let (embedding, _, _) = scan();
    let figure = scree(&embedding, &caption(), &FigureStyle::default()).unwrap();
    assert!(
        figure
            .svg()
            .contains("Layer 1: 50.0 + 25.0 together 75.0 %.")
    );
    assert!(figure.svg().contains("Embedding: all rows equal."));
    let entries = embedding.iter().map(|(layer, points)| {
        let mut points = points.clone();
        for axis in &mut points.components {
            axis.explained_variance_ratio = None;
        }
        (layer, points)
    });
    let unknown = Embedding::new(embedding.labels().clone(), entries.collect()).unwrap();
    assert!(is_mismatch(scree(
        &unknown,
        &caption(),
        &FigureStyle::default()
    )));
}

#[test]
fn only_what_chance_explains_is_faded() {
    // All of category 0 left, all of category 1 right, and one text of each astray.
    let ids: Vec<u32> = (0..60).map(|i| i % 2).collect();
    let labels = Arc::new(Labels::new(vec!["a".into(), "b".into()], ids).unwrap());
    let coordinates = Array2::from_shape_fn((60, 2), |(i, j)| match (i, j) {
        (0 | 1, 1) => 1.0,
        (_, 1) => 0.0,
        _ => (i % 2) as f32,
    });
    let axis = |i: u32| Component {
        name: format!("PC{i}"),
        explained_variance_ratio: None,
    };
    let points = Points {
        coordinates,
        components: vec![axis(1), axis(2)],
        degenerate: false,
    };
    let embedding = Embedding::new(labels, vec![(Layer::resid(1), points)]).unwrap();
    let binning = mri_grid::Binning::Uniform { side: 2 };
    let grids = mri_grid::grid_stack(&embedding, binning).unwrap();
    let contrast = Contrast::pair(0, 1);
    let cell_tests = Significance::default().cells(&grids, &contrast).unwrap();
    let style = HeatmapStyle::default();
    let draw = |cell_tests: &[_]| {
        difference_sheet(
            &grids,
            &embedding,
            &contrast,
            cell_tests,
            0.05,
            &caption(),
            &style,
        )
    };
    let figure = draw(&cell_tests).unwrap();
    assert!(
        figure
            .svg()
            .contains("q ≤ 0.05 (Benjamini–Hochberg within each layer), 2 cells")
    );
    assert!(figure.svg().contains("4 cells with texts"));
    assert!(
        figure
            .svg()
            .contains("2 of them differ by more than chance")
    );
    // Significant numbers are bold, the others are not.
    let number = |text: &str| {
        let lines: Vec<&str> = figure.svg().lines().collect();
        let at = lines.iter().position(|line| line.trim() == text).unwrap();
        lines[at - 1].contains("bold")
    };
    assert!(number("+97") && number("−97"));
    assert!(!number("+3") && !number("−3"));
    assert!(is_mismatch(draw(&[])));
}

#[test]
fn an_animation_moves_every_text_from_layer_to_layer() {
    let (embedding, _, _) = scan();
    let style = ScatterStyle::default().with_steps(4);
    let animation = scatter_animation(&embedding, &caption(), &style).unwrap();
    assert_eq!(animation.n_frames(), 9);
    let delays: Vec<u16> = (0..9).map(|i| animation.frame(i).unwrap().1).collect();
    assert!(delays[0] == delays[4] && delays[4] == delays[8] && delays[1] < delays[0]);
    let words = |i| animation.frame(i).unwrap().0.svg().to_owned();
    assert!(words(0).contains("Embedding: all rows equal") && words(4).contains("Layer 1"));
    assert_ne!(words(4), words(5));
    let few = style.with_point_budget(10);
    let svg = scatter_animation(&embedding, &caption(), &few).unwrap();
    assert!(svg.frame(0).unwrap().0.svg().contains("10 of n = 60 texts"));
}

#[test]
fn a_gif_has_all_frames_at_their_size_and_does_not_depend_on_threads() {
    let (embedding, _, _) = scan();
    let style = ScatterStyle::default().with_steps(2);
    let animation = scatter_animation(&embedding, &caption(), &style).unwrap();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build()
            .unwrap()
            .install(|| animation.gif(0.5))
            .unwrap()
    };
    let bytes = with(1);
    assert_eq!(bytes, with(2));
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(bytes.as_slice()).unwrap();
    let (width, height) = animation.frame(0).unwrap().0.size();
    assert_eq!(
        (u32::from(decoder.width()), u32::from(decoder.height())),
        (width.div_ceil(2), height.div_ceil(2))
    );
    let mut frames = 0;
    while decoder.read_next_frame().unwrap().is_some() {
        frames += 1;
    }
    assert_eq!(frames, animation.n_frames());
    let folder = tempfile::tempdir().unwrap();
    animation.save(folder.path().join("a.gif")).unwrap();
    animation.save(folder.path().join("a.svg")).unwrap();
    assert!(matches!(
        animation.save(folder.path().join("a.mp4")),
        Err(RenderError::UnknownFormat { .. })
    ));
}
