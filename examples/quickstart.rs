//! The first example of the README: one scan, some figures, all files.
//!
//!     cargo xtask setup
//!     cargo run --example quickstart

use llm_mri::{Layer, Quantity, Scan};

fn main() -> anyhow::Result<()> {
    let scan = Scan::builder()
        .model(".models/all-MiniLM-L6-v2")
        .data("examples/data/topics.csv")
        .grid(10)
        .run()?;

    for name in scan.labels().category_names() {
        scan.heatmaps(Quantity::category(name))?
            .save(format!("{name}.png"))?;
    }
    scan.heatmap(Layer::resid(3), "law")?.save("law-3.png")?;
    scan.graph_picture(["law", "music"])?.save("topics.svg")?;
    scan.save("quickstart-out")?; // npy, csv, GraphML, JSON, SVG and PNG
    Ok(())
}
