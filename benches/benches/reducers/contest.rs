//! Contestants, rounds and scores.

use std::time::Instant;

use anyhow::{Context, Result};
use mri_core::{ReduceError, Reducer};
use mri_reduce::{Distance, Procrustes, Quality, QualityOptions, instability, placement, quality};
use ndarray::{Array2, Axis};

use crate::data::Set;
use crate::peak;

/// A fit that takes less than this many seconds is repeated within the round until that much has
/// passed.
const SHORT: f64 = 0.5;

/// A reducer that takes longer than this many seconds gets no more than one round, and no rows are
/// held back from it.
const LONG: f64 = 300.0;

/// Pairs of a judged row and another: fewer rows are judged where there are many, which costs about
/// as much as ten fits of PCA.
const PAIRS: usize = 40_000_000;

type Build = dyn Fn(usize, u64) -> Result<Box<dyn Reducer>, ReduceError>;

/// A reducer of the table: its name, and how it is made.
pub(crate) struct Entry {
    name: String,
    build: Box<Build>,
}

impl Entry {
    /// `build` takes the number of components and the seed.
    pub(crate) fn new(
        name: &str,
        build: impl Fn(usize, u64) -> Result<Box<dyn Reducer>, ReduceError> + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            build: Box::new(build),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// One fit.
pub(crate) struct Fit {
    pub(crate) seconds: f64,
    pub(crate) megabytes: f64,
    pub(crate) points: Array2<f32>,
}

/// Points of the rows fitted to, and of rows held back.
pub(crate) struct Placed {
    pub(crate) fitted: Array2<f32>,
    pub(crate) held_back: Array2<f32>,
}

/// Whoever can reduce a set.
pub(crate) trait Contestant {
    fn name(&self) -> &str;

    /// Reduces all rows.
    fn fit(&self, set: &Set, seed: u64) -> Result<Fit>;

    /// Reduces the rows that are not held back and places those that are; `None` where a rival
    /// cannot.
    fn place(&self, set: &Set, seed: u64) -> Result<Option<Placed>>;
}

/// A reducer behind the trait.
pub(crate) struct Ours {
    entry: Entry,
    components: usize,
}

impl Ours {
    pub(crate) fn new(entry: Entry, components: usize) -> Self {
        Self { entry, components }
    }

    fn reducer(&self, seed: u64) -> Result<Box<dyn Reducer>, ReduceError> {
        (self.entry.build)(self.components, seed)
    }
}

impl Contestant for Ours {
    fn name(&self) -> &str {
        &self.entry.name
    }

    fn fit(&self, set: &Set, seed: u64) -> Result<Fit> {
        let reducer = self.reducer(seed)?;
        let start = Instant::now();
        let (fitted, megabytes) = peak::measured(|| reducer.fit(set.rows.view(), &()));
        Ok(Fit {
            seconds: start.elapsed().as_secs_f64(),
            megabytes,
            points: fitted?.points,
        })
    }

    fn place(&self, set: &Set, seed: u64) -> Result<Option<Placed>> {
        let fitted = self.reducer(seed)?.fit(set.kept().view(), &())?;
        let held_back = fitted.projection.transform(set.held_back().view())?;
        Ok(Some(Placed {
            fitted: fitted.points,
            held_back,
        }))
    }
}

/// A line of the table.
pub(crate) struct Score {
    pub(crate) name: String,
    pub(crate) seconds: f64,
    pub(crate) megabytes: f64,
    pub(crate) trustworthiness: f64,
    pub(crate) continuity: f64,
    pub(crate) recall: f64,
    pub(crate) hit: Option<f64>,
    pub(crate) triplets: f64,
    pub(crate) distances: f64,
    pub(crate) placed: Option<f64>,
    pub(crate) unstable: Option<f64>,
    pub(crate) off_pca: Option<f64>,
}

/// Runs the rounds and measures what came out. A contestant that fails is named and left out.
pub(crate) fn judge(
    set: &Set,
    contestants: Vec<Box<dyn Contestant>>,
    rounds: usize,
) -> Result<Vec<Score>> {
    let mut fits: Vec<Vec<Fit>> = contestants.iter().map(|_| Vec::new()).collect();
    let mut failed = vec![false; contestants.len()];
    for round in 0..rounds {
        for ((contestant, fits), failed) in contestants.iter().zip(&mut fits).zip(&mut failed) {
            let long = fits.first().is_some_and(|fit| fit.seconds > LONG);
            if *failed || long {
                continue;
            }
            match fastest(contestant.as_ref(), set, round as u64) {
                Ok(fit) => fits.push(fit),
                Err(error) => {
                    println!("  {} failed: {error:#}", contestant.name());
                    *failed = true;
                }
            }
        }
    }
    let pca = contestants.iter().position(|c| c.name() == "pca");
    let pca = pca.and_then(|i| fits[i].first()).map(|f| f.points.clone());
    let mut scores = Vec::new();
    for (contestant, fits) in contestants.iter().zip(&fits) {
        if !fits.is_empty() {
            scores.push(score(contestant.as_ref(), set, fits, pca.as_ref())?);
        }
    }
    Ok(scores)
}

fn fastest(contestant: &dyn Contestant, set: &Set, seed: u64) -> Result<Fit> {
    let mut best = contestant.fit(set, seed)?;
    let mut spent = best.seconds;
    while spent < SHORT {
        let again = contestant.fit(set, seed)?;
        // Some clocks stand still during the shortest of fits.
        spent += again.seconds.max(1e-6);
        if again.seconds < best.seconds {
            best = again;
        }
    }
    Ok(best)
}

fn score(
    contestant: &dyn Contestant,
    set: &Set,
    fits: &[Fit],
    pca: Option<&Array2<f32>>,
) -> Result<Score> {
    let options = QualityOptions {
        neighbors: 15.min((set.rows.nrows() - 1) / 2),
        anchors: (PAIRS / set.rows.nrows()).min(2_000),
        ..QualityOptions::default()
    };
    let mut measured: Vec<Quality> = Vec::with_capacity(fits.len());
    for (i, fit) in fits.iter().enumerate() {
        // A reducer without chance gives the same points in every round.
        let same = fits[..i]
            .iter()
            .position(|other| other.points == fit.points);
        let labels = set.labels.as_ref();
        let rows = set.rows.view();
        measured.push(match same {
            Some(other) => measured[other],
            None => quality(rows, fit.points.view(), labels, &options, &())?.0,
        });
    }
    let mean =
        |of: &dyn Fn(&Quality) -> f64| measured.iter().map(of).sum::<f64>() / measured.len() as f64;
    let lowest = |of: fn(&Fit) -> f64| fits.iter().map(of).fold(f64::INFINITY, f64::min);
    let first = fits.first().context("no round")?;
    // One without chance places rows in one way only.
    let chance = fits.iter().any(|fit| fit.points != first.points);
    let seeds = if chance { fits.len() } else { 1 };
    let mut placed = Vec::new();
    for seed in 0..seeds as u64 {
        if lowest(|fit| fit.seconds) < LONG
            && let Some(points) = contestant.place(set, seed)?
        {
            let (kept, held_back) = (set.kept(), set.held_back());
            let fitted = (kept.view(), points.fitted.view());
            let new = (held_back.view(), points.held_back.view());
            let shares = placement(fitted, new, options.neighbors, Distance::Euclidean)?;
            placed.push(shares.iter().sum::<f64>() / shares.len() as f64);
        }
    }
    let views: Vec<_> = fits.iter().map(|fit| fit.points.view()).collect();
    let pca = pca.filter(|pca| pca.dim() == first.points.dim());
    let off_pca = pca.map(|pca| Procrustes::fit(first.points.view(), pca.view(), true));
    Ok(Score {
        name: contestant.name().to_owned(),
        seconds: lowest(|fit| fit.seconds),
        // The most of any round: a fit may find memory lying about that an earlier one left.
        megabytes: fits.iter().map(|fit| fit.megabytes).fold(0.0, f64::max),
        trustworthiness: mean(&|q| q.trustworthiness),
        continuity: mean(&|q| q.continuity),
        recall: mean(&|q| q.recall),
        hit: set
            .labels
            .as_ref()
            .map(|_| mean(&|q| q.neighborhood_hit.unwrap_or(f64::NAN))),
        triplets: mean(&|q| q.triplet_accuracy),
        distances: mean(&|q| q.distance_correlation),
        placed: (!placed.is_empty()).then(|| placed.iter().sum::<f64>() / placed.len() as f64),
        unstable: match views.len() {
            1 => None,
            _ => Some(instability(&views)?),
        },
        off_pca: off_pca.transpose()?.map(|fit| fit.disparity),
    })
}

impl Set {
    /// The rows without those held back.
    fn kept(&self) -> Array2<f32> {
        self.rows.select(Axis(0), &self.kept)
    }

    /// The rows held back.
    fn held_back(&self) -> Array2<f32> {
        self.rows.select(Axis(0), &self.held_back)
    }
}
