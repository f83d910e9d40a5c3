use std::fs;
use std::sync::{Arc, Mutex};

use llm_mri::{ReducerSpec, Scan, ScanError, Stage};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::common::builder;

/// The names of the spans and the messages of the events of this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Log {
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
        scan.difference(&llm_mri::Contrast::pair(0, 1)).unwrap();
        scan.graph_picture(&[0]).unwrap();
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
