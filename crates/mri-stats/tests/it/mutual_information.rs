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
