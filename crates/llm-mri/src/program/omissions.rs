//! What the files of a very large scan leave out, and how to have it all the same.

use llm_mri::{Omission, Scan};

use super::progress::say;

/// Says what is left out, a line each.
pub(crate) fn report_omissions(scan: &Scan) {
    for omission in scan.omissions() {
        match remedy(omission) {
            Some(remedy) => say(&format!("{omission}; {remedy}")),
            None => say(&omission.to_string()),
        }
    }
}

fn remedy(omission: Omission) -> Option<&'static str> {
    Some(match omission {
        Omission::Categories { .. } => "`llm-mri graph --categories A,B` makes those of others",
        Omission::Heatmaps { .. } | Omission::Graphs { .. } => {
            "`llm-mri graph --grid N` cuts the maps into fewer cells"
        }
        Omission::Permutations { .. } => "`llm-mri graph --permutations P` makes as many as asked",
        _ => return None,
    })
}
