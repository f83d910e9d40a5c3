use std::path::Path;

use safetensors::SafeTensors;

use super::dequantize;
use crate::gguf::tensor_type::{TensorType, supported_types};

/// The distance of two numbers in units of the last place.
fn ulps(a: f32, b: f32) -> u64 {
    let ordered = |x: f32| {
        let bits = i64::from(x.to_bits().cast_signed());
        if bits < 0 {
            i64::from(i32::MIN) - bits
        } else {
            bits
        }
    };
    ordered(a).abs_diff(ordered(b))
}

/// Random blocks of every type, unpacked by the Python package `gguf`
/// (`tests/golden/gguf_blocks.py`).
#[test]
fn every_type_is_unpacked_as_python_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gguf_blocks.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let golden = SafeTensors::deserialize(&bytes).unwrap();
    for number in 0..64 {
        let Some(kind) = TensorType::of(number) else {
            continue;
        };
        let name = crate::gguf::tensor_type::type_name(number);
        let blocks = golden.tensor(&format!("{name}.blocks")).unwrap();
        let values = golden.tensor(&format!("{name}.values")).unwrap();
        let expected: Vec<f32> = values
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        let found = dequantize(kind, blocks.data());
        assert_eq!(found.len(), expected.len(), "{name}");
        for (i, (&found, &expected)) in found.iter().zip(&expected).enumerate() {
            assert!(
                ulps(found, expected) <= 1,
                "{name}, number {i}: {found}, expected {expected}"
            );
        }
    }
    assert_eq!(
        golden.names().len(),
        2 * supported_types().split(", ").count()
    );
}
