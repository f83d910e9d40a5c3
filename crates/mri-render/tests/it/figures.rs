use std::collections::BTreeSet;

use mri_core::Layer;
use mri_render::{
    FigureStyle, GraphStyle, HeatmapStyle, LayeredLayout, Quantity, RenderError, graph_picture,
    heatmap_sheet,
};
use plotters::backend::SVGBackend;
use plotters::drawing::IntoDrawingArea;

use crate::data::{NAMES, caption, figures, scan, shaped_figures, styled_figures};

#[test]
fn the_same_input_gives_the_same_bytes_with_any_number_of_threads() {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(figures)
    };
    assert_eq!(with(1), with(2));
}

#[test]
fn a_figure_is_as_large_as_wanted() {
    let usual = figures();
    for (width, height) in [(700.0, 500.0), (1_400.0, 900.0)] {
        let style = FigureStyle::default().with_width(width).with_height(height);
        for (name, figure) in styled_figures(style) {
            let (w, h) = figure.size();
            // A contact sheet keeps its cells square, whatever the height.
            let near = (f64::from(w) - width).abs() <= 0.15 * width;
            let high = (f64::from(h) - height).abs() <= 0.25 * height;
            assert!(
                near && (high || name == "contact" || name == "metrics"),
                "{name}: {w} x {h}"
            );
        }
    }
    let large = FigureStyle::default().with_font_size(18.0);
    // The title's letters, the largest of all, in tenths of pixels.
    let title = |svg: &str| {
        let sizes = svg.split("font-size=\"").skip(1);
        let sizes = sizes.map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap());
        sizes.fold(0.0, f64::max)
    };
    for ((name, figure), (_, usual)) in styled_figures(large).iter().zip(&usual) {
        let (large, usual) = (title(figure.svg()), title(usual.svg()));
        assert!((usual - 200.0).abs() < 1.0, "{name}: {usual}");
        assert!((large - 300.0).abs() < 1.0, "{name}: {large}");
    }
}

#[test]
fn any_backend_can_draw_a_figure() {
    for (name, figure) in figures() {
        let (width, height) = figure.size();
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (width * 10, height * 10));
            let area = area.into_drawing_area();
            figure.draw_into(&area).unwrap();
            area.present().unwrap();
        }
        // At ten times the size it is the figure's own SVG, but for the head and the fonts.
        let rects = |svg: &str| svg.matches("<rect").count();
        assert_eq!(rects(&svg), rects(figure.svg()), "{name}");
        let lines = |svg: &str| svg.lines().filter(|l| l.contains("polyline")).count();
        assert_eq!(lines(&svg), lines(figure.svg()), "{name}");
    }
}

#[test]
fn categories_are_named_for_those_who_cannot_see_them() {
    for (name, figure) in figures() {
        if ["contact", "graph-all", "scatter"].contains(&name) {
            let svg = figure.svg();
            let description = &svg[svg.find("<desc>").unwrap()..svg.find("</desc>").unwrap()];
            assert!(description.contains("日本語"), "{name}: {description}");
            let shown = svg.lines().any(|line| line.starts_with("日本語"));
            assert!(shown, "{name} does not show what PNGs may lack");
        }
    }
}

#[test]
fn every_svg_is_well_formed_and_says_what_it_shows() {
    for (_, figure) in figures() {
        let svg = figure.svg();
        assert!(svg.contains("<title>") && svg.contains("<desc>"));
        assert!(
            !svg.contains("</svg>\"") && svg.matches("</svg>").count() == 1,
            "labels are escaped"
        );
        assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
        let mut reader = quick_xml::Reader::from_str(svg);
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Text(text) => {
                    let _ = text.xml10_content();
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_png_has_the_scaled_size_and_is_not_blank() {
    for (_, figure) in figures() {
        let (width, height) = figure.size();
        let png = figure.png(1.5).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!(side(16), (f64::from(width) * 1.5).round() as u32);
        assert_eq!(side(20), (f64::from(height) * 1.5).round() as u32);
        assert!(png.len() > 5_000, "an empty picture is smaller");
    }
    let (_, figure) = &figures()[0];
    for scale in [0.0, -1.0, f64::NAN, 1e9] {
        assert!(matches!(
            figure.png(scale),
            Err(RenderError::BadSize { .. })
        ));
    }
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (_, figure) = &figures()[0];
    let path = folder.path().join("a.svg");
    figure.save(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), figure.svg());
    let bad = figure.save(folder.path().join("a.pdf"));
    assert!(matches!(bad, Err(RenderError::UnknownFormat { .. })));
    let bad = figure.save(folder.path().join("no/such/folder.svg"));
    assert!(matches!(bad, Err(RenderError::Io { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn misfits_are_refused() {
    let (embedding, grids, graph) = scan();
    let style = HeatmapStyle::default();
    let draw = |quantity, style: &HeatmapStyle| {
        heatmap_sheet(&grids, &embedding, quantity, &caption(), style).unwrap_err()
    };
    assert!(matches!(
        draw(Quantity::Category(3), &style),
        RenderError::Mismatch(_)
    ));
    let nothing = style.clone().with_layers(vec![Layer::resid(9)]);
    assert!(matches!(
        draw(Quantity::Texts, &nothing),
        RenderError::Mismatch(_)
    ));
    let layout = mri_render::layered_layout(&[0, 1], &[]);
    let bad = graph_picture(
        &graph.view_all(),
        &layout,
        &caption(),
        &GraphStyle::default(),
    );
    assert!(matches!(bad, Err(RenderError::Mismatch(_))));
    let layout = LayeredLayout::of(&graph);
    let bad = graph_picture(
        &graph.view(&[]),
        &layout,
        &caption(),
        &GraphStyle::default(),
    );
    assert!(matches!(bad, Err(RenderError::Mismatch(_))));
}

#[test]
fn an_edge_budget_is_kept_and_stated() {
    let (_, _, graph) = scan();
    let layout = LayeredLayout::of(&graph);
    let style = GraphStyle::default().with_edge_budget(10);
    let figure = graph_picture(&graph.view_all(), &layout, &caption(), &style).unwrap();
    assert_eq!(figure.svg().matches("<polyline").count(), 10);
    let edges: Vec<u32> = graph.view_all().edges().map(|e| e.weight).collect();
    let mut heaviest = edges.clone();
    heaviest.sort_unstable_by(|a, b| b.cmp(a));
    let share =
        f64::from(heaviest[..10].iter().sum::<u32>()) / f64::from(edges.iter().sum::<u32>());
    let note = format!("10 of {} edges, {:.0} % of", edges.len(), 100.0 * share);
    assert!(figure.svg().contains(&note), "{note}");
}

#[test]
fn a_category_has_one_color_in_all_figures() {
    for (style, color) in [
        (FigureStyle::default(), "#5790FC"),
        (FigureStyle::dark(), "#5790FC"),
    ] {
        // Of the first of three categories; plotters writes large digits.
        for (name, figure) in styled_figures(style) {
            if ["graph-one", "graph-two", "graph-all", "metrics", "scatter"].contains(&name) {
                let svg = figure.svg();
                assert!(svg.contains(&format!("fill=\"{color}\"")), "{name}");
            }
        }
    }
}

#[test]
fn regions_of_a_single_layer_stand_at_their_cells() {
    let figures = shaped_figures(&NAMES, 1, FigureStyle::default());
    let (_, figure) = figures
        .iter()
        .find(|(name, _)| *name == "graph-all")
        .unwrap();
    let places = |axis: &str| {
        let circles = figure
            .svg()
            .lines()
            .filter(|line| line.starts_with("<circle"));
        let all: BTreeSet<&str> = circles
            .filter_map(|line| line.split(axis).nth(1)?.split('"').next())
            .collect();
        all.len()
    };
    assert!(places("cx=\"") > 3 && places("cy=\"") > 3);
}

#[test]
fn circles_of_a_graph_do_not_cover_each_other() {
    for (name, figure) in figures() {
        if !["graph-one", "graph-two", "graph-all"].contains(&name) {
            continue;
        }
        let svg = figure.svg();
        let filled = |line: &&str| line.starts_with("<circle") && line.contains("stroke=\"none\"");
        let number = |line: &str, key: &str| -> f64 {
            let rest = line.split(key).nth(1).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let all: Vec<[f64; 3]> = (svg.lines().filter(filled))
            .map(|line| ["cx=\"", "cy=\"", " r=\""].map(|key| number(line, key)))
            .collect();
        assert!(all.len() > 10, "{name}");
        for (i, a) in all.iter().enumerate() {
            for b in &all[..i] {
                let apart = (a[0] - b[0]).hypot(a[1] - b[1]);
                // Coordinates and radii are rounded to tenths of pixels.
                assert!(apart + 3.0 >= a[2] + b[2], "{name}: {a:?} {b:?}");
            }
        }
    }
}
