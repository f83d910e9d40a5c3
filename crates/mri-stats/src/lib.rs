//! Statistics over plain slices: rank correlation, exact tests, false discovery rates and
//! resampling that gives the same bits on any number of threads.
//!
//! Nothing here knows a text, a map or a graph, so every stage of llm-mri uses the same ranks, the
//! same correlation and the same random streams. The key decision is the random numbers:
//! [`StreamRng`] gives every permutation and every bootstrap resample a ChaCha stream of its own,
//! chosen by its number, so the order in which threads run them cannot change a result.
//!
//! Does a group of rows hold more of sample A than of sample B, and would chance do the same?
//!
//! ```
//! use mri_stats::{Partition, TwoSample, benjamini_hochberg};
//!
//! // Twelve rows in three groups. Rows 0..6 are sample A, rows 6..12 are sample B.
//! let groups = Partition::new([0, 0, 0, 0, 1, 2, 1, 1, 1, 1, 1, 2]);
//! let (a, b): (Vec<usize>, Vec<usize>) = ((0..6).collect(), (6..12).collect());
//! let sample = TwoSample::new(&[groups], &a, &b)?;
//!
//! assert_eq!(sample.counts(0), [4, 0]);
//! assert_eq!(sample.effect(0), 4.0 / 6.0);
//! // The exact p of each group under all assignments of the rows to A and B, and the
//! // Benjamini–Hochberg adjusted value over the three.
//! let p: Vec<f64> = (0..sample.n_parts()).map(|part| sample.p_value(part)).collect();
//! let q = benjamini_hochberg(&p);
//! assert!((p[0] - 2.0 / 33.0).abs() < 1e-12 && p[2] == 1.0);
//! assert!(q[0] >= p[0]);
//!
//! // The distance between the two samples over all groups, and how often a random assignment
//! // reaches it.
//! let hits = sample.permute(999, 7);
//! let p_distance = f64::from(hits.partitions[0] + 1) / 1000.0;
//! assert!((sample.total_variation(0) - 2.0 / 3.0).abs() < 1e-12 && p_distance < 0.2);
//! # Ok::<(), mri_stats::StatsError>(())
//! ```

#![warn(missing_docs)]

mod bootstrap;
mod correlation;
mod error;
mod fdr;
mod hypergeometric;
mod mutual_information;
mod partition;
mod quantile;
mod ranks;
mod stream_rng;
mod summary;
mod two_sample;

pub use bootstrap::Bootstrap;
pub use correlation::{RankCorrelation, pearson, spearman, spearman_of_ranks};
pub use error::StatsError;
pub use fdr::benjamini_hochberg;
pub use hypergeometric::Hypergeometric;
pub use mutual_information::adjusted_mutual_information;
pub use partition::Partition;
pub use quantile::quantile_of_sorted;
pub use ranks::average_ranks;
pub use stream_rng::{Stream, StreamRng};
pub use summary::Summary;
pub use two_sample::{PermutationHits, TwoSample};

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
