use mri_graph::{linear_cka, movement};
use ndarray::{Array2, array};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/compare.json")).unwrap()
}

fn matrix(value: &Value) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).unwrap();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

#[test]
fn cka_equals_the_kernel_form() {
    for case in golden()["cka"].as_array().unwrap() {
        let got = linear_cka(&matrix(&case["x"]), &matrix(&case["y"])).unwrap();
        let wanted = case["cka"].as_f64().unwrap();
        assert!((got.unwrap() - wanted).abs() <= 1e-9, "{got:?} {wanted}");
    }
}

#[test]
fn cka_sees_no_turn_and_refuses_what_does_not_fit() {
    let x = matrix(&golden()["cka"][0]["x"]);
    let turned = Array2::from_shape_fn(x.dim(), |(i, j)| 3.0 - 2.0 * x[(i, (j + 1) % 3)]);
    let cka = linear_cka(&x, &turned).unwrap().unwrap();
    assert!((cka - 1.0).abs() < 1e-6, "{cka}");
    assert_eq!(linear_cka(&x, &Array2::ones((20, 2))).unwrap(), None);
    assert!(linear_cka(&x, &Array2::ones((19, 2))).is_err());
}

#[test]
fn only_the_text_that_changed_sides_moved() {
    // Two clusters of three on a line; in the second map text 0 has joined the other one.
    let before = array![[0.0_f32], [0.1], [0.25], [9.0], [9.1], [9.25]];
    let mut after = before.clone();
    assert_eq!(
        movement(before.view(), (-2.0 * &before + 1.0).view(), 2),
        [0.0; 6]
    );
    after[(0, 0)] = 9.5;
    let moved = movement(before.view(), after.view(), 2);
    assert_eq!(moved[0], 1.0);
    // Those it left or joined have another neighbor at most.
    assert!(moved[1..].iter().all(|&m| m <= 0.5));
    // With as many neighbors as there are texts, nothing can move.
    assert_eq!(movement(before.view(), after.view(), 50), [0.0; 6]);
    assert_eq!(
        movement(array![[1.0_f32]].view(), array![[2.0_f32]].view(), 3),
        [0.0]
    );
}
