use mri_reduce::{linear_cka, neighbor_overlap};
use ndarray::{Array2, array};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/cka.json")).unwrap()
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
fn cka_ignores_rotation_and_scale_and_rejects_other_numbers_of_rows() {
    let x = matrix(&golden()["cka"][0]["x"]);
    let turned = Array2::from_shape_fn(x.dim(), |(i, j)| 3.0 - 2.0 * x[(i, (j + 1) % 3)]);
    let cka = linear_cka(&x, &turned).unwrap().unwrap();
    assert!((cka - 1.0).abs() < 1e-6, "{cka}");
    assert_eq!(linear_cka(&x, &Array2::ones((20, 2))).unwrap(), None);
    assert!(linear_cka(&x, &Array2::ones((19, 2))).is_err());
}

#[test]
fn only_the_row_that_changed_sides_has_other_neighbors() {
    // Two clusters of three on a line; in the second map row 0 has joined the other one.
    let before = array![[0.0_f32], [0.1], [0.25], [9.0], [9.1], [9.25]];
    let mut after = before.clone();
    let flipped = -2.0 * &before + 1.0;
    assert_eq!(neighbor_overlap(before.view(), flipped.view(), 2), [1.0; 6]);
    after[(0, 0)] = 9.5;
    let overlap = neighbor_overlap(before.view(), after.view(), 2);
    assert_eq!(overlap[0], 0.0);
    // Those it left or joined have another neighbor at most.
    assert!(overlap[1..].iter().all(|&share| share >= 0.5));
    // With as many neighbors as there are other rows, all are shared.
    assert_eq!(neighbor_overlap(before.view(), after.view(), 50), [1.0; 6]);
    assert_eq!(
        neighbor_overlap(array![[1.0_f32]].view(), array![[2.0_f32]].view(), 3),
        [1.0]
    );
}
