//! The first example of the README: one scan, two pictures, all files.
//!
//!     cargo xtask setup
//!     cargo run --example quickstart

use llm_mri::{Quantity, Scan};

fn main() -> anyhow::Result<()> {
    let scan = Scan::builder()
        .model(".models/all-MiniLM-L6-v2")
        .data("examples/data/topics.csv")
        .grid(10)
        .run()?;

    for (category, name) in scan.labels().category_names().iter().enumerate() {
        scan.heatmaps(Quantity::Category(category))?
            .save(format!("{name}.png"))?;
    }
    scan.graph_picture(&[0, 1, 2, 3])?.save("topics.svg")?;
    scan.save("quickstart-out")?; // npy, csv, GraphML, JSON, SVG and PNG
    Ok(())
}
