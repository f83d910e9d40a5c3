use std::fs;
use std::sync::{Arc, Mutex};

use llm_mri::{Contrast, HeatmapStyle, Layer, Quantity, ReducerSpec, Scan, ScanError, Stage};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer as SubscriberLayer, SubscriberExt};

use crate::common::{builder, program};

/// The names of the spans and the messages of the events of this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> SubscriberLayer<S> for Log {
    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut name = span.metadata().name().to_owned();
        span.record(
            &mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                if field.name() == "of" {
                    name = format!("{name} {value:?}");
                }
            },
        );
        self.0.lock().unwrap().push(name);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(
            &mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                if field.name() == "message" {
                    self.0.lock().unwrap().push(format!("{value:?}"));
                }
            },
        );
    }
}

/// How often each step is logged while `work` runs.
fn steps(work: impl FnOnce()) -> impl Fn(&str) -> usize {
    let log = Log::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    tracing::subscriber::with_default(subscriber, work);
    let names = log.0.lock().unwrap().clone();
    move |name| names.iter().filter(|n| *n == name).count()
}

#[test]
fn layout_and_tests_are_computed_once_and_the_manifest_is_written_when_it_changes() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let count = steps(|| {
        let scan = builder(60).grid(4).out(&out).run().unwrap();
        scan.difference(&Contrast::pair(0, 1)).unwrap();
        scan.graph_picture([0]).unwrap();
        scan.discoveries(0.05).unwrap();
        scan.report(&()).unwrap();
    });
    assert_eq!(count("layout"), 1);
    assert_eq!(count("significance \"cells\""), 1);
    assert_eq!(count("significance \"transitions\""), 1);
    // Each category, and all together.
    assert_eq!(count("metrics"), 3);
    // Once the maps are whole, and once everything is.
    assert_eq!(count("write manifest"), 2);

    let opened = Scan::open(&out).unwrap();
    let count = steps(|| opened.update(Stage::Grid, &()).unwrap());
    // The sections of the regions are removed, and written again.
    assert_eq!(count("write manifest"), 2);
    let manifest = fs::read(out.join("manifest.json")).unwrap();
    let count = steps(|| {
        builder(60).out(&out).activations_only().run().unwrap();
    });
    assert!(count("write manifest") <= 1, "timings alone change");
    assert!(manifest != fs::read(out.join("manifest.json")).unwrap());
}

#[test]
fn a_missing_stage_is_named() {
    let bare = builder(20).activations_only().run().unwrap();
    assert!(matches!(bare.regions(), Err(ScanError::NoMaps)));
    let maps = bare.with_maps(&ReducerSpec::default(), &()).unwrap();
    assert!(matches!(maps.regions(), Err(ScanError::NoRegions)));
    assert!(matches!(maps.figures(), Err(ScanError::NoRegions)));
    let three = ReducerSpec {
        components: 3,
        ..ReducerSpec::default()
    };
    let three = maps.with_maps(&three, &()).unwrap();
    let refused = three.regions().err();
    assert!(matches!(
        refused,
        Some(ScanError::NotPlanar { components: 3 })
    ));
}

/// Runs the program, which has to succeed, and gives what it printed.
fn printed(args: &[&str]) -> String {
    let output = program(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn later_commands_make_the_stages_that_they_need() {
    let home = tempfile::tempdir().unwrap();
    let [cut, reduced] = ["cut", "reduced"].map(|name| home.path().join(name));
    let [cut, reduced] = [&cut, &reduced].map(|path| path.to_str().unwrap());
    for out in [cut, reduced] {
        builder(40).out(out).run().unwrap();
    }
    printed(&["reduce", reduced, "--no-quality"]);
    assert!(Scan::open(reduced).unwrap().regions().is_err());
    // The default grid is that of the other scan.
    let [a, b] = [cut, reduced].map(|out| printed(&["metrics", out, "--csv"]));
    assert_eq!(a, b);
    let [a, b] = [cut, reduced].map(|out| {
        printed(&["report", out]);
        fs::read_to_string(format!("{out}/report.html")).unwrap()
    });
    assert!(a == b);
    let said = printed(&["diff", cut, reduced]);
    for path in [cut, reduced] {
        assert!(said.contains(path), "both sides are named: {said}");
    }
    assert!(said.contains("n = 40"), "{said}");
    // The last two columns: equal regions, and no text that moved.
    let line = said.lines().find(|line| line.starts_with("resid.03"));
    let fields = line.unwrap().split_whitespace().skip(4);
    let fields: Vec<f64> = fields.map(|field| field.parse().unwrap()).collect();
    assert!((fields[0] - 1.0).abs() < 1e-9 && fields[1] == 0.0, "{said}");
}

#[test]
fn what_a_map_keeps_is_printed_with_the_neighbors_of_its_label() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    builder(40).out(&out).run().unwrap();
    let said = printed(&["reduce", out.to_str().unwrap()]);
    let scan = Scan::open(&out).unwrap();
    let maps = scan.maps().unwrap().section().layers.iter();
    let hits = maps.filter_map(|map| map.quality?.measures.neighborhood_hit);
    for hit in hits {
        let hit = format!("neighborhood hit {hit:.3}");
        assert!(said.contains(&hit), "{hit}: {said}");
    }
    assert!(said.contains("neighborhood hit"), "{said}");
}

#[test]
fn categories_are_given_by_name_or_by_index() {
    let scan = builder(40).run().unwrap();
    let layer = Layer::resid(2);
    for (by_name, by_index) in [
        (
            scan.heatmaps(Quantity::category("food")),
            scan.heatmaps(Quantity::category(1)),
        ),
        (
            scan.heatmaps(Quantity::difference("food", "law")),
            scan.heatmaps(Quantity::difference(1, 0)),
        ),
        (scan.heatmap(layer, "food"), scan.heatmap(layer, 1)),
        (scan.graph_picture(["food"]), scan.graph_picture([1])),
    ] {
        assert!(by_name.unwrap().svg() == by_index.unwrap().svg());
    }
    assert_eq!(scan.contrast("food", "law").unwrap(), Contrast::pair(1, 0));
    assert_eq!(
        scan.metrics(["law", "food"]).unwrap(),
        scan.metrics([0, 1]).unwrap()
    );
    for unknown in [
        scan.heatmaps(Quantity::category("lwa")).err(),
        scan.heatmap(layer, 7).err(),
        scan.graph_picture(["law", "lwa"]).err(),
        scan.metrics([7]).err(),
    ] {
        let said = unknown.unwrap().to_string();
        assert!(said.contains("law, food"), "{said}");
    }
}

#[test]
fn the_heatmap_of_one_layer_is_that_layer_of_the_sheet() {
    let scan = builder(40).run().unwrap();
    let one = scan.heatmap(Layer::resid(2), "law").unwrap();
    let style = HeatmapStyle::default().with_layers([Layer::resid(2)]);
    let of_sheet = scan.heatmaps_styled(Quantity::category(0), &style);
    assert!(one.svg() == of_sheet.unwrap().svg());
    let all = scan.heatmaps(Quantity::category(0)).unwrap();
    assert!(one.svg() != all.svg());
    let missing = scan.heatmap(Layer::resid(99), "law");
    assert!(matches!(missing, Err(ScanError::NoLayer { .. })));
}

#[test]
fn a_reducer_from_elsewhere_gives_aligned_maps_too() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let spec = ReducerSpec {
        align: true,
        ..ReducerSpec::default()
    };
    let reducer = spec.build().unwrap();
    let scan = builder(40).out(&folder).run().unwrap();
    let ours = scan.with_maps(&spec, &()).unwrap();
    let expected: Vec<_> = ours
        .embedding()
        .unwrap()
        .iter()
        .map(|(_, p)| p.clone())
        .collect();
    let theirs = ours.with_aligned_reducer(reducer.as_ref(), 2, &()).unwrap();
    let found = theirs.embedding().unwrap().iter().map(|(_, p)| p.clone());
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert!(theirs.caption().reducer.ends_with(", aligned"));
    // The folder says so too, and the animation leaves the common frame as it is.
    theirs.update(Stage::Maps, &()).unwrap();
    let opened = Scan::open(&folder).unwrap();
    assert!(opened.maps().unwrap().section().is_aligned());
}
