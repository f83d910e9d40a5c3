use mri_grid::{Binning, grid_stack};
use mri_render::{
    HeatmapStyle, LayeredLayout, MAX_DRAWN_SIDE, Quantity, RenderError, contact_sheet,
    contact_sheets, graph_picture, heatmap_sheet,
};

use crate::data::{NAMES, caption, scan, scan_of};

fn names(n: usize) -> Vec<String> {
    (0..n).map(|c| format!("label-{c:03}-")).collect()
}

#[test]
fn many_categories_are_drawn_in_pages_that_have_each_of_them_once() {
    let names = names(65);
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    for (n_layers, n_pages) in [(3, 3), (1, 1), (70, 6)] {
        let (embedding, grids, _) = scan_of(&borrowed, n_layers);
        let style = HeatmapStyle::default();
        let pages = contact_sheets(&grids, &embedding, &caption(), &style).unwrap();
        assert_eq!(pages.len(), n_pages);
        for name in &names {
            let with = pages.iter().filter(|page| page.svg().contains(name));
            let expected = if n_layers == 70 { 2 } else { 1 };
            assert_eq!(with.count(), expected, "{name} with {n_layers} layers");
        }
        for (i, page) in pages.iter().enumerate() {
            let (width, height) = page.size();
            assert!(width <= 2_000 && height <= 9_000, "{width} x {height}");
            let number = format!("page {} of {n_pages}", i + 1);
            assert_eq!(page.svg().contains(&number), n_pages > 1);
        }
        // What is drawn in all pages together is what one sheet has.
        let whole = contact_sheet(&grids, &embedding, &caption(), &style).unwrap();
        let share = |svg: &str| {
            let at = svg.find("The fullest cell holds").unwrap();
            svg[at..at + 40].to_owned()
        };
        assert!(
            pages
                .iter()
                .all(|page| share(page.svg()) == share(whole.svg()))
        );
    }
}

#[test]
fn few_categories_have_the_one_sheet_that_they_had() {
    let (embedding, grids, _) = scan();
    let style = HeatmapStyle::default();
    let pages = contact_sheets(&grids, &embedding, &caption(), &style).unwrap();
    assert_eq!(
        pages,
        [contact_sheet(&grids, &embedding, &caption(), &style).unwrap()]
    );
}

#[test]
fn a_fine_grid_is_drawn_by_its_texts_and_one_too_fine_is_refused() {
    let (embedding, ..) = scan_of(&NAMES, 2);
    let draw = |side| {
        let grids = grid_stack(&embedding, Binning::Uniform { side }).unwrap();
        let style = HeatmapStyle::default();
        let sheet = heatmap_sheet(&grids, &embedding, Quantity::Texts, &caption(), &style);
        let cells: usize = grids
            .iter()
            .map(|(_, grid)| grid.rows_by_cell().len())
            .sum();
        sheet.map(|sheet| (sheet.svg().matches("<rect").count(), cells))
    };
    let (coarse, cells_of_coarse) = draw(6).unwrap();
    let (fine, cells_of_fine) = draw(MAX_DRAWN_SIDE).unwrap();
    // Beside the cells both have the same background, color bar and frames.
    assert_eq!(coarse - cells_of_coarse, fine - cells_of_fine);
    let refused = draw(MAX_DRAWN_SIDE + 1);
    assert!(matches!(refused, Err(RenderError::TooFine { side: 1_001 })));
}

#[test]
fn a_legend_names_the_largest_of_many_categories() {
    let names = names(100);
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_, _, graph) = scan_of(&borrowed, 2);
    let layout = LayeredLayout::of(&graph);
    let figure = graph_picture(
        &graph.view_all(),
        &layout,
        &caption(),
        &mri_render::GraphStyle::default(),
    );
    let svg = figure.unwrap().svg().to_owned();
    assert!(svg.contains("and 40 smaller ones"), "{svg}");
    let drawn = &svg[svg.find("</desc>").unwrap()..];
    assert_eq!(drawn.matches("label-").count(), 60);
}
