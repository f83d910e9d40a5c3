use mri_core::Embedding;
use mri_grid::GridStack;

use super::bands::Bands;
use super::table::Table;
use crate::caption::Caption;
use crate::error::RenderError;
use crate::figure::{Figure, draw_figure};
use crate::figure_style::FigureStyle;
use crate::header::{Header, MARGIN};
use crate::heatmap::{COLOR_BAR_WIDTH, ColorBar, HeatmapStyle};
use crate::text::{display_name, thousands};

/// Draws a small heatmap of every category in every layer: a row per category and a column per
/// layer, in several bands if there are many layers. With a single layer, the categories are the
/// columns.
///
/// Cells show the share of a category's texts, in percent, so that categories of different sizes
/// can be compared. All heatmaps share one color scale, which degenerate layers do not affect.
///
/// # Errors
/// [`RenderError::Mismatch`] if the embedding lacks a layer of the grids, or there is no layer to
/// draw.
pub fn contact_sheet(
    grids: &GridStack,
    embedding: &Embedding,
    caption: &Caption,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let table = Table::new(grids, embedding, style)?;
    draw_table(&table, None, grids, embedding, caption, &style.figure)
}

/// [`contact_sheet`] in pages of at most 30 categories and 64 layers, all under one color scale:
/// one page unless there are more. With a single layer a page has up to 120 categories.
///
/// # Errors
/// As [`contact_sheet`].
pub fn contact_sheets(
    grids: &GridStack,
    embedding: &Embedding,
    caption: &Caption,
    style: &HeatmapStyle,
) -> Result<Vec<Figure>, RenderError> {
    let table = Table::new(grids, embedding, style)?;
    let pages = table.pages();
    let of = pages.len();
    let figures = pages.iter().enumerate().map(|(i, page)| {
        let number = (of > 1).then(|| format!("page {} of {of}", i + 1));
        draw_table(page, number, grids, embedding, caption, &style.figure)
    });
    figures.collect()
}

fn draw_table(
    table: &Table,
    page: Option<String>,
    grids: &GridStack,
    embedding: &Embedding,
    caption: &Caption,
    style: &FigureStyle,
) -> Result<Figure, RenderError> {
    let bands = Bands::new(table, style);
    let labels = grids.labels();
    let mut title = match table.only {
        Some(layer) => format!("Where every category lies: {}", layer.title()),
        None => "Where every category lies, layer by layer".to_owned(),
    };
    if let Some(page) = page {
        title = format!("{title}, {page}");
    }
    let mut more = vec![format!("n = {}", thousands(labels.len()))];
    more.extend(axes_note(embedding));
    if table.any_degenerate {
        more.push("* all rows equal, not in the scale".to_owned());
    }
    let subtitle = caption.line(&more);
    let header = Header::new(&title, &subtitle, bands.width, style);
    let sizes = labels.category_counts();
    let names = table.categories.clone().map(|c| {
        let name = display_name(labels.category_names(), c);
        format!("{} “{name}” with {} texts", c + 1, sizes[c])
    });
    let names: Vec<String> = names.collect();
    let description = format!(
        "{title}. {subtitle}. Categories: {}. {} layers. The fullest cell holds {:.0} % of its category's texts.",
        names.join(", "),
        table.layers.len(),
        table.scale.end
    );
    let bar = ColorBar {
        scale: &table.scale,
        sides: None,
        faded: false,
        empty: "none of them",
    };
    let beside = bands.above + bar.height(style);
    let content = (bands.count as f64 * bands.band).max(beside);
    let height = header.bottom + content + MARGIN;
    draw_figure(
        (bands.width, height),
        &title,
        &description,
        style.theme.background,
        |canvas| {
            header.draw(canvas, style);
            for band in 0..bands.count {
                let top = header.bottom + band as f64 * bands.band;
                bands.draw(canvas, table, band, top, style);
            }
            let left = bands.width - MARGIN - style.scaled(COLOR_BAR_WIDTH - 16.0);
            bar.draw(canvas, (left, header.bottom + bands.above), style);
        },
    )
}

/// A note on the axes of the heatmaps, if they are the same in all layers.
fn axes_note(embedding: &Embedding) -> Option<String> {
    let mut all = embedding.iter().map(|(_, points)| {
        let name = |i: usize| points.components.get(i).map(|axis| axis.name.as_str());
        (name(0), name(1))
    });
    let first = all.next()?;
    match first {
        (Some(across), Some(up)) if all.all(|axes| axes == first) => {
            Some(format!("{across} to the right, {up} upwards"))
        }
        _ => None,
    }
}
