use mri_stats::{Partition, StatsError, TwoSample};

/// Every `k`-th combination of rows as sample A: all ways to choose 4 of 10 rows.
fn choices() -> Vec<[Vec<usize>; 2]> {
    let masks = (0..1_u32 << 10).filter(|mask| mask.count_ones() == 4);
    let sides = |mask: u32| {
        let of = |wanted| (0..10).filter(move |row| (mask >> row & 1 == 1) == wanted);
        [of(true).collect(), of(false).collect()]
    };
    masks.map(sides).collect()
}

fn partitions() -> [Partition<u8>; 2] {
    [
        Partition::new([0, 0, 0, 1, 1, 2, 2, 2, 2, 5]),
        Partition::new([1, 0, 1, 0, 1, 0, 1, 0, 1, 0]),
    ]
}

fn sample(sides: &[Vec<usize>; 2]) -> TwoSample {
    TwoSample::new(&partitions(), &sides[0], &sides[1]).unwrap()
}

#[test]
fn counts_and_effects_are_those_of_the_definition() {
    let sides = [vec![0, 1, 3, 9], vec![2, 4, 5, 6, 7, 8]];
    let pair = sample(&sides);
    assert_eq!(pair.n_parts(), 6);
    assert_eq!((pair.parts_of(0), pair.parts_of(1)), (0..4, 4..6));
    let counts: Vec<[u32; 2]> = (0..6).map(|part| pair.counts(part)).collect();
    assert_eq!(counts, [[2, 1], [1, 1], [0, 4], [1, 0], [3, 2], [1, 4]]);
    assert!((pair.effect(0) - (2.0 / 4.0 - 1.0 / 6.0)).abs() < 1e-15);
    assert_eq!(pair.effect(2), -4.0 / 6.0);
    let distance = (1.0 / 3.0 + 1.0 / 12.0 + 2.0 / 3.0 + 1.0 / 4.0) / 2.0;
    assert!((pair.total_variation(0) - distance).abs() < 1e-15);
    assert!((pair.total_variation(1) - 5.0 / 12.0).abs() < 1e-15);
    // The other way round, whichever sample is the smaller.
    let [a, b] = sides;
    let back = sample(&[b, a]);
    for (part, &[rows_a, rows_b]) in counts.iter().enumerate() {
        assert_eq!(back.effect(part), -pair.effect(part));
        assert_eq!(back.p_value(part), pair.p_value(part));
        assert_eq!(back.counts(part), [rows_b, rows_a]);
    }
}

#[test]
fn exact_and_permuted_p_equal_the_share_of_all_assignments() {
    const PERMUTATIONS: usize = 20_000;
    let sides = [vec![0, 1, 3, 9], vec![2, 4, 5, 6, 7, 8]];
    let pair = sample(&sides);
    let all: Vec<TwoSample> = choices().iter().map(sample).collect();
    assert_eq!(all.len(), 210);
    let share = |reaches: &dyn Fn(&TwoSample) -> bool| {
        all.iter().filter(|other| reaches(other)).count() as f64 / all.len() as f64
    };
    // Five standard errors of a share estimated from so many draws.
    let error = |p: f64| 5.0 * (p * (1.0 - p) / PERMUTATIONS as f64).sqrt() + 1e-9;
    let hits = pair.permute(PERMUTATIONS, 3);
    for part in 0..6 {
        let wanted = share(&|other| other.effect(part).abs() >= pair.effect(part).abs() - 1e-12);
        assert!((pair.p_value(part) - wanted).abs() < 1e-12, "{part}");
        let estimated = f64::from(hits.parts[part]) / PERMUTATIONS as f64;
        assert!(
            (estimated - wanted).abs() < error(wanted),
            "{part}: {estimated} {wanted}"
        );
        let least = all
            .iter()
            .map(|other| other.p_value(part))
            .fold(1.0, f64::min);
        assert!((pair.min_p_value(part) - least).abs() < 1e-12);
    }
    for partition in 0..2 {
        let observed = pair.total_variation(partition) - 1e-12;
        let wanted = share(&|other| other.total_variation(partition) >= observed);
        let estimated = f64::from(hits.partitions[partition]) / PERMUTATIONS as f64;
        assert!(
            (estimated - wanted).abs() < error(wanted),
            "{estimated} {wanted}"
        );
    }
}

#[test]
fn resamples_spread_around_the_effect() {
    const RESAMPLES: usize = 4000;
    let pair = sample(&[vec![0, 1, 3, 9], vec![2, 4, 5, 6, 7, 8]]);
    let drawn = pair.bootstrap(RESAMPLES, 5);
    // Part 3 has one of A's 4 rows and none of B's: it is missed with chance (3/4)^4, and its
    // effect is the share of a binomial count of 4 draws at 1/4.
    let missed = 0.75_f64.powi(4);
    assert!((drawn.stability(3) - (1.0 - missed)).abs() < 0.04);
    // P(count = 0) = 0.32, P(<= 1) = 0.74, P(<= 2) = 0.95: the central 60 % lie on 0 … 2 of 4,
    // and all of it on 0 … 4.
    assert_eq!(drawn.interval(3, 0.6), [0.0, 0.5]);
    assert_eq!(drawn.interval(3, 0.0), [0.25, 0.25]);
    assert_eq!(drawn.interval(3, 1.0), [0.0, 1.0]);
    // Part 2 has 4 of B's 6 rows: a binomial count of 6 draws at 2/3, whose median is 4.
    assert!((drawn.stability(2) - (1.0 - (1.0_f64 / 3.0).powi(6))).abs() < 0.003);
    let [low, high] = drawn.interval(2, 0.0);
    assert!(low == high && (low + 4.0 / 6.0).abs() < 1e-6);
    let [low, high] = drawn.interval(2, 0.98);
    assert!(
        (low + 1.0).abs() < 1e-6 && (high + 1.0 / 6.0).abs() < 1e-6,
        "{low} {high}"
    );
    // Without resamples nothing is known.
    let none = pair.bootstrap(0, 5);
    assert!(none.interval(0, 0.95)[0].is_nan() && none.stability(0).is_nan());
}

#[test]
fn a_seed_gives_the_same_bits_on_any_number_of_threads() {
    let pair = sample(&[vec![0, 1, 3, 9], vec![2, 4, 5, 6, 7, 8]]);
    let draw = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let run = || (pair.permute(500, seed), pair.bootstrap(50, seed));
        let (hits, drawn) = pool.build().unwrap().install(run);
        let ends: Vec<[u64; 2]> = (0..6)
            .map(|part| drawn.interval(part, 0.9).map(f64::to_bits))
            .collect();
        (hits, ends)
    };
    assert_eq!(draw(1, 7), draw(3, 7));
    assert_ne!(draw(1, 7).0, draw(1, 8).0);
}

#[test]
fn samples_that_cannot_be_compared_are_refused() {
    let refused = |a: &[usize], b: &[usize]| TwoSample::new(&partitions(), a, b).unwrap_err();
    assert_eq!(refused(&[], &[1]), StatsError::EmptySample);
    assert_eq!(refused(&[1], &[]), StatsError::EmptySample);
    let error = refused(&[1], &[2, 10]);
    assert_eq!(
        error,
        StatsError::RowOutOfRange {
            row: 10,
            n_rows: 10
        }
    );
    assert!(error.to_string().contains("no row 10"));
}
