use mri_stats::{Summary, quantile_of_sorted};
use serde_json::Value;

fn golden() -> Vec<(Vec<f64>, Value)> {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../golden/summary.json")).unwrap();
    cases
        .into_iter()
        .map(|case| {
            (
                serde_json::from_value(case["sample"].clone()).unwrap(),
                case,
            )
        })
        .collect()
}

#[test]
fn summaries_equal_pandas() {
    for (sample, case) in golden() {
        let summary = Summary::of(&sample);
        let ours = [summary.mean, summary.var, summary.skew, summary.kurt];
        for (ours, name) in ours.into_iter().zip(["mean", "var", "skew", "kurt"]) {
            let wanted = case["summary"][name].as_f64();
            assert_eq!(ours.is_some(), wanted.is_some(), "{name} {case}");
            if let (Some(ours), Some(wanted)) = (ours, wanted) {
                let bound = 1e-9 * wanted.abs() + 1e-12;
                assert!((ours - wanted).abs() <= bound, "{name} {ours} {case}");
            }
        }
    }
}

#[test]
fn quantiles_equal_numpy() {
    for (mut sample, case) in golden() {
        sample.sort_by(f64::total_cmp);
        for pair in case["quantiles"].as_array().unwrap() {
            let [share, wanted]: [f64; 2] = serde_json::from_value(pair.clone()).unwrap();
            let ours = quantile_of_sorted(&sample, share).unwrap();
            assert!(
                (ours - wanted).abs() <= 1e-9 * wanted.abs(),
                "{ours} {case}"
            );
        }
    }
}
