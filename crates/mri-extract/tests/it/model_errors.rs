use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use mri_extract::ModelError;
use mri_extract::spec::TransformerSpec;
use proptest::prelude::*;

const BERT: &str = r#"{"model_type": "bert", "hidden_size": 4, "num_attention_heads": 2,
    "num_hidden_layers": 1, "intermediate_size": 8, "vocab_size": 5, "max_position_embeddings": 6}"#;

fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn spec_error(config: &str) -> String {
    let folder = folder_with(&[("config.json", config.as_bytes())]);
    TransformerSpec::read(folder.path())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_missing_folder_and_a_missing_config_are_told_apart() {
    let error = TransformerSpec::read(Path::new("no/such/model")).unwrap_err();
    assert!(matches!(error, ModelError::MissingFolder { .. }), "{error}");
    let folder = folder_with(&[]);
    let error = TransformerSpec::read(folder.path()).unwrap_err();
    assert!(matches!(error, ModelError::MissingFile { .. }), "{error}");
    assert!(error.to_string().contains("config.json"), "{error}");
}

#[test]
fn an_unknown_family_is_named_with_those_supported() {
    let error = spec_error(r#"{"model_type": "perceiver"}"#);
    assert!(
        error.contains("perceiver") && error.contains("bert"),
        "{error}"
    );
}

#[test]
fn a_config_that_makes_no_sense_is_refused_with_its_entry() {
    for (from, to, key) in [
        ("\"hidden_size\": 4", "\"hidden_size\": -4", "hidden_size"),
        (
            "\"hidden_size\": 4",
            "\"hidden_size\": 5",
            "num_attention_heads",
        ),
        ("\"hidden_size\": 4, ", "", "hidden_size"),
        (
            "\"num_hidden_layers\": 1",
            "\"num_hidden_layers\": 1000000",
            "num_hidden_layers",
        ),
        ("\"vocab_size\": 5", "\"vocab_size\": 1e300", "vocab_size"),
        ("\"bert\"", "7", "model_type"),
    ] {
        let broken = BERT.replace(from, to);
        assert_ne!(broken, BERT);
        let error = spec_error(&broken);
        assert!(error.contains(key), "{to}: {error}");
    }
    assert!(spec_error("{").contains("JSON"));
    assert!(spec_error("[1]").contains("model_type"));
}

/// The configurations of all golden models.
fn golden_configs() -> Vec<serde_json::Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/families");
    let mut folders: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let read = |folder: &std::path::PathBuf| fs::read(folder.join("config.json")).unwrap();
    let texts = folders.iter().map(read);
    texts
        .map(|text| serde_json::from_slice(&text).unwrap())
        .collect()
}

/// What may stand in the place of an entry of a damaged or hostile configuration.
fn any_value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::json;
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|x| json!(x)),
        any::<i64>().prop_map(|x| json!(x)),
        (0_u64..40).prop_map(|x| json!(x)),
        any::<f64>().prop_map(|x| json!(x)),
        "[a-z_]{0,12}".prop_map(|x| json!(x)),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(|x| json!(x)),
        Just(json!({"rope_type": "yarn", "factor": 0.0})),
        Just(json!({"rope_type": "longrope", "short_factor": [1.0]})),
        Just(json!(["sliding_attention", "full_attention"])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Any entry of any family may hold anything: the answer is a description or an error.
    #[test]
    fn no_configuration_makes_the_reader_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..3),
    ) {
        static CONFIGS: LazyLock<Vec<serde_json::Value>> = LazyLock::new(golden_configs);
        static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| folder_with(&[]));
        let mut config = which.get(&CONFIGS).clone();
        let entries = config.as_object_mut().unwrap();
        let keys: Vec<String> = entries.keys().cloned().collect();
        for (key, value) in changes {
            entries.insert(key.get(&keys).clone(), value);
        }
        fs::write(FOLDER.path().join("config.json"), config.to_string()).unwrap();
        if let Err(error) = TransformerSpec::read(FOLDER.path()) {
            prop_assert!(error.to_string().contains("config.json"), "{}", error);
        }
    }
}

#[cfg(feature = "tch")]
mod loading {
    use super::*;
    use mri_extract::{Device, TchBackend, TchOptions};

    fn load_error(files: &[(&str, &[u8])]) -> ModelError {
        let mut all = vec![("config.json", BERT.as_bytes())];
        all.extend_from_slice(files);
        let folder = folder_with(&all);
        match TchBackend::load(folder.path(), &TchOptions::default()) {
            Ok(_) => panic!("a broken model was loaded"),
            Err(error) => error,
        }
    }

    fn safetensors(name: &str, shape: &[usize]) -> Vec<u8> {
        let bytes = 4 * shape.iter().product::<usize>();
        let header = format!(
            r#"{{"{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[0,{bytes}]}}}}"#
        );
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.extend(vec![0; bytes]);
        file
    }

    #[test]
    fn missing_weights_and_pickles_say_what_to_do() {
        let error = load_error(&[]);
        assert!(matches!(error, ModelError::MissingFile { .. }), "{error}");
        let error = load_error(&[("pytorch_model.bin", b"PK")]);
        assert!(matches!(error, ModelError::PickleOnly { .. }), "{error}");
        assert!(error.to_string().contains("save_pretrained"), "{error}");
    }

    #[test]
    fn truncated_weights_are_noticed_at_any_length() {
        let whole = safetensors("embeddings.word_embeddings.weight", &[5, 4]);
        for length in [0, 1, 7, 8, 20, whole.len() / 2, whole.len() - 1] {
            let error = load_error(&[("model.safetensors", &whole[..length])]);
            assert!(
                matches!(error, ModelError::BrokenWeights { .. }),
                "{length} bytes: {error}"
            );
        }
    }

    #[test]
    fn tensors_that_are_missing_or_misshapen_are_named() {
        let other = safetensors("something.else", &[5, 4]);
        let error = load_error(&[("model.safetensors", &other)]);
        assert!(
            error
                .to_string()
                .contains("embeddings.word_embeddings.weight"),
            "{error}"
        );
        let wide = safetensors("bert.embeddings.word_embeddings.weight", &[5, 40]);
        let error = load_error(&[("model.safetensors", &wide)]);
        assert!(matches!(error, ModelError::WrongShape { .. }), "{error}");
        let only = safetensors("embeddings.word_embeddings.weight", &[5, 4]);
        let error = load_error(&[("model.safetensors", &only)]);
        assert!(matches!(error, ModelError::MissingTensor { .. }), "{error}");
    }

    #[test]
    fn an_index_is_followed_but_not_out_of_the_folder() {
        let index = |file: &str| format!(r#"{{"weight_map": {{"a": "{file}"}}}}"#);
        let name = "model.safetensors.index.json";
        let error = load_error(&[(name, index("part-1.safetensors").as_bytes())]);
        assert!(error.to_string().contains("part-1"), "{error}");
        let error = load_error(&[(name, index("../x.safetensors").as_bytes())]);
        assert!(matches!(error, ModelError::BadConfig { .. }), "{error}");
        let error = load_error(&[(name, b"{}")]);
        assert!(matches!(error, ModelError::BadConfig { .. }), "{error}");
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error() {
        let folder = folder_with(&[("config.json", BERT.as_bytes())]);
        // No machine has that many.
        let options = TchOptions::default().with_device(Device::Cuda(10_000));
        let error = TchBackend::load(folder.path(), &options).err().unwrap();
        assert!(matches!(error, ModelError::NoDevice { .. }), "{error}");
    }
}

/// A small Llama with other entries of `config.json`.
fn llama_with(entries: &str) -> String {
    format!(
        r#"{{"model_type": "llama", "hidden_size": 8, "num_attention_heads": 2,
            "num_hidden_layers": 1, "intermediate_size": 8, "vocab_size": 5,
            "max_position_embeddings": 16, {entries}}}"#
    )
}

#[test]
fn settings_that_make_no_numbers_are_refused_and_named() {
    for (entries, key) in [
        (r#""rms_norm_eps": -1"#, "rms_norm_eps"),
        (r#""rms_norm_eps": 0"#, "rms_norm_eps"),
        (r#""rms_norm_eps": 7"#, "rms_norm_eps"),
        (r#""rope_parameters": "x""#, "rope_parameters"),
        (r#""rope_scaling": "linear""#, "rope_scaling"),
        (r#""rope_scaling": [2.0]"#, "rope_scaling"),
        (
            r#""rope_scaling": {"rope_type": "linear", "factor": -2}"#,
            "factor",
        ),
        (r#""rope_scaling": {"rope_type": "linear"}"#, "factor"),
        (r#""rope_theta": 1e300"#, "rope_theta"),
        (r#""rope_theta": -5"#, "rope_theta"),
        (r#""num_key_value_heads": 0"#, "num_key_value_heads"),
    ] {
        let error = spec_error(&llama_with(entries));
        assert!(error.contains(key), "{entries}: {error}");
    }
    let folder = folder_with(&[(
        "config.json",
        llama_with(r#""rms_norm_eps": 1e-6"#).as_bytes(),
    )]);
    TransformerSpec::read(folder.path()).unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path().join("config.json"))
        .status();
    assert!(made.unwrap().success());
    // Reading it would wait for a writer that never comes.
    let error = TransformerSpec::read(folder.path())
        .unwrap_err()
        .to_string();
    assert!(error.contains("config.json"), "{error}");
    let device = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/zero", device.path().join("config.json")).unwrap();
    assert!(TransformerSpec::read(device.path()).is_err());
}
