//! The flags that `scan` and `reduce` share: how layers become maps.

use std::str::FromStr;

use anyhow::{Context, Result};
use clap::Args;
use llm_mri::{ReducerKind, ReducerSpec, Scaling, Scan};

use super::progress::say;

/// How layers are reduced.
#[derive(Debug, Args)]
pub(crate) struct MapsArgs {
    /// How layers are reduced: pca, svd, …
    #[arg(
        long,
        value_name = "NAME",
        default_value = "pca",
        help_heading = "Maps"
    )]
    pub(crate) reducer: String,

    /// Components to keep; regions and pictures need 2
    #[arg(
        long,
        short = 'k',
        value_name = "K",
        default_value_t = 2,
        help_heading = "Maps"
    )]
    pub(crate) components: usize,

    /// What is done to the columns first: none, center, standardize or min-max; the default is the
    /// reducer's own
    #[arg(long, value_name = "NAME", help_heading = "Maps")]
    pub(crate) scaling: Option<String>,

    /// Seed of whatever is random in the reducer
    #[arg(long, default_value_t = 0, help_heading = "Maps")]
    pub(crate) seed: u64,
}

impl MapsArgs {
    /// The reducer that the flags describe.
    pub(crate) fn spec(&self) -> Result<ReducerSpec> {
        anyhow::ensure!(self.components > 0, "--components 0: at least 1 is needed");
        let scaling = self.scaling.as_deref().map(Scaling::from_str);
        Ok(ReducerSpec {
            kind: ReducerKind::from_str(&self.reducer).context("--reducer")?,
            components: self.components,
            scaling: scaling.transpose().context("--scaling")?,
            seed: self.seed,
        })
    }
}

/// Names the layers whose maps are a single point.
pub(crate) fn report_points(scan: &Scan) {
    let maps = scan.notes().maps.iter().flat_map(|maps| &maps.layers);
    for note in maps.filter(|note| note.degenerate) {
        say(&format!(
            "{}: all rows are equal, so its map is a single point",
            note.layer
        ));
    }
}
