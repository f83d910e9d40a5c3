use mri_render::{Color, Colormap, category_color};

#[test]
fn continuous_maps_equal_matplotlibs() {
    let text = include_str!("../golden/colormaps.json");
    let golden: std::collections::HashMap<String, Vec<[f64; 3]>> =
        serde_json::from_str(text).unwrap();
    let maps = [
        ("coolwarm", Colormap::Coolwarm, 0.3),
        ("Blues", Colormap::Blues, 1.0),
        ("viridis", Colormap::Viridis, 1.5),
        ("managua", Colormap::Managua, 1.5),
    ];
    for (name, map, bound) in maps {
        for (i, expected) in golden[name].iter().enumerate() {
            let Color { r, g, b } = map.at(i as f64 / 255.0);
            for (got, expected) in [r, g, b].into_iter().zip(expected) {
                // Half a unit more for the rounding to whole bytes.
                let off = (f64::from(got) - expected).abs();
                assert!(off <= bound + 0.5, "{name} at {i}: off by {off}");
            }
        }
    }
}

#[test]
fn sequential_maps_are_ordered_by_luminance() {
    let luminance = |map: Colormap, i: u32| map.at(f64::from(i) / 50.0).luminance();
    for i in 0..50 {
        assert!(luminance(Colormap::Blues, i) > luminance(Colormap::Blues, i + 1));
        assert!(luminance(Colormap::Viridis, i) < luminance(Colormap::Viridis, i + 1));
    }
    for i in 0..25 {
        assert!(luminance(Colormap::Coolwarm, i) < luminance(Colormap::Coolwarm, i + 1) + 1e-3);
    }
}

#[test]
fn numbers_are_readable_on_every_color() {
    for i in 0..=100 {
        for map in [
            Colormap::Blues,
            Colormap::Coolwarm,
            Colormap::Viridis,
            Colormap::Managua,
        ] {
            let ground = map.at(f64::from(i) / 100.0);
            let (a, b) = (ground.luminance(), ground.readable_on().luminance());
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= 4.5, "WCAG AA, got {contrast} at {i}");
        }
    }
}

#[test]
fn categories_differ_from_each_other() {
    for total in [2, 6, 10] {
        for i in 0..total {
            for j in 0..i {
                assert_ne!(category_color(i, total), category_color(j, total));
            }
        }
    }
}

/// The lightness of Oklab (Ottosson 2020), from 0 to 1.
fn lightness(color: Color) -> f64 {
    let [r, g, b] = [color.r, color.g, color.b].map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.040_45 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    });
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s
}

#[test]
fn lightness_orders_every_map() {
    assert!((lightness(Color::WHITE) - 1.0).abs() < 1e-4 && lightness(Color::BLACK) == 0.0);
    let along = |map: Colormap, from: f64, to: f64| -> Vec<f64> {
        (0..=32)
            .map(|i| lightness(map.at(from + (to - from) * f64::from(i) / 32.0)))
            .collect()
    };
    // A step back may be no more than the rounding to whole bytes.
    let ascends = |values: &[f64]| values.windows(2).all(|w| w[1] > w[0] - 2e-3);
    assert!(ascends(&along(Colormap::Blues, 1.0, 0.0)));
    assert!(ascends(&along(Colormap::Viridis, 0.0, 1.0)));
    for end in [0.0, 1.0] {
        assert!(
            ascends(&along(Colormap::Coolwarm, end, 0.5)),
            "to the light middle"
        );
        // Its darkest place is a little off its middle.
        assert!(
            ascends(&along(Colormap::Managua, 0.5, end)),
            "from the dark middle"
        );
    }
    // Equal steps look equally large where the map promises that.
    let steps: Vec<f64> = along(Colormap::Viridis, 0.0, 1.0)
        .windows(2)
        .map(|w| w[1] - w[0])
        .collect();
    let largest = steps.iter().copied().fold(0.0, f64::max);
    let mean = steps.iter().sum::<f64>() / steps.len() as f64;
    assert!(largest < 2.0 * mean);
    // Neither side of a difference looks stronger than the other.
    let ends = |map: Colormap| (lightness(map.at(0.0)) - lightness(map.at(1.0))).abs();
    assert!(ends(Colormap::Coolwarm) < 0.05 && ends(Colormap::Managua) < 0.05);
}

#[test]
fn color_blind_readers_tell_categories_apart() {
    let text = include_str!("../golden/colorblind.json");
    let golden: serde_json::Value = serde_json::from_str(text).unwrap();
    let hex = |c: Color| format!("{:02x}{:02x}{:02x}", c.r, c.g, c.b);
    let two = |t| Colormap::Coolwarm.at(t);
    let ours = [
        ("petroff6", (0..6).map(|i| category_color(i, 6)).collect()),
        (
            "petroff10",
            (0..10).map(|i| category_color(i, 10)).collect(),
        ),
        ("two", vec![two(0.08), two(0.92)]),
    ];
    for (name, colors) in ours {
        let colors: Vec<Color> = colors;
        let colors: Vec<String> = colors.into_iter().map(hex).collect();
        assert_eq!(serde_json::json!(colors), golden["colors"][name], "{name}");
        let least = golden["least"][name].as_object().unwrap();
        assert_eq!(least.len(), 4, "three kinds of color blindness, and none");
        for (reader, distance) in least {
            // Small marks need about ten times what large fields side by side need.
            let distance = distance.as_f64().unwrap();
            assert!(distance > 14.0, "{name}, {reader}: {distance}");
        }
    }
}
