//! Models by name, fetched from a stand-in hub on loopback.

mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mri_core::{Progress, Watch};
use mri_extract::{HubError, HubOptions, ModelSource, model_hash};

use self::server::{COMMIT, Hub, sha256};

/// Bytes that differ from place to place.
fn bytes(n: usize) -> Vec<u8> {
    (0..n as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn single() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("README.md", b"# tiny".to_vec()),
        ("config.json", b"{\"model_type\": \"bert\"}".to_vec()),
        ("model.safetensors", bytes(3_000_000)),
        ("pytorch_model.bin", bytes(10)),
        ("tokenizer.json", b"{}".to_vec()),
    ]
}

fn sharded() -> Vec<(&'static str, Vec<u8>)> {
    let index = serde_json::json!({"metadata": {}, "weight_map": {
        "a": "model-00001-of-00002.safetensors",
        "b": "model-00002-of-00002.safetensors",
        "c": "model-00001-of-00002.safetensors",
    }});
    vec![
        ("config.json", b"{}".to_vec()),
        ("model-00001-of-00002.safetensors", bytes(1000)),
        ("model-00002-of-00002.safetensors", bytes(1001)),
        ("model-99999-of-99999.safetensors", bytes(5)),
        (
            "model.safetensors.index.json",
            index.to_string().into_bytes(),
        ),
        ("tokenizer.json", b"{ }".to_vec()),
    ]
}

struct Client {
    hub: Hub,
    cache: tempfile::TempDir,
    options: HubOptions,
}

impl Client {
    fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let hub = Hub::start(files);
        let cache = tempfile::tempdir().unwrap();
        let options = HubOptions::new(cache.path()).with_endpoint(hub.endpoint.clone());
        Self {
            hub,
            cache,
            options,
        }
    }

    fn fetch(&self, id: &str, revision: Option<&str>) -> Result<PathBuf, HubError> {
        ModelSource::parse(id, revision)?.fetch(&self.options, &())
    }

    fn message(&self, id: &str, revision: Option<&str>) -> String {
        self.fetch(id, revision).unwrap_err().to_string()
    }

    /// The files fetched since the last call, each with the first byte asked for.
    fn fetched(&self) -> Vec<(String, String)> {
        let log = self.hub.take_log().into_iter();
        log.filter(|(path, ..)| !path.starts_with("/api/") && !path.starts_with("HEAD "))
            .filter(|(path, ..)| path.starts_with("/cdn/") || !path.ends_with(".safetensors"))
            .map(|(path, range, _)| (path.rsplit('/').next().unwrap().to_owned(), range))
            .collect()
    }

    fn blobs(&self) -> PathBuf {
        self.cache.path().join("models--org--tiny/blobs")
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn only_the_files_needed_are_fetched_and_only_once() {
    let client = Client::new(&single());
    let folder = client.fetch("org/tiny", None).unwrap();
    assert_eq!(
        names(&folder),
        ["config.json", "model.safetensors", "tokenizer.json"]
    );
    for (name, content) in single() {
        if name != "README.md" && name != "pytorch_model.bin" {
            assert!(fs::read(folder.join(name)).unwrap() == content, "{name}");
        }
    }
    assert_eq!(client.fetched().len(), 3);
    assert_eq!(client.fetch("org/tiny", None).unwrap(), folder);
    assert_eq!(client.fetched(), []);
    // The layout is that of the Python client.
    let model = client.cache.path().join("models--org--tiny");
    assert_eq!(folder, model.join("snapshots").join(COMMIT));
    assert_eq!(fs::read_to_string(model.join("refs/main")).unwrap(), COMMIT);
    assert!(
        model
            .join("blobs")
            .join(sha256(&bytes(3_000_000)))
            .is_file()
    );
    // A tag and a pull request of the same commit need no file anew.
    for revision in ["v1", "refs/pr/2", COMMIT] {
        assert_eq!(client.fetch("org/tiny", Some(revision)).unwrap(), folder);
        assert_eq!(client.fetched(), [], "{revision}");
    }
}

#[test]
fn what_sets_a_tokenizer_and_a_pooling_is_fetched_too() {
    let config = b"{\"model_max_length\": 7}".to_vec();
    let files = [
        ("config.json", b"{\"model_type\": \"bert\"}".to_vec()),
        ("model.safetensors", bytes(100)),
        ("vocab.txt", b"[PAD]\n".to_vec()),
        ("tokenizer_config.json", config.clone()),
        ("modules.json", b"[]".to_vec()),
        ("1_Pooling/config.json", b"{}".to_vec()),
        ("onnx/model.onnx", bytes(5)),
    ];
    let mut client = Client::new(&files);
    let folder = client.fetch("org/tiny", None).unwrap();
    assert_eq!(
        names(&folder),
        [
            "1_Pooling",
            "config.json",
            "model.safetensors",
            "modules.json",
            "tokenizer_config.json",
            "vocab.txt"
        ]
    );
    assert_eq!(
        fs::read(folder.join("tokenizer_config.json")).unwrap(),
        config
    );
    assert_eq!(
        fs::read(folder.join("1_Pooling/config.json")).unwrap(),
        b"{}"
    );
    client.options.offline = true;
    assert_eq!(client.fetch("org/tiny", None).unwrap(), folder);
}

#[test]
fn a_renamed_model_is_found() {
    let client = Client::new(&single());
    let folder = client.fetch("old/tiny", None).unwrap();
    assert!(fs::read(folder.join("model.safetensors")).unwrap() == bytes(3_000_000));
}

#[test]
fn shards_are_those_of_the_index() {
    let client = Client::new(&sharded());
    let folder = client.fetch("org/tiny", None).unwrap();
    assert_eq!(
        names(&folder),
        [
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "tokenizer.json"
        ]
    );
    let mut files = sharded();
    files[4].1 = br#"{"weight_map": {"a": "../../evil.safetensors"}}"#.to_vec();
    let client = Client::new(&files);
    let m = client.message("org/tiny", None);
    assert!(m.contains("has to lie in the model's folder"), "{m}");
}

/// Notes what it is told, and stops where it is told to.
struct Notes {
    steps: Mutex<Vec<(String, u64, u64)>>,
    stop: bool,
}

impl Watch for Notes {
    fn step(&self, progress: Progress<'_>) -> bool {
        let step = (progress.stage.to_owned(), progress.done, progress.total);
        self.steps.lock().unwrap().push(step);
        !self.stop
    }
}

#[test]
fn progress_is_told_in_bytes_and_can_be_stopped() {
    let client = Client::new(&single());
    let source = ModelSource::parse("org/tiny", None).unwrap();
    let mut notes = Notes {
        steps: Mutex::default(),
        stop: true,
    };
    let stopped = source.fetch(&client.options, &notes);
    assert!(matches!(stopped, Err(HubError::Cancelled(_))));
    notes.stop = false;
    source.fetch(&client.options, &notes).unwrap();
    let steps = notes.steps.into_inner().unwrap();
    let weights: Vec<_> = steps
        .iter()
        .filter(|(stage, ..)| stage == "fetch model.safetensors")
        .map(|&(_, done, total)| (done, total))
        .collect();
    assert!(weights.len() > 2 && weights.is_sorted(), "{weights:?}");
    assert_eq!(weights.last(), Some(&(3_000_000, 3_000_000)));
}

#[test]
fn a_transfer_that_breaks_off_goes_on_from_there() {
    let client = Client::new(&single());
    client.hub.content.lock().unwrap().break_off = Some(("model.safetensors".into(), 1_000_000));
    let folder = client.fetch("org/tiny", None).unwrap();
    assert!(fs::read(folder.join("model.safetensors")).unwrap() == bytes(3_000_000));
    let weights: Vec<_> = client
        .fetched()
        .into_iter()
        .filter(|(name, _)| name == "model.safetensors")
        .collect();
    assert_eq!(weights.len(), 2, "{weights:?}");
    assert_eq!(weights[1].1, "bytes=1000000-");
}

#[test]
fn a_killed_process_leaves_a_start_and_damage_is_noticed() {
    let whole = bytes(3_000_000);
    let client = Client::new(&single());
    fs::create_dir_all(client.blobs()).unwrap();
    let part = client
        .blobs()
        .join(format!("{}.incomplete", sha256(&whole)));
    fs::write(&part, &whole[..2_000_000]).unwrap();
    let folder = client.fetch("org/tiny", None).unwrap();
    assert!(fs::read(folder.join("model.safetensors")).unwrap() == whole);
    assert!(
        client
            .fetched()
            .contains(&("model.safetensors".into(), "bytes=2000000-".into()))
    );

    let client = Client::new(&single());
    fs::create_dir_all(client.blobs()).unwrap();
    let part = client
        .blobs()
        .join(format!("{}.incomplete", sha256(&whole)));
    fs::write(&part, bytes(1_000_001).split_off(1)).unwrap();
    let m = client.message("org/tiny", None);
    assert!(m.contains("not those of the hub"), "{m}");
    assert!(client.fetch("org/tiny", None).is_ok());
}

#[test]
fn damage_in_the_cache_is_noticed_when_it_is_used() {
    let mut client = Client::new(&single());
    let folder = client.fetch("org/tiny", None).unwrap();
    let hash = model_hash(&folder).unwrap();
    for (name, content) in single() {
        if !folder.join(name).exists() {
            continue;
        }
        let blob = fs::canonicalize(folder.join(name)).unwrap();
        let mut flipped = content.clone();
        flipped[content.len() / 2] ^= 1;
        fs::write(&blob, flipped).unwrap();
        for offline in [false, true] {
            client.options.offline = offline;
            // Weights are read as a whole only when the model is identified.
            let found = match client.fetch("org/tiny", None) {
                Ok(folder) => model_hash(&folder).unwrap_err().to_string(),
                Err(error) => error.to_string(),
            };
            let file = blob.to_str().unwrap();
            assert!(found.contains(file) && found.contains("damaged"), "{found}");
        }
        // The remedy.
        client.options.offline = false;
        fs::remove_file(&blob).unwrap();
        client.fetch("org/tiny", None).unwrap();
        assert!(fs::read(&blob).unwrap() == content, "{name}");
        assert_eq!(model_hash(&folder).unwrap(), hash);
    }
}

#[test]
fn what_the_hub_refuses_is_said_with_a_remedy() {
    let mut client = Client::new(&single());
    let m = client.message("org/none", None);
    assert!(m.contains("org/none") && m.contains("no model at"), "{m}");
    assert!(
        client
            .message("org/tiny", Some("v9"))
            .contains("revision v9")
    );
    client.hub.content.lock().unwrap().token = Some("secret".into());
    let m = client.message("org/tiny", None);
    assert!(m.contains("401") && m.contains("HF_TOKEN"), "{m}");
    client.options.token = Some("wrong".into());
    let m = client.message("org/tiny", None);
    assert!(
        m.contains("does not open it") && !m.contains("wrong"),
        "{m}"
    );
    client.options.token = Some("secret".into());
    assert!(client.fetch("org/tiny", None).is_ok());

    let without = |gone: &[&str]| {
        let files: Vec<_> = single()
            .into_iter()
            .filter(|(name, _)| !gone.contains(name))
            .collect();
        let client = Client::new(&files);
        let m = client.message("org/tiny", None);
        assert_eq!(client.fetched(), [], "nothing is fetched in vain");
        m
    };
    let m = without(&["model.safetensors"]);
    assert!(
        m.contains("pickle can run any code") && m.contains("save_pretrained"),
        "{m}"
    );
    let m = without(&["model.safetensors", "pytorch_model.bin"]);
    assert!(m.contains("no model.safetensors"), "{m}");
    assert!(without(&["config.json"]).contains("no config.json"));
    let m = without(&["tokenizer.json"]);
    assert!(
        m.contains("no tokenizer.json") && m.contains("vocabulary"),
        "{m}"
    );
}

#[test]
fn the_token_goes_to_the_endpoint_and_to_nobody_else() {
    let mut client = Client::new(&single());
    client.hub.content.lock().unwrap().token = Some("secret".into());
    client.options.token = Some("secret".into());
    // A model that was renamed is on the same host, where the token is needed again.
    for id in ["old/tiny", "org/tiny"] {
        client.fetch(id, None).unwrap();
    }
    let log = client.hub.take_log();
    let (elsewhere, own): (Vec<_>, Vec<_>) =
        log.iter().partition(|(path, ..)| path.contains("/cdn/"));
    assert!(!elsewhere.is_empty() && own.len() > 4, "{log:?}");
    assert!(own.iter().all(|(_, _, token)| token == "Bearer secret"));
    assert!(elsewhere.iter().all(|(_, _, token)| token.is_empty()));
}

#[test]
fn a_silent_host_is_given_up_and_a_busy_hub_asked_again() {
    let mut client = Client::new(&single());
    client.hub.content.lock().unwrap().failures = 2;
    assert!(client.fetch("org/tiny", Some("v1")).is_ok());

    let fresh = Client::new(&single());
    client = fresh;
    client.options.timeout = std::time::Duration::from_millis(100);
    client.hub.content.lock().unwrap().silent = true;
    let m = client.message("org/tiny", None);
    assert!(
        m.contains("model.safetensors") && m.contains("resumes"),
        "{m}"
    );
    client.hub.content.lock().unwrap().silent = false;
}

#[test]
fn offline_takes_what_is_there_and_asks_nobody() {
    let mut client = Client::new(&sharded());
    client.options.offline = true;
    let m = client.message("org/tiny", None);
    assert!(m.contains("HF_HUB_OFFLINE") && m.contains("not in"), "{m}");
    client.options.offline = false;
    let folder = client.fetch("org/tiny", None).unwrap();
    client.hub.take_log();
    client.options.offline = true;
    assert_eq!(client.fetch("org/tiny", None).unwrap(), folder);
    assert_eq!(client.fetch("org/tiny", Some(COMMIT)).unwrap(), folder);
    assert!(
        client
            .message("org/tiny", Some("v1"))
            .contains("revision v1")
    );
    fs::remove_file(folder.join("model-00002-of-00002.safetensors")).unwrap();
    let m = client.message("org/tiny", None);
    assert!(
        m.contains("model-00002-of-00002.safetensors is missing"),
        "{m}"
    );
    assert_eq!(client.hub.take_log(), []);
}

#[test]
fn without_a_network_the_cache_serves() {
    let mut client = Client::new(&single());
    // A port that was just free: nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let open = client.options.endpoint.clone();
    client.options.endpoint = Some(format!("http://{closed}"));
    let m = client.message("org/tiny", None);
    assert!(
        m.contains("list of files") && m.contains("resumes where it stopped"),
        "{m}"
    );
    client.options.endpoint = open;
    let folder = client.fetch("org/tiny", None).unwrap();
    client.options.endpoint = Some(format!("http://{closed}"));
    assert_eq!(client.fetch("org/tiny", None).unwrap(), folder);
}
