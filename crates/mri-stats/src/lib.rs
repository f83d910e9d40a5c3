//! Statistics over plain slices.

#![warn(missing_docs)]

mod dice;
mod exact;
mod fdr;
mod moments;
mod mutual_information;
mod ranks;
mod sample;

pub use fdr::benjamini_hochberg;
pub use moments::{Moments, pearson};
pub use mutual_information::adjusted_mutual_information;
pub use ranks::{average_ranks, spearman, spearman_of_ranks, two_sided_p};
pub use sample::{Group, Hits, Resampled, Sample, Tested};
