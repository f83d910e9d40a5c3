use mri_stats::{RankCorrelation, benjamini_hochberg, spearman};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/ranks.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn spearman_equals_scipy() {
    for case in golden()["spearman"].as_array().unwrap() {
        let got = spearman(&numbers(&case["x"]), &numbers(&case["y"]));
        let Some(rho) = case["rho"].as_f64() else {
            assert_eq!(got, None, "{case}");
            continue;
        };
        let p = case["p"].as_f64().unwrap();
        let got = got.unwrap();
        let (our_rho, our_p) = (got.rho, got.p_value());
        assert!((our_rho - rho).abs() <= 1e-12, "{our_rho} {case}");
        // At |rho| = 1, scipy's rho is 1 - 1e-16 or 1, as rounding has it, and so p is 1e-15 or 0.
        assert!((our_p - p).abs() <= 1e-12 + 1e-9 * p, "{our_p} {case}");
    }
}

#[test]
fn tails_equal_student_s_distribution() {
    for case in golden()["tails"].as_array().unwrap() {
        let [rho, n, p] = numbers(case)[..] else {
            panic!("three numbers")
        };
        let got = RankCorrelation { rho, n: n as usize }.p_value();
        assert!((got - p).abs() <= 1e-9 * p, "{got} {case}");
    }
}

#[test]
fn adjusted_p_equal_statsmodels() {
    for case in golden()["adjusted"].as_array().unwrap() {
        let got = benjamini_hochberg(&numbers(&case["p"]));
        let wanted = numbers(&case["q"]);
        assert_eq!(got.len(), wanted.len());
        for (a, b) in got.iter().zip(wanted) {
            assert!((a - b).abs() <= 1e-15, "{case}");
        }
    }
    assert!(benjamini_hochberg(&[]).is_empty());
}
