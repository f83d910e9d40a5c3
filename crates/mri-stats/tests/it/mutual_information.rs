use mri_stats::adjusted_mutual_information;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/mutual_information.json")).unwrap()
}

#[test]
fn mutual_information_equals_scikit_learn() {
    for case in golden()["ami"].as_array().unwrap() {
        let [a, b]: [Vec<u32>; 2] =
            ["a", "b"].map(|side| serde_json::from_value(case[side].clone()).unwrap());
        let got = adjusted_mutual_information(&a, &b);
        let wanted = case["ami"].as_f64().unwrap();
        assert!((got - wanted).abs() <= 1e-9, "{got} {case}");
    }
}

#[test]
fn partitions_that_say_nothing_or_everything_have_their_limits() {
    // Equal partitions, although neither tells anything.
    assert_eq!(adjusted_mutual_information(&[5, 5, 5], &[2, 2, 2]), 1.0);
    assert_eq!(adjusted_mutual_information::<u32>(&[], &[]), 1.0);
    // One part, or every row its own, tells nothing about another partition.
    for (a, b) in [([0, 1, 2, 1], [3, 3, 3, 3]), ([0, 1, 2, 3], [0, 0, 1, 1])] {
        assert!(adjusted_mutual_information(&a, &b).abs() < 1e-9);
        assert!(adjusted_mutual_information(&b, &a).abs() < 1e-9);
    }
}
